"""Readers of untrusted files in processes of their own: the files' bytes never reach this one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handler.domain.errors import Rejected, Unavailable
from handler.media.limits import Limits
from handler.media.process import CONFINE, ConfinedProcess, Stalled

WORKER = Path(__file__).with_name("worker.py")
LIMITS_COME_LATER = ("-", "-", "-", "-")
"""The worker puts them on itself once it is told of its file, before it opens that."""

AT_REST = Limits(memory_bytes=0, cpu_seconds=0)
"""Of a worker that was told of no file yet: how long it may take to end, no more."""


class Worker(ConfinedProcess):
    """A module of this package that reads one file, in a process that loads it meanwhile.

    Args:
        module: by its name in ``handler.media``.
    """

    def __init__(self, module: str) -> None:
        super().__init__([module], AT_REST)
        self.module = module

    def ask(self, file: Path, limits: Limits, *words: str) -> None:
        """Tell it of the file, and what else its ``main`` takes; its answer can be read then."""
        self._limits = limits
        request = " ".join((*limits.words, *words)) + "\n"
        stdin = self._process.stdin
        assert stdin is not None
        with contextlib.suppress(BrokenPipeError), stdin:  # how it ended tells why
            stdin.write(request.encode() + os.fsencode(file.absolute()))

    def drop(self) -> None:
        """End a worker that nobody needed."""
        with self:
            self._process.kill()

    def _command(self) -> list[str]:
        folders = (folder for folder in sys.path if Path(folder).is_absolute())
        confined = (str(CONFINE), str(os.getpid()), *LIMITS_COME_LATER)
        options = ("-I", "-S", *(("-B",) if sys.dont_write_bytecode else ()))
        worker = (str(WORKER), f"{__package__}.{self.module}", *folders)
        return [*confined, sys.executable, *options, *worker]

    def _stdin(self, _account_end: int) -> int:
        return subprocess.PIPE


_waiting: list[Worker] = []


@contextmanager
def at_hand(*modules: str) -> Iterator[None]:
    """The next readers of these modules find their processes started, and their libraries loaded.

    It is for those who know that a file comes, and do something else until then. What was not used
    is ended on leaving. Leave it in the thread that entered it: the processes end with that.
    """
    mine: list[Worker] = []
    try:
        for module in modules:
            with contextlib.suppress(Unavailable):  # whoever needs it will try, and tell
                worker = Worker(module)
                worker.start()
                mine.append(worker)
        _waiting.extend(mine)
        yield
    finally:
        for worker in filter(_take, mine):
            worker.drop()


@contextmanager
def reader(
    module: str, file: Path, limits: Limits, what: str, *words: str
) -> Iterator[ConfinedProcess]:
    """Run a module of this package on a file; read its answer inside the context.

    Args:
        what: the file is, such as ``the video``: begins the sentences.
        words: that the module's ``main`` takes beside the file.

    Raises:
        Rejected: the file broke its reader, or kept it busy for too long.
        Unavailable: the reader could not be started, or was killed from outside.
    """
    try:
        with _worker(module) as process:
            process.ask(file, limits, *words)
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


def _worker(module: str) -> Worker:
    waiting = (worker for worker in list(_waiting) if worker.module == module)
    return next(filter(_take, waiting), None) or Worker(module)


def _take(worker: Worker) -> bool:
    """Whether it still waited; it does no more, whichever thread asked first."""
    with contextlib.suppress(ValueError):
        _waiting.remove(worker)
        return True
    return False
