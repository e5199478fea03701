"""``artreel jobs``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from handler import wiring
from handler.entrypoints.console import plain_errors, printable
from handler.entrypoints.stack_options import InputBucket, OutputBucket, Stack

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from handler.pipeline.list_jobs import ListedJob

WAITING = "waiting"
COLORS = {"succeeded": "green", "rejected": "red", "failed": "red", "running": "cyan"}
ID_DIGITS = 8


def jobs(
    stack: Stack = "",
    input_bucket: InputBucket = "",
    output_bucket: OutputBucket = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to list.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the jobs heard of last, and how far they are."""
    from rich.console import Console

    from handler.pipeline.list_jobs import list_jobs

    with plain_errors():
        buckets = wiring.buckets(stack, input_bucket, output_bucket)
        listed = list_jobs(wiring.object_store(), buckets, limit, datetime.now(UTC))
        if as_json:
            typer.echo(json.dumps([_content(job) for job in listed], indent=2))
        else:
            Console().print(table_of(listed))


def table_of(listed: list[ListedJob]) -> Table:
    """The jobs as people read them; what somebody else wrote can do nothing to the terminal."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("upload", overflow="fold")
    table.add_column("state", no_wrap=True)
    for heading in ("done", "frames/s", "left", "USD"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("job", no_wrap=True)
    for job in listed:
        state = job.status.state.value if job.status else WAITING
        table.add_row(
            _upload(job),
            Text(state, style=COLORS.get(state, "")),
            *(Text(cell) for cell in _numbers(job)),
            Text(printable(job.status.job_id[:ID_DIGITS]) if job.status else ""),
        )
    return table


def _upload(job: ListedJob) -> Text:
    """Its key, and below it why it did not succeed."""
    from rich.text import Text

    reason = job.status.reason if job.status else None
    below = f"\n{printable(reason)}" if reason else ""
    return Text(printable(job.upload)).append(below, style="dim")


def _numbers(job: ListedJob) -> tuple[str, str, str, str]:
    if (status := job.status) is None:
        return ("", "", "", "")
    left = status.seconds_left
    return (
        f"{status.percent:.0f} %",
        f"{status.frames_per_second:.1f}" if status.frames_per_second else "",
        f"{left:.0f} s" if left else "",
        "" if status.cost_usd is None else f"{status.cost_usd:.4f}",
    )


def _content(job: ListedJob) -> dict[str, object]:
    return {
        "upload": job.upload,
        "at": job.at.isoformat(),
        "state": job.status.state.value if job.status else WAITING,
        "status": job.status and job.status.as_json(),
    }
