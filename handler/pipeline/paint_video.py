"""Paint one video on the local disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path

from handler.domain.chunks import WHOLE, Chunk
from handler.domain.errors import Defect, Rejected
from handler.domain.keyframes import bounded_interval
from handler.domain.losses import Losses
from handler.domain.media import Encoding, VideoFacts, working_dimensions
from handler.domain.ports import Frame, Media, Motion, Painter
from handler.domain.status import Progress
from handler.domain.timeline import Timeline
from handler.pipeline.brush import Brush, resized
from handler.pipeline.segments import WorkFrame, segments
from handler.pipeline.stages import in_order, read_ahead, write_behind
from handler.pipeline.verify import verify
from handler.pipeline.workspace import likely_result_bytes, need_room

POSTER_AT = 0.5
"""Which part of the video has passed when the poster's frame is shown."""

ProgressListener = Callable[[Progress], None]


@dataclass(frozen=True)
class PaintOrder:
    """What to paint, from where, to where.

    Attributes:
        styles: for each style that the timeline names, its picture.
        working_size_px: long side at which frames are painted, px; None for the source's size.
        keyframe_interval: at most so many frames from one that the transformer paints to the next;
            those between are carried along the motion. 1 paints every frame. Fewer where frames
            are large.
        poster: where to write the JPEG with one frame before and after, if anywhere.
        encoding: of the result.
    """

    source: Path
    styles: Mapping[str, Path]
    timeline: Timeline
    working_size_px: int | None
    result: Path
    keyframe_interval: int = 1
    poster: Path | None = None
    encoding: Encoding = field(default_factory=Encoding.of)


@dataclass(frozen=True)
class Painting:
    """What was done.

    Attributes:
        frames: in the result.
        frames_painted: times that the transformer ran; repeated frames are painted once.
        losses: what the source announced and could not give.
        working_size: width and height at which frames were painted, px.
        paint_seconds, total_seconds: from the first frame to the last; from the first look at the
            source to the checked file.
    """

    source: VideoFacts
    result: VideoFacts
    frames: int
    frames_painted: int
    losses: Losses
    working_size: tuple[int, int]
    paint_seconds: float
    total_seconds: float


def paint_video(
    order: PaintOrder,
    media: Media,
    painter: Painter,
    motion: Motion,
    on_progress: ProgressListener = lambda _: None,
    facts: VideoFacts | None = None,
) -> Painting:
    """Paint every frame of ``order.source`` into ``order.result``, with the source's sound.

    Decoding, painting and encoding overlap; memory does not depend on the video's length. The
    result is opened again and checked before this returns; after an exception there is none.

    Args:
        facts: of the source; looked up if not given.

    Raises:
        Rejected: the video or a style picture can't be read, or its sound can't be kept.
        Defect: the result is not what it should be.
    """
    began = time.monotonic()
    facts = facts or media.probe(order.source)
    need_room(order.result.parent, likely_result_bytes(facts), "the painted video")
    brush = brush_for(order, facts, media, painter, motion)
    size = size_between(order, facts, brush)
    poster_frame = poster_frame_of(facts)
    poster: tuple[Frame, Frame] | None = None
    on_progress(Progress(0, facts.frame_count, 0.0))
    painting_began = time.monotonic()
    frames = 0
    with (
        media.read_frames(order.source, facts, size) as decoded,
        media.write_video(order.result, facts, order.source, order.encoding, size) as encoder,
        write_behind(lambda frame: encoder.write(resized(frame, size))) as write,
        painted_frames(
            decoded, brush, order.keyframe_interval, painter.frames_at_once, motion.is_cut
        ) as painted,
    ):
        for before, after in painted:
            write(after)
            if before.index <= poster_frame:
                poster = before.image, after
            frames = before.index + 1
            elapsed = time.monotonic() - painting_began
            on_progress(Progress(frames, max(frames, facts.frame_count), elapsed))
    paint_seconds = time.monotonic() - painting_began
    try:
        result = verify(opened_again(media, order.result), facts, frames, order.encoding)
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
        losses=decoded.losses,
        working_size=brush.working_size,
        paint_seconds=paint_seconds,
        total_seconds=time.monotonic() - began,
    )


@contextmanager
def painted_frames(
    decoded: Iterator[Frame],
    brush: Brush,
    keyframe_interval: int,
    threads: int,
    is_cut: Callable[[Frame, Frame], bool],
    chunk: Chunk = WHOLE,
) -> Iterator[Iterator[tuple[WorkFrame, Frame]]]:
    """Frames before and after painting, in order; decoding and painting overlap.

    Args:
        decoded: from the first frame of the chunk on; the one after its last is needed, too.
    """
    numbered = enumerate(islice(decoded, chunk.frames_read), chunk.begin)
    with (
        read_ahead(brush.prepare(index, frame) for index, frame in numbered) as sources,
        in_order(brush.begin, threads) as paint_all,
    ):
        interval = bounded_interval(keyframe_interval, brush.working_size)
        wanted = takewhile(
            lambda segment: chunk.end is None or segment.frames[0].index < chunk.end,
            segments(sources, interval, is_cut),
        )
        yield (
            pair
            for segment, painted in paint_all(wanted)
            for pair in zip(segment.frames, painted, strict=True)
        )


def poster_frame_of(facts: VideoFacts) -> int:
    """The frame that the poster shows, or the last before it that there is."""
    return int(facts.frame_count * POSTER_AT)


def size_between(order: PaintOrder, facts: VideoFacts, brush: Brush) -> tuple[int, int]:
    """Width and height, px, in which frames come from the decoder and go to the encoder.

    The codecs' own scaling costs next to nothing, but the original must not pass through it.
    """
    return brush.working_size if order.timeline.is_painted_throughout else facts.size


def opened_again(media: Media, result: Path) -> VideoFacts:
    """Facts of a video that was written here; raises Defect where it can't be read."""
    try:
        return media.probe(result)
    except Rejected as rejection:  # this time it is not the user's file
        raise Defect(f"the finished video can't be opened again: {rejection}") from rejection


def brush_for(
    order: PaintOrder, facts: VideoFacts, media: Media, painter: Painter, motion: Motion
) -> Brush:
    """What paints as ordered; raises Rejected where the picture of a style lacks or is none."""
    missing = order.timeline.styles - order.styles.keys()
    if missing:
        raise Rejected(f"no picture was given for the style {min(missing)!r}")
    vectors = {
        style: painter.style_vector(media.read_picture(order.styles[style]))
        for style in sorted(order.timeline.styles)
    }
    working_size = working_dimensions(
        facts.width,
        facts.height,
        order.working_size_px,
        painter.smallest_side,
        painter.width_multiple,
    )
    return Brush(order.timeline, facts.frame_rate, vectors, working_size, painter, motion)
