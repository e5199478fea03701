"""Paint some frames of a video, as they are painted in the whole."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice

from handler.domain.chunks import Chunk
from handler.domain.errors import SeekMissed
from handler.domain.losses import Losses
from handler.domain.media import VideoFacts
from handler.domain.ports import Frame, Media, Motion, Painter
from handler.domain.status import Progress
from handler.pipeline.brush import resized
from handler.pipeline.canvas import Canvas
from handler.pipeline.paint_video import (
    PaintOrder,
    ProgressListener,
    poster_frame_of,
    write_poster,
)
from handler.pipeline.stages import write_behind


@dataclass(frozen=True)
class ChunkPainting:
    """What was done.

    Attributes:
        frames: that the chunk has, 0 where the video ends before it; there is no file then.
        frames_painted: times that the transformer ran.
        losses: what the source announced of this chunk and could not give.
        seconds: from the first look at the source to the encoded file.
    """

    frames: int
    frames_painted: int
    losses: Losses
    seconds: float


def paint_chunk(
    order: PaintOrder,
    facts: VideoFacts,
    chunk: Chunk,
    media: Media,
    painter: Painter,
    motion: Motion,
    on_progress: ProgressListener = lambda _: None,
) -> ChunkPainting:
    """Paint the chunk's frames of ``order.source`` into ``order.result``, without sound.

    They equal, before they are encoded, the same frames of ``paint_video``'s, whatever paints the
    others.

    Args:
        facts: of the whole video. The file may lack what is outside of the chunk's bytes.

    Raises:
        Rejected: the video or a style picture can't be read.
        SeekMissed: the chunk has to be decoded from the start of the whole file.
    """
    began = time.monotonic()
    canvas = Canvas(order, facts, media, painter, motion)
    expected = (facts.frame_count if chunk.end is None else chunk.end) - chunk.begin
    size = canvas.size
    poster: tuple[Frame, Frame] | None = None
    frames = 0
    with (
        media.read_frames(order.source, facts, size, chunk) as decoded,
        media.write_chunk(order.result, facts, order.encoding, size) as encoder,
        write_behind(lambda frame: encoder.write(resized(frame, size))) as write,
        canvas.painted(enumerate(islice(decoded, chunk.frames_read), chunk.begin)) as painted,
    ):
        for before, after in painted:
            if before.index == chunk.end:
                break
            write(after)
            if before.index <= poster_frame_of(facts):
                poster = before.seen_through, after
            frames += 1
            on_progress(Progress(frames, expected, time.monotonic() - began))
    if not frames:
        order.result.unlink(missing_ok=True)
    if order.poster and poster:
        write_poster(order.poster, *poster, media)
    return ChunkPainting(frames, canvas.frames_painted, decoded.losses, time.monotonic() - began)


def paint_chunk_anyhow(
    order: PaintOrder,
    facts: VideoFacts,
    chunk: Chunk,
    media: Media,
    painter: Painter,
    motion: Motion,
    on_progress: ProgressListener = lambda _: None,
) -> ChunkPainting:
    """The same where the whole file is at hand: what can't be sought is decoded from the start."""
    try:
        return paint_chunk(order, facts, chunk, media, painter, motion, on_progress)
    except SeekMissed:
        whole = chunk.from_the_start
        return paint_chunk(order, facts, whole, media, painter, motion, on_progress)
