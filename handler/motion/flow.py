"""How pixels move between two adjacent frames, and along a run of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from handler.domain.keyframes import flow_scale
from handler.domain.ports import Frame

Gray = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Field = TypeVar("Field", Gray, Floats)

LEAST_SIDE_PX = 24
"""DIS reads outside of images whose side is below twice its patch."""

UNSURE_PX = 1.2
"""A way forth and back that misses its start by this much, at flow size, is trusted by 1/e. Ruder
et al. 2016 cut at 0.7 px; paint forgives more than a measurement."""


@dataclass(frozen=True)
class Step:
    """Motion between a frame and the one after it.

    Attributes:
        forward: float32 (h, w, 2), px at flow size: where each pixel of the first frame goes.
        backward: the same for the second frame: where each of its pixels comes from.
    """

    forward: Floats
    backward: Floats


@dataclass(frozen=True)
class Path:
    """Where the pixels of a frame are in a keyframe.

    Attributes:
        way: float32 (h, w, 2), px at flow size, from the frame's pixels to the keyframe's.
        trust: float32 (h, w), 0..1: how far each way led there and back.
    """

    way: Floats
    trust: Floats


def flow_frame(frame: Frame) -> Gray:
    """A frame as flow is estimated from it: grey, at half size."""
    height, width = frame.shape[:2]
    scale = flow_scale(width, height)
    size = [max(LEAST_SIDE_PX, round(side * scale)) for side in (width, height)]
    gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    small: Gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return small


def step_between(before: Gray, after: Gray) -> Step:
    """Estimate motion in both directions by dense inverse search.

    Source: Kroeger et al. 2016, arXiv 1603.03590. Patches are matched down to a quarter of
    the working size; few of them and few iterations are enough, since the variational refinement
    after it decides how steady the paint is: without it paint flickers a quarter more.
    """
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    estimator.setFinestScale(1)
    estimator.setPatchStride(6)
    estimator.setGradientDescentIterations(6)
    return Step(
        estimator.calc(before, after, None),  # type: ignore
        estimator.calc(after, before, None),  # type: ignore
    )


def paths_back(steps: Sequence[Step]) -> list[Path]:
    """From each frame behind a step to the frame before the first step.

    Consecutive flows are composed: paint moves as the frames do. A flow estimated straight to the
    keyframe jitters from frame to frame.
    """
    return _composed([(step.backward, step.forward) for step in steps])


def paths_ahead(steps: Sequence[Step]) -> list[Path]:
    """From each frame before a step to the frame behind the last step."""
    return _composed([(step.forward, step.backward) for step in reversed(steps)])[::-1]


def _composed(flows: Sequence[tuple[Floats, Floats]]) -> list[Path]:
    paths: list[Path] = []
    for out, back in flows:
        there = out + grid(*out.shape[:2])
        trust = _returns(out, sampled(back, there)) * _inside(there)
        if paths:
            out = out + sampled(paths[-1].way, there)
            trust = trust * sampled(paths[-1].trust, there)
        paths.append(Path(out, trust))
    return paths


def _returns(out: Floats, back: Floats) -> Floats:
    """Trust in a way, from how far the way back misses its start."""
    x, y = cv2.split(cv2.add(out, back))
    missed = cv2.magnitude(x, y)
    trust: Floats = cv2.exp(cv2.multiply(missed, missed, scale=-(UNSURE_PX**-2)))  # type: ignore[assignment]
    return trust


def _inside(there: Floats) -> npt.NDArray[np.bool_]:
    height, width = there.shape[:2]
    return cv2.inRange(there, (-1, -1, 0, 0), (width, height, 0, 0)).view(np.bool_)


def sampled(field: Field, places: Floats) -> Field:
    """What a field has at places between its pixels; beyond its border, what it has there."""
    return cv2.remap(  # type: ignore[call-overload,no-any-return]
        field, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


@lru_cache(8)
def grid(height: int, width: int) -> Floats:
    """The place of each pixel, float32 (height, width, 2), x before y; not to be changed."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    places = np.dstack([x, y])
    places.setflags(write=False)
    return places
