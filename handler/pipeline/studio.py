"""What jobs are done with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from handler.domain.ports import (
    Announcer,
    JobLedger,
    Launcher,
    Media,
    Motion,
    ObjectStore,
    Observer,
    Painter,
)
from handler.pipeline.accounts import Accounts


@dataclass(frozen=True)
class Studio:
    """Everything that a job needs, and the limits of this deployment.

    Attributes:
        painter, motion: give these; called only when there is something to paint.
        default_style: of uploads that name none, "" for none.
        working_size_px: of jobs that wish for none.
        status_interval_seconds: least time between two status writings while painting.
        seconds_left: how long this worker can still work.
        longest_run_seconds: how long a fresh worker could.
        lease_seconds: for how long a claim holds that is not renewed.
        launcher: has many workers paint what one can't; None where there are none.
        work_bucket: through which they work together.
        workers: of one job at a time.
        batch_disk_bytes: that AWS Batch has for what is too large for a function to put together;
            0 where there is no AWS Batch.
    """

    store: ObjectStore
    ledger: JobLedger
    accounts: Accounts
    announcer: Announcer
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
    longest_run_seconds: float
    lease_seconds: float
    launcher: Launcher | None = None
    work_bucket: str = ""
    workers: int = 1
    batch_disk_bytes: int = 0
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
