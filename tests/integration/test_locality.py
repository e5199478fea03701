"""A part of a video painted alone equals the same frames of the whole, byte for byte."""

from fractions import Fraction
from itertools import islice
from pathlib import Path

import pytest
from PIL import Image

from handler import wiring
from handler.domain.ports import Frame
from handler.domain.timeline import ORIGINAL, Look, LookChange, Timeline
from handler.domain.treatment import KeepColors, Mask, Treatment
from handler.media.ffmpeg import FfmpegMedia
from handler.pipeline.canvas import Canvas
from handler.pipeline.paint_video import PaintOrder
from tests.clips import BIKES
from tests.pictures import draw_style

INTERVAL = 8
FRAMES = 48
WORKING_SIZE_PX = 320
HALF = Fraction(1, 2)


def at(frame: int, look: Look, fade: int = 0) -> LookChange:
    return LookChange(Fraction(frame, 25), look, Fraction(fade, 25))


CUT = 30
"""The clip has a cut there."""

LOOKS = Timeline(
    (at(0, Look.of("waves")), at(12, Look.of("tiles")), at(20, ORIGINAL), at(23, Look.of("waves")))
)
FADES = Timeline(
    (
        at(0, Look.of("waves", strength=HALF)),
        at(5, Look.of({"waves": HALF, "tiles": HALF}), fade=14),
        at(21, ORIGINAL, fade=5),
        at(28, Look.of("tiles", mix=HALF), fade=4),
        at(36, Look.of("waves", strength=Fraction(0)), fade=9),
    )
)
MASKED = Mask("mask.png", Look.of("tiles", strength=HALF), inverted=True)
CASES = {
    "looks": (LOOKS, Treatment(), (12, 24, CUT)),
    "fades": (FADES, Treatment(KeepColors.LUMINANCE), (5, 16, 24, 36)),
    "mask": (FADES, Treatment(KeepColors.MATCH, mask=MASKED), (8, CUT)),
}


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    media = FfmpegMedia()
    with media.read_frames(BIKES, media.probe(BIKES)) as decoded:
        return list(islice(decoded, FRAMES))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for name in ("waves", "tiles"):
        Image.fromarray(draw_style(name)).save(folder / name, "PNG")
    Image.linear_gradient("L").resize((640, 272)).save(folder / "mask.png")
    return folder


@pytest.mark.parametrize("case", CASES)
def test_a_part_is_painted_as_in_the_whole(case: str, frames: list[Frame], pictures: Path) -> None:
    timeline, treatment, starts = CASES[case]
    order = PaintOrder(
        source=BIKES,
        styles={name: pictures / name for name in ("waves", "tiles")},
        timeline=timeline,
        working_size_px=WORKING_SIZE_PX,
        result=pictures / "never.mp4",
        keyframe_interval=INTERVAL,
        treatment=treatment,
        mask=pictures / "mask.png",
    )
    media = FfmpegMedia()
    facts = media.probe(BIKES)

    def painted(start: int) -> dict[int, bytes]:
        canvas = Canvas(order, facts, media, wiring.painter(), wiring.motion())
        part = ((index, frames[index]) for index in range(start, FRAMES))
        with canvas.painted(part) as pairs:
            return {before.index: after.tobytes() for before, after in pairs}

    whole = painted(0)
    assert list(whole) == list(range(FRAMES))
    assert len(set(whole.values())) > FRAMES - 5
    for start in starts:
        assert painted(start) == {index: whole[index] for index in range(start, FRAMES)}
