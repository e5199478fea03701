"""``artreel submit``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handler import wiring
from handler.domain.errors import Rejected
from handler.domain.job import Buckets, clipped
from handler.domain.keyframes import Frames
from handler.entrypoints.console import plain_errors, printable, working_size_px
from handler.entrypoints.stack_options import InputBucket, OutputBucket, Stack
from handler.entrypoints.watch_command import follow_to_end
from handler.media.containers import KINDS, SUFFIXES

if TYPE_CHECKING:
    from handler.pipeline.submit import Begin, Order, Submitted


def submit(
    video: Annotated[Path, typer.Argument(help="The video to paint.")],
    style: Annotated[
        str,
        typer.Option("--style", "-s", help="A picture, or the name of one that is in the bucket."),
    ] = "",
    job: Annotated[
        Path | None,
        typer.Option(help="A job file, instead of style and wishes; it says where the video goes."),
    ] = None,
    working_size: Annotated[
        str | None,
        typer.Option(help="Long side in pixels at which frames are painted, or `source`."),
    ] = None,
    frames: Annotated[
        Frames | None, typer.Option(help="`keyframes` or `every`, as for `artreel stylize`.")
    ] = None,
    budget_usd: Annotated[
        float | None, typer.Option(help="US dollars that the job may cost at most.")
    ] = None,
    deadline: Annotated[
        float | None,
        typer.Option(help="Seconds within which the result is wanted, as cheaply as that can be."),
    ] = None,
    replace_style: Annotated[
        bool, typer.Option("--replace-style", help="Replace another picture of the same name.")
    ] = False,
    stack: Stack = "",
    input_bucket: InputBucket = "",
    output_bucket: OutputBucket = "",
    watch: Annotated[bool, typer.Option("--watch", help="Follow the job to its end.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Upload a video and its style to a stack, which paints it.

    An upload that was broken off goes on where it was when the command is run again.
    """
    from handler.pipeline.submit import Order
    from handler.pipeline.submit import submit as submit_order

    with plain_errors():
        wishes = {
            "working_size": None if working_size is None else _size(working_size),
            "frames": frames and frames.value,
            "budget_usd": budget_usd,
            "deadline_seconds": deadline,
        }
        order = Order(
            clip=video,
            style=style,
            wishes={name: wish for name, wish in wishes.items() if wish is not None},
            job_file=job,
            replaces_style=replace_style,
        )
        _check(order)
        buckets = wiring.buckets(stack, input_bucket, output_bucket)
        store = wiring.object_store()
        with _transfer_bar(hidden=quiet) as begin:
            submitted = submit_order(order, store, wiring.uploader(), buckets, begin)
        typer.echo(_summary(submitted, buckets))
        code = follow_to_end(submitted.job, store, buckets, quiet=quiet) if watch else 0
    raise typer.Exit(code)


def _size(given: str) -> int | str:
    size_px = working_size_px(given)
    return "source" if size_px is None else size_px


def _check(order: Order) -> None:
    clip, longest = order.clip, wiring.settings().max_source_bytes
    if not clip.is_file():
        raise Rejected(f"there is no video {clip}")
    if clip.suffix.lower() not in SUFFIXES:
        raise Rejected(f"{clipped(clip.name)} is no video by its name: {KINDS} is taken")
    if clip.stat().st_size > longest:
        raise Rejected(f"{clip} has {clip.stat().st_size} bytes; at most {longest} are taken")
    if order.job_file is None and not order.style:
        raise Rejected("say how it is to be painted: --style PICTURE, or --job FILE")
    if order.job_file is None:
        _check_picture(Path(order.style))
        return
    if not order.job_file.is_file():
        raise Rejected(f"there is no job file {order.job_file}")
    if order.style or order.wishes:
        raise Rejected("--job says it all: leave the style and other wishes to the file")


def _check_picture(picture: Path) -> None:
    longest = wiring.settings().max_style_bytes
    if picture.is_file():
        if picture.stat().st_size > longest:
            raise Rejected(f"{picture} has more than the {longest} bytes that are taken")
        wiring.media().read_picture(picture)


@contextmanager
def _transfer_bar(*, hidden: bool) -> Iterator[Begin]:
    """A bar for each thing that takes its time."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=hidden,
    )

    def begin(what: str, size_bytes: int) -> Callable[[int], None]:
        progress.start()  # only now, so that an order that can't be one shows its error alone
        task = progress.add_task(printable(what), total=size_bytes)
        return lambda done: progress.advance(task, done)

    try:
        yield begin
    finally:
        if progress.live.is_started:
            progress.stop()


def _summary(submitted: Submitted, buckets: Buckets) -> str:
    job = submitted.job
    lines = [
        *(f"s3://{buckets.input}/{key} was there already" for key in submitted.kept),
        *(f"s3://{buckets.input}/{key} uploaded" for key in submitted.uploaded),
        f"status: s3://{buckets.output}/{job.results.status}",
        f"result: s3://{buckets.output}/{job.results.video}",
    ]
    return "\n".join(map(printable, lines))
