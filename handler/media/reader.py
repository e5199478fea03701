"""Readers of untrusted files in processes of their own: the files' bytes never reach this one."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handler.domain.errors import Rejected, Unavailable
from handler.media.limits import Limits
from handler.media.process import ConfinedProcess, Stalled


@contextmanager
def reader(module: str, file: Path, limits: Limits, what: str) -> Iterator[ConfinedProcess]:
    """Run a module of this package on a file; read its answer inside the context.

    Args:
        what: the file is, such as ``the video``: begins the sentences.

    Raises:
        Rejected: the file broke its reader, or kept it busy for too long.
        Unavailable: the reader could not be started, or was killed from outside.
    """
    argv = [sys.executable, "-I", "-m", f"handler.media.{module}", str(file.absolute())]
    try:
        with ConfinedProcess(argv, limits) as process:
            yield process
            code = process.wait_for_end()
    except Stalled as stall:
        raise Rejected(
            f"{what} could not be looked through in {limits.stall_seconds:.0f} seconds"
        ) from stall
    if code == -signal.SIGXCPU:
        raise Rejected(
            f"{what} could not be looked through in {limits.cpu_seconds} seconds of work"
        )
    if code == -signal.SIGKILL:
        raise Unavailable(f"the look into {what} was killed, perhaps for want of memory")
    if code:
        raise Rejected(f"{what} can't be read (it breaks the reader)")
