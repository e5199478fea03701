"""Carry the paint of two keyframes to the frames between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from handler import kernels
from handler.domain.ports import Frame
from handler.kernels import Floats, Paint, View
from handler.motion.flow import (
    Glance,
    Path,
    Step,
    glance,
    paths_ahead,
    paths_back,
    step_between,
)

ROWS_APART = 16
"""Of the rows by which frames are compared first."""

MOST_LOST = 0.03
"""The part of a frame's pixels that may be lost; with more, paint for them is fetched nearer."""

GRAIN_STRENGTH = 1.25
"""How much worn texture is given back, as a power of the gain; beyond 1 it makes up for texture
that is less fine. More brings the style nearer to that of every-frame painting, and flickers more:
at 0.7 it was up to 38 % farther from its picture, now it is 5 % on average."""


def propagate(
    frames: Sequence[Frame],
    paint: Callable[[int], Frame],
    *,
    morphs: bool = False,
) -> Iterator[Frame]:
    """Paint the frames between two keyframes.

    Each frame is warped once, straight from both keyframes, along consecutive flows composed, and
    mixed by distance in time and by how sure the ways are. Where neither keyframe shows too much
    of a frame, it is painted for itself; it and the frames around it get what they lack from there.
    A frame that repeats its neighbour gets its neighbour's paint (the same array), unless
    the paint morphs.

    The result depends on the arguments only, bit for bit, whatever the number of threads.

    Args:
        frames: the source of one segment at working size, both keyframes included, at least two;
            uint8 (height, width, 3), sRGB, one shape.
        paint: gives the painted frame of this index, of the same shape: of both keyframes, once
            the motion between them is known, and of each that is painted for itself.
        morphs: whether the keyframes were painted in different looks.

    Yields:
        The ``len(frames) - 2`` painted frames between the keyframes, in order.
    """
    begins = range(len(frames)) if morphs else _first_of_each(frames)
    shown = [0, *begins[1:-1], len(frames) - 1] if len(begins) > 1 else [0]
    moments = _moments([frames[at] for at in shown], lambda moment: paint(shown[moment]))
    painted = next(moments)
    for at in range(1, len(frames) - 1):
        if at in begins:
            painted = next(moments)
        yield painted


def _first_of_each(frames: Sequence[Frame]) -> Sequence[int]:
    """Indices of the frames that do not repeat the one before."""
    pairs = enumerate(pairwise(frames), 1)
    return [0, *(at for at, (before, frame) in pairs if not _same(before, frame))]


def _moments(frames: Sequence[Frame], paint: Callable[[int], Frame]) -> Iterator[Frame]:
    """All frames of a segment that repeat none, painted."""
    sources = [glance(frame) for frame in frames]
    steps = [step_between(*pair) for pair in pairwise(sources)]
    first = paint(0)
    yield first
    if not steps:
        return
    segment = _Segment(sources, steps, paint)
    end = len(steps)
    last = paint(end)
    on, back = segment.reaching_on(0, end, first), segment.reaching_back(end, 0, last)
    yield from segment.between(on, back, range(1, end))
    yield last


def _same(frame: Frame, other: Frame) -> bool:
    """Compared at a glance first: most frames differ in most of their rows."""
    if frame is other:
        return True
    some = slice(None, None, ROWS_APART)
    return np.array_equal(frame[some], other[some]) and np.array_equal(frame, other)


@dataclass(frozen=True)
class _Reach:
    """A keyframe, and the paths to it from the frames on one side of it.

    Attributes:
        at: index of the keyframe.
        paths: by index of the frame that they begin at.
    """

    at: int
    source: Glance
    paint: Paint
    paths: Mapping[int, Path]

    def view(self, at: int, source: Glance) -> View:
        return kernels.view(self.paint, self.paths[at], self.source.colours, source.colours)


@dataclass(frozen=True)
class _Segment:
    """Source frames, and the motion between them."""

    sources: Sequence[Glance]
    steps: Sequence[Step]
    paint: Callable[[int], Frame]

    def reaching_on(self, at: int, end: int, paint: Frame) -> _Reach:
        return self._reach(at, paint, dict(enumerate(paths_back(self.steps[at:end]), at + 1)))

    def reaching_back(self, at: int, start: int, paint: Frame) -> _Reach:
        return self._reach(at, paint, dict(enumerate(paths_ahead(self.steps[start:at]), start)))

    def _reach(self, at: int, paint: Frame, paths: Mapping[int, Path]) -> _Reach:
        source = self.sources[at]
        height, width = source.small.shape
        return _Reach(at, source, kernels.take_apart(paint, (height, width)), paths)

    def between(self, first: _Reach, last: _Reach, wanted: Sequence[int]) -> Iterator[Frame]:
        """Those of the frames between two keyframes that are wanted, from both of them.

        Where they show too little of some frames, the middle one of these is painted, and they
        get what they lack from there.
        """
        views: dict[int, tuple[View, View]] = {}
        lost: dict[int, Floats] = {}
        for at in wanted:
            source = self.sources[at]
            views[at] = first.view(at, source), last.view(at, source)
            lack, part = kernels.lost(*views[at])
            if part > MOST_LOST:
                lost[at] = lack
        nearer = self._repainted(first, last, list(lost))
        for at in wanted:
            passed = (at - first.at) / (last.at - first.at)
            mixed = kernels.mix(*views.pop(at), passed, GRAIN_STRENGTH)
            yield kernels.blend(next(nearer), mixed, lost.pop(at)) if at in lost else mixed

    def _repainted(self, first: _Reach, last: _Reach, wanted: Sequence[int]) -> Iterator[Frame]:
        """The middle one of the frames that are wanted is painted, the others are mixed with it."""
        if not wanted:
            return
        half = len(wanted) // 2
        middle = wanted[half]
        paint = self.paint(middle)
        yield from self.between(first, self.reaching_back(middle, first.at, paint), wanted[:half])
        yield paint
        yield from self.between(self.reaching_on(middle, last.at, paint), last, wanted[half + 1 :])
