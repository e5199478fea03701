"""From a request to results in the output bucket: looked up, painted, checked, published."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from handler.domain.claim import Delivery
from handler.domain.errors import (
    Cancelled,
    ClaimLost,
    Rejected,
    Superseded,
    TooLong,
    Unavailable,
)
from handler.domain.job import (
    STYLE_METADATA,
    Job,
    JobRequest,
    ResultKeys,
    SourceObject,
    check_style_name,
    check_upload_key,
    identity,
    is_job_file,
    is_result,
    is_source,
    style_of_upload,
)
from handler.domain.ports import ObjectFacts
from handler.domain.route import Route
from handler.domain.status import Outcome, Progress, State
from handler.domain.timeline import ORIGINAL, Look, Timeline
from handler.pipeline.attempt import Attempt, announce, check_newest, explain
from handler.pipeline.deadline import Deadline
from handler.pipeline.fetch_styles import fetch_styles, pictures_of
from handler.pipeline.long_job import hand_over
from handler.pipeline.matte import is_picture
from handler.pipeline.paint_video import PaintOrder, paint_video
from handler.pipeline.preview_job import preview_and_publish
from handler.pipeline.read_job_file import read_job_file
from handler.pipeline.report import report
from handler.pipeline.studio import Studio
from handler.pipeline.unsteady import repainted_share
from handler.pipeline.workspace import need_room, workspace

logger = logging.getLogger(__name__)

OWN_RESULT = (
    "this file was made by artreel itself, its metadata say so; "
    "to paint it again, upload it without them"
)
NOT_BY_ITSELF = "it is painted when a job file names it"

NOBODY_ASKS_AGAIN = Delivery()
GAVE_UP = "every worker that tried was stopped from outside, or ran out of memory or time"


@dataclass(frozen=True)
class _Asked:
    """A request, looked up.

    Attributes:
        upload: that is answered: a video, or the job file that names one.
        job: what is to be done, or why it can't be.
        has_upload_key: False where the key is none under which uploads are looked up.
    """

    upload: SourceObject
    results: ResultKeys
    job_id: str
    job: Job | Rejected
    has_upload_key: bool = True


_Work = Callable[[Job, Attempt], None]
"""Gets the painted video published, or the job handed over, or raises."""


def run_job(request: JobRequest, studio: Studio, delivery: Delivery = NOBODY_ASKS_AGAIN) -> Outcome:
    """Do one job once, however often it is asked for.

    Returns:
        How the job ended, now or before: it succeeded, was rejected or cancelled; ``failed`` only
        if it did so before. ``queued`` for a video that waits for a job file to name it,
        ``running`` for one that was left to many workers.

    Raises:
        Busy: another worker is at it.
        Unavailable: a service is out of reach.
        Defect: artreel is at fault. The status of a job that was begun says so, too.
    """
    asked = _look_up(request, studio)
    if isinstance(asked, Outcome):
        return asked

    def work(job: Job, attempt: Attempt) -> None:
        if job.preview:
            preview_and_publish(job, studio, attempt)
        else:
            _paint_and_publish(job, studio, attempt)

    return _once(asked, studio, delivery, work)


def give_up(request: JobRequest, studio: Studio, delivery: Delivery) -> Outcome | None:
    """End a job that no worker will try again: say that it failed, unless it has ended otherwise.

    Returns:
        How the job ended; None if another message still carries it.

    Raises:
        Busy: a worker is still at it.
        Unavailable, Defect: as ``run_job``.
    """
    asked = _look_up(request, studio)
    if isinstance(asked, Outcome):
        return asked
    if studio.ledger.carrier(asked.job_id, asked.results.video) not in ("", delivery.message):
        return None

    def work(job: Job, attempt: Attempt) -> None:
        if not attempt.published(job.result):
            attempt.check_wanted()
            raise _GivenUp(attempt.last_reason or GAVE_UP)

    try:
        return _once(asked, studio, replace(delivery, last_attempt=True), work)
    except _GivenUp as end:
        return Outcome(asked.job_id, State.FAILED, end.reason)


class _GivenUp(Unavailable):
    """No worker will try again."""


def _look_up(request: JobRequest, studio: Studio) -> _Asked | Outcome:
    """What is asked for; what becomes of an upload that asks for nothing."""
    results = ResultKeys.for_upload(request.key)
    try:
        check_upload_key(request.key)
    except Rejected as rejection:
        upload = _told(request)
        return _Asked(upload, results, identity(upload, {}), rejection, has_upload_key=False)
    facts = studio.store.facts(request.bucket, request.key, request.version_id)
    if facts and is_result(facts.metadata):
        return _own_result(request, studio)
    if facts and is_source(facts.metadata) and request.is_upload:
        return Outcome(identity(_told(request), {}), State.QUEUED, NOT_BY_ITSELF)
    upload = source = _source(request, facts)
    wish = request
    try:
        if is_job_file(request.key):
            wish = read_job_file(upload, facts, studio.store)
            facts = studio.store.facts(wish.bucket, wish.key)
            source = _source(wish, facts)
        job = _normalized(wish, source, facts, studio)
    except Rejected as rejection:
        return _Asked(upload, results, identity(upload, {}), rejection)
    return _Asked(upload, results, job.job_id, job)


def _own_result(request: JobRequest, studio: Studio) -> Outcome:
    """Reject without a status: where results are copied back, it would come back, too."""
    logger.warning("%s is a result and was uploaded: do results flow back?", request.key)
    job_id = identity(_told(request), {})
    studio.observer.began(job_id)
    studio.observer.ended(State.REJECTED)
    return Outcome(job_id, State.REJECTED, OWN_RESULT)


def _once(asked: _Asked, studio: Studio, delivery: Delivery, work: _Work) -> Outcome:
    ledger, job_id, upload = studio.ledger, asked.job_id, asked.upload
    studio.observer.began(job_id)
    if ended := _ended_before(job_id, studio, delivery):
        return ended
    try:
        if asked.has_upload_key:
            check_newest(upload, studio.store)
    except Superseded as newer:
        return _superseded(asked, newer, studio)
    claim = ledger.claim(job_id, asked.results.video, upload, delivery.message)
    with Attempt(claim, upload, asked.results, studio, delivery) as attempt:
        # Once more: it may have ended between the first look and the claim.
        if ended := _ended_before(job_id, studio, delivery):
            return ended
        if delivery.asks_anew:
            ledger.forget(job_id)
        elif decided := attempt.decided():
            attempt.end(decided)
            return decided
        try:
            if isinstance(asked.job, Rejected):
                raise asked.job
            work(asked.job, attempt)
            if attempt.is_handed_over:
                return Outcome(job_id, State.RUNNING)
            outcome = Outcome(job_id, State.SUCCEEDED, video=asked.job.result)
        except Superseded as newer:
            return _superseded(asked, newer, studio)
        except Cancelled as end:
            outcome = Outcome(job_id, State.CANCELLED, end.reason)
        except Rejected as rejection:
            outcome = Outcome(job_id, State.REJECTED, rejection.reason)
        except ClaimLost:  # whoever has it now speaks for the job
            raise
        except Exception as error:
            if delivery.last_attempt:
                attempt.confirm()
                attempt.end(Outcome(job_id, State.FAILED, explain(error)))
            else:
                attempt.give_back(explain(error))
                studio.observer.ended(State.QUEUED)
            raise
        attempt.end(outcome)
    logger.info("job %s ended: %s", job_id, outcome)
    return outcome


def _ended_before(job_id: str, studio: Studio, delivery: Delivery) -> Outcome | None:
    ended = studio.ledger.outcome(job_id)
    if ended and ended.state is not State.SUCCEEDED and delivery.asks_anew:
        return None
    return ended


def _superseded(asked: _Asked, newer: Superseded, studio: Studio) -> Outcome:
    """End without a status: that file tells of the newer upload."""
    outcome = Outcome(asked.job_id, State.REJECTED, newer.reason)
    announce(outcome, asked.upload, asked.results, studio)
    studio.ledger.record(outcome)
    studio.observer.ended(outcome.state)
    return outcome


def _source(request: JobRequest, facts: ObjectFacts | None) -> SourceObject:
    """The version that is asked for; where only its ETag is known, it may be replaced by now."""
    replaced = facts and not request.version_id and request.etag not in (None, facts.etag)
    if facts is None or replaced:
        return _told(request)
    return SourceObject(request.bucket, request.key, facts.version, facts.version_id)


def _told(request: JobRequest) -> SourceObject:
    """The upload as far as the event tells."""
    version = request.version_id or request.etag or ""
    return SourceObject(request.bucket, request.key, version, request.version_id)


def _normalized(
    request: JobRequest, source: SourceObject, facts: ObjectFacts | None, studio: Studio
) -> Job:
    if facts is None:
        again = ", then the job file again" if request.job_file else ""
        raise Rejected(f"there is no video {request.key} (any more): upload it{again}")
    if facts.size_bytes > studio.max_source_bytes:
        raise Rejected(
            f"the video has {facts.size_bytes} bytes; at most {studio.max_source_bytes} are taken"
        )
    timeline = Timeline.of(ORIGINAL) if request.preview else request.timeline
    if timeline is None:
        named = facts.metadata.get(STYLE_METADATA)
        style = style_of_upload(request.key, named, studio.default_style)
        base = request.base_look
        timeline = Timeline.of(Look.of(style, base.strength, base.mix))
    job = Job(
        source,
        facts.size_bytes,
        timeline,
        request.working_size_px or studio.working_size_px,
        frames=request.frames,
        compare=request.compare,
        teaser=request.teaser,
        preview=request.preview,
        budget_usd=request.budget_usd,
        deadline_seconds=request.deadline_seconds,
        run_on=request.run_on,
        job_file=request.job_file,
        treatment=request.treatment,
    )
    for style in job.styles:
        check_style_name(style)
    return job


def _paint_and_publish(job: Job, studio: Studio, attempt: Attempt) -> None:
    """Get the video published; what an earlier attempt has published already is left as it is.

    The video goes last: where it is, poster and report are, too. An attempt that died before it
    is repeated, one that died after it is over.
    """
    if attempt.published(job.result):
        return
    attempt.check_wanted()
    if job.run_on is Route.BATCH and not studio.batch_disk_bytes:
        raise Rejected(
            "this stack has no AWS Batch: leave `run_on` out, or have the stack deployed with its "
            "parameter BatchSubnets"
        )
    deadline = Deadline(job.timeline, studio.seconds_left, studio.longest_run_seconds)
    attempt.announce_running()
    with studio.accounts.open(job) as account, workspace() as folder:
        began = time.monotonic()
        pictures = pictures_of(job.styles, studio)
        styles = fetch_styles(pictures, studio, folder)
        masked = job.treatment.mask
        mask = _fetch_mask(masked.name, studio, folder) if masked else None
        source = folder / "source"
        need_room(folder, job.source_bytes, "the video")
        studio.store.download(job.source, source)
        fetched = time.monotonic()
        facts = studio.media.probe(source)
        painter = studio.painter()
        workers = studio.workers if studio.launcher and job.can_be_spread else 0
        interval = job.frames.interval()

        def look() -> float:
            return repainted_share(source, facts, interval, studio.media, studio.motion())

        account.approve(facts, painter, interval, deadline, look, workers)
        if account.plan and account.plan.route is not Route.LAMBDA:
            for path in styles.values():
                studio.media.read_picture(path)
            hand_over(job, facts, source, account, pictures, studio, attempt)
            return
        order = PaintOrder(
            source=source,
            styles=styles,
            timeline=job.timeline,
            working_size_px=job.working_size_px,
            result=folder / "result.mp4",
            keyframe_interval=interval,
            poster=folder / "poster.jpg",
            compare=job.compare,
            teaser=folder / "teaser.webp" if job.teaser else None,
            is_measured=True,
            treatment=job.treatment,
            mask=mask,
        )

        def listen(progress: Progress) -> None:
            attempt.progress(progress)
            deadline.check(progress)

        try:
            painting = paint_video(order, studio.media, painter, studio.motion(), listen, facts)
        except TooLong:  # as its first frames tell
            if not workers or job.run_on is Route.LAMBDA or not account.plan:
                raise
            account.spread(account.plan, facts, workers)
            hand_over(job, facts, source, account, pictures, studio, attempt)
            return
        painted = time.monotonic()
        attempt.losses(painting.losses.in_words())
        written = report(
            job,
            painting,
            engine=painter.description,
            seconds={
                "fetch": fetched - began,
                "paint": painting.paint_seconds,
                "total": painted - began,
            },
            estimate=account.plan,
            cost_usd=account.cost_usd,
            now=studio.now(),
        )
        studio.observer.painted(
            painting.frames,
            painting.frames_painted,
            painting.paint_seconds,
            written["cost_usd"],
        )
        if order.poster:
            attempt.publish(order.poster, job.results.poster, "image/jpeg")
        if order.teaser:
            attempt.publish(order.teaser, job.results.teaser, "image/webp")
        attempt.publish_json(written, job.results.report)
        attempt.publish(order.result, job.results.video, "video/mp4")


def _fetch_mask(key: str, studio: Studio, folder: Path) -> Path:
    facts = studio.store.facts(studio.input_bucket, key)
    if not facts:
        raise Rejected(f"the field 'mask' is wrong: there is no {key}; upload it, then the job")
    limit = studio.max_style_bytes if is_picture(key) else studio.max_source_bytes
    if facts.size_bytes > limit:
        raise Rejected(
            f"the field 'mask' is wrong: {key} has {facts.size_bytes} bytes; at most {limit} are "
            "taken"
        )
    need_room(folder, facts.size_bytes, "the mask")
    mask = folder / "mask"
    version = SourceObject(studio.input_bucket, key, facts.version, facts.version_id)
    studio.store.download(version, mask)
    return mask
