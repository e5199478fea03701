"""One worker of many: paints one chunk of a job, unless it is painted already."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from handler.domain.chunks import Chunk
from handler.domain.errors import ArtreelError, SeekMissed, Unavailable
from handler.domain.job import SourceObject
from handler.domain.media import VideoFacts
from handler.domain.spread import MOST_CHUNKS, likely_result_bytes
from handler.domain.status import Progress, State, Status
from handler.pipeline.attempt import BEATS_PER_LEASE, check_newest, check_wanted
from handler.pipeline.fetch_styles import fetch_styles
from handler.pipeline.order import DONE, FAILED, Done, Failure, Order, Work
from handler.pipeline.paint_chunk import ChunkPainting, paint_chunk, paint_chunk_anyhow
from handler.pipeline.paint_video import PaintOrder, ProgressListener, poster_frame_of
from handler.pipeline.studio import Studio
from handler.pipeline.workspace import need_room, workspace

logger = logging.getLogger(__name__)

Span = tuple[int, int]
"""First and past-the-last byte."""

HEAD_BYTES = 5_000_000
"""Of a file, always fetched: as many as ffmpeg looks at to know its streams."""

SPARE_BYTES = 20_000_000
"""What fetching parts must save; else the whole file is fetched."""


def run_chunk(
    job_id: str, chunk: Chunk, studio: Studio, on_progress: ProgressListener = lambda _: None
) -> Done:
    """Paint one chunk and leave it in the bucket of work.

    Whoever does the same at the same time leaves the same.

    Args:
        on_progress: hears of each frame of the chunk.

    Raises:
        Rejected: the video can't be painted, a newer upload replaced it, or nobody wants it.
        Unavailable, Defect: as ``handler.pipeline.run_job.run_job``.
    """
    studio.observer.began(job_id)
    work = Work(studio.store, studio.work_bucket, job_id)
    order = work.order()
    name = order.name_of(chunk)
    if done := _finished(work, name):
        return done
    check_newest(order.upload, studio.store)
    lookout = _Lookout(order.upload, studio)

    def listen(progress: Progress) -> None:
        on_progress(progress)
        lookout.look()

    try:
        check_wanted(order.upload, studio.store)
        done = _painted(work, order, chunk, name, studio, listen)
    except Exception as error:
        work.write(f"{FAILED}{name}.json", Failure.of(error))
        raise
    _tell(work, order, studio)
    return done


def _finished(work: Work, name: str) -> Done | None:
    """What was done already, if it is still there."""
    done = work.read(f"{DONE}{name}.json", Done)
    if done is None or not done.frames:
        return done
    video = work.store.facts(work.bucket, work.key(f"{name}.mp4"))
    return done if video and video.etag == done.etag else None


class _Lookout:
    """Asks now and then whether a job's upload is still wanted, and the newest."""

    def __init__(self, upload: SourceObject, studio: Studio) -> None:
        self._upload = upload
        self._store = studio.store
        self._pause_seconds = studio.lease_seconds / BEATS_PER_LEASE
        self._looked_at = time.monotonic()

    def look(self) -> None:
        """Raises Superseded or Cancelled."""
        if time.monotonic() < self._looked_at + self._pause_seconds:
            return
        self._looked_at = time.monotonic()
        try:
            check_newest(self._upload, self._store)
            check_wanted(self._upload, self._store)
        except Unavailable as error:
            logger.warning("nobody could say whether the job is still wanted: %s", error)


def _painted(
    work: Work,
    order: Order,
    chunk: Chunk,
    name: str,
    studio: Studio,
    listen: ProgressListener,
) -> Done:
    began = time.monotonic()
    painter = studio.painter()
    with workspace() as folder:
        shows_poster = _holds(chunk, poster_frame_of(order.facts))
        paint_order = PaintOrder(
            source=folder / "source",
            styles=fetch_styles(order.styles, studio, folder),
            timeline=order.job.timeline,
            working_size_px=order.job.working_size_px,
            result=folder / "chunk.mp4",
            keyframe_interval=order.job.frames.interval(),
            poster=folder / "poster.jpg" if shows_poster else None,
            treatment=order.job.treatment,
        )
        painting = _paint(paint_order, order, chunk, studio, listen)
        etag, size_bytes = None, 0
        if painting.frames:
            size_bytes = paint_order.result.stat().st_size
            etag = work.upload(paint_order.result, f"{name}.mp4", "video/mp4")
        if paint_order.poster and paint_order.poster.exists():
            work.upload(paint_order.poster, "poster.jpg", "image/jpeg")
    seconds = time.monotonic() - began
    done = Done(
        frames=painting.frames,
        frames_painted=painting.frames_painted,
        losses=painting.losses,
        seconds=seconds,
        cost_usd=studio.accounts.cost_usd(seconds),
        size_bytes=size_bytes,
        etag=etag,
        engine=dict(painter.description),
    )
    work.write(f"{DONE}{name}.json", done)
    return done


def _holds(chunk: Chunk, frame: int) -> bool:
    return chunk.begin <= frame and (chunk.end is None or frame < chunk.end)


def _paint(
    paint_order: PaintOrder,
    order: Order,
    chunk: Chunk,
    studio: Studio,
    listen: ProgressListener,
) -> ChunkPainting:
    """Paint from what is needed of the source, or from all of it where that does not do."""
    source, facts = paint_order.source, order.facts
    parts = (studio.media, studio.painter(), studio.motion(), listen)
    if pieces := pieces_of(chunk, facts.size_bytes, order.index):
        need_room(source.parent, _room(facts, chunk, pieces), "the chunk")
        _fetch(pieces, chunk, order, source, studio)
        try:
            painting = paint_chunk(paint_order, facts, chunk, *parts)
            if not (painting.losses.frames or painting.losses.flawed):
                return painting
        except SeekMissed as missed:
            logger.warning("%s is painted from the whole file: %s", chunk.in_words, missed)
        source.unlink()
        chunk = chunk.from_the_start if chunk.zero is not None else chunk
    need_room(source.parent, facts.size_bytes, "the video")
    studio.store.download(order.job.source, source)
    return paint_chunk_anyhow(paint_order, facts, chunk, *parts)


def pieces_of(chunk: Chunk, size: int, index: Sequence[Span]) -> list[Span]:
    """Parts of a source of that size that are enough to decode a chunk; none if all is fetched.

    Beside its pictures these are the index of the file, and its head where that is no excerpt.
    """
    if chunk.bytes is None:
        return []
    first, end = chunk.bytes
    wanted = [(first, end), *index]
    if chunk.zero is None:
        if size <= end - first + SPARE_BYTES:
            return []
        wanted.append((0, HEAD_BYTES))
    pieces: list[Span] = []
    for begin, stop in sorted(wanted):
        stop = min(stop, size)
        if pieces and begin <= pieces[-1][1]:
            pieces[-1] = pieces[-1][0], max(stop, pieces[-1][1])
        elif begin < stop:
            pieces.append((begin, stop))
    return pieces


def _fetch(
    pieces: Sequence[Span], chunk: Chunk, order: Order, source: Path, studio: Studio
) -> None:
    """Put pieces in their places, or those of an excerpt one after the other."""
    with source.open("wb") as file:
        file.truncate(order.facts.size_bytes if chunk.zero is None else 0)
    for begin, stop in pieces:
        at = begin if chunk.zero is None else source.stat().st_size
        studio.store.download(order.job.source, source, (begin, stop), at)


def _room(facts: VideoFacts, chunk: Chunk, pieces: Sequence[Span]) -> int:
    share = ((chunk.end or facts.frame_count) - chunk.begin) / max(1, facts.frame_count)
    fetched = sum(stop - begin for begin, stop in pieces)
    return int(share * likely_result_bytes(facts)) + fetched


def _before(now: datetime, seconds: float) -> str:
    return (now - timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def _tell(work: Work, order: Order, studio: Studio) -> None:
    """Bring the job's status up to date if nobody did so lately; that it can't be is no harm."""
    store, bucket, key = studio.store, studio.output_bucket, order.job.results.status
    now = studio.now()
    try:
        found = store.read_json(bucket, key)
        status: dict[str, Any] = found[0] if found else {}
        if status.get("job_id") != work.job_id or status.get("state") != State.RUNNING:
            return
        if status["updated_at"] > _before(now, studio.status_interval_seconds):
            return
        painted = len(store.keys(work.bucket, work.key(DONE), MOST_CHUNKS))
        frames = min(painted * order.plan.chunk_frames, order.facts.frame_count)
        elapsed = (now - order.begun_at).total_seconds()
        written = Status.of(
            work.job_id,
            order.upload,
            status["attempt"],
            State.RUNNING,
            now,
            progress=Progress(frames, order.facts.frame_count, elapsed),
        )
        store.put_json(bucket, key, written.as_json(), replaces=found[1] if found else None)
    except (ArtreelError, KeyError):
        return
