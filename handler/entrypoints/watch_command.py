"""``artreel watch``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from handler import wiring
from handler.domain.errors import Rejected
from handler.domain.job import Buckets
from handler.domain.status import State, Status
from handler.entrypoints.console import plain_errors, printable
from handler.entrypoints.stack_options import (
    EXIT_CODES,
    POLL_SECONDS,
    InputBucket,
    Named,
    OutputBucket,
    Stack,
    in_words,
    status_line,
)

if TYPE_CHECKING:
    from handler.domain.ports import ObjectStore
    from handler.pipeline.find_job import FoundJob


def watch(
    job: Named,
    stack: Stack = "",
    input_bucket: InputBucket = "",
    output_bucket: OutputBucket = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No live line.")] = False,
) -> None:
    """Follow a job to its end. Exit codes: 0 succeeded, 2 rejected or cancelled, 70 failed."""
    from handler.pipeline.find_job import find_job

    with plain_errors():
        buckets = wiring.buckets(stack, input_bucket, output_bucket)
        store = wiring.object_store()
        found = find_job(job, store, buckets)
        code = follow_to_end(found, store, buckets, quiet=quiet)
    raise typer.Exit(code)


def follow_to_end(job: FoundJob, store: ObjectStore, buckets: Buckets, *, quiet: bool) -> int:
    """Show a job until it has ended; gives the exit code."""
    from handler.pipeline.follow_job import follow_job

    status: Status | None = None
    with status_line(hidden=quiet) as line:
        for status in follow_job(job, store, buckets, lambda: time.sleep(POLL_SECONDS)):
            line.show(status)
    if status is None:
        raise Rejected(f"nothing is known of {job.key}")
    typer.echo(_end(job, status, buckets), err=status.state is not State.SUCCEEDED)
    return EXIT_CODES[status.state]


def _end(job: FoundJob, status: Status, buckets: Buckets) -> str:
    if status.state is not State.SUCCEEDED:
        return f"artreel: {printable(job.key)}: {in_words(status)}"
    place = printable(f"s3://{buckets.output}/{job.results.video}")
    lost = f"; {printable(status.lost)}" if status.lost else ""
    return f"{place}: {status.frames} frames, {in_words(status)}{lost}"
