"""From an uploaded job file to the request that it holds."""

from __future__ import annotations

from handler.domain.errors import Rejected
from handler.domain.job import JobRequest, SourceObject
from handler.domain.job_file import LARGEST_JOB_FILE_BYTES, job_in, read_json
from handler.domain.ports import ObjectFacts, ObjectStore
from handler.pipeline.workspace import workspace


def read_job_file(
    upload: SourceObject, facts: ObjectFacts | None, store: ObjectStore
) -> JobRequest:
    """The request for the video that a job file names.

    Args:
        facts: of the file, None where there is none.

    Raises:
        Rejected: there is no such file, or no job in it.
    """
    if facts is None:
        raise Rejected(f"there is no job file {upload.key} (any more)")
    if facts.size_bytes > LARGEST_JOB_FILE_BYTES:
        raise Rejected(
            f"the job file has {facts.size_bytes} bytes; at most {LARGEST_JOB_FILE_BYTES} are taken"
        )
    with workspace() as folder:
        path = folder / "job.json"
        store.download(upload, path)
        return job_in(read_json(path.read_bytes(), "the job file"), upload.bucket, upload)
