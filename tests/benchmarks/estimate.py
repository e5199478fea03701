"""What `artreel plan` foretells beside what painting takes, for the three sample clips.

    .venv/bin/python -m tests.benchmarks.estimate --rounds 5

Each clip is painted in a process of its own, as it is on a laptop and in a function that starts
cold; all of them once in each round, so that the machine's better and worse minutes are shared.
Processor seconds are those of that process and its codecs; they change less with other work on the
machine than the wall clock does. Nobody bills a laptop: the cost is that of a function with as many
processors.

To tell the estimate's error from the machine's, the last columns give the lowest and the highest
of the rounds against their median.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from PIL import Image

from handler import wiring
from handler.domain.keyframes import KEYFRAME_INTERVAL
from handler.domain.plan import Worker, plan_for, work_of
from handler.domain.price import VCPU_MB, function_usd
from handler.domain.timeline import Timeline
from handler.pipeline.calibrate import CLOCKS
from handler.pipeline.paint_video import PaintOrder, paint_video
from handler.pipeline.unsteady import repainted_share
from tests.clips import BIG_BUCK_BUNNY, BIKES, CARPHONE
from tests.pictures import draw_style

CLIPS = (BIG_BUCK_BUNNY, BIKES, CARPHONE)
WORKING_SIZE_PX = 1024
QUANTITIES = ("processor seconds", "wall clock, s", "cost, USD", "frames painted")

Found = dict[str, tuple[float, float]]
"""By quantity, predicted and measured."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clip", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.clip:
        print(json.dumps(measure(given.clip)))
        return
    rounds = [{clip: in_a_new_process(clip) for clip in CLIPS} for _ in range(given.rounds)]
    print(f"| clip | | predicted | measured (median of {given.rounds}) | error | rounds |")
    print("|---|---|---|---|---|---|")
    for clip in CLIPS:
        for quantity in QUANTITIES:
            pairs = [found[clip][quantity] for found in rounds]
            measured = [pair[1] for pair in pairs]
            print(f"| {clip.stem} | {quantity} | {row(pairs[0][0], measured)} |")


def row(predicted: float, measured: list[float]) -> str:
    middle = median(measured)
    spread = f"{min(measured) / middle - 1:+.0%} to {max(measured) / middle - 1:+.0%}"
    return f"{predicted:.3g} | {middle:.3g} | {predicted / middle - 1:+.0%} | {spread}"


def in_a_new_process(clip: Path) -> Found:
    argv = [sys.executable, "-m", "tests.benchmarks.estimate", "--clip", str(clip)]
    found: Found = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    return found


def measure(clip: Path) -> Found:
    """Paint one clip in this process."""
    media, motion, painter = wiring.media(), wiring.motion(), wiring.painter()
    share = repainted_share(clip, media.probe(clip), KEYFRAME_INTERVAL, media, motion)
    with tempfile.TemporaryDirectory() as name:
        style = Path(name, "style.png")
        Image.fromarray(draw_style("waves")).save(style)
        order = PaintOrder(
            source=clip,
            styles={"any": style},
            timeline=Timeline.of_style("any"),
            working_size_px=WORKING_SIZE_PX,
            result=Path(name, "painted.mp4"),
            keyframe_interval=KEYFRAME_INTERVAL,
        )
        before = CLOCKS.processors()
        painting = paint_video(order, media, painter, motion)
        used = CLOCKS.processors() - before
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
    here = wiring.worker()
    function = Worker.function(round(here.vcpus * VCPU_MB), here.machine)
    plan = plan_for(function, work)
    assert plan.usd is not None
    return dict(
        zip(
            QUANTITIES,
            (
                (calibration.processor_seconds(work), used),
                (plan.seconds, painting.total_seconds),
                (
                    plan.usd,
                    function_usd(painting.total_seconds, function.memory_mb, function.machine),
                ),
                (work.frames_painted, painting.frames_painted),
            ),
            strict=True,
        )
    )


if __name__ == "__main__":
    main()
