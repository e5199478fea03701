"""How long it takes from the start of a process to the first painted frame.

    .venv/bin/python -m tests.benchmarks.start --rounds 10

Each round is a new process of the command line, which paints Big Buck Bunny at the default working
size and is stopped at the first frame. The first round, which may read files from the disk and has
to compile the networks, does not count; with ``--cold`` nothing that was compiled is kept.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from handler.domain import status
from handler.entrypoints import cli

NOWHERE = "/dev/null"
TO_THE_FIRST_FRAME = "--to-the-first-frame"


def main() -> None:
    import argparse
    import tempfile
    from statistics import median

    from PIL import Image

    from tests.pictures import draw_style

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--cold", action="store_true", help="compile the networks in each round")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        style = Path(folder, "style.jpg")
        Image.fromarray(draw_style("waves")).save(style, quality=95)
        cache = NOWHERE if given.cold else folder
        rounds = [first_frame(style, cache) for _ in range(given.rounds + 1)][1:]
    seconds, processor_seconds = zip(*rounds, strict=True)
    print(
        f"first painted frame after {median(seconds):.2f} s (median of {given.rounds}; "
        f"{min(seconds):.2f} to {max(seconds):.2f}), {median(processor_seconds):.2f} s of one "
        "processor, processes that still ran left out"
    )


def first_frame(style: Path, cache: str) -> tuple[float, float]:
    """Seconds until it is there, and seconds of work of what has ended then."""
    import subprocess
    import time

    from tests.clips import BIG_BUCK_BUNNY

    began, worked = time.perf_counter(), _worked()
    words = (TO_THE_FIRST_FRAME, str(BIG_BUCK_BUNNY), str(style))
    command = (sys.executable, "-m", "tests.benchmarks.start", *words)
    subprocess.run(command, check=True, env={**os.environ, "XDG_CACHE_HOME": cache})
    return time.perf_counter() - began, _worked() - worked


def _worked() -> float:
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def paint_one_frame(clip: str, style: str) -> None:
    """Run the command line until the first frame is there, then end the process at once."""
    progress = status.Progress

    def reported(frames_done: int, frames: int, elapsed_seconds: float) -> status.Progress:
        if frames_done:
            os._exit(0)
        return progress(frames_done, frames, elapsed_seconds)

    status.Progress = reported  # type: ignore[assignment, misc]
    result = str(Path(style).with_name("result.mp4"))
    sys.argv = ["artreel", "stylize", clip, "--style", style, "-o", result, "--quiet"]
    cli.main()


if __name__ == "__main__":
    if sys.argv[1:2] == [TO_THE_FIRST_FRAME]:
        paint_one_frame(*sys.argv[2:])
    else:
        main()
