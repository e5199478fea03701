"""A job that one worker can't paint: planned here, painted by many, put together again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from handler.domain.chunks import Chunk, all_losses, chunks_of
from handler.domain.claim import Delivery
from handler.domain.errors import ArtreelError, Defect, IndexTooLarge, Rejected, TooLong
from handler.domain.job import Job, SourceObject
from handler.domain.media import HEADERS_BYTES, Encoding, VideoFacts, likely_index_bytes
from handler.domain.ports import GrowingUpload
from handler.domain.spread import likely_result_bytes
from handler.domain.status import Outcome, Progress, State
from handler.pipeline.accounts import Account
from handler.pipeline.assembly import FETCHED_AT_ONCE, Assembly
from handler.pipeline.attempt import Attempt
from handler.pipeline.order import DONE, FAILED, Done, Failure, Order, Work, state_after
from handler.pipeline.paint_video import Painting, opened_again
from handler.pipeline.report import report
from handler.pipeline.stages import in_order
from handler.pipeline.studio import Studio
from handler.pipeline.verify import verify
from handler.pipeline.workspace import need_room, workspace

logger = logging.getLogger(__name__)

LONGEST_RUN_SECONDS = 7 * 3600.0
"""For which many workers may have a job; the state machine ends an hour before."""

CHUNKS_NAMED = 3

ADOPTED = Delivery()
"""No message brings the job back: the state machine does."""


def hand_over(
    job: Job,
    facts: VideoFacts,
    source: Path,
    account: Account,
    pictures: Mapping[str, SourceObject],
    studio: Studio,
    attempt: Attempt,
) -> None:
    """Leave a job to many workers.

    In this order: what they need, then their start, then the claim. A worker that dies in between
    is followed by another one, which does all of it again to the same effect.

    Args:
        source: the video on the local disk.
        account: has approved of a plan for many.
        pictures: of each style.

    Raises:
        Rejected: no worker could put the chunks together.
    """
    plan = account.plan
    assert plan
    assert studio.launcher
    work = Work(studio.store, studio.work_bucket, job.job_id)
    painter = studio.painter()
    seek_map = studio.media.seek_map(source, facts)
    order = Order(
        job=job,
        upload=job.job_file or job.source,
        facts=facts,
        styles=dict(pictures),
        model=painter.description["model"],
        plan=plan,
        index=seek_map.index if seek_map else (),
        reservation=account.reservation,
        planning_usd=account.cost_usd,
        begun_at=studio.now(),
    )
    chunks = list(chunks_of(facts, plan.chunk_frames, seek_map))
    _need_a_worker_to_assemble(facts, len(chunks), source.parent, studio)
    work.write("plan.json", order)
    work.write_chunks(chunks, source.parent)
    attempt.confirm()
    carrier = studio.launcher.start(
        job.job_id, work.key("chunks.json"), len(chunks), plan.workers, plan.route
    )
    attempt.hand_over(carrier, LONGEST_RUN_SECONDS)
    account.hand_over()
    logger.info("job %s is painted in %d chunks by %s", job.job_id, len(chunks), carrier)


def _need_a_worker_to_assemble(
    facts: VideoFacts, chunks: int, folder: Path, studio: Studio
) -> None:
    """Let pass what a function like this one, or AWS Batch, is likely to put together."""
    result_bytes = likely_result_bytes(facts)
    assembly = Assembly(facts.size_bytes, result_bytes, result_bytes // chunks)
    if assembly.fits_here(folder, studio.longest_run_seconds):
        return
    if not studio.batch_disk_bytes:
        raise Rejected(
            f"the painted video is too large for this stack's functions, {assembly.in_words}: cut "
            "the video, or have the stack deployed with AWS Batch, its parameter BatchSubnets"
        )
    if not assembly.fits(studio.batch_disk_bytes, LONGEST_RUN_SECONDS):
        raise Rejected(f"the painted video is too large, {assembly.in_words}: cut the video")


def assemble(job_id: str, carrier: str, studio: Studio) -> Outcome:
    """Put a job's chunks together, check the result and publish it.

    Raises:
        TooLong: this worker can't; AWS Batch can.
        ClaimLost: a newer upload is painted instead, or the job has ended.
        Unavailable, Defect: as ``handler.pipeline.run_job.run_job``.
    """
    studio.observer.began(job_id)
    if ended := studio.ledger.outcome(job_id):
        return ended
    work = Work(studio.store, studio.work_bucket, job_id)
    order = work.order()
    with workspace() as folder:
        chunks = work.chunks(folder)
        done = _all_done(work, order, chunks)
        painted = _Painted(work, order, chunks, done, studio)
        assembly = painted.assembly
        is_too_large = not assembly.fits_here(folder, studio.longest_run_seconds)
        if is_too_large and studio.batch_disk_bytes:
            raise TooLong(f"the painted video is too large for a function, {assembly.in_words}")
        spent = _spent(order, done)
        with _adopted(order, carrier, studio, spent) as attempt:
            try:
                if not attempt.published(order.job.result):
                    _publish(painted, assembly, folder, attempt)
                outcome = Outcome(job_id, State.SUCCEEDED, video=order.job.results.video)
            except Rejected as rejection:
                outcome = Outcome(job_id, state_after(rejection), rejection.reason)
            _settle(order, _cost(spent, attempt), studio)
            attempt.end(outcome)
    return outcome


@dataclass(frozen=True)
class _Painted:
    """A job all of whose chunks are painted."""

    work: Work
    order: Order
    chunks: Sequence[Chunk]
    done: Sequence[Done]
    studio: Studio

    @property
    def frames(self) -> int:
        return sum(part.frames for part in self.done)

    @property
    def assembly(self) -> Assembly:
        sizes = [part.size_bytes for part in self.done]
        return Assembly(self.order.facts.size_bytes, sum(sizes), max(sizes))


def end_unfinished(
    job_id: str,
    carrier: str,
    error: str,
    studio: Studio,
    keep: Callable[[SourceObject], None],
) -> Outcome:
    """Say that a job failed which its workers could not finish.

    Args:
        error: what the state machine knows of it.
        keep: is given the upload of a job that failed, for the operator, before anybody hears of
            it; perhaps more than once.

    Returns:
        How the job ended, which may be otherwise and before.

    Raises:
        ClaimLost, Unavailable, Defect: as ``assemble``.
    """
    studio.observer.began(job_id)
    work = Work(studio.store, studio.work_bucket, job_id)
    order = work.order()
    if (ended := studio.ledger.outcome(job_id)) and ended.state is not State.FAILED:
        return ended
    with workspace() as folder:
        chunks = work.chunks(folder)
    found = [(chunk, work.read(f"{DONE}{order.name_of(chunk)}.json", Done)) for chunk in chunks]
    missing = [chunk for chunk, done in found if done is None]
    spent = _spent(order, [done for _, done in found if done])
    with _adopted(order, carrier, studio, spent) as attempt:
        outcome = _why(work, order, missing, error)
        frames = sum(done.frames for _, done in found if done)
        attempt.progress(Progress(frames, order.facts.frame_count, _elapsed(order, studio)))
        _settle(order, _cost(spent, attempt), studio)
        if outcome.state is State.FAILED:
            keep(order.upload)
        attempt.end(outcome)
    return outcome


def _why(work: Work, order: Order, missing: Sequence[Chunk], error: str) -> Outcome:
    failures = [
        (chunk, work.read(f"{FAILED}{order.name_of(chunk)}.json", Failure))
        for chunk in missing[:CHUNKS_NAMED]
    ]
    for _, failure in failures:
        if failure and failure.state is not State.FAILED:
            return Outcome(work.job_id, failure.state, failure.reason)
    if not missing:
        return Outcome(work.job_id, State.FAILED, f"its chunks could not be put together ({error})")
    named = "; ".join(
        f"{chunk.in_words}: {failure.reason if failure else 'its workers were stopped'}"
        for chunk, failure in failures
    )
    more = f", and {len(missing) - CHUNKS_NAMED} more" if len(missing) > CHUNKS_NAMED else ""
    return Outcome(
        work.job_id,
        State.FAILED,
        f"{len(missing)} of {order.plan.chunks} chunks could not be painted: {named}{more}",
    )


def _adopted(order: Order, carrier: str, studio: Studio, spent: float | None) -> Attempt:
    results = order.job.results
    claim = studio.ledger.adopt(order.job.job_id, results.video, carrier)
    return Attempt(
        claim, order.upload, results, studio, ADOPTED, is_handed_over=True, spent_usd=spent or 0.0
    )


def _all_done(work: Work, order: Order, chunks: Sequence[Chunk]) -> list[Done]:
    """What was done, of every chunk.

    Raises:
        Defect: one is missing, or has fewer frames than it must.
    """

    def begin(chunk: Chunk, threads: Executor) -> Callable[[], Done | None]:
        name = order.name_of(chunk)
        return threads.submit(work.read, f"{DONE}{name}.json", Done).result

    with in_order(begin, FETCHED_AT_ONCE) as read_all:
        found = list(read_all(iter(chunks)))
    is_over = False
    for chunk, done in found:
        if done is None or (is_over and done.frames):
            raise Defect(f"{chunk.in_words} is not painted")
        is_over |= chunk.end is not None and done.frames < chunk.end - chunk.begin
    return [done for _, done in found if done]


def _publish(painted: _Painted, assembly: Assembly, folder: Path, attempt: Attempt) -> None:
    frames = painted.frames
    attempt.progress(Progress(frames, frames, _elapsed(painted.order, painted.studio)))
    attempt.announce_running()
    need_room(folder, assembly.disk_bytes, "the painted video")
    index_bytes = likely_index_bytes(painted.order.facts)
    try:
        _join_and_publish(painted, assembly, folder, attempt, index_bytes)
    except IndexTooLarge as index:
        logger.warning("the chunks are joined once more: %s", index)
        index_bytes += index.missing_bytes
        _join_and_publish(painted, assembly, folder, attempt, index_bytes)


def _join_and_publish(
    painted: _Painted, assembly: Assembly, folder: Path, attempt: Attempt, index_bytes: int
) -> None:
    """Fetch, join and send at the same time; what is sent appears once it is whole and checked."""
    began = time.monotonic()
    order, studio = painted.order, painted.studio
    job, facts, frames = order.job, order.facts, painted.frames
    source, result, poster = folder / "source", folder / "result.mp4", folder / "poster.jpg"
    head_bytes, most_bytes = index_bytes + HEADERS_BYTES, assembly.disk_bytes + index_bytes
    encoding = Encoding.of()
    with attempt.sending(result, job.results.video, "video/mp4", head_bytes, most_bytes) as upload:
        with _fetched(painted, source, assembly.fetched_at_once) as parts:
            joined = studio.media.join(
                _sent(parts, upload), result, facts, source, encoding, index_bytes
            )
        upload.grown()
        verified = verify(opened_again(studio.media, result), facts, frames, encoding)
        if joined != frames:
            raise Defect(f"the chunks hold {joined} frames instead of {frames}")
        losses = all_losses([part.losses for part in painted.done])
        attempt.losses(losses.in_words())
        painted.work.store.download(painted.work.source("poster.jpg"), poster)
        painting = Painting(
            source=facts,
            result=verified,
            frames=frames,
            frames_painted=sum(part.frames_painted for part in painted.done),
            losses=losses,
            working_size=order.plan.work.working_size,
            paint_seconds=sum(part.seconds for part in painted.done),
            total_seconds=_elapsed(order, studio),
        )
        cost = _cost(_spent(order, painted.done), attempt)
        written = report(
            job,
            painting,
            engine=painted.done[0].engine,
            seconds={
                "paint": painting.paint_seconds,
                "assemble": time.monotonic() - began,
                "total": painting.total_seconds,
            },
            estimate=order.plan,
            cost_usd=cost,
            now=studio.now(),
        )
        studio.observer.painted(frames, painting.frames_painted, painting.paint_seconds, cost)
        attempt.publish(poster, job.results.poster, "image/jpeg")
        attempt.publish_json({**written, "chunks": len(painted.chunks)}, job.results.report)
        attempt.publish_sent(upload, job.results.video)


def _sent(parts: Iterator[tuple[int, Path]], upload: GrowingUpload) -> Iterator[tuple[int, Path]]:
    """The same; after each of them what was written by then is sent."""
    for part in parts:
        yield part
        upload.grown()


@contextmanager
def _fetched(painted: _Painted, source: Path, at_once: int) -> Iterator[Iterator[tuple[int, Path]]]:
    """The source, and of each chunk that has frames the first one and its file.

    A chunk's file goes with the next one. As long as the source is fetched, the first chunks are.
    """
    work, order = painted.work, painted.order
    chunks = {
        source.with_name(f"chunk-{chunk.index}"): chunk
        for chunk, part in zip(painted.chunks, painted.done, strict=True)
        if part.frames
    }

    def begin(path: Path, threads: Executor) -> Callable[[], None]:
        from_bucket = order.job.source
        if path != source:
            from_bucket = work.source(f"{order.name_of(chunks[path])}.mp4")
        return threads.submit(work.store.download, from_bucket, path).result

    def one_by_one(fetched: Iterator[tuple[Path, None]]) -> Iterator[tuple[int, Path]]:
        for path, _ in fetched:
            yield chunks[path].begin, path
            path.unlink()

    with in_order(begin, at_once) as fetch_all:
        fetched = fetch_all(iter([source, *chunks]))
        next(fetched)
        yield one_by_one(fetched)


def _settle(order: Order, cost_usd: float | None, studio: Studio) -> None:
    """Count what the job cost; where that fails, or nobody knows it, its reservation stands."""
    if order.reservation is None or cost_usd is None:
        return
    try:
        studio.accounts.spend.settle(order.reservation, cost_usd)
    except ArtreelError as error:
        logger.warning("cost of job %s was not settled: %s", order.job.job_id, error)


def _spent(order: Order, done: Sequence[Done]) -> float | None:
    """By the workers that finished; others' work is not known. None where a worker has no price."""
    costs = [order.planning_usd, *(part.cost_usd for part in done)]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _cost(spent: float | None, attempt: Attempt) -> float | None:
    """That and this worker's own; None where a worker has no price."""
    return None if spent is None else attempt.cost_usd


def _elapsed(order: Order, studio: Studio) -> float:
    return (studio.now() - order.begun_at).total_seconds()
