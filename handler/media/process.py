"""The lifetime of one ffmpeg process: started, drained, bounded in time, always waited for."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import select
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import IO, Self

from handler.domain.errors import Defect, Unavailable

logger = logging.getLogger(__name__)

BARE_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
"""All that a child which reads untrusted bytes gets to see: no credentials, no settings."""

STDERR_LIMIT_BYTES = 64 * 1024
PIPE_BYTES = 1024 * 1024
STALL_SECONDS = 120.0
"""How long a pipe may stand still; the slowest frame on a throttled function takes a tenth."""

FINISH_SECONDS = 600.0
"""How long a closing ffmpeg may take, for the index of a long film."""


class FfmpegProcess:
    """ffmpeg with one pipe to or from us.

    Args:
        argv: the whole command line.
        feeds: True when we write into its stdin, False when we read its stdout.

    Leaving the context with an exception kills the process; it is waited for on every way out.
    """

    def __init__(self, argv: Sequence[str], *, feeds: bool) -> None:
        self._argv = argv
        self._feeds = feeds
        self._stderr = bytearray()

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="artreel-ffmpeg-")
        try:
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE if self._feeds else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if self._feeds else subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=BARE_ENVIRONMENT,
                cwd=self._folder.name,
                bufsize=0,
            )
        except OSError as error:
            self._folder.cleanup()
            raise Unavailable(f"ffmpeg could not be started: {error}") from error
        self._drain = threading.Thread(target=self._keep_last_of_stderr, daemon=True)
        self._drain.start()
        pipe = self._process.stdin if self._feeds else self._process.stdout
        assert pipe is not None
        self._pipe: IO[bytes] = pipe
        os.set_blocking(pipe.fileno(), False)
        with contextlib.suppress(OSError):  # a larger pipe is faster, a default one works
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is not None:
                self._process.kill()
            with contextlib.suppress(OSError):
                self._pipe.close()
            try:
                self._process.wait(FINISH_SECONDS)
            except subprocess.TimeoutExpired as expired:
                raise Defect(f"ffmpeg did not end within {FINISH_SECONDS:.0f} seconds") from expired
        finally:
            self._process.kill()
            self._process.wait()
            self._drain.join()
            assert self._process.stderr is not None
            self._process.stderr.close()
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

        Raises:
            Defect: it did not end for two minutes.
        """
        try:
            return self._process.wait(STALL_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Defect(f"ffmpeg did not end within {STALL_SECONDS:.0f} seconds") from error

    def read_into(self, buffer: memoryview) -> int:
        """Fill a buffer of bytes; fewer only at the end of the stream.

        Raises:
            Defect: nothing came for two minutes.
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
            Defect: ffmpeg ended, or took nothing for two minutes.
        """
        written = 0
        while written < len(content):
            self._wait_for(readable=False)
            try:
                written += os.write(self._pipe.fileno(), content[written:])
            except BlockingIOError:
                continue
            except BrokenPipeError as error:
                self._process.wait(STALL_SECONDS)
                self._drain.join()
                logger.error("ffmpeg ended too early: %s", self.log)
                raise Defect(f"ffmpeg ended too early: {self.last_words}") from error

    def _wait_for(self, *, readable: bool) -> None:
        pipes = [self._pipe.fileno()]
        ready = select.select(
            pipes if readable else [], [] if readable else pipes, [], STALL_SECONDS
        )
        if not any(ready):
            raise Defect(f"ffmpeg stood still for {STALL_SECONDS:.0f} seconds")

    def _keep_last_of_stderr(self) -> None:
        assert self._process.stderr is not None
        for chunk in _chunks(self._process.stderr):
            self._stderr += chunk
            del self._stderr[:-STDERR_LIMIT_BYTES]


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(8192):
        yield chunk
