"""A job's status, looked at again and again until the job has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from handler.domain.errors import Superseded
from handler.domain.job import Buckets
from handler.domain.ports import ObjectStore
from handler.domain.status import Status
from handler.pipeline.find_job import FoundJob, of_upload, read_status


def follow_job(
    job: FoundJob, store: ObjectStore, buckets: Buckets, pause: Callable[[], None]
) -> Iterator[Status | None]:
    """Say how far a job is; the last thing said is how it ended.

    Args:
        job: its newest version is followed, and no other.
        pause: between two looks.

    Yields:
        The status; None while no worker has begun with this version.

    Raises:
        Superseded: a newer upload is painted instead.
    """
    while True:
        job = replace(job, status=read_status(store, buckets, job.results.status))
        yield job.current
        if job.end:
            return
        if job.current is None and _is_replaced(job, of_upload(job.key, store, buckets)):
            raise Superseded(f"a newer upload of {job.key} replaced this one")
        pause()


def _is_replaced(job: FoundJob, now: FoundJob) -> bool:
    return bool(job.newest and now.newest and job.newest.version != now.newest.version)
