"""How far a job is, in words and numbers that a person can follow."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """States of a job; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    FAILED = "failed"


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
        seconds_left: None while unknown.
        reason: why it was rejected or failed, or what it waits for; one sentence.
        lost: what of the source could not be read; None when nothing was lost.
        video, poster, report: keys in the output bucket once they exist.
        updated_at: ISO 8601, UTC.
    """

    job_id: str
    state: State
    percent: float
    frames_done: int
    frames: int
    frames_per_second: float
    seconds_left: float | None
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
        state: State,
        now: datetime,
        *,
        progress: Progress | None = None,
        reason: str | None = None,
        lost: str | None = None,
        video: str | None = None,
        poster: str | None = None,
        report: str | None = None,
    ) -> Status:
        done = progress or Progress(0, 0, 0.0)
        return cls(
            job_id=job_id,
            state=state,
            percent=done.percent,
            frames_done=done.frames_done,
            frames=done.frames,
            frames_per_second=done.frames_per_second,
            seconds_left=done.seconds_left,
            reason=reason,
            lost=lost,
            video=video,
            poster=poster,
            report=report,
            updated_at=now.isoformat(timespec="milliseconds"),
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
