"""Puts limits on itself, then becomes another program.

Run as ``python -I -S confine.py PARENT MEMORY_BYTES CPU_SECONDS FILE_BYTES PROGRAM ARGUMENT...``.
The limits hold before the program's first instruction, and no code of ours runs between the fork
and the exec of a process that has threads, where a lock may be held for ever.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
MOST_OPEN_FILES = 256
GRACE_SECONDS = 5
"""Processor time between SIGXCPU, which tells what is wrong, and SIGKILL."""


def main() -> None:
    parent, memory_bytes, cpu_seconds, file_bytes = map(int, sys.argv[1:5])
    program, *arguments = sys.argv[5:]
    limit_this_process(memory_bytes, cpu_seconds, file_bytes)
    die_with(parent)
    # Python ignores both, and programs inherit that. A file that grows too large is left to be an
    # error of its writing, which says what is wrong.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    os.execv(program, [program, *arguments])  # noqa: S606


def limit_this_process(memory_bytes: int, cpu_seconds: int, file_bytes: int) -> None:
    """Never more than that from here on: of address space, of work, and of any file it writes."""
    for limit, soft, hard in (
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + GRACE_SECONDS),
        (resource.RLIMIT_FSIZE, file_bytes, file_bytes),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NOFILE, MOST_OPEN_FILES, MOST_OPEN_FILES),
    ):
        _lower(limit, soft, hard)


def die_with(parent: int) -> None:
    """End when the thread of the parent ends that started this process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before it could be watched
            sys.exit("the parent is gone")


def _lower(limit: int, soft: int, hard: int) -> None:
    _, highest = resource.getrlimit(limit)
    if highest != resource.RLIM_INFINITY:
        soft, hard = min(soft, highest), min(hard, highest)
    resource.setrlimit(limit, (soft, hard))


if __name__ == "__main__":
    main()
