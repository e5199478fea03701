"""What `artreel plan` foretells beside what painting takes, for the three sample clips.

    .venv/bin/python -m tests.benchmarks.estimate

Each clip is painted in a process of its own, as it is on a laptop and in a function that starts
cold. Processor seconds are those of that process and its codecs; they hardly change with other work
on the machine, wall clock does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from handler import wiring
from handler.domain.keyframes import KEYFRAME_INTERVAL
from handler.domain.plan import plan_for, work_of
from handler.domain.timeline import Timeline
from handler.pipeline.paint_video import PaintOrder, paint_video
from handler.pipeline.unsteady import repainted_share
from tests.clips import BIG_BUCK_BUNNY, BIKES, CARPHONE
from tests.pictures import draw_style

WORKING_SIZE_PX = 1024


def main() -> None:
    for clip in (BIG_BUCK_BUNNY, BIKES, CARPHONE):
        argv = [sys.executable, "-m", "tests.benchmarks.estimate", str(clip)]
        found = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
        print(
            f"{clip.stem}: plan {found['plan_seconds']:.1f} s, took {found['seconds']:.1f} s; "
            f"processor seconds: plan {found['plan_processor']:.1f}, took {found['processor']:.1f} "
            f"({found['plan_processor'] / found['processor'] - 1:+.0%}); "
            f"keyframes: plan {found['plan_painted']}, painted {found['painted']}; "
            f"looked for {found['looked']:.1f} s"
        )


def measure(clip: Path) -> dict[str, float]:
    """Paint one clip in this process."""
    with tempfile.TemporaryDirectory() as name:
        style = Path(name, "style.png")
        Image.fromarray(draw_style("waves")).save(style)
        began = time.monotonic()
        share = repainted_share(
            clip, wiring.media().probe(clip), KEYFRAME_INTERVAL, wiring.media(), wiring.motion()
        )
        looked = time.monotonic() - began
        painter = wiring.painter()
        order = PaintOrder(
            source=clip,
            styles={"any": style},
            timeline=Timeline.of_style("any"),
            working_size_px=WORKING_SIZE_PX,
            result=Path(name, "painted.mp4"),
            keyframe_interval=KEYFRAME_INTERVAL,
        )
        before = sum(os.times()[:4])
        painting = paint_video(order, wiring.media(), painter, wiring.motion())
        processor = sum(os.times()[:4]) - before
    calibration, said = wiring.calibration(), painter.description
    paint_seconds = calibration.seconds_to_paint(said["model"], said["precision"])
    assert paint_seconds is not None
    work = work_of(
        painting.source,
        [order.timeline],
        painting.working_size,
        KEYFRAME_INTERVAL,
        calibration,
        paint_seconds,
        share,
    )
    return {
        "looked": looked,
        "plan_seconds": plan_for(wiring.worker(), work).seconds,
        "seconds": painting.total_seconds,
        "plan_processor": work.seconds(1),
        "processor": processor,
        "plan_painted": work.frames_painted,
        "painted": painting.frames_painted,
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(Path(sys.argv[1]))))
    else:
        main()
