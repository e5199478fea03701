"""Carry the paint of two keyframes to the frames between them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from handler.domain.ports import Frame
from handler.motion.flow import (
    Floats,
    Path,
    Step,
    Way,
    flow_frame,
    in_px_of,
    paths_ahead,
    paths_back,
    sampled,
    step_between,
)

OFF_COLOUR = 30.0
"""A difference of the source's red, green or blue, of 255, between a pixel and the one it is said
to come from that is trusted by 1/e."""

TRUST_BY_COLOUR = np.exp(-np.square(np.arange(256, dtype=np.float32) / OFF_COLOUR))

SOFTNESS_PX = 11
"""Over how many pixels, at flow size, trust is evened out: one keyframe fades into the other."""

FLOOR = 0.02
"""Trust of a pixel that neither keyframe shows: the nearer one gives it after all."""

LOST, GIVEN = 0.15, 0.5
"""A pixel that both keyframes are trusted for less than the one can't be given by them; one that
either is trusted for more than the other can."""

MOST_LOST = 0.03
"""The part of a frame's pixels that may be lost; with more, paint for them is fetched nearer."""

FINE_PX = 3
"""Texture finer than this is what mixing and sampling wear off, and what makes the style."""

AROUND_PX = 5
"""Over how many pixels, at the size of ways, texture is measured."""

GRAIN_STRENGTH = 1.39
"""How much worn texture is given back, as a power of the gain; beyond 1 it makes up for texture
that is less fine. More brings the style nearer to that of every-frame painting, and flickers more:
at 0.7 it was up to 38 % farther from its picture, now it is 5 % on average."""

MOST_GAIN = 1.9


def propagate(
    frames: Sequence[Frame],
    first: Frame,
    last: Frame,
    repaint: Callable[[int], Frame],
    *,
    morphs: bool = False,
) -> Iterator[Frame]:
    """Paint the frames between two keyframes.

    Each frame is warped once, straight from both keyframes, along consecutive flows composed, and
    mixed by distance in time and by how sure the ways are. Where neither keyframe shows too much
    of a frame, it is painted by ``repaint``; it and the frames around it get what they lack from
    there. A frame that repeats its neighbour gets its neighbour's paint (the same array), unless
    the paint morphs.

    The result depends on the arguments only, bit for bit, whatever the number of threads.

    Args:
        frames: the source of one segment at working size, both keyframes included, at least two;
            uint8 (height, width, 3), sRGB, one shape.
        first, last: the painted keyframes, of the same shape.
        repaint: paints the frame of this index, as the keyframes were painted.
        morphs: whether the keyframes were painted in different looks.

    Yields:
        The ``len(frames) - 2`` painted frames between the keyframes, in order.
    """
    at_moment = range(len(frames)) if morphs else _first_of_each(frames)
    moments = [frames[at] for at in at_moment]
    painted = [first]
    if len(moments) > 1:
        sources = [flow_frame(moment) for moment in moments]
        steps = [step_between(*pair) for pair in pairwise(sources)]
        segment = _Segment(sources, steps, lambda at: repaint(at_moment[at]))
        end = len(steps)
        on = segment.reaching_on(0, end, first)
        back = segment.reaching_back(end, 0, last)
        between = segment.between(on, back, range(1, end))
        painted += [*between.values(), last]
    for at in range(1, len(frames) - 1):
        yield painted[bisect_right(at_moment, at) - 1]


def _first_of_each(frames: Sequence[Frame]) -> Sequence[int]:
    """Indices of the frames that do not repeat the one before."""
    pairs = enumerate(pairwise(frames), 1)
    return [0, *(at for at, (before, frame) in pairs if not _same(before, frame))]


def _same(frame: Frame, other: Frame) -> bool:
    return frame is other or np.array_equal(frame, other)


@dataclass(frozen=True)
class _Keyframe:
    """A painted frame.

    Attributes:
        source: at flow size, as ``flow_frame`` gives it.
        paint: uint8 (height, width, 4), for the same reason.
        grain: how much fine texture the paint has around each pixel, float32 at the size of ways.
    """

    source: Frame
    paint: Frame
    grain: Floats


@dataclass(frozen=True)
class _Reach:
    """A keyframe, and the ways to it from the frames on one side of it.

    Attributes:
        at: index of the keyframe.
        ways: by index of the frame that they begin at.
    """

    at: int
    keyframe: _Keyframe
    ways: Mapping[int, Path]

    def view(self, at: int, source: Frame) -> _View:
        return _view(self.keyframe, self.ways[at], source)


@dataclass(frozen=True)
class _View:
    """What a keyframe gives a frame: its paint and grain, carried there, and the trust in it.

    Attributes:
        paint: uint8 (height, width, 3).
    """

    paint: Frame
    grain: Floats
    trust: Floats


@dataclass(frozen=True)
class _Segment:
    """Source frames at flow size, and the motion between them."""

    sources: Sequence[Frame]
    steps: Sequence[Step]
    repaint: Callable[[int], Frame]

    def reaching_on(self, at: int, end: int, paint: Frame) -> _Reach:
        ways = paths_back(self.steps[at:end])
        return _Reach(at, self._keyframe(at, paint), dict(enumerate(ways, at + 1)))

    def reaching_back(self, at: int, start: int, paint: Frame) -> _Reach:
        ways = paths_ahead(self.steps[start:at])
        return _Reach(at, self._keyframe(at, paint), dict(enumerate(ways, start)))

    def _keyframe(self, at: int, paint: Frame) -> _Keyframe:
        source = self.sources[at]
        wide: Frame = cv2.cvtColor(paint, cv2.COLOR_RGB2RGBA)  # type: ignore[assignment]
        return _Keyframe(source, wide, _grain(paint, self.steps[0].forward[0].shape))

    def between(self, first: _Reach, last: _Reach, wanted: Iterable[int]) -> dict[int, Frame]:
        """Those of the frames between two keyframes that are wanted, from both of them.

        Where they show too little of some frames, the middle one of these is painted, and they
        get what they lack from there.
        """
        painted: dict[int, Frame] = {}
        lost: dict[int, Floats] = {}
        for at in wanted:
            before = first.view(at, self.sources[at])
            behind = last.view(at, self.sources[at])
            painted[at] = _mixed(before, behind, (at - first.at) / (last.at - first.at))
            lack = _lost(before, behind)
            if lack.mean() > MOST_LOST:
                lost[at] = lack
        if lost:
            middle = list(lost)[len(lost) // 2]
            paint = self.repaint(middle)
            to_middle = self.reaching_back(middle, first.at, paint)
            from_middle = self.reaching_on(middle, last.at, paint)
            nearer = {
                middle: paint,
                **self.between(first, to_middle, [at for at in lost if at < middle]),
                **self.between(from_middle, last, [at for at in lost if at > middle]),
            }
            for at, lack in lost.items():
                painted[at] = _blended(nearer[at], painted[at], lack)
        return painted


def _view(keyframe: _Keyframe, path: Path, now: Frame) -> _View:
    height, width = now.shape[:2]
    way = path.in_px_of(now.shape)
    trust = cv2.resize(path.trust, (width, height))
    trust = cv2.multiply(trust, _trust_by_colour(now, sampled(keyframe.source, way)))
    even: Floats = cv2.blur(trust, (SOFTNESS_PX, SOFTNESS_PX))  # type: ignore[assignment]
    return _View(_warped(keyframe.paint, way), sampled(keyframe.grain, path.way), even)


def _trust_by_colour(now: Frame, carried: Frame) -> Floats:
    red, green, blue, _ = cv2.split(cv2.absdiff(now, carried))
    off = cv2.blur(cv2.max(cv2.max(red, green), blue), (5, 5))
    return cv2.LUT(off, TRUST_BY_COLOUR)  # type: ignore[return-value]


def _warped(paint: Frame, way: Way) -> Frame:
    carried = sampled(paint, in_px_of(paint.shape, way))
    return cv2.cvtColor(carried, cv2.COLOR_RGBA2RGB)  # type: ignore[return-value]


def _mixed(before: _View, behind: _View, passed: float) -> Frame:
    """Mix what two keyframes give a frame, when this part of the time between them has passed.

    The mean of two textures that don't match has less contrast than either (Heitz & Neyret 2018,
    High-Performance By-Example Noise using a Histogram-Preserving Blending Operator), and sampling
    between pixels wears it off too. Unlike there, what texture is left is measured, and what is
    missing given back.
    """
    near = (before.trust + FLOOR) * np.float32(1 - passed)
    far = (behind.trust + FLOOR) * np.float32(passed)
    share: Floats = np.divide(near, near + far, dtype=np.float32)
    mixed = _blended(before.paint, behind.paint, share)
    size = before.grain.shape[::-1]
    of_grain = cv2.resize(share, size, interpolation=cv2.INTER_AREA)
    wanted = behind.grain + (before.grain - behind.grain) * of_grain
    gain = np.divide(wanted + 1, _grain(mixed, wanted.shape) + 1, dtype=np.float32)
    smooth: Frame = cv2.blur(mixed, (FINE_PX, FINE_PX))  # type: ignore[assignment]
    sharp = np.clip(gain, 1, MOST_GAIN, dtype=np.float32) ** np.float32(GRAIN_STRENGTH)
    return _blended(mixed, smooth, sharp)


def _grain(paint: Frame, shape: tuple[int, ...]) -> Floats:
    """Mean difference of the grey from its surroundings', of 255, around each pixel."""
    gray = cv2.cvtColor(paint, cv2.COLOR_RGB2GRAY)
    fine = cv2.absdiff(gray, cv2.blur(gray, (FINE_PX, FINE_PX)))
    small = cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_AREA)
    return cv2.blur(small, (AROUND_PX, AROUND_PX)).astype(np.float32)


def _lost(before: _View, behind: _View) -> Floats:
    """How far neither keyframe gives a pixel, float32 at flow size, 0..1."""
    trust = np.maximum(before.trust, behind.trust)
    lost: Floats = np.clip((GIVEN - trust) / np.float32(GIVEN - LOST), 0, 1)
    return lost


def _blended(one: Frame, other: Frame, share: Floats) -> Frame:
    """``share`` of one frame, the rest of the other; beyond 1 it moves away from the other.

    In bytes, which hold 2.55 in hundredths: half the time of floating point.
    """
    height, width = one.shape[:2]
    hundredths = cv2.resize(cv2.convertScaleAbs(share, alpha=100), (width, height))
    parts = cv2.merge([hundredths] * 3)
    more = cv2.multiply(cv2.subtract(one, other), parts, scale=0.01)
    less = cv2.multiply(cv2.subtract(other, one), parts, scale=0.01)
    blended: Frame = cv2.subtract(cv2.add(other, more), less)  # type: ignore[assignment]
    return blended
