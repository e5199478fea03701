"""The jobs of a stack that were heard of last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from handler.domain.errors import Rejected
from handler.domain.job import JOBS, VIDEOS, Buckets, ResultKeys
from handler.domain.ports import Listed, ObjectStore
from handler.domain.status import Status
from handler.pipeline.find_job import newest_statuses, of_upload, read_status

LONGEST_WAIT = timedelta(days=4)
"""For as long as the queue keeps a message."""


@dataclass(frozen=True)
class ListedJob:
    """A job.

    Attributes:
        upload: key.
        at: when it was heard of last.
        status: None while no worker has begun with the newest version.
    """

    upload: str
    at: datetime
    status: Status | None


def list_jobs(store: ObjectStore, buckets: Buckets, limit: int, now: datetime) -> list[ListedJob]:
    """The jobs heard of last, newest first.

    The buckets are listed whole, of the statuses only the newest are read. What was uploaded since
    its status was written, or has none, waits for a worker.
    """
    statuses = newest_statuses(store, buckets)
    waiting = list(_waiting(store, buckets, statuses, limit, now))
    waits = {job.upload for job in waiting}
    begun = [
        ListedJob(status.upload, found.modified, status)
        for found in statuses[:limit]
        if (status := read_status(store, buckets, found.key)) and status.upload not in waits
    ]
    return sorted([*waiting, *begun], key=lambda job: job.at, reverse=True)[:limit]


def _waiting(
    store: ObjectStore, buckets: Buckets, statuses: list[Listed], limit: int, now: datetime
) -> Iterator[ListedJob]:
    told = {found.key: found.modified for found in statuses}
    uploads = [
        upload
        for folder in (VIDEOS, JOBS)
        for upload in store.listing(buckets.input, folder)
        if upload.modified > now - LONGEST_WAIT and not upload.key.endswith("/")
        # Listings know whole seconds only: whoever came in the same one is looked at.
        if upload.modified >= told.get(ResultKeys.for_upload(upload.key).status, upload.modified)
    ]
    for upload in sorted(uploads, key=lambda upload: upload.modified, reverse=True)[:limit]:
        try:
            job = of_upload(upload.key, store, buckets)
        except Rejected:  # asks for nothing, or is gone
            continue
        if job.current is None:
            yield ListedJob(upload.key, upload.modified, None)
