"""Peak memory of painting 1080p, and whether it grows with the length of the clip.

    .venv/bin/python -m tests.benchmarks.memory --style STYLE.jpg

Big Buck Bunny is scaled to 1920x1080 and repeated to 10 and 60 seconds; `artreel stylize` paints
both. The peak is of the whole process tree (Python, ffmpeg reading, ffmpeg writing), as the
proportional set size that Linux counts, sampled every 50 ms.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.clips import BIG_BUCK_BUNNY, ffmpeg

SAMPLE_SECONDS = 0.05
KIB = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--style", type=Path, required=True)
    parser.add_argument("--seconds", type=int, nargs="+", default=[10, 60])
    parser.add_argument("--working-size", default="1024")
    given = parser.parse_args()
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for seconds in given.seconds:
            clip = Path(folder, f"{seconds}s.mp4")
            ffmpeg(
                *("-stream_loop", "-1", "-i", str(BIG_BUCK_BUNNY), "-t", str(seconds)),
                *("-vf", "scale=1920:1080", "-c:v", "libx264", "-preset", "ultrafast"),
                *("-c:a", "copy", str(clip)),
            )
            peaks[seconds] = peak_bytes(
                [
                    *(sys.executable, "-m", "handler.entrypoints.cli", "stylize", str(clip)),
                    *("--style", str(given.style), "-o", str(Path(folder, "out.mp4"))),
                    *("--working-size", given.working_size, "--quiet"),
                ]
            )
    growth = max(peaks.values()) / min(peaks.values()) - 1
    report = {
        "peak_mb": {str(seconds): round(peak / 1e6) for seconds, peak in peaks.items()},
        "growth_percent": round(100 * growth, 2),
    }
    print(json.dumps(report))


def peak_bytes(argv: list[str]) -> int:
    """Run a command; return the largest proportional set size of its process tree, bytes."""
    process = subprocess.Popen(argv)
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(proportional_set_size(pid) for pid in tree(process.pid)))
        time.sleep(SAMPLE_SECONDS)
    if process.returncode:
        raise SystemExit(f"{argv} ended with {process.returncode}")
    return peak


def tree(root: int) -> list[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def proportional_set_size(pid: int) -> int:
    try:
        lines = Path("/proc", str(pid), "smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return sum(int(line.split()[1]) * KIB for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
