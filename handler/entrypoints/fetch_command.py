"""``artreel fetch``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from handler import wiring
from handler.domain.errors import Rejected
from handler.entrypoints.console import beside, plain_errors, printable
from handler.entrypoints.stack_options import InputBucket, Named, OutputBucket, Stack


def fetch(
    job: Named,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the files; those are overwritten.")
    ] = Path(),
    stack: Stack = "",
    input_bucket: InputBucket = "",
    output_bucket: OutputBucket = "",
) -> None:
    """Copy the painted video, its poster and its report here."""
    from rich.filesize import decimal

    from handler.pipeline.fetch_results import fetch_results
    from handler.pipeline.find_job import find_job

    with plain_errors():
        if not output.is_dir() or not os.access(output, os.W_OK):
            raise Rejected(f"{output} is no folder that can be written to")
        buckets = wiring.buckets(stack, input_bucket, output_bucket)
        store = wiring.object_store()
        found = find_job(job, store, buckets)
        for path in fetch_results(found, store, buckets, output, beside):
            typer.echo(f"{printable(str(path))}  {decimal(path.stat().st_size)}")
