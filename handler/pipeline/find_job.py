"""A job as a person names it, and what is known of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from handler.domain.errors import Rejected
from handler.domain.job import (
    JOB_SUFFIX,
    JOBS,
    VIDEOS,
    Buckets,
    ResultKeys,
    SourceObject,
    check_upload_key,
    clipped,
    is_source,
)
from handler.domain.ports import Listed, ObjectStore
from handler.domain.status import FINAL, Status

STATUS_ENDING = ".status.json"
RESULT_ENDINGS = (STATUS_ENDING, ".report.json", ".mp4", ".jpg")
JOB_ID = re.compile("[0-9a-f]{8,64}")
"""A job's id, or how it begins."""

_statuses = TypeAdapter(Status)


@dataclass(frozen=True)
class FoundJob:
    """A job, by the upload that asks for it.

    Attributes:
        key: of the upload.
        newest: its newest version; None where it is gone.
        status: of whichever version was worked on last; None where no worker has begun.
    """

    key: str
    newest: SourceObject | None
    status: Status | None

    @property
    def results(self) -> ResultKeys:
        return ResultKeys.for_upload(self.key)

    @property
    def current(self) -> Status | None:
        """The status, if it tells of the newest version."""
        if self.status and self.newest and self.status.version != self.newest.version:
            return None
        return self.status

    @property
    def end(self) -> Status | None:
        """How it ended; None while it has not."""
        return self.current if self.current and self.current.state in FINAL else None


def find_job(named: str, store: ObjectStore, buckets: Buckets) -> FoundJob:
    """Look a job up.

    Args:
        named: key of its upload (``videos/monet/clip.mp4``, ``jobs/night.json``) or of one of its
            results (``monet/clip.mp4``, ``monet/clip``), or the first digits of its id.

    Raises:
        Rejected: there is none.
    """
    if named.startswith(VIDEOS) or (named.startswith(JOBS) and named.endswith(JOB_SUFFIX)):
        return of_upload(named, store, buckets)
    status = read_status(store, buckets, f"{_stem(named)}{STATUS_ENDING}")
    if status is None and JOB_ID.fullmatch(named):
        newest = newest_statuses(store, buckets)
        known = (read_status(store, buckets, found.key) for found in newest)
        status = next((one for one in known if one and one.job_id.startswith(named)), None)
    if status is None:
        raise Rejected(
            f"no job {clipped(named)} has begun: name its upload, {VIDEOS}... or {JOBS}..., "
            f"or see `artreel jobs`"
        )
    return of_upload(status.upload, store, buckets)


def of_upload(key: str, store: ObjectStore, buckets: Buckets) -> FoundJob:
    """The job that an upload asks for.

    Raises:
        Rejected: it asks for none, or there is none.
    """
    check_upload_key(key)
    facts = store.facts(buckets.input, key)
    status = read_status(store, buckets, ResultKeys.for_upload(key).status)
    if facts is None:
        if status is None:
            raise Rejected(f"there is no upload {clipped(key)} in the bucket {buckets.input}")
        return FoundJob(key, None, status)
    if is_source(facts.metadata):
        raise Rejected(f"{clipped(key)} is not painted by itself: name the job file that names it")
    newest = SourceObject(buckets.input, key, facts.version, facts.version_id)
    return FoundJob(key, newest, status)


def read_status(store: ObjectStore, buckets: Buckets, key: str) -> Status | None:
    """A status; None where there is none, or what is there is none of ours."""
    content, _ = store.read_json(buckets.output, key) or ({}, None)
    try:
        return _statuses.validate_python(content)
    except ValidationError:
        return None


def newest_statuses(store: ObjectStore, buckets: Buckets) -> list[Listed]:
    """Where the statuses lie, what was written last first."""
    found: Iterator[Listed] = store.listing(buckets.output)
    statuses = [entry for entry in found if entry.key.endswith(STATUS_ENDING)]
    return sorted(statuses, key=lambda entry: entry.modified, reverse=True)


def _stem(result: str) -> str:
    return next(
        (result.removesuffix(ending) for ending in RESULT_ENDINGS if result.endswith(ending)),
        result,
    )
