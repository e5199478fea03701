"""``artreel cancel``."""

from __future__ import annotations

import typer

from handler import wiring
from handler.entrypoints.console import plain_errors, printable
from handler.entrypoints.stack_options import InputBucket, Named, OutputBucket, Stack

SEEN = "its worker sees that within moments, or when it would begin"


def cancel(
    job: Named,
    stack: Stack = "",
    input_bucket: InputBucket = "",
    output_bucket: OutputBucket = "",
) -> None:
    """Stop a job that runs or waits; what is painted already stays."""
    from handler.pipeline.cancel_job import cancel_job
    from handler.pipeline.find_job import find_job

    with plain_errors():
        buckets = wiring.buckets(stack, input_bucket, output_bucket)
        store = wiring.object_store()
        found = find_job(job, store, buckets)
        known = cancel_job(found, store)
        key = printable(found.key)
        typer.echo(f"{key} was cancelled already" if known else f"{key} is cancelled: {SEEN}")
