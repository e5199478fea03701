"""A part of a video painted alone equals the same frames of the whole, byte for byte."""

from fractions import Fraction
from itertools import islice

import pytest

from handler import motion, wiring
from handler.domain.ports import Frame, StyleVector
from handler.domain.timeline import Look, LookChange, Timeline
from handler.media.ffmpeg import FfmpegMedia
from handler.pipeline.brush import Brush
from handler.pipeline.segments import segments
from handler.pipeline.stages import in_order
from tests.clips import BIKES
from tests.pictures import draw_style

INTERVAL = 8
FRAMES = 48
RATE = Fraction(25)
WORKING_SIZE = 320, 136
TIMELINE = Timeline(
    (
        LookChange(Fraction(0), Look("waves")),
        LookChange(12 / RATE, Look("tiles")),
        LookChange(20 / RATE, Look(None)),
        LookChange(23 / RATE, Look("waves")),
    )
)
"""The clip has a cut at frame 30."""


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    media = FfmpegMedia()
    with media.read_frames(BIKES, media.probe(BIKES)) as decoded:
        return list(islice(decoded, FRAMES))


@pytest.fixture(scope="module")
def vectors() -> dict[str, StyleVector]:
    return {name: wiring.painter().style_vector(draw_style(name)) for name in ("waves", "tiles")}


def _painted(
    frames: list[Frame], vectors: dict[str, StyleVector], start: int, threads: int
) -> dict[int, bytes]:
    brush = Brush(TIMELINE, RATE, vectors, WORKING_SIZE, wiring.painter(), motion)
    sources = (brush.prepare(i, frame) for i, frame in enumerate(frames) if i >= start)
    with in_order(brush.begin, threads) as paint_all:
        return {
            source.index: after.tobytes()
            for segment, painted in paint_all(segments(sources, INTERVAL, motion.is_cut))
            for source, after in zip(segment.frames, painted, strict=True)
        }


def test_a_part_is_painted_as_in_the_whole(
    frames: list[Frame], vectors: dict[str, StyleVector]
) -> None:
    whole = _painted(frames, vectors, 0, threads=2)
    assert list(whole) == list(range(FRAMES))
    assert len(set(whole.values())) > FRAMES - 5
    for start in (8, 12, 16, 24, 30, 32):  # on the grid, at a change of looks, at the cut
        part = _painted(frames, vectors, start, threads=1)
        assert part == {index: whole[index] for index in range(start, FRAMES)}
