"""From a request to results in the output bucket: looked up, painted, checked, published."""

from __future__ import annotations

import logging
import posixpath
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from handler.domain.errors import ArtreelError, Rejected
from handler.domain.job import (
    STYLE_METADATA,
    STYLE_SUFFIXES,
    STYLES,
    Job,
    JobRequest,
    ResultKeys,
    SourceObject,
    check_style_name,
    check_upload_key,
    identity,
    is_job_file,
    is_result,
    style_of_upload,
)
from handler.domain.keyframes import Frames
from handler.domain.losses import Losses
from handler.domain.plan import PUBLISHING_SECONDS
from handler.domain.ports import (
    JobLedger,
    Media,
    Motion,
    ObjectFacts,
    ObjectStore,
    Observer,
    Painter,
)
from handler.domain.status import Progress, State
from handler.domain.timeline import Timeline
from handler.pipeline.accounts import Accounts
from handler.pipeline.paint_video import PaintOrder, ProgressListener, paint_video
from handler.pipeline.read_job_file import read_job_file
from handler.pipeline.report import StatusReporter, report
from handler.pipeline.workspace import need_room, workspace

logger = logging.getLogger(__name__)

JUDGED_AFTER_FRAMES = 100
"""How many frames are painted before their speed is trusted."""

INTERNAL_FAILURE = "something went wrong inside artreel"
OWN_RESULT = (
    "this file was made by artreel itself, its metadata say so; "
    "to paint it again, upload it without them"
)
KEYS_PER_STYLE = 100
"""Bound on how many keys that begin like a style's picture are looked at."""


@dataclass(frozen=True)
class Studio:
    """Everything that a job needs, and the limits of this deployment.

    Attributes:
        painter, motion: give these; called only when there is something to paint.
        default_style: of uploads that name none, "" for none.
        working_size_px: of jobs that wish for none.
        status_interval_seconds: least time between two status writings while painting.
        seconds_left: how long this worker can still work.
    """

    store: ObjectStore
    ledger: JobLedger
    accounts: Accounts
    media: Media
    painter: Callable[[], Painter]
    motion: Callable[[], Motion]
    observer: Observer
    input_bucket: str
    output_bucket: str
    default_style: str
    working_size_px: int
    max_source_bytes: int
    max_style_bytes: int
    status_interval_seconds: float
    seconds_left: Callable[[], float]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def run_job(request: JobRequest, studio: Studio, *, last_attempt: bool = True) -> dict[str, Any]:
    """Do one job once, however often it is asked for.

    Args:
        last_attempt: after a failure nobody tries again.

    Returns:
        ``{"job_id", "state", "reason", "video"}``, the state ``succeeded`` or ``rejected``; for a
        request whose job has succeeded already what that one returned.

    Raises:
        Busy: another worker is at it.
        Unavailable: a service is out of reach.
        Defect: artreel is at fault. The status of a job that was begun says so, too.
    """
    job_id = identity(_told(request), {})
    studio.observer.began(job_id)
    try:
        source, facts = _looked_up(request, studio.store)
        if facts and is_result(facts.metadata):
            # Not even a status: where results are copied back, it would come back and be answered.
            logger.warning("%s is a result and was uploaded: do results flow back?", request.key)
            studio.observer.ended(State.REJECTED)
            return _outcome(job_id, State.REJECTED, reason=OWN_RESULT)
        if is_job_file(request.key):
            wish = read_job_file(source, facts, studio.store)
            source, facts = _looked_up(wish, studio.store)
        else:
            wish = request
        job = _normalized(wish, source, facts, studio)
        job_id = job.job_id
        studio.observer.began(job_id)
        reporter = _reporter(job_id, request.key, studio)
        return studio.ledger.once(
            job_id, lambda: _attempt(job, studio, reporter, last_attempt=last_attempt)
        )
    except Rejected as rejection:  # not remembered: once its reason is gone, it may be asked again
        logger.info("job %s is rejected: %s", job_id, rejection)
        _reporter(job_id, request.key, studio).rejected(rejection.reason)
        studio.observer.ended(State.REJECTED)
        return _outcome(job_id, State.REJECTED, reason=rejection.reason)


def _told(request: JobRequest) -> SourceObject:
    """The upload as far as the event tells."""
    version = request.version_id or request.etag or ""
    return SourceObject(request.bucket, request.key, version, request.version_id)


def _looked_up(request: JobRequest, store: ObjectStore) -> tuple[SourceObject, ObjectFacts | None]:
    check_upload_key(request.key)
    facts = store.facts(request.bucket, request.key, request.version_id)
    if facts is None:
        return _told(request), None
    return SourceObject(request.bucket, request.key, facts.version, facts.version_id), facts


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
    timeline = request.timeline or Timeline.of_style(
        style_of_upload(request.key, facts.metadata.get(STYLE_METADATA), studio.default_style)
    )
    for style in timeline.styles:
        check_style_name(style)
    return Job(
        source,
        timeline,
        request.working_size_px or studio.working_size_px,
        budget_usd=request.budget_usd,
        job_file=request.job_file,
    )


def _reporter(job_id: str, upload_key: str, studio: Studio) -> StatusReporter:
    return StatusReporter(
        studio.store,
        studio.output_bucket,
        ResultKeys.for_upload(upload_key),
        job_id,
        interval_seconds=studio.status_interval_seconds,
        now=studio.now,
    )


def _attempt(
    job: Job, studio: Studio, reporter: StatusReporter, *, last_attempt: bool
) -> dict[str, Any]:
    try:
        losses = _paint_and_publish(job, studio, reporter)
    except Rejected:
        raise
    except Exception as error:
        studio.observer.ended(State.FAILED if last_attempt else State.QUEUED)
        reason = error.reason if isinstance(error, ArtreelError) else INTERNAL_FAILURE
        say = reporter.failed if last_attempt else reporter.waiting
        try:
            say(reason if last_attempt else f"{reason}; another attempt follows")
        except ArtreelError as silence:
            logger.warning("status of job %s could not be written: %s", job.job_id, silence)
        raise
    reporter.succeeded(losses.in_words())
    studio.observer.ended(State.SUCCEEDED)
    return _outcome(job.job_id, State.SUCCEEDED, video=job.results.video)


def _outcome(
    job_id: str, state: State, *, reason: str | None = None, video: str | None = None
) -> dict[str, Any]:
    return {"job_id": job_id, "state": state.value, "reason": reason, "video": video}


def _paint_and_publish(job: Job, studio: Studio, reporter: StatusReporter) -> Losses:
    reporter.running(Progress(0, 0, 0.0))
    with studio.accounts.open(job) as account, workspace() as folder:
        began = time.monotonic()
        styles = {
            style: _fetch_style(style, studio, folder) for style in sorted(job.timeline.styles)
        }
        source = folder / "source"
        upload = studio.store.facts(job.source.bucket, job.source.key, job.source.version_id)
        need_room(folder, upload.size_bytes if upload else 0, "the video")
        studio.store.download(job.source, source)
        fetched = time.monotonic()
        order = PaintOrder(
            source=source,
            styles=styles,
            timeline=job.timeline,
            working_size_px=job.working_size_px,
            result=folder / "result.mp4",
            keyframe_interval=Frames.KEYFRAMES.interval(),
            poster=folder / "poster.jpg",
        )
        painter = studio.painter()
        painting = paint_video(
            order,
            studio.media,
            painter,
            studio.motion(),
            _listener(job, reporter, studio),
            lambda facts: account.approve(
                facts, painter, order.keyframe_interval, studio.seconds_left()
            ),
        )
        painted = time.monotonic()
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
        _publish(job.results, order, written, studio)
    return painting.losses


def _listener(job: Job, reporter: StatusReporter, studio: Studio) -> ProgressListener:
    """Report progress, and stop what can't be finished before it has cost a whole run.

    Speed tells the time that is needed only where every frame is painted.
    """
    is_steady = all(change.look.style is not None for change in job.timeline.changes)

    def listen(progress: Progress) -> None:
        reporter.running(progress)
        is_judged = is_steady and progress.frames_done >= JUDGED_AFTER_FRAMES
        needed = (progress.seconds_left or 0.0) if is_judged else 0.0
        left = studio.seconds_left() - PUBLISHING_SECONDS
        if needed > left:
            raise Rejected(
                f"the video is too long for one function: painting the rest takes about "
                f"{needed:.0f} seconds, {max(0, left):.0f} are left; "
                f"cut it, or choose a smaller working size"
            )

    return listen


def _fetch_style(style: str, studio: Studio, folder: Path) -> Path:
    stem = f"{STYLES}{style}"
    found = {
        posixpath.splitext(key)[1].lower(): key
        for key in studio.store.keys(studio.input_bucket, f"{stem}.", KEYS_PER_STYLE)
        if posixpath.splitext(key)[0] == stem
    }
    key = next((found[suffix] for suffix in STYLE_SUFFIXES if suffix in found), None)
    facts = key and studio.store.facts(studio.input_bucket, key)
    if not key or not facts:
        raise Rejected(
            f"there is no picture of the style {style!r}: "
            f"upload {stem}.jpg, .png or .webp, then the video again"
        )
    if facts.size_bytes > studio.max_style_bytes:
        raise Rejected(
            f"the style picture {key} has {facts.size_bytes} bytes; "
            f"at most {studio.max_style_bytes} are taken"
        )
    picture = folder / f"style-{len(list(folder.iterdir()))}"
    version = SourceObject(studio.input_bucket, key, facts.version, facts.version_id)
    studio.store.download(version, picture)
    return picture


def _publish(
    keys: ResultKeys, order: PaintOrder, written: Mapping[str, Any], studio: Studio
) -> None:
    bucket = studio.output_bucket
    if order.poster:
        studio.store.upload(order.poster, bucket, keys.poster, "image/jpeg")
    studio.store.put_json(bucket, keys.report, written)
    studio.store.upload(order.result, bucket, keys.video, "video/mp4")
