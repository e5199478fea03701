"""The command line: ``artreel stylize``, ``plan``, ``submit``, ``watch`` and so on."""

from __future__ import annotations

import atexit
import os
import sys
import threading

from handler.media.reader import at_hand

FIRST_READERS = {
    "stylize": ("probe_worker", "picture_worker"),
    "preview": ("probe_worker", "picture_worker"),
    "plan": ("probe_worker",),
}
"""What commands begin with; these processes start while this one reads its words."""


def main() -> None:
    """Run the command line. Exit codes: 0 done, 2 bad input, 70 a fault of artreel."""
    try:
        with at_hand(*FIRST_READERS.get("".join(sys.argv[1:2]), ())):
            from handler.entrypoints.commands import app

            app()
    except SystemExit as end:
        leave(end)
        raise


def leave(end: SystemExit) -> None:
    """End this process as the exception would, but leave its memory to the system.

    OpenVINO takes a while to take itself apart. Returns where others still work or wait for words:
    threads, or what reads a closed stdout.
    """
    if not isinstance(end.code, int) or threading.active_count() > 1:
        return
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return
    os._exit(end.code)


if __name__ == "__main__":
    main()
