"""What the commands that talk to a stack share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from handler.domain.status import State, Status
from handler.entrypoints.console import EXIT_FAULT, EXIT_REJECTED, printable

if TYPE_CHECKING:
    from rich.progress import Progress

Stack = Annotated[
    str, typer.Option("--stack", help="Name of the stack; ARTREEL_STACK if not given.")
]
InputBucket = Annotated[
    str, typer.Option(help="Bucket for uploads, instead of a stack; ARTREEL_INPUT_BUCKET.")
]
OutputBucket = Annotated[
    str, typer.Option(help="Bucket of results, instead of a stack; ARTREEL_OUTPUT_BUCKET.")
]
Named = Annotated[
    str,
    typer.Argument(
        metavar="KEY|JOB",
        help="Key of the upload (videos/monet/clip.mp4, jobs/night.json) or of a result "
        "(monet/clip.mp4), or the first digits of the job's id.",
    ),
]

POLL_SECONDS = 2.0

EXIT_CODES = {
    State.SUCCEEDED: 0,
    State.REJECTED: EXIT_REJECTED,
    State.CANCELLED: EXIT_REJECTED,
    State.FAILED: EXIT_FAULT,
}


def in_words(status: Status | None) -> str:
    """How far a job is, for one line."""
    if status is None:
        return "waiting for a worker"
    words = [status.state.value]
    if status.state is State.RUNNING and status.frames_per_second:
        words.append(f"{status.frames_per_second:.1f} frames/s")
    if status.state is State.RUNNING and status.seconds_left is not None:
        words.append(f"{status.seconds_left:.0f} s left")
    if status.cost_usd is not None:
        words.append(f"{status.cost_usd:.4f} USD")
    if status.reason:
        words.append(printable(status.reason))
    return ", ".join(words)


@contextmanager
def status_line(*, hidden: bool) -> Iterator[_Line]:
    """A line that shows a job's status, and stays as it was last."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    progress = Progress(
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
        disable=hidden,
    )
    with progress:
        yield _Line(progress)


class _Line:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task(in_words(None), total=100)

    def show(self, status: Status | None) -> None:
        self._progress.update(
            self._task, description=in_words(status), completed=status.percent if status else 0
        )
