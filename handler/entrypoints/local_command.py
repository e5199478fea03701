"""``artreel local``: a stack on this machine, for which a checkout of artreel is needed.

The emulated AWS is no part of the package. It is started as a program of its own, which takes this
process's place.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import handler
from handler.domain.errors import Rejected
from handler.entrypoints.console import group, plain_errors

PROGRAM = "infra.local.up"

local_app = group("A stack on this machine, in an emulated AWS.")


@local_app.callback()
def _local() -> None:
    """A stack on this machine, in an emulated AWS."""


@local_app.command()
def up() -> None:
    """Deploy the stack here, show its jobs and how to submit to it, until Ctrl-C."""
    with plain_errors():
        checkout = Path(handler.__file__).resolve().parents[1]
        if not Path(checkout, *PROGRAM.split(".")).with_suffix(".py").is_file():
            raise Rejected(
                "a local stack needs a checkout of artreel: run this command from its "
                "environment, after `make install` there"
            )
        os.chdir(checkout)
        os.execv(sys.executable, [sys.executable, "-m", PROGRAM])  # noqa: S606 (no shell wanted)
