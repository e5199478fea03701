"""What this processor can do."""

from __future__ import annotations

import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def instructions(
    cpuinfo: Path = CPUINFO, machine: str = platform.machine()
) -> frozenset[str] | None:
    """Kinds of instructions of an x86-64 processor, as Linux spells them; None where not known."""
    if machine != "x86_64" or not cpuinfo.exists():
        return None
    return frozenset(cpuinfo.read_text(encoding="ascii", errors="replace").split())
