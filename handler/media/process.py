"""The lifetime of one child process: confined, drained, bounded in time, always waited for."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import select
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from handler.domain.errors import Defect, Unavailable
from handler.media.limits import Limits

logger = logging.getLogger(__name__)

BARE_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
"""All that a child which reads untrusted bytes gets to see: no credentials, no settings."""

STDERR_LIMIT_BYTES = 64 * 1024
PIPE_BYTES = 1024 * 1024
CONFINE = Path(__file__).with_name("confine")
TOLD_TO_STOP = 255
"""ffmpeg's exit code after it caught a signal; it catches SIGXCPU."""


class Stalled(Defect):
    """The process did nothing for too long, or did not end."""


class ConfinedProcess:
    """A program with one pipe to or from us, limited in memory, time and size of files.

    Args:
        argv: the whole command line, beginning with the program's path.
        limits: beyond which it is stopped.
        feeds: True when we write into its stdin, False when we read its stdout.
        hear: gets each line of its stderr and of its account, in threads; last of all an empty
            one. An account is what a program that reads no stdin may write to it, as to a file:
            two writers of stderr would cut into each other's lines.

    Leaving the context with an exception kills the process; it is waited for on every way out. It
    also dies when the thread that started it dies, with the whole process or alone. It starts with
    the context, or with ``start`` before that.
    """

    def __init__(
        self,
        argv: Sequence[str],
        limits: Limits,
        *,
        feeds: bool = False,
        hear: Callable[[bytes], None] | None = None,
    ) -> None:
        self._argv = argv
        self._limits = limits
        self._feeds = feeds
        self._hear = hear
        self._name = Path(argv[0]).name.partition("-")[0]
        self._stderr = bytearray()
        self._has_started = False

    def __enter__(self) -> Self:
        if not self._has_started:
            self.start()
        return self

    def start(self) -> None:
        """Start ahead of the context, which has to be entered then."""
        self._folder = tempfile.TemporaryDirectory(prefix=f"artreel-child-{os.getpid()}-")
        account, account_end = os.pipe()
        try:
            self._process = subprocess.Popen(
                self._command(),
                stdin=self._stdin(account_end),
                stdout=subprocess.DEVNULL if self._feeds else subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=BARE_ENVIRONMENT,
                cwd=self._folder.name,
                bufsize=0,
                start_new_session=True,  # a Ctrl-C is ours to act on
            )
        except OSError as error:
            os.close(account)
            self._folder.cleanup()
            raise Unavailable(f"{self._name} could not be started: {error}") from error
        finally:
            os.close(account_end)
        assert self._process.stderr is not None
        self._drains = (
            threading.Thread(target=self._keep_log, args=(self._process.stderr,), daemon=True),
            threading.Thread(
                target=self._keep_account, args=(os.fdopen(account, "rb", 0),), daemon=True
            ),
        )
        for drain in self._drains:
            drain.start()
        pipe = self._process.stdin if self._feeds else self._process.stdout
        assert pipe is not None
        self._pipe: IO[bytes] = pipe
        os.set_blocking(pipe.fileno(), False)
        with contextlib.suppress(OSError):  # a larger pipe is faster, a default one works
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._has_started = True

    def _stdin(self, account_end: int) -> int:
        if self._feeds:
            return subprocess.PIPE
        return account_end if self._hear else subprocess.DEVNULL

    def _command(self) -> list[str]:
        return [str(CONFINE), str(os.getpid()), *self._limits.words, *self._argv]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is not None:
                self._process.kill()
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):
                    if pipe:
                        pipe.close()
            try:
                self._process.wait(self._limits.finish_seconds)
            except subprocess.TimeoutExpired as expired:
                raise self._stalled("did not end", self._limits.finish_seconds) from expired
        finally:
            self._process.kill()
            self._process.wait()
            self._join_drains()
            self._folder.cleanup()

    @property
    def exit_code(self) -> int | None:
        """None while it runs, negative when a signal ended it."""
        return self._process.poll()

    @property
    def log(self) -> str:
        """The end of what it wrote to stderr, at most 64 KiB."""
        return bytes(self._stderr).decode("utf-8", "replace").strip()

    @property
    def last_words(self) -> str:
        """The last line of its log, at most 200 characters: for a sentence."""
        return (self.log.splitlines() or ["it said nothing"])[-1][:200]

    def wait_for_end(self) -> int:
        """Wait for a process whose output has ended; its exit code, negative after a signal.

        Its log is complete then.

        Raises:
            Stalled: it did not end.
        """
        try:
            code = self._process.wait(self._limits.stall_seconds)
        except subprocess.TimeoutExpired as error:
            raise self._stalled("did not end", self._limits.stall_seconds) from error
        self._join_drains()
        return code

    def read_into(self, buffer: memoryview) -> int:
        """Fill a buffer of bytes; fewer only at the end of the stream.

        Raises:
            Stalled: nothing came for too long.
        """
        filled = 0
        while filled < len(buffer):
            self._wait_for(readable=True)
            count = os.readv(self._pipe.fileno(), [buffer[filled:]])
            if not count:
                break
            filled += count
        return filled

    def write(self, content: memoryview) -> None:
        """Write all bytes.

        Raises:
            Defect: the process ended.
            Stalled: it took nothing for too long.
        """
        written = 0
        while written < len(content):
            self._wait_for(readable=False)
            try:
                written += os.write(self._pipe.fileno(), content[written:])
            except BlockingIOError:
                continue
            except BrokenPipeError as error:
                self.wait_for_end()
                logger.error("%s ended too early: %s", self._name, self.log)
                raise Defect(f"{self._name} ended too early: {self.last_words}") from error

    def _wait_for(self, *, readable: bool) -> None:
        pipes = [self._pipe.fileno()]
        seconds = self._limits.stall_seconds
        reads, writes = (pipes, []) if readable else ([], pipes)
        if not any(select.select(reads, writes, [], seconds)):
            raise self._stalled("stood still", seconds)

    def _stalled(self, what: str, seconds: float) -> Stalled:
        return Stalled(f"{self._name} {what} for {seconds:.0f} seconds")

    def _join_drains(self) -> None:
        for drain in self._drains:
            drain.join()

    def _keep_log(self, stderr: IO[bytes]) -> None:
        for line in _lines(stderr):
            if self._hear:
                self._hear(line)
            self._stderr += line + b"\n"
            del self._stderr[:-STDERR_LIMIT_BYTES]

    def _keep_account(self, account: IO[bytes]) -> None:
        for line in _lines(account):
            if self._hear and line:
                self._hear(line)
        if self._hear:
            self._hear(b"")


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines without their ends, of each at most the last 64 KiB; closes the stream."""
    with stream:
        begun = b""
        while chunk := stream.read(8192):
            *lines, begun = (begun + chunk).split(b"\n")
            yield from lines
            begun = begun[-STDERR_LIMIT_BYTES:]
        if begun:
            yield begun
