"""Measure what painting takes on this machine, with the pipeline that paints."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import numpy.typing as npt

from handler.domain.errors import Unavailable
from handler.domain.keyframes import KEYFRAME_INTERVAL
from handler.domain.plan import MEGAPIXEL, Calibration, carried_megapixels, keyframes_and_others
from handler.domain.ports import Frame, Media, Motion, Painter
from handler.domain.timeline import Timeline
from handler.pipeline.paint_video import Painting, PaintOrder, paint_video

Numbers = npt.NDArray[np.float64]

FootageMaker = Callable[[Path, int, int, int], None]
"""Writes a video of a width, height and number of frames."""

STYLE = "measured"
STYLE_SIDE_PX = 256

ROUNDS = 5
"""A machine that others use, too, is up to a quarter slower in one minute than in the next: each
round measures everything once, and medians are taken."""


def used_processor_seconds() -> float:
    """Used until now by this process and by those that it waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


@dataclass(frozen=True)
class Clocks:
    """Of all processors, and on the wall; seconds."""

    processors: Callable[[], float]
    wall: Callable[[], float]


CLOCKS = Clocks(used_processor_seconds, time.monotonic)


@dataclass(frozen=True)
class Effort:
    """What some painting took.

    Attributes:
        megapixels: decoded and encoded, painted, and carried.
        processor_seconds: of one processor.
        seconds: wall clock.
    """

    megapixels: Numbers
    processor_seconds: float
    seconds: float

    def __sub__(self, other: Effort) -> Effort:
        return Effort(
            self.megapixels - other.megapixels,
            self.processor_seconds - other.processor_seconds,
            self.seconds - other.seconds,
        )


def effort_of(
    order: PaintOrder,
    media: Media,
    painter: Painter,
    motion: Motion,
    clocks: Clocks = CLOCKS,
) -> Effort:
    """Paint a video, and say what it took."""
    began, wall_began = clocks.processors(), clocks.wall()
    painting = paint_video(order, media, painter, motion)
    return Effort(
        _megapixels(order, painting), clocks.processors() - began, clocks.wall() - wall_began
    )


def _megapixels(order: PaintOrder, painting: Painting) -> Numbers:
    facts, size = painting.source, painting.working_size
    keyframes, between = keyframes_and_others(order.timeline, facts, order.keyframe_interval)
    repainted = max(0, painting.frames_painted - keyframes)
    source = painting.frames * facts.width * facts.height / MEGAPIXEL
    painted = painting.frames_painted * size[0] * size[1] / MEGAPIXEL
    return np.array([source, painted, carried_megapixels(size, between, repainted)])


@dataclass(frozen=True)
class _Clip:
    width: int
    height: int
    frames: int
    working_size_px: int
    keyframe_interval: int = 1


EVERY_FRAME = _Clip(640, 360, 60, 640)
LARGER_SOURCE = _Clip(1920, 1080, 40, 640)
MOSTLY_CARRIED = _Clip(1280, 720, 65, 1024, KEYFRAME_INTERVAL)
"""At the usual working size."""

CLIPS = (EVERY_FRAME, LARGER_SOURCE, MOSTLY_CARRIED)

FEW_FRAMES = 5
"""What they take of a whole clip is left out, and with it all that comes before a first frame."""


def calibrate(
    media: Media,
    painters: Mapping[str, Painter],
    motion: Motion,
    make_footage: FootageMaker,
    paint_cold: Callable[[PaintOrder], Effort],
    *,
    processors: int,
    processor: str,
    today: str,
    clocks: Clocks = CLOCKS,
) -> Calibration:
    """Paint short clips and solve for the constants that their times follow.

    Constants are of processor seconds, of this process and of the codecs', so that other work on
    the machine hardly changes them. Three clips that differ in how much is decoded, painted and
    carried give three equations for the first precision; other precisions differ in painting alone.
    What is left of the time of a few frames, painted by a process that never painted before, is the
    start. It and the share of the processors that painting keeps busy go by the wall clock: the
    machine should have nothing else to do.

    Args:
        painters: of one model by precision, the fastest first.
        paint_cold: paints with the fastest in a process of its own.
        processors: that this process may use.
        processor, today: for the record.

    Raises:
        Unavailable: the machine was too busy for times that make sense.
    """
    fastest, *others = painters
    with tempfile.TemporaryDirectory(prefix="artreel-bench-") as name:
        folder = Path(name)
        if not cv2.imwrite(str(folder / "style.png"), _style()):
            raise Unavailable("the style to measure with could not be written")

        def order(clip: _Clip, frames: int) -> PaintOrder:
            video = folder / f"{clip.width}x{clip.height}-{frames}.mp4"
            if not video.exists():
                make_footage(video, clip.width, clip.height, frames)
            return PaintOrder(
                source=video,
                styles={STYLE: folder / "style.png"},
                timeline=Timeline.of_style(STYLE),
                working_size_px=clip.working_size_px,
                result=folder / "painted.mp4",
                keyframe_interval=clip.keyframe_interval,
            )

        def effort(clip: _Clip, frames: int, precision: str) -> Effort:
            return effort_of(order(clip, frames), media, painters[precision], motion, clocks)

        def steady(clip: _Clip, precision: str) -> Effort:
            few = effort(clip, FEW_FRAMES, precision)
            return effort(clip, clip.frames, precision) - few

        for precision in painters:  # compiles the networks
            for clip in CLIPS:
                effort(clip, FEW_FRAMES, precision)
        rounds = [
            (
                paint_cold(order(EVERY_FRAME, FEW_FRAMES)),
                [steady(clip, fastest) for clip in CLIPS],
                [steady(EVERY_FRAME, precision) for precision in others],
            )
            for _ in range(ROUNDS)
        ]
    colds, of_clips, of_others = zip(*rounds, strict=True)
    cold = _median(colds)
    warm = [_median(efforts) for efforts in zip(*of_clips, strict=True)]
    constants = np.linalg.solve(
        np.array([effort.megapixels for effort in warm]),
        np.array([effort.processor_seconds for effort in warm]),
    )
    codec, paint, carry = (float(constant) for constant in constants)
    paint_seconds = {fastest: paint}
    for precision, efforts in zip(others, zip(*of_others, strict=True), strict=True):
        found = _median(efforts)
        source, painted, _ = found.megapixels
        paint_seconds[precision] = float((found.processor_seconds - codec * source) / painted)
    busy = min(1.0, median(one.processor_seconds / one.seconds for one in warm) / processors)
    painting = float(cold.megapixels @ constants)
    start = cold.seconds - painting / busy / processors
    start_processor = cold.processor_seconds - painting
    if min(start, start_processor, busy, codec, carry, *paint_seconds.values()) <= 0:
        raise Unavailable("the times that were measured make no sense; the machine was too busy")
    return Calibration(
        measured_at=today,
        processor=processor,
        processors=processors,
        start_seconds=round(start, 3),
        start_processor_seconds=round(start_processor, 3),
        busy_share=round(busy, 3),
        codec_seconds=round(codec, 4),
        carry_seconds=round(carry, 4),
        paint_seconds={
            painters[fastest].description["model"]: {
                precision: round(seconds, 4) for precision, seconds in paint_seconds.items()
            }
        },
    )


def _median(efforts: Sequence[Effort]) -> Effort:
    """Of the same painting."""
    return Effort(
        efforts[0].megapixels,
        median(effort.processor_seconds for effort in efforts),
        median(effort.seconds for effort in efforts),
    )


def _style() -> Frame:
    """Swirls in strong colours, whose paint is as hard to encode as that of real pictures."""
    y, x = np.mgrid[0:STYLE_SIDE_PX, 0:STYLE_SIDE_PX] / STYLE_SIDE_PX
    turn = np.arctan2(y - 0.5, x - 0.5) + 8 * np.hypot(y - 0.5, x - 0.5)
    channels = [np.sin(rate * turn + phase) for rate, phase in ((5, 0), (7, 2), (11, 4))]
    return np.asarray(127.5 + 127.5 * np.stack(channels, axis=-1), np.uint8)
