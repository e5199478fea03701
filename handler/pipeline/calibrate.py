"""Measure what painting takes on this machine, with the pipeline that paints."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from handler.domain.errors import Unavailable
from handler.domain.keyframes import KEYFRAME_INTERVAL, flow_scale
from handler.domain.plan import MEGAPIXEL, Calibration, keyframes_and_others
from handler.domain.ports import Frame, Media, Motion, Painter
from handler.domain.timeline import Timeline
from handler.pipeline.paint_video import PaintOrder, paint_video

Numbers = npt.NDArray[np.float64]

FootageMaker = Callable[[Path, int, int, int], None]
"""Writes a video of a width, height and number of frames."""

STYLE = "measured"
STYLE_SIDE_PX = 256


def used_processor_seconds() -> float:
    """Used until now by this process and by those that it waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


@dataclass(frozen=True)
class _Clip:
    width: int
    height: int
    frames: int
    working_size_px: int
    keyframe_interval: int = 1


EVERY_FRAME = _Clip(640, 360, 150, 640)
LARGER_SOURCE = _Clip(1280, 720, 80, 640)
MOSTLY_CARRIED = _Clip(1280, 720, 65, 1024, KEYFRAME_INTERVAL)
"""At the usual working size."""

WARM_UP_FRAMES = 5
"""Enough to compile the networks for a size."""


@dataclass(frozen=True)
class _Effort:
    """What some painting took.

    Attributes:
        megapixels: decoded and encoded, painted, and carried at the size of the flow.
        seconds: of one processor.
    """

    megapixels: Numbers
    seconds: float

    def __sub__(self, other: _Effort) -> _Effort:
        return _Effort(self.megapixels - other.megapixels, self.seconds - other.seconds)


def calibrate(
    media: Media,
    painters: Mapping[str, Painter],
    motion: Motion,
    make_footage: FootageMaker,
    *,
    processors: int,
    processor: str,
    today: str,
    processor_seconds: Callable[[], float] = used_processor_seconds,
) -> Calibration:
    """Paint short clips and solve for the constants that their times follow.

    Times are processor seconds, of this process and of the codecs', so that other work on the
    machine hardly changes them. Three clips that differ in how much is decoded, painted and carried
    give three equations for the first precision; other precisions differ in painting alone.

    Args:
        painters: of one model by precision, none of them used yet, the fastest first.
        processors: that this process may use.
        processor, today: for the record.

    Raises:
        Unavailable: the machine was too busy for times that make sense.
    """
    with tempfile.TemporaryDirectory(prefix="artreel-bench-") as name:
        folder = Path(name)
        if not cv2.imwrite(str(folder / "style.png"), _style()):
            raise Unavailable("the style to measure with could not be written")

        def bench(precision: str) -> _Bench:
            return _Bench(
                folder, media, painters[precision], motion, make_footage, processor_seconds
            )

        fastest, *others = painters
        first = bench(fastest)
        cold = first.paint(EVERY_FRAME, WARM_UP_FRAMES)
        efforts = [first.effort(clip) for clip in (EVERY_FRAME, LARGER_SOURCE, MOSTLY_CARRIED)]
        constants = np.linalg.solve(
            np.array([effort.megapixels for effort in efforts]),
            np.array([effort.seconds for effort in efforts]),
        )
        codec, paint, carry = (float(constant) for constant in constants)
        paint_seconds = {fastest: paint}
        for precision in others:
            effort = bench(precision).effort(EVERY_FRAME)
            source, painted, _ = effort.megapixels
            paint_seconds[precision] = float((effort.seconds - codec * source) / painted)
    start = float(cold.seconds - cold.megapixels @ constants)
    if min(start, codec, carry, *paint_seconds.values()) <= 0:
        raise Unavailable("the times that were measured make no sense; the machine was too busy")
    return Calibration(
        measured_at=today,
        processor=processor,
        processors=processors,
        start_seconds=round(start, 3),
        codec_seconds=round(codec, 4),
        carry_seconds=round(carry, 4),
        paint_seconds={
            painters[fastest].description["model"]: {
                precision: round(seconds, 4) for precision, seconds in paint_seconds.items()
            }
        },
    )


class _Bench:
    def __init__(
        self,
        folder: Path,
        media: Media,
        painter: Painter,
        motion: Motion,
        make_footage: FootageMaker,
        processor_seconds: Callable[[], float],
    ) -> None:
        self._folder = folder
        self._media = media
        self._painter = painter
        self._motion = motion
        self._make_footage = make_footage
        self._processor_seconds = processor_seconds

    def effort(self, clip: _Clip) -> _Effort:
        """Of a whole clip without its first frames, once the networks are compiled."""
        self.paint(clip, WARM_UP_FRAMES)
        few = self.paint(clip, WARM_UP_FRAMES)
        return self.paint(clip, clip.frames) - few

    def paint(self, clip: _Clip, frames: int) -> _Effort:
        """Of so many frames, and of compiling the networks where that is still to be done."""
        video = self._folder / f"{clip.width}x{clip.height}-{frames}.mp4"
        if not video.exists():
            self._make_footage(video, clip.width, clip.height, frames)
        order = PaintOrder(
            source=video,
            styles={STYLE: self._folder / "style.png"},
            timeline=Timeline.of_style(STYLE),
            working_size_px=clip.working_size_px,
            result=self._folder / "painted.mp4",
            keyframe_interval=clip.keyframe_interval,
        )
        began = self._processor_seconds()
        painting = paint_video(order, self._media, self._painter, self._motion)
        seconds = self._processor_seconds() - began
        source = frames * clip.width * clip.height
        width, height = painting.working_size
        painted = painting.frames_painted * width * height
        _, between = keyframes_and_others(order.timeline, painting.source, clip.keyframe_interval)
        carried_at_flow_size = between * width * height * flow_scale(width, height) ** 2
        return _Effort(np.array([source, painted, carried_at_flow_size]) / MEGAPIXEL, seconds)


def _style() -> Frame:
    """Swirls in strong colours, whose paint is as hard to encode as that of real pictures."""
    y, x = np.mgrid[0:STYLE_SIDE_PX, 0:STYLE_SIDE_PX] / STYLE_SIDE_PX
    turn = np.arctan2(y - 0.5, x - 0.5) + 8 * np.hypot(y - 0.5, x - 0.5)
    channels = [np.sin(rate * turn + phase) for rate, phase in ((5, 0), (7, 2), (11, 4))]
    return np.asarray(127.5 + 127.5 * np.stack(channels, axis=-1), np.uint8)
