"""The event that says that a job ended; ``infra/events/job-ended.schema.json`` describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from handler.domain.job import ResultKeys, SourceObject
from handler.domain.status import Outcome, State

EVENT_SOURCE = "artreel"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class JobEnded:
    """A job's end, with where it came from and where its results lie.

    Attributes:
        bucket: that the results are in.
        ended_at: ISO 8601, UTC.
    """

    outcome: Outcome
    upload: SourceObject
    bucket: str
    results: ResultKeys
    ended_at: str

    @property
    def detail_type(self) -> str:
        """``Job Succeeded``, ``Job Rejected``, ``Job Failed`` or ``Job Cancelled``."""
        return f"Job {self.outcome.state.capitalize()}"

    @property
    def summary(self) -> str:
        """One sentence for a mail."""
        said = f"{self.upload.key} {self._verb}"
        if self.outcome.video is not None:
            return f"{said}: {self.outcome.video} is in the bucket {self.bucket}."
        return f"{said}: {self.outcome.reason}."

    @property
    def _verb(self) -> str:
        return {
            State.SUCCEEDED: "is painted",
            State.REJECTED: "was rejected",
            State.CANCELLED: "was cancelled",
        }.get(self.outcome.state, "could not be painted")

    @property
    def detail(self) -> dict[str, Any]:
        outcome, upload = self.outcome, self.upload
        painted = outcome.video is not None
        return {
            "version": SCHEMA_VERSION,
            "job_id": outcome.job_id,
            "state": outcome.state.value,
            "reason": outcome.reason,
            "summary": self.summary,
            "upload": {"bucket": upload.bucket, "key": upload.key, "version": upload.version},
            "results": {
                "bucket": self.bucket,
                "status": self.results.status,
                "video": outcome.video,
                "poster": self.results.poster if painted else None,
                "report": self.results.report if painted else None,
            },
            "ended_at": self.ended_at,
        }
