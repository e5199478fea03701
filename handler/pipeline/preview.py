"""A few frames of a video in many looks, on one sheet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from handler.domain.errors import Rejected
from handler.domain.job import PREVIEW_FRAMES
from handler.domain.media import VideoFacts, working_dimensions
from handler.domain.ports import Frame, Media, Motion, Painter, StyleVector, Tile
from handler.domain.status import Progress
from handler.pipeline.brush import resized
from handler.pipeline.telling_frames import telling_frames

MOST_LOOKS = 48
LARGEST_PICTURE_PX = 2048
"""Long side of a style's picture while all of them are in memory; the predictor sees much less."""

TILE_PX = 288
"""Square root of the area of a frame on the sheet."""


@dataclass(frozen=True)
class PreviewOrder:
    """What to paint a few frames of, and where to show them.

    Attributes:
        styles: the pictures by name, in the order of the sheet.
        strengths: 0..1, each tried with each style.
        frames: at most so many are shown.
        working_size_px: as in ``PaintOrder``.
        sheet: a JPEG.

    Raises:
        Rejected: there are too many looks, or a strength is none.
    """

    source: Path
    styles: Mapping[str, Frame]
    sheet: Path
    strengths: tuple[float, ...] = (1.0,)
    frames: int = PREVIEW_FRAMES
    working_size_px: int | None = None

    def __post_init__(self) -> None:
        check_looks(len(self.styles), self.strengths)

    @property
    def looks(self) -> int:
        return len(self.styles) * len(self.strengths)


def check_looks(styles: int, strengths: tuple[float, ...]) -> None:
    """Let pass so many styles with these strengths, or raise Rejected."""
    if (looks := styles * len(strengths)) > MOST_LOOKS:
        raise Rejected(f"{looks} looks are too many; a sheet shows at most {MOST_LOOKS}")
    for strength in strengths:
        if not 0 <= strength <= 1:
            raise Rejected(f"a strength is a number from 0 to 1, not {strength:g}")


@dataclass(frozen=True)
class Preview:
    """What was shown.

    Attributes:
        frames: their indices.
        working_size: width and height at which they were painted, px.
        seconds: that it took.
    """

    source: VideoFacts
    frames: Sequence[int]
    looks: int
    working_size: tuple[int, int]
    seconds: float


def preview(
    order: PreviewOrder,
    media: Media,
    painter: Painter,
    motion: Motion,
    on_progress: Callable[[Progress], None] = lambda _: None,
    approve: Callable[[VideoFacts], None] = lambda _: None,
) -> Preview:
    """Paint the most telling frames of a video in every look.

    They are painted at the working size, so that strokes are as large as in the whole video, and
    shown smaller. Only what is shown is decoded.

    Args:
        approve: is told what the source is before anything is painted, and may refuse it.

    Raises:
        Rejected: the video can't be read.
    """
    began = time.monotonic()
    facts = media.probe(order.source)
    approve(facts)
    working_size = working_dimensions(
        *facts.size, order.working_size_px, painter.smallest_side, painter.width_multiple
    )
    shown = {
        index: frame
        for index in telling_frames(order.source, facts, order.frames, media, motion.is_cut)
        for frame in media.glimpse(order.source, facts, index, working_size)
    }
    own = {
        index: painter.style_vector(frame)
        for index, frame in shown.items()
        if min(order.strengths) < 1
    }

    def painted(index: int, style: StyleVector, strength: float) -> Frame:
        vector = style if strength == 1 else own[index] + strength * (style - own[index])
        return painter.paint(shown[index], vector.astype(style.dtype))

    tile = tile_size(*facts.size)
    rows = [
        [Tile(None, "original"), *(Tile(resized(shown[i], tile), _clock(i, facts)) for i in shown)]
    ]
    with ThreadPoolExecutor(painter.frames_at_once) as threads:
        for style, picture in order.styles.items():
            vector = painter.style_vector(picture)
            thumbnail = resized(picture, thumbnail_size(picture, tile))
            for strength in order.strengths:
                paint = threads.map(lambda i, v=vector, s=strength: painted(i, v, s), shown)
                caption = style if order.strengths == (1.0,) else f"{style}, {strength:g}"
                row = [Tile(resized(frame, tile)) for frame in paint]
                rows.append([Tile(thumbnail, caption), *row])
                done, elapsed = (len(rows) - 1) * len(shown), time.monotonic() - began
                on_progress(Progress(done, order.looks * len(shown), elapsed))
    media.write_sheet(order.sheet, rows)
    seconds = time.monotonic() - began
    return Preview(facts, tuple(shown), order.looks, working_size, seconds)


def bounded_picture(picture: Frame) -> Frame:
    """A style's picture, shrunk if it is so large that many would not fit into memory."""
    height, width = picture.shape[:2]
    size = working_dimensions(width, height, LARGEST_PICTURE_PX, smallest_side=1, width_multiple=1)
    return resized(picture, size)


def tile_size(width: int, height: int) -> tuple[int, int]:
    """Width and height, px, of a frame on a sheet: of every shape the same area."""
    scale = TILE_PX / sqrt(width * height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def thumbnail_size(picture: Frame, tile: tuple[int, int]) -> tuple[int, int]:
    """Of a style's picture beside such a tile, in its own proportions and no wider than that."""
    height, width = picture.shape[:2]
    scale = min(tile[1] / height, tile[0] / width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _clock(index: int, facts: VideoFacts) -> str:
    """When a frame is shown: minutes and seconds."""
    minutes, seconds = divmod(float(index / facts.frame_rate), 60)
    return f"{minutes:.0f}:{seconds:04.1f}"
