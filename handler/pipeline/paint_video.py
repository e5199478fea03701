"""Paint one video on the local disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from handler.domain.compare import Compare
from handler.domain.errors import Defect, Rejected
from handler.domain.losses import Losses
from handler.domain.media import Encoding, VideoFacts
from handler.domain.ports import Frame, Media, Motion, Painter
from handler.domain.spread import likely_result_bytes
from handler.domain.status import Progress
from handler.domain.timeline import Timeline
from handler.domain.treatment import PLAIN, Treatment
from handler.pipeline.brush import resized
from handler.pipeline.canvas import Canvas
from handler.pipeline.comparison import Comparison
from handler.pipeline.quality import Quality, Samples
from handler.pipeline.stages import write_behind
from handler.pipeline.teaser import make_teaser
from handler.pipeline.verify import verify
from handler.pipeline.workspace import need_room

POSTER_AT = 0.5
"""Which part of the video has passed when the poster's frame is shown."""

LAST_FRAMES = 24
"""Before the end; while they are painted, the check of the result is prepared."""

ProgressListener = Callable[[Progress], None]


@dataclass(frozen=True)
class PaintOrder:
    """What to paint, from where, to where.

    Attributes:
        styles: for each style that is named, its picture; built-in ones need none.
        treatment: how all of it is painted.
        mask: the file of the treatment's mask, if there is one.
        working_size_px: long side at which frames are painted, px; None for the source's size.
        keyframe_interval: at most so many frames from one that the transformer paints to the next;
            those between are carried along the motion. 1 paints every frame. Fewer where frames
            are large.
        poster: where to write the JPEG with one frame before and after, if anywhere.
        encoding: of the result.
        compare: how the result shows the original beside its paint, if at all.
        teaser: where to write an animated WebP or GIF of the result, if anywhere.
        is_measured: whether to look how well a few frames were painted.
    """

    source: Path
    styles: Mapping[str, Path]
    timeline: Timeline
    working_size_px: int | None
    result: Path
    keyframe_interval: int = 1
    poster: Path | None = None
    encoding: Encoding = field(default_factory=Encoding.of)
    treatment: Treatment = PLAIN
    mask: Path | None = None
    compare: Compare | None = None
    teaser: Path | None = None
    is_measured: bool = False

    @property
    def named_styles(self) -> frozenset[str]:
        """Of the timeline, and of what its mask leaves."""
        return self.treatment.styles(self.timeline)


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
        quality: None where it was not asked for, or nothing was painted.
    """

    source: VideoFacts
    result: VideoFacts
    frames: int
    frames_painted: int
    losses: Losses
    working_size: tuple[int, int]
    paint_seconds: float
    total_seconds: float
    quality: Quality | None = None


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
    shown = order.compare.shown(facts) if order.compare else facts
    comparison = Comparison(order.compare, facts) if order.compare else None
    keep: Callable[[Iterator[Frame]], Iterator[Frame]] = comparison.keep if comparison else iter
    need_room(order.result.parent, likely_result_bytes(shown), "the painted video")
    canvas = Canvas(order, facts, media, painter, motion)
    size = shown.size if comparison else canvas.size
    poster_frame = poster_frame_of(facts)
    poster: tuple[Frame, Frame] | None = None
    samples = Samples(facts.frame_count if order.is_measured else 0)
    frames = 0
    with ExitStack() as ready:
        with (
            media.read_frames(order.source, facts, canvas.size) as decoded,
            canvas.painted(enumerate(keep(decoded))) as painted,
            media.write_video(order.result, shown, order.source, order.encoding, size) as encoder,
            write_behind(lambda frame: encoder.write(resized(frame, size))) as write,
        ):
            on_progress(Progress(0, facts.frame_count, 0.0))
            painting_began = time.monotonic()
            for before, after in painted:
                write(comparison.compose(before.index, after) if comparison else after)
                samples.take(before, after)
                if before.index <= poster_frame:
                    poster = before.seen_through, after
                frames = before.index + 1
                elapsed = time.monotonic() - painting_began
                on_progress(Progress(frames, max(frames, facts.frame_count), elapsed))
                if before.index == max(0, facts.frame_count - LAST_FRAMES):
                    ready.enter_context(media.ready_to_probe())
            # While the last frames are encoded.
            if order.poster and poster:
                write_poster(order.poster, *poster, media)
            quality = canvas.quality_of(samples.pairs)
        paint_seconds = time.monotonic() - painting_began
        try:
            result = verify(opened_again(media, order.result), shown, frames, order.encoding)
        except BaseException:
            order.result.unlink(missing_ok=True)
            raise
    if order.teaser:
        make_teaser(order.teaser, order.result, result, media)
    return Painting(
        source=facts,
        result=result,
        frames=frames,
        frames_painted=canvas.frames_painted,
        losses=decoded.losses,
        working_size=canvas.working_size,
        paint_seconds=paint_seconds,
        total_seconds=time.monotonic() - began,
        quality=quality,
    )


def poster_frame_of(facts: VideoFacts) -> int:
    """The frame that the poster shows, or the last before it that there is."""
    return int(facts.frame_count * POSTER_AT)


def write_poster(path: Path, source: Frame, paint: Frame, media: Media) -> None:
    """A frame before and after; the one before may be of another size."""
    media.write_poster(path, resized(source, paint.shape[1::-1]), paint)


def opened_again(media: Media, result: Path) -> VideoFacts:
    """Facts of a video that was written here; raises Defect where it can't be read."""
    try:
        return media.probe(result, is_ours=True)
    except Rejected as rejection:  # this time it is not the user's file
        raise Defect(f"the finished video can't be opened again: {rejection}") from rejection
