"""Paint one video on the local disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from handler.domain.errors import Defect, Rejected
from handler.domain.media import Encoding, VideoFacts, working_dimensions
from handler.domain.ports import Frame, Media, Painter, StyleVector
from handler.domain.status import Progress
from handler.domain.timeline import Timeline
from handler.pipeline.stages import in_order, read_ahead, write_behind
from handler.pipeline.verify import verify

POSTER_AT = 0.5
"""Which part of the video has passed when the poster's frame is shown."""

ProgressListener = Callable[[Progress], None]


@dataclass(frozen=True)
class PaintOrder:
    """What to paint, from where, to where.

    Attributes:
        styles: for each style that the timeline names, its picture.
        working_size_px: long side at which frames are painted, px; None for the source's size.
        poster: where to write the JPEG with one frame before and after, if anywhere.
        encoding: of the result.
    """

    source: Path
    styles: Mapping[str, Path]
    timeline: Timeline
    working_size_px: int | None
    result: Path
    poster: Path | None = None
    encoding: Encoding = field(default_factory=Encoding.of)


@dataclass(frozen=True)
class Painting:
    """What was done.

    Attributes:
        frames: in the result.
        frames_painted: that went through the transformer; repeated frames are painted once.
        frames_lost: that the source announced and could not give.
        working_size: width and height at which frames were painted, px.
        paint_seconds, total_seconds: from the first frame to the last; from the first look at the
            source to the checked file.
    """

    source: VideoFacts
    result: VideoFacts
    frames: int
    frames_painted: int
    frames_lost: int
    working_size: tuple[int, int]
    paint_seconds: float
    total_seconds: float


def paint_video(
    order: PaintOrder,
    media: Media,
    painter: Painter,
    on_progress: ProgressListener = lambda _: None,
) -> Painting:
    """Paint every frame of ``order.source`` into ``order.result``, with the source's sound.

    Decoding, painting and encoding overlap; memory does not depend on the video's length. The
    result is opened again and checked before this returns; after an exception there is none.

    Raises:
        Rejected: the video or a style picture can't be read.
        Defect: the result is not what it should be.
    """
    began = time.monotonic()
    facts = media.probe(order.source)
    brush = _Brush(order, facts, media, painter)
    poster_frame = int(facts.frame_count * POSTER_AT)
    poster: tuple[Frame, Frame] | None = None
    on_progress(Progress(0, facts.frame_count, 0.0))
    painting_began = time.monotonic()
    frames = 0
    with (
        media.read_frames(order.source, facts) as decoded,
        read_ahead(decoded) as sources,
        media.write_video(order.result, facts, order.source, order.encoding) as encoder,
        write_behind(encoder.write) as write,
        in_order(brush.paint, painter.frames_at_once) as paint_all,
    ):
        for index, (frame, painted) in enumerate(paint_all(sources)):
            write(painted)
            if index <= poster_frame:
                poster = frame, painted
            frames = index + 1
            elapsed = time.monotonic() - painting_began
            on_progress(Progress(frames, max(frames, facts.frame_count), elapsed))
    paint_seconds = time.monotonic() - painting_began
    try:
        result = verify(_opened_again(media, order.result), facts, frames, order.encoding)
    except BaseException:
        order.result.unlink(missing_ok=True)
        raise
    if order.poster and poster:
        media.write_poster(order.poster, *poster)
    return Painting(
        source=facts,
        result=result,
        frames=frames,
        frames_painted=brush.frames_painted,
        frames_lost=max(0, facts.frame_count - frames),
        working_size=brush.working_size,
        paint_seconds=paint_seconds,
        total_seconds=time.monotonic() - began,
    )


def _opened_again(media: Media, result: Path) -> VideoFacts:
    try:
        return media.probe(result)
    except Rejected as rejection:  # this time it is not the user's file
        raise Defect(f"the finished video can't be opened again: {rejection}") from rejection


class _Brush:
    """Gives each frame the look that the timeline wants for it."""

    def __init__(
        self, order: PaintOrder, facts: VideoFacts, media: Media, painter: Painter
    ) -> None:
        missing = order.timeline.styles - order.styles.keys()
        if missing:
            raise Rejected(f"no picture was given for the style {min(missing)!r}")
        self._timeline = order.timeline
        self._facts = facts
        self._painter = painter
        self._vectors: dict[str, StyleVector] = {
            style: painter.style_vector(media.read_picture(order.styles[style]))
            for style in sorted(order.timeline.styles)
        }
        self.working_size = working_dimensions(
            facts.width,
            facts.height,
            order.working_size_px,
            painter.smallest_side,
            painter.width_multiple,
        )
        self.frames_painted = 0
        self._last: tuple[str, Frame, Future[Frame]] | None = None

    def paint(self, index: int, frame: Frame, threads: Executor) -> Future[Frame]:
        """Begin to paint a frame; one that repeats the frame before is not painted again."""
        style = self._timeline.look_at(index, self._facts.frame_rate).style
        if style is None:
            return _done(frame)
        if self._last and self._last[0] == style and np.array_equal(self._last[1], frame):
            return self._last[2]
        painted = threads.submit(self._painted, frame, self._vectors[style])
        self.frames_painted += 1
        self._last = style, frame, painted
        return painted

    def _painted(self, frame: Frame, style: StyleVector) -> Frame:
        painted = self._painter.paint(_resized(frame, self.working_size), style)
        return _resized(painted, (self._facts.width, self._facts.height))


def _done(frame: Frame) -> Future[Frame]:
    future: Future[Frame] = Future()
    future.set_result(frame)
    return future


def _resized(frame: Frame, size: tuple[int, int]) -> Frame:
    """A frame at width x height: area averages when it shrinks, cubic when it grows."""
    width, height = size
    if frame.shape[:2] == (height, width):
        return frame
    method = cv2.INTER_AREA if width < frame.shape[1] else cv2.INTER_CUBIC
    resized: Frame = cv2.resize(frame, (width, height), interpolation=method)  # type: ignore[assignment]
    return resized
