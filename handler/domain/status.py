"""How far a job is, in words and numbers that a person can follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from handler.domain.job import SourceObject


class State(StrEnum):
    """States of a job; the last four are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = frozenset({State.SUCCEEDED, State.REJECTED, State.FAILED, State.CANCELLED})


@dataclass(frozen=True)
class Progress:
    """Work done in one run.

    Attributes:
        frames_done, frames: of the video.
        elapsed_seconds: since painting began.
    """

    frames_done: int
    frames: int
    elapsed_seconds: float

    @property
    def percent(self) -> float:
        return round(100 * min(1.0, self.frames_done / self.frames), 1) if self.frames else 0.0

    @property
    def frames_per_second(self) -> float:
        return round(self.frames_done / self.elapsed_seconds, 2) if self.elapsed_seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        if not self.frames_done:
            return None
        left = max(0, self.frames - self.frames_done)
        return round(left * self.elapsed_seconds / self.frames_done, 1)


@dataclass(frozen=True)
class Status:
    """The content of ``NAME.status.json``.

    Attributes:
        upload, version: key and version of the upload that is answered: a video or a job file.
        attempt: token of the claim under which this is written (``handler.domain.claim``).
        seconds_left: None while unknown.
        cost_usd: of this attempt's function until now, None where none runs.
        reason: why it did not succeed, or what it waits for; one sentence.
        lost: what of the source could not be read; None when nothing was lost.
        video, poster, report: keys in the output bucket once they exist; of a preview, both of the
            first are its sheet.
        updated_at: ISO 8601, UTC.
    """

    job_id: str
    upload: str
    version: str
    attempt: int
    state: State
    percent: float
    frames_done: int
    frames: int
    frames_per_second: float
    seconds_left: float | None
    cost_usd: float | None
    reason: str | None
    lost: str | None
    video: str | None
    poster: str | None
    report: str | None
    updated_at: str

    @classmethod
    def of(
        cls,
        job_id: str,
        upload: SourceObject,
        attempt: int,
        state: State,
        now: datetime,
        *,
        progress: Progress | None = None,
        cost_usd: float | None = None,
        reason: str | None = None,
        lost: str | None = None,
        video: str | None = None,
        poster: str | None = None,
        report: str | None = None,
    ) -> Status:
        done = progress or Progress(0, 0, 0.0)
        return cls(
            job_id=job_id,
            upload=upload.key,
            version=upload.version,
            attempt=attempt,
            state=state,
            percent=done.percent,
            frames_done=done.frames_done,
            frames=done.frames,
            frames_per_second=done.frames_per_second,
            seconds_left=done.seconds_left,
            cost_usd=cost_usd,
            reason=reason,
            lost=lost,
            video=video,
            poster=poster,
            report=report,
            updated_at=now.isoformat(timespec="milliseconds"),
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def may_replace(self, written: Mapping[str, Any]) -> bool:
        """Whether this is news against a status that is already written.

        Of a later claim it always is, of an earlier one never; within one claim only ``running``
        is replaced. What is no status of ours is, too.
        """
        attempt, state = written.get("attempt"), written.get("state")
        if not isinstance(attempt, int) or attempt < self.attempt:
            return True
        return attempt == self.attempt and state == State.RUNNING


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        reason: why it was rejected or failed; one sentence.
        video: key in the output bucket, if it succeeded; of a preview, of its sheet.
    """

    job_id: str
    state: State
    reason: str | None = None
    video: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
