"""``artreel local up``: the stack in an emulated AWS on loopback, with its jobs on the terminal.

It stays until Ctrl-C, and leaves nothing but its logs.
"""

from __future__ import annotations

import shlex
import signal
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.markup import escape

from handler.aws.object_store import S3ObjectStore
from handler.domain.errors import ArtreelError
from handler.domain.job import Buckets
from handler.entrypoints.jobs_command import table_of
from handler.pipeline.list_jobs import ListedJob, list_jobs
from infra.local.deploy import STACK_NAME, LocalStack, local_stack
from infra.local.ministack import ROOT, EmulationError

LOGS = ROOT / "build" / "local"
LISTED = 15
POLL_SECONDS = 1.0
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the stack until a signal ends it.

    Returns:
        The exit code: 0 if it was told to stop.
    """
    for stop in STOPS:
        signal.signal(stop, _end)
    console = Console(highlight=False)
    try:
        console.print("Starting an emulated AWS and deploying template.yaml ...")
        with local_stack(LOGS, StatusIntervalSeconds="1") as stack:
            console.print(how_to_submit(stack), markup=False, soft_wrap=True)
            show_jobs(stack, console, lambda: time.sleep(POLL_SECONDS))
    except EmulationError as error:
        console.print(f"[red]{escape(str(error))}[/] See {LOGS}.")
        return 1
    except SystemExit:
        console.print("\nStopped; nothing is left but the logs in build/local.")
    return 0


def _end(*_: object) -> None:
    """Begin to clean up, and let nothing interrupt that."""
    for stop in STOPS:
        signal.signal(stop, signal.SIG_IGN)
    raise SystemExit


def environment(stack: LocalStack) -> Mapping[str, str]:
    """What makes the command line, and anything else on boto3, talk to this stack."""
    owner = stack.aws.owner
    return {
        "AWS_ENDPOINT_URL": owner["endpoint_url"],
        "AWS_CA_BUNDLE": owner["verify"],
        "AWS_DEFAULT_REGION": owner["region_name"],
        "AWS_ACCESS_KEY_ID": owner["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": owner["aws_secret_access_key"],
        "ARTREEL_STACK": STACK_NAME,
    }


def how_to_submit(stack: LocalStack) -> str:
    """The commands for another terminal."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment(stack).items()]
    program = shlex.quote(str(Path(sys.executable).with_name("artreel")))
    return "\n".join(
        (
            f"Deployed at {stack.aws.endpoint_url}. In another terminal:",
            "",
            *(f"  {export}" for export in exports),
            f"  {program} submit clip.mp4 --style picture.jpg --watch",
            "",
            "Ctrl-C ends it, and all that is in it.",
        )
    )


def show_jobs(stack: LocalStack, console: Console, pause: Callable[[], None]) -> None:
    """Show the jobs heard of last, until a signal comes."""
    store = S3ObjectStore(stack.aws.s3)
    buckets = Buckets(stack.input_bucket, stack.output_bucket)
    listed: list[ListedJob] = []
    with Live(console=console, auto_refresh=False) as live:
        while True:
            try:
                listed = list_jobs(store, buckets, LISTED, datetime.now(UTC))
            except ArtreelError as error:
                console.print(f"[red]{escape(str(error))}[/]")
            if listed:
                live.update(table_of(listed), refresh=True)
            pause()


if __name__ == "__main__":
    sys.exit(main())
