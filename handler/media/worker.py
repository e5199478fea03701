"""Loads a module that reads untrusted files, is told of one, puts limits on itself and reads it.

Run as ``python -I -S worker.py PARENT MODULE FOLDER...``; the module is imported from these
folders, behind Python's own, and its ``main`` called with the file's path and further words. The
limits, these words and the path come from stdin, up to its end::

    MEMORY_BYTES CPU_SECONDS FILE_BYTES WORD...
    PATH

The limits hold before the file is opened. Nothing on stdin means that there is none to read.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module


def main() -> None:
    parent, module, *folders = sys.argv[1:]
    sys.path += folders
    from handler.media.confine import die_with, limit_this_process

    die_with(int(parent))
    read = import_module(module).main
    request, _, path = sys.stdin.buffer.read().partition(b"\n")
    if path:
        words = request.decode().split()
        limit_this_process(*map(int, words[:3]))
        read(os.fsdecode(path), *words[3:])


if __name__ == "__main__":
    main()
