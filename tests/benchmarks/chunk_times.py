"""How far chunks of real footage are off from what a plan gives each: the spread of stragglers.

    .venv/bin/python -m tests.benchmarks.chunk_times

Every chunk of 60 frames of the three sample clips is painted in f32, as workers of a long video do,
one after the other in one process that is warm. Counted is processor time, which hardly changes
with other work on the machine, over what the plan gives so many frames. Its logarithm's standard
deviation is ``handler.domain.simulate.Chances.spread``.
"""

from __future__ import annotations

import math
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

from PIL import Image

from handler import wiring
from handler.domain.chunks import chunks_of
from handler.domain.keyframes import KEYFRAME_INTERVAL
from handler.domain.plan import work_of
from handler.domain.timeline import Timeline
from handler.pipeline.calibrate import used_processor_seconds
from handler.pipeline.paint_chunk import paint_chunk_anyhow
from handler.pipeline.paint_video import PaintOrder
from tests.clips import BIG_BUCK_BUNNY, BIKES, CARPHONE
from tests.pictures import draw_style

CHUNK_FRAMES = 60
WORKING_SIZE_PX = 1024
STYLE = Timeline.of_style("any")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        style = folder / "style.png"
        Image.fromarray(draw_style("waves")).save(style)
        ratios = [
            ratio for clip in (BIG_BUCK_BUNNY, BIKES, CARPHONE) for ratio in of(clip, style, folder)
        ]
    logarithms = [math.log(ratio) for ratio in ratios]
    print(
        f"{len(ratios)} chunks: {min(ratios):.2f} to {max(ratios):.2f} of the plan, "
        f"median {statistics.median(ratios):.2f}; "
        f"standard deviation of the logarithm {statistics.stdev(logarithms):.2f}"
    )


def of(clip: Path, style: Path, folder: Path) -> list[float]:
    """Taken over planned, of each chunk of a clip that is not a mere rest."""
    media, motion = wiring.media(), wiring.motion()
    painter = wiring.painter(None, wiring.COMMON_PRECISION)
    facts = media.probe(clip)
    order = PaintOrder(
        source=clip,
        styles={"any": style},
        timeline=STYLE,
        working_size_px=WORKING_SIZE_PX,
        result=folder / "chunk.mp4",
        keyframe_interval=KEYFRAME_INTERVAL,
    )
    calibration = wiring.calibration()
    paint_seconds = calibration.seconds_to_paint(
        painter.description["model"], wiring.COMMON_PRECISION
    )
    assert paint_seconds is not None
    ratios = []
    chunks = list(chunks_of(facts, CHUNK_FRAMES))
    for chunk in (chunks[0], *chunks):  # the first one twice: it compiles the networks
        before = used_processor_seconds()
        painting = paint_chunk_anyhow(order, facts, chunk, media, painter, motion)
        taken = used_processor_seconds() - before
        part = replace(facts, frame_count=painting.frames)
        size = (
            min(WORKING_SIZE_PX, facts.width),
            round(facts.height * min(1, WORKING_SIZE_PX / facts.width)),
        )
        planned = work_of(part, [STYLE], size, KEYFRAME_INTERVAL, calibration, paint_seconds)
        if painting.frames == CHUNK_FRAMES:
            ratios.append(taken / planned.vcpu_seconds)
    print(f"{clip.stem}: {', '.join(f'{ratio:.2f}' for ratio in ratios[1:])}")
    return ratios[1:]


if __name__ == "__main__":
    main()
