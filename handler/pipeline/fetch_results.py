"""Painted videos on the own disk: whole, or not at all."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from handler.domain.errors import Rejected, Unavailable
from handler.domain.job import JOB_METADATA, Buckets, SourceObject
from handler.domain.ports import ObjectFacts, ObjectStore
from handler.domain.status import State, Status
from handler.pipeline.find_job import FoundJob


def fetch_results(
    job: FoundJob,
    store: ObjectStore,
    buckets: Buckets,
    folder: Path,
    beside: Callable[[Path], AbstractContextManager[Path]],
) -> list[Path]:
    """Copy what a job that succeeded left: its video or sheet, poster, teaser and report.

    Args:
        beside: gives a name for an unfinished file, which takes its own when all went well.

    Returns:
        Where they lie.

    Raises:
        Rejected: it did not succeed, or not yet, or a result is gone.
        Unavailable: a result was replaced meanwhile.
    """
    status = job.end
    if status is None or status.state is not State.SUCCEEDED:
        raise Rejected(_why_not(job))
    result = status.video or job.results.video
    keys = list(dict.fromkeys([result, job.results.poster, job.results.report]))
    if _is_of(status.job_id, store.facts(buckets.output, job.results.teaser)):
        keys.append(job.results.teaser)
    before = {key: _facts(store, buckets, key) for key in keys}
    if not _is_of(status.job_id, before[result]):
        raise Unavailable(f"{result} is being replaced: try again")
    paths = {key: folder / posixpath.basename(key) for key in keys}
    with ExitStack() as unfinished:
        for key, path in paths.items():
            there, part = before[key], unfinished.enter_context(beside(path))
            version = SourceObject(buckets.output, key, there.version, there.version_id)
            store.download(version, part)
            if part.stat().st_size != there.size_bytes:
                raise Unavailable(f"{key} did not arrive whole: try again")
        if any(_facts(store, buckets, key).etag != before[key].etag for key in keys):
            raise Unavailable(f"the results of {job.key} are being replaced: try again")
    return list(paths.values())


def _is_of(job_id: str, facts: ObjectFacts | None) -> bool:
    return facts is not None and facts.metadata.get(JOB_METADATA) == job_id


def _facts(store: ObjectStore, buckets: Buckets, key: str) -> ObjectFacts:
    facts = store.facts(buckets.output, key)
    if facts is None:
        raise Rejected(f"{key} is gone from the bucket {buckets.output}")
    return facts


def _why_not(job: FoundJob) -> str:
    status: Status | None = job.current
    if status is None:
        return f"no worker has begun with {job.key} yet: see `artreel watch`"
    if status.state in (State.RUNNING, State.QUEUED):
        return f"{job.key} is {status.state.value}, {status.percent:.0f} %: see `artreel watch`"
    return f"{job.key} has no result, it is {status.state.value}: {status.reason}"
