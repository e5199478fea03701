"""Carry the paint of two keyframes to the frames between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from handler.domain.ports import Frame
from handler.motion.flow import (
    Floats,
    Gray,
    Path,
    Step,
    flow_frame,
    grid,
    paths_ahead,
    paths_back,
    sampled,
    step_between,
)

Repaint = Callable[[Frame], Frame]

OFF_COLOUR = 25.0
"""A difference of the source's grey, of 255, between a pixel and the one it is said to come from
that is trusted by 1/e."""

SOFTNESS_PX = 9
"""Over how many pixels, at flow size, trust is evened out: one keyframe fades into the other."""

FLOOR = 0.02
"""Trust of a pixel that neither keyframe shows: the nearer one gives it after all."""

LOST, GIVEN = 0.15, 0.5
"""A pixel that both keyframes are trusted for less than the one can't be given by them; one that
either is trusted for more than the other can."""

MOST_LOST = 0.03
"""The part of a frame's pixels that may be lost; with more, paint for them is fetched nearer."""


def propagate(
    frames: Sequence[Frame], first: Frame, last: Frame, repaint: Repaint
) -> Iterator[Frame]:
    """Paint the frames between two keyframes.

    Each frame is warped once, straight from both keyframes, along consecutive flows composed, and
    mixed by distance in time and by how sure the ways are. Where neither keyframe shows too much
    of a frame, it is painted by ``repaint``; it and the frames around it get what they lack from
    there. A frame that repeats its neighbour gets its neighbour's paint (the same array).

    The result depends on the arguments only, bit for bit, whatever the number of threads.

    Args:
        frames: the source of one segment at working size, both keyframes included, at least two;
            uint8 (height, width, 3), sRGB, one shape.
        first, last: the painted keyframes, of the same shape.
        repaint: paints one frame of the source as the keyframes were painted.

    Yields:
        The ``len(frames) - 2`` painted frames between the keyframes, in order.
    """
    moments = _without_repeats(frames)
    if len(moments) == 1:
        painted = [first]
    else:
        gray = [flow_frame(moment) for moment in moments]
        steps = [step_between(*pair) for pair in pairwise(gray)]
        segment = _Segment(moments, gray, steps, repaint)
        painted = [first, *segment.between(0, len(steps), first, last), last]
    at = 0
    for before, frame in pairwise(frames[:-1]):
        at += not _same(before, frame)
        yield painted[at]


def _without_repeats(frames: Sequence[Frame]) -> list[Frame]:
    changed = [frame for before, frame in pairwise(frames) if not _same(before, frame)]
    return [frames[0], *changed]


def _same(frame: Frame, other: Frame) -> bool:
    return frame is other or np.array_equal(frame, other)


@dataclass(frozen=True)
class _Segment:
    """Source frames without repeats, and the motion between them."""

    frames: Sequence[Frame]
    gray: Sequence[Gray]
    steps: Sequence[Step]
    repaint: Repaint

    def between(self, start: int, end: int, first: Frame, last: Frame) -> list[Frame]:
        """The frames between two painted ones, from both of them.

        If neither shows enough of a frame, the one in the middle of such frames is painted, and
        what they lack comes from there.
        """
        steps = self.steps[start:end]
        ways = list(zip(paths_back(steps)[:-1], paths_ahead(steps)[1:], strict=True))
        painted: list[Frame] = []
        lost: list[Floats] = []
        for at, (back, ahead) in enumerate(ways, start=start + 1):
            trust = (
                _trust(back, self.gray[at], self.gray[start]),
                _trust(ahead, self.gray[at], self.gray[end]),
            )
            passed = (at - start) / (end - start)
            painted.append(_mixed(_warped(first, back), _warped(last, ahead), *trust, passed))
            lost.append(_lost(*trust))
        short = [at for at, mask in enumerate(lost) if mask.mean() > MOST_LOST]
        if short:
            at = short[len(short) // 2]
            middle = start + 1 + at
            fresh = self.repaint(self.frames[middle])
            nearer = [
                *self.between(start, middle, first, fresh),
                fresh,
                *self.between(middle, end, fresh, last),
            ]
            for at in short:
                painted[at] = _patched(painted[at], nearer[at], lost[at])
        return painted


def _trust(path: Path, now: Gray, keyframe: Gray) -> Floats:
    """How sure it is that a keyframe shows what a frame shows, float32 (h, w), 0..1."""
    places = path.way + grid(*now.shape)
    shown = sampled(keyframe, places)
    off = cv2.blur(cv2.absdiff(now, shown), (5, 5)).astype(np.float32) / OFF_COLOUR
    trust = path.trust * cv2.exp(-off * off)
    even: Floats = cv2.blur(trust, (SOFTNESS_PX, SOFTNESS_PX))  # type: ignore[assignment]
    return even


def _lost(back: Floats, ahead: Floats) -> Floats:
    """How far neither keyframe gives a pixel, float32 (h, w), 0..1."""
    lost: Floats = np.clip((GIVEN - np.maximum(back, ahead)) / np.float32(GIVEN - LOST), 0, 1)
    return lost


def _warped(keyframe: Frame, path: Path) -> Frame:
    height, width = keyframe.shape[:2]
    h, w = path.way.shape[:2]
    way: Floats = cv2.resize(path.way, (width, height), interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    places = way * np.array([width / w, height / h], np.float32) + grid(height, width)
    return sampled(keyframe, places, cv2.INTER_CUBIC)


def _mixed(first: Frame, last: Frame, back: Floats, ahead: Floats, passed: float) -> Frame:
    """Mix two warped keyframes.

    Args:
        back, ahead: trust in the first and the last one.
        passed: how much of the time between them has passed, 0..1.
    """
    near = (back + FLOOR) * np.float32(1 - passed)
    far = (ahead + FLOOR) * np.float32(passed)
    height, width = first.shape[:2]
    share = cv2.resize(near / (near + far), (width, height), interpolation=cv2.INTER_LINEAR)
    mixed: Frame = cv2.blendLinear(first, last, share, 1 - share)  # type: ignore[assignment]
    return mixed


def _patched(painted: Frame, nearer: Frame, lost: Floats) -> Frame:
    """Paint with what it lacks taken from other paint."""
    height, width = painted.shape[:2]
    share = cv2.resize(lost, (width, height), interpolation=cv2.INTER_LINEAR)
    patched: Frame = cv2.blendLinear(nearer, painted, share, 1 - share)  # type: ignore[assignment]
    return patched
