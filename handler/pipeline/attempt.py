"""One worker's attempt at one job: its claim is kept alive, and nothing is published without it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from handler.domain.claim import Claim, Delivery
from handler.domain.errors import (
    ArtreelError,
    Cancelled,
    Changed,
    ClaimLost,
    Superseded,
    Unavailable,
)
from handler.domain.job import CANCELLED_TAG, JOB_METADATA, ResultKeys, SourceObject
from handler.domain.job_ended import JobEnded
from handler.domain.ports import GrowingUpload, ObjectStore
from handler.domain.status import FINAL, Outcome, Progress, State
from handler.pipeline.report import PATIENCE_SECONDS, StatusReporter
from handler.pipeline.studio import Studio

logger = logging.getLogger(__name__)

INTERNAL_FAILURE = "something went wrong inside artreel"
CANCELLED = "its owner cancelled it"

BEATS_PER_LEASE = 3
PUBLISHING_TRIES = 10
"""How often an object that changes meanwhile is tried."""


def explain(error: Exception) -> str:
    """Why an attempt failed, for people; the inner words of unexpected errors stay inside."""
    return error.reason if isinstance(error, ArtreelError) else INTERNAL_FAILURE


def check_newest(upload: SourceObject, store: ObjectStore) -> None:
    """Let pass an upload that was not replaced by another under its key, nor one that was deleted.

    Raises:
        Superseded: it was replaced.
    """
    current = store.facts(upload.bucket, upload.key)
    if current and current.version != upload.version:
        raise Superseded(f"a newer upload of {upload.key} replaced this one")


def check_wanted(upload: SourceObject, store: ObjectStore) -> None:
    """Let pass an upload that was not cancelled.

    Raises:
        Cancelled: it was.
    """
    if is_cancelled(upload, store):
        raise Cancelled(CANCELLED)


def is_cancelled(upload: SourceObject, store: ObjectStore) -> bool:
    """Whether its owner does not want this version of an upload any more."""
    name, value = CANCELLED_TAG
    return store.tags(upload).get(name) == value


class Attempt:
    """Use it as a context: on every way out the result is free for the next worker.

    A thread renews the claim, asks whether the upload is still wanted and the newest one, and
    keeps the queue's message hidden. A worker that is killed does none of this any more, and so
    loses both claim and message within moments.

    Args:
        upload: that is answered.
        is_handed_over: the claim was adopted, and is released only when the job ends.
        spent_usd: by others for this job.
    """

    def __init__(
        self,
        claim: Claim,
        upload: SourceObject,
        results: ResultKeys,
        studio: Studio,
        delivery: Delivery,
        *,
        is_handed_over: bool = False,
        spent_usd: float = 0.0,
    ) -> None:
        self.is_handed_over = is_handed_over
        self._spent_usd = spent_usd
        self._claim = claim
        self._upload = upload
        self._results = results
        self._studio = studio
        self._delivery = delivery
        self._began = time.monotonic()
        self._lost: ArtreelError | None = None
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="claim", daemon=True)
        self._reporter = StatusReporter(
            studio.store,
            studio.output_bucket,
            results.status,
            claim,
            upload,
            interval_seconds=studio.status_interval_seconds,
            cost_usd=lambda: self.cost_usd,
            now=studio.now,
        )

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._reporter.stop()
        self._keeper.join(PATIENCE_SECONDS)
        reason = explain(error) if isinstance(error, Exception) else ""
        if self.is_handed_over:
            return
        try:
            self._studio.ledger.release(self._claim, reason)
        except ArtreelError as failure:
            logger.warning("a claim was not released, it lapses by itself: %s", failure)

    @property
    def job_id(self) -> str:
        return self._claim.job_id

    @property
    def cost_usd(self) -> float | None:
        """What the job cost until now; None where nobody sends a bill."""
        cost = self._studio.accounts.cost_usd(time.monotonic() - self._began)
        return None if cost is None else cost + self._spent_usd

    def progress(self, progress: Progress) -> None:
        """Note how far the work is; stop it where it has become useless.

        Raises:
            Superseded, Cancelled, ClaimLost: the worker should stop.
        """
        self._reporter.progress(progress)
        if self._lost:
            raise self._lost

    def losses(self, lost: str | None) -> None:
        """Note what of the source could not be read."""
        self._reporter.losses(lost)

    @property
    def last_reason(self) -> str:
        """Why the attempt before this one was given back, "" if it was not."""
        return self._claim.last_reason

    def announce_running(self) -> None:
        """Begin to write the status."""
        self._reporter.start()

    def hand_over(self, carrier: str, seconds: float) -> None:
        """Leave the job to what carries it from now on, for at most so long.

        Raises:
            ClaimLost: as ``confirm``.
        """
        self._studio.ledger.hand_over(self._claim, carrier, seconds)
        self.is_handed_over = True

    def confirm(self) -> None:
        """Ask whether the result is still this worker's to write.

        Raises:
            Superseded, ClaimLost: it is not.
        """
        check_newest(self._upload, self._studio.store)
        self._studio.ledger.renew(self._claim)

    def check_wanted(self) -> None:
        """The same as the function, for this attempt's upload."""
        check_wanted(self._upload, self._studio.store)

    def decided(self) -> Outcome | None:
        """The end that an earlier attempt has written and did not live to say everywhere."""
        store, bucket = self._studio.store, self._studio.output_bucket
        status, _ = store.read_json(bucket, self._results.status) or ({}, None)
        if status.get("job_id") != self.job_id or status.get("state") not in FINAL:
            return None
        self._reporter.progress(Progress(status["frames_done"], status["frames"], 0.0))
        self._reporter.losses(status.get("lost"))
        return Outcome(self.job_id, State(status["state"]), status["reason"], status["video"])

    def published(self, key: str) -> bool:
        """Whether an attempt at this very job has published its result under its key."""
        store, bucket = self._studio.store, self._studio.output_bucket
        result = store.facts(bucket, key)
        if not result or result.metadata.get(JOB_METADATA) != self.job_id:
            return False
        report, _ = store.read_json(bucket, self._results.report) or ({}, None)
        frames = report.get("frames", 0)
        self._reporter.progress(
            Progress(frames, frames, report.get("seconds", {}).get("paint", 0.0))
        )
        self._reporter.losses(report.get("lost"))
        return True

    def publish(self, path: Path, key: str, content_type: str) -> None:
        """Put a finished file under its final key; it is marked as this job's.

        Raises:
            Superseded, ClaimLost: the result is no longer this worker's.
            Cancelled: nobody wants it.
            Unavailable: others write the same key all the time.
        """
        store, bucket = self._studio.store, self._studio.output_bucket
        mark = {JOB_METADATA: self.job_id}
        self._replace(key, partial(store.upload, path, bucket, key, content_type, metadata=mark))

    def sending(
        self, path: Path, key: str, content_type: str, head_bytes: int, most_bytes: int
    ) -> AbstractContextManager[GrowingUpload]:
        """Send a file while it is written, for ``publish_sent``.

        Args:
            head_bytes, most_bytes: as ``ObjectStore.upload_growing``.
        """
        return self._studio.store.upload_growing(
            path,
            self._studio.output_bucket,
            key,
            content_type,
            metadata={JOB_METADATA: self.job_id},
            head_bytes=head_bytes,
            most_bytes=most_bytes,
        )

    def publish_sent(self, upload: GrowingUpload, key: str) -> None:
        """The same as ``publish`` for a file that was sent before."""
        self._replace(key, upload.finish)

    def publish_json(self, content: Mapping[str, Any], key: str) -> None:
        """The same as ``publish`` for a small JSON object, without the mark."""
        store, bucket = self._studio.store, self._studio.output_bucket
        self._replace(key, partial(store.put_json, bucket, key, content))

    def _replace(self, key: str, put: Callable[..., object]) -> None:
        """Look at what is there, confirm the claim, replace only what was seen; in this order.

        Whoever took the result over before the claim is confirmed is noticed there; what they
        write after it is either seen changed here, or written over this, but never lost to it.
        """
        for _ in range(PUBLISHING_TRIES):
            there = self._studio.store.facts(self._studio.output_bucket, key)
            if there and there.metadata.get(JOB_METADATA) == self.job_id:
                return  # by an attempt before, or by this one in a request whose answer got lost
            self.confirm()
            self.check_wanted()
            try:
                put(replaces=there.etag if there else None)
            except Changed:
                continue
            return
        raise Unavailable(f"{key} is being written by others all the time")

    def give_back(self, reason: str) -> None:
        """Say that another attempt follows; that this can't be said is no harm."""
        try:
            self._reporter.write(State.QUEUED, reason=f"{reason}; another attempt follows")
        except ArtreelError as silence:
            logger.warning("status of job %s was not written: %s", self.job_id, silence)

    def end(self, outcome: Outcome) -> None:
        """Say how the job ended.

        In this order: the status, then the event, so that whoever hears of the end finds it
        written; then the job table, so that an attempt that dies in between is repeated from here
        by the next one. The event is therefore sent at least once.

        Raises:
            Unavailable, Defect: it could not be said everywhere; the job did not end yet.
        """
        keys = self._results
        painted = outcome.state is State.SUCCEEDED
        self._reporter.write(
            outcome.state,
            reason=outcome.reason,
            video=outcome.video,
            poster=keys.poster if painted else None,
            report=keys.report if painted else None,
        )
        announce(outcome, self._upload, keys, self._studio)
        self._studio.ledger.record(outcome)
        self._studio.observer.ended(outcome.state)
        self.is_handed_over = False

    def _keep(self) -> None:
        while not self._lost:
            self._delivery.keep()
            if self._over.wait(self._studio.lease_seconds / BEATS_PER_LEASE):
                return
            try:
                self.confirm()
                self.check_wanted()
            except (Superseded, Cancelled, ClaimLost) as loss:
                self._lost = loss
            except ArtreelError as error:
                logger.warning("a claim was not renewed: %s", error)


def announce(outcome: Outcome, upload: SourceObject, results: ResultKeys, studio: Studio) -> None:
    """Send the event that a job ended."""
    ended_at = studio.now().isoformat(timespec="milliseconds")
    studio.announcer.announce(JobEnded(outcome, upload, studio.output_bucket, results, ended_at))
