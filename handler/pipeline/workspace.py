"""A temporary folder for one job, gone afterwards on every way out, and room on its disk."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handler.domain.errors import Rejected, Unavailable

PREFIX = "artreel-job-"
OURS = re.compile(r"artreel-(?:job|child)-(\d+)-")
"""Folders of jobs and of the processes that work for them; the number is their owner's id."""

MEGABYTE = 1_000_000
SPARE_BYTES = 200 * MEGABYTE
"""For style pictures, the poster, and what an estimate is wrong by."""


@contextmanager
def workspace() -> Iterator[Path]:
    """Make a folder; first remove those that killed workers left behind.

    A function keeps /tmp when a time-out kills its process, so folders carry their process's id.
    A process does one job at a time: a folder with its own id is left over, too.
    """
    parent = Path(tempfile.gettempdir())
    for left in parent.glob("artreel-*"):
        if _is_abandoned(left):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def need_room(folder: Path, size_bytes: int, what: str) -> None:
    """Let pass what fits on the disk of a folder, with 200 MB to spare.

    Args:
        what: is to be written, such as ``the video``: begins the sentence.

    Raises:
        Rejected: it would not fit on an empty disk.
        Unavailable: it does not fit beside what is there now.
    """
    disk = shutil.disk_usage(folder)
    needed = size_bytes + SPARE_BYTES
    if needed > disk.total:
        raise Rejected(
            f"{what} needs {needed // MEGABYTE} MB of disk, and this worker has "
            f"{disk.total // MEGABYTE} MB in all; send a shorter or smaller one"
        )
    if needed > disk.free:
        raise Unavailable(
            f"{what} needs {needed // MEGABYTE} MB of disk, and only "
            f"{disk.free // MEGABYTE} MB are free at the moment"
        )


def _is_abandoned(folder: Path) -> bool:
    named = OURS.match(folder.name)
    if not named:
        return False
    owner = int(named[1])
    if owner == os.getpid():
        return True
    try:
        os.kill(owner, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
