"""Loads a module that reads untrusted files, is told of one, puts limits on itself and reads it.

Run as ``python -I -S worker.py MODULE FOLDER...``; the module is imported from these folders,
behind Python's own, and its ``main`` called with the file's path and further words. The limits,
these words and the path come from stdin, up to its end::

    MEMORY_BYTES CPU_SECONDS LAST_CPU_SECONDS FILE_BYTES WORD...
    PATH

The limits hold before the file is opened. Nothing on stdin means that there is none to read.
"""

from __future__ import annotations

import os
import resource
import sys
from importlib import import_module


def main() -> None:
    module, *folders = sys.argv[1:]
    sys.path += folders
    read = import_module(module).main
    request, _, path = sys.stdin.buffer.read().partition(b"\n")
    if path:
        words = request.decode().split()
        limit_this_process(*map(int, words[:4]))
        read(os.fsdecode(path), *words[4:])


def limit_this_process(
    memory_bytes: int, cpu_seconds: int, last_cpu_seconds: int, file_bytes: int
) -> None:
    """Never more than that from here on: of address space, of work, and of any file it writes."""
    for limit, soft, hard in (
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds, last_cpu_seconds),
        (resource.RLIMIT_FSIZE, file_bytes, file_bytes),
    ):
        _, highest = resource.getrlimit(limit)
        if highest != resource.RLIM_INFINITY:
            soft, hard = min(soft, highest), min(hard, highest)
        resource.setrlimit(limit, (soft, hard))


if __name__ == "__main__":
    main()
