"""How well a video was painted, from a few of its frames as they were before encoding."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from handler.domain.media import working_dimensions
from handler.domain.ports import Frame, Painter
from handler.measure.flicker import flicker
from handler.measure.flow import farneback
from handler.measure.texture import detail, style_distance
from handler.pipeline.brush import Brush, resized
from handler.pipeline.segments import WorkFrame

PAIRS = 3
LONG_SIDE_PX = 512
"""At which motion between two frames is estimated: fast enough for every job."""

Pair = tuple[tuple[WorkFrame, Frame], tuple[WorkFrame, Frame]]
"""Two adjacent frames, each before and after."""


@dataclass(frozen=True)
class Quality:
    """Means over a few pairs of adjacent frames; None of what could not be measured.

    Attributes:
        frames: indices of the first frame of each pair.
        warping_error: as ``handler.measure.flicker`` counts it, along Farneback's flow.
        warping_error_to_source: as a ratio to that of the source.
        detail_kept: mean gradient magnitude, as a ratio to that of the same frames painted alone.
        style_distance: cosine distance from what the frames were to be painted in, 0..2.
    """

    frames: tuple[int, ...]
    warping_error: float | None
    warping_error_to_source: float | None
    detail_kept: float
    style_distance: float


class Samples:
    """Pairs of frames that are kept while a video is painted.

    They are chosen by chance, the same ones each time: a regular pattern could always or never meet
    the keyframes.
    """

    def __init__(self, frame_count: int) -> None:
        indices = range(max(0, frame_count - 1))
        self._firsts = set(random.Random(0).sample(indices, min(PAIRS, len(indices))))  # noqa: S311
        self._kept: list[tuple[WorkFrame, Frame]] = []

    def take(self, frame: WorkFrame, painted: Frame) -> None:
        """Keep a frame if it was chosen; call it for each frame in order."""
        if frame.index in self._firsts or frame.index - 1 in self._firsts:
            self._kept.append((frame, painted))

    @property
    def pairs(self) -> list[Pair]:
        """Those whose frames both are paint and nothing else."""
        return [
            (now, following)
            for now, following in pairwise(self._kept)
            if now[0].index in self._firsts and now[0].coat.share == following[0].coat.share == 1
        ]


def quality_of(
    pairs: Sequence[Pair], brush: Brush, painter: Painter, is_cut: Callable[[Frame, Frame], bool]
) -> Quality | None:
    """Measure what was kept; None where nothing of it was painted.

    Args:
        brush: that painted it.
    """
    if not pairs:
        return None
    estimate = farneback()
    errors: list[tuple[float, float]] = []
    details: list[float] = []
    distances: list[float] = []
    for (frame, painted), (following, painted_next) in pairs:
        details.append(detail(painted) / max(detail(brush.alone(frame)), 1e-6))
        wanted = brush.style_vector(frame)
        distances.append(style_distance(painter.style_vector(painted), wanted))
        if is_cut(frame.image, following.image):
            continue
        height, width = frame.image.shape[:2]
        size = working_dimensions(width, height, LONG_SIDE_PX, smallest_side=1, width_multiple=1)
        source = resized(frame.image, size), resized(following.image, size)
        paint = resized(painted, size), resized(painted_next, size)
        if found := flicker(source, [source, paint], estimate):
            errors.append((found[0], found[1]))
    of_source, of_paint = map(fmean, zip(*errors, strict=True)) if errors else (None, None)
    return Quality(
        frames=tuple(frame.index for (frame, _), _ in pairs),
        warping_error=of_paint,
        warping_error_to_source=of_paint / of_source if of_paint and of_source else None,
        detail_kept=fmean(details),
        style_distance=fmean(distances),
    )
