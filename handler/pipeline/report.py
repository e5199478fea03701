"""What a job leaves in writing: status while it runs, a report when it is done."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from fractions import Fraction
from typing import Any

from handler.domain.errors import ArtreelError
from handler.domain.job import Job, ResultKeys
from handler.domain.losses import Losses
from handler.domain.media import VideoFacts
from handler.domain.plan import Plan
from handler.domain.ports import ObjectStore
from handler.domain.status import Progress, State, Status
from handler.pipeline.paint_video import Painting

logger = logging.getLogger(__name__)


class StatusReporter:
    """Keeps ``NAME.status.json`` of one job up to date.

    Args:
        interval_seconds: least time between two writings while it runs.
        now: gives the time, with a zone.
    """

    def __init__(
        self,
        store: ObjectStore,
        bucket: str,
        keys: ResultKeys,
        job_id: str,
        *,
        interval_seconds: float,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._keys = keys
        self._job_id = job_id
        self._interval_seconds = interval_seconds
        self._now = now
        self._written_at = float("-inf")
        self._progress: Progress | None = None

    def running(self, progress: Progress) -> None:
        """Say how far it is, unless that was said a moment ago; never fails the job."""
        self._progress = progress
        if time.monotonic() - self._written_at < self._interval_seconds:
            return
        self._written_at = time.monotonic()
        try:
            self._put(State.RUNNING)
        except ArtreelError as error:
            logger.warning("status of job %s could not be written: %s", self._job_id, error)

    def succeeded(self, lost: str | None) -> None:
        keys = self._keys
        made = {"video": keys.video, "poster": keys.poster, "report": keys.report}
        self._put(State.SUCCEEDED, lost=lost, **made)

    def rejected(self, reason: str) -> None:
        self._put(State.REJECTED, reason=reason)

    def waiting(self, reason: str) -> None:
        """Another attempt follows."""
        self._put(State.QUEUED, reason=reason)

    def failed(self, reason: str) -> None:
        self._put(State.FAILED, reason=reason)

    def _put(self, state: State, **details: str | None) -> None:
        status = Status.of(self._job_id, state, self._now(), progress=self._progress, **details)
        self._store.put_json(self._bucket, self._keys.status, status.as_json())


def report(
    job: Job,
    painting: Painting,
    *,
    engine: Mapping[str, str],
    seconds: Mapping[str, float],
    estimate: Plan | None,
    cost_usd: float | None,
    now: datetime,
) -> dict[str, Any]:
    """The content of ``NAME.report.json``.

    Args:
        seconds: how long each stage took, ``total`` among them.
        estimate: made before anything was painted; its seconds are those of painting and checking.
        cost_usd: until now; None where nobody sends a bill.
    """
    return {
        "job_id": job.job_id,
        "created_at": now.isoformat(timespec="milliseconds"),
        "source": {**asdict(job.source), **_plain(painting.source)},
        "result": {"key": job.results.video, **_plain(painting.result)},
        "timeline": [
            {"at": float(change.at), "style": change.look.style} for change in job.timeline.changes
        ],
        "working_size": list(painting.working_size),
        "frames": painting.frames,
        "frames_painted": painting.frames_painted,
        "lost": painting.losses.in_words(),
        "losses": _plain(painting.losses),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "frames_per_second": round(painting.frames / painting.total_seconds, 2),
        "engine": dict(engine),
        "cost_usd": _micros(cost_usd),
        "estimate": estimate
        and {
            "seconds": round(estimate.seconds, 3),
            "cost_usd": _micros(estimate.usd),
            "frames_painted": estimate.work.frames_painted,
        },
    }


def _micros(usd: float | None) -> float | None:
    return None if usd is None else round(usd, 6)


def _plain(facts: VideoFacts | Losses) -> dict[str, Any]:
    """Facts as JSON: exact fractions as ``30000/1001``."""

    def plain(value: Any) -> Any:
        if isinstance(value, Fraction):
            return str(value)
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value

    return {key: plain(value) for key, value in asdict(facts).items()}
