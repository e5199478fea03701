"""How long it takes from the start of a process to the first painted frame.

    .venv/bin/python -m tests.benchmarks.start --rounds 10

Each round is a new process of the command line's own code, which paints Big Buck Bunny at the
default working size and is stopped at the first frame. The first round, which may read files from
the disk, does not count.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from PIL import Image

from handler import wiring
from handler.domain.keyframes import Frames
from handler.domain.status import Progress
from handler.domain.timeline import Timeline
from handler.pipeline.paint_video import PaintOrder, paint_video
from tests.clips import BIG_BUCK_BUNNY
from tests.pictures import draw_style

WORKING_SIZE_PX = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--style", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.style:
        paint_one_frame(given.style)
    with tempfile.TemporaryDirectory() as folder:
        style = Path(folder, "style.jpg")
        Image.fromarray(draw_style("waves")).save(style, quality=95)
        seconds = [seconds_to_first_frame(style) for _ in range(given.rounds + 1)][1:]
    spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
    print(f"first painted frame after {median(seconds):.2f} s (median of {given.rounds}; {spread})")


def seconds_to_first_frame(style: Path) -> float:
    began = time.perf_counter()
    command = (sys.executable, "-m", "tests.benchmarks.start", "--style", str(style))
    subprocess.run(command, check=True)
    return time.perf_counter() - began


def paint_one_frame(style: Path) -> None:
    """Paint until the first frame is there, then end the process at once."""

    def stop(progress: Progress) -> None:
        if progress.frames_done:
            os._exit(0)

    order = PaintOrder(
        source=BIG_BUCK_BUNNY,
        styles={"style": style},
        timeline=Timeline.of_style("style"),
        working_size_px=WORKING_SIZE_PX,
        result=style.with_name("result.mp4"),
        keyframe_interval=Frames.KEYFRAMES.interval(),
    )
    paint_video(order, wiring.media(), wiring.painter(), wiring.motion(), stop)


if __name__ == "__main__":
    main()
