"""What a job leaves in writing: status while it runs, a report when it is done."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from fractions import Fraction
from typing import Any

from handler.domain.claim import Claim
from handler.domain.errors import ArtreelError, Changed
from handler.domain.job import Job, SourceObject
from handler.domain.losses import Losses
from handler.domain.media import VideoFacts
from handler.domain.plan import Plan
from handler.domain.ports import ObjectStore
from handler.domain.status import Progress, State, Status
from handler.domain.timeline import Look, LookChange
from handler.domain.treatment import Treatment
from handler.pipeline.paint_video import Painting
from handler.pipeline.verify import sound_drifts

logger = logging.getLogger(__name__)

WRITING_TRIES = 10
"""How often a status that others write as well is tried."""

PATIENCE_SECONDS = 1.0
"""For a thread that is to stop and may be in the middle of a request."""


class StatusReporter:
    """Keeps ``NAME.status.json`` up to date during one claim.

    While the job runs, a thread of its own writes: neither a slow nor a failing store holds the job
    up. Every writing replaces only what was read before, and only what is older
    (``Status.may_replace``), so one that arrives late changes nothing.

    Args:
        upload: that is answered.
        interval_seconds: between two writings while it runs.
        cost_usd: of the function until now, None where none runs.
        now: gives the time, with a zone.
    """

    def __init__(
        self,
        store: ObjectStore,
        bucket: str,
        key: str,
        claim: Claim,
        upload: SourceObject,
        *,
        interval_seconds: float,
        cost_usd: Callable[[], float | None],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._key = key
        self._claim = claim
        self._upload = upload
        self._interval_seconds = interval_seconds
        self._cost_usd = cost_usd
        self._now = now
        self._progress = Progress(0, 0, 0.0)
        self._lost: str | None = None
        self._ended = threading.Event()
        self._writer = threading.Thread(target=self._keep_writing, name="status", daemon=True)

    def start(self) -> None:
        """Say that it runs, now and every so often."""
        self._writer.start()

    def progress(self, progress: Progress) -> None:
        """Note how far it is; written when it is time."""
        self._progress = progress

    def losses(self, lost: str | None) -> None:
        """Note what of the source could not be read, None where nothing was lost."""
        self._lost = lost

    def stop(self) -> None:
        """Say no more that it runs; a writing under way is not waited for longer than a moment."""
        self._ended.set()
        if self._writer.is_alive():
            self._writer.join(PATIENCE_SECONDS)

    def write(self, state: State, **details: str | None) -> None:
        """Write now that it runs no more.

        Raises:
            Unavailable, Defect: it could not be written.
        """
        self._ended.set()
        self._write(state, None, **details)

    def _keep_writing(self) -> None:
        etag: str | None = None
        while not self._ended.is_set():
            try:
                etag = self._write(State.RUNNING, etag)
            except ArtreelError as error:
                etag = None
                logger.warning("status of job %s was not written: %s", self._claim.job_id, error)
            self._ended.wait(self._interval_seconds)

    def _write(self, state: State, etag: str | None, **details: str | None) -> str | None:
        """Write a status if it is news.

        Args:
            etag: of the status that is there, None if that is not known.

        Returns:
            The ETag of what was written, None if something newer is there.
        """
        status = Status.of(
            self._claim.job_id,
            self._upload,
            self._claim.token,
            state,
            self._now(),
            progress=self._progress,
            cost_usd=micros(self._cost_usd()),
            lost=self._lost,
            **details,
        )
        for _ in range(WRITING_TRIES):
            if etag is None:
                written, etag = self._store.read_json(self._bucket, self._key) or ({}, None)
                if not status.may_replace(written):
                    return None
            try:
                return self._store.put_json(
                    self._bucket, self._key, status.as_json(), replaces=etag
                )
            except Changed:
                etag = None
        raise Changed(f"{self._key} is being written by others all the time")


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
        "source": {**asdict(job.source), **plain_facts(painting.source)},
        "result": {"key": job.results.video, **plain_facts(painting.result)},
        "timeline": [_look(change) for change in job.timeline.changes],
        "treatment": _treatment(job.treatment),
        "compare": job.compare,
        "teaser": job.results.teaser if job.teaser else None,
        "working_size": list(painting.working_size),
        "frames": painting.frames,
        "frames_painted": painting.frames_painted,
        "lost": painting.losses.in_words(),
        "losses": plain_facts(painting.losses),
        "quality": _quality(painting),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "frames_per_second": round(painting.frames / painting.total_seconds, 2),
        "engine": dict(engine),
        "cost_usd": micros(cost_usd),
        "estimate": estimated(estimate),
    }


def _quality(painting: Painting) -> dict[str, Any]:
    """Of a few frames, and of all the sound."""
    drifts = sound_drifts(painting.result, painting.source)
    measured = asdict(painting.quality) if painting.quality else {}
    return {
        "sound_drift_seconds": [round(float(drift), 6) for drift in drifts],
        **{
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in measured.items()
        },
    }


def _look(change: LookChange) -> dict[str, Any]:
    """As a job file says it."""
    return {"at": float(change.at), "fade": float(change.fade), **_styles(change.look)}


def _styles(look: Look) -> dict[str, Any]:
    weights = {name: round(float(weight), 6) for name, weight in look.styles}
    style = weights if len(weights) > 1 else next(iter(weights), None)
    return {"style": style, "strength": float(look.strength), "mix": float(look.mix)}


def _treatment(treatment: Treatment) -> dict[str, Any]:
    mask = treatment.mask
    return {
        "keep_colors": treatment.keep_colors or False,
        "style_scale": float(treatment.style_scale),
        "mask": mask and {**asdict(mask), "outside": _styles(mask.outside)},
    }


def estimated(plan: Plan | None) -> dict[str, Any] | None:
    """A plan as reports hold it."""
    if plan is None:
        return None
    return {
        "seconds": round(plan.seconds, 3),
        "cost_usd": micros(plan.usd),
        "frames_painted": plan.work.frames_painted,
    }


def micros(usd: float | None) -> float | None:
    """US dollars to the millionth."""
    return None if usd is None else round(usd, 6)


def plain_facts(facts: VideoFacts | Losses) -> dict[str, Any]:
    """Facts as JSON: exact fractions as ``30000/1001``."""

    def plain(value: Any) -> Any:
        if isinstance(value, Fraction):
            return str(value)
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value

    return {key: plain(value) for key, value in asdict(facts).items()}
