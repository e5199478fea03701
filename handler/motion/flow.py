"""How pixels move between two adjacent frames, and along a run of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from handler.domain.keyframes import flow_scale
from handler.domain.ports import Frame

Gray = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Field = TypeVar("Field", Gray, Floats)
Way = tuple[Floats, Floats]
"""How far right and how far down each pixel goes: float32 (h, w) each, px of that size. As planes
they are enlarged in two thirds of the time."""

LEAST_SIDE_PX = 24
"""DIS reads outside of images whose side is below twice its patch."""

WAY_SCALE = 0.5
"""Of flow size, at which flow is estimated and composed: what is finer is only interpolated."""

UNSURE_PX = 0.6
"""A way forth and back that misses its start by this much is trusted by 1/e. Ruder et al. 2016 cut
at 0.7 px of a frame four times as large; paint forgives more than a measurement."""

AROUND = (0, 0), (7, 0), (-3, 6), (-3, -6)
"""Right and down, px at the size of ways: a pixel itself, and those whose flow it may take, on
three sides of it. Things that move drag along what lies up to 3 px beside them."""

TORN_PX = 1.0
"""A way between those of two pixels that is this far from the nearer one's belongs to neither."""

MOST_UNLIKE = 30
"""Difference of grey, of 255, beyond which pixels have nothing to do with each other; below 64, so
that a byte has room for the number of the flow with which they differ so."""

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


@dataclass(frozen=True)
class Step:
    """Motion between a frame and the one after it.

    Attributes:
        forward: where each pixel of the first frame goes.
        backward: where each pixel of the second frame comes from.
    """

    forward: Way
    backward: Way


@dataclass(frozen=True)
class Path:
    """Where the pixels of a frame are in a keyframe.

    Attributes:
        way: from the frame's pixels to the keyframe's.
        trust: float32 (h, w), 0..1: how far each way led there and back.
    """

    way: Way
    trust: Floats

    def in_px_of(self, shape: tuple[int, ...]) -> Way:
        """The way for a frame of this height and width, in its pixels.

        Where the motion of two things meets, each pixel goes with the one or the other: a way
        between the two would draw what lies between them in the keyframe as a thin outline.
        """
        between = in_px_of(shape, self.way)
        nearest = in_px_of(shape, self.way, cv2.INTER_NEAREST)
        apart = cv2.max(*map(cv2.absdiff, between, nearest))
        is_torn = cv2.dilate((apart > TORN_PX).astype(np.uint8), CROSS)
        for plane, whole in zip(between, nearest, strict=True):
            cv2.copyTo(whole, is_torn, plane)
        return between


def flow_frame(frame: Frame) -> Frame:
    """A frame as motion is judged by it: uint8 (h, w, 4), at half size.

    Four channels are sampled in half the time of three.
    """
    height, width = frame.shape[:2]
    scale = flow_scale(width, height)
    size = [max(LEAST_SIDE_PX, round(side * scale)) for side in (width, height)]
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2RGBA)  # type: ignore[return-value]


def step_between(before: Frame, after: Frame) -> Step:
    """Estimate motion in both directions.

    Args:
        before, after: as ``flow_frame`` gives them.
    """
    grays: list[Gray] = [cv2.cvtColor(frame, cv2.COLOR_RGBA2GRAY) for frame in (before, after)]  # type: ignore[misc]
    first, second = map(_way_sized, grays)
    around = [_around(gray, first.shape) for gray in grays]
    return Step(
        _detached(_flow(first, second), *around),
        _detached(_flow(second, first), *around[::-1]),
    )


def _flow(here: Gray, there: Gray) -> Way:
    """Dense inverse search: Kroeger et al. 2016, arXiv 1603.03590.

    Few iterations on few patches are enough, since the variational refinement after it decides how
    steady the paint is: without it paint flickers a quarter more. It is worth more at the coarser
    scales, where it costs less.
    """
    flow = _estimator(finest=1, stride=4).calc(here, there, None)  # type: ignore[call-overload]
    last = _estimator(finest=0, stride=5)
    last.setCoarsestScale(0)
    last.setVariationalRefinementIterations(4)
    right, down = cv2.split(last.calc(here, there, flow))
    return right, down  # type: ignore[return-value]


def _estimator(finest: int, stride: int) -> cv2.DISOpticalFlow:
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    estimator.setFinestScale(finest)
    estimator.setPatchStride(stride)
    estimator.setGradientDescentIterations(4)
    return estimator


def _way_sized(gray: Gray) -> Gray:
    height, width = (max(LEAST_SIDE_PX, round(side * WAY_SCALE)) for side in gray.shape)
    return cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _detached(flow: Way, here: Gray, there: Gray) -> Way:
    """Free what lies beside a moving thing from its motion, which patches and smoothness spread.

    Each pixel takes the flow of the one of ``AROUND`` that explains it best, if those beside it
    take another's too; compare the propagation of PatchMatch (Barnes et al. 2009). What each flow
    makes of the pixels around it is sampled at once, as channels.

    Args:
        flow: from one frame to another; is changed.
        here, there: what is ``_around`` the pixels of the two.

    Returns:
        The same arrays.
    """
    height, width = flow[0].shape
    carried = sampled(there, in_px_of(there.shape, flow))
    off = cv2.blur(cv2.absdiff(here, carried), (3, 3))
    off = cv2.resize(off, (width, height), interpolation=cv2.INTER_AREA)
    unlike: Sequence[Gray] = cv2.split(np.minimum(off, MOST_UNLIKE))  # type: ignore[assignment]
    ranked = [
        np.roll(plane, (down, right), (0, 1)) << 2 | number
        for number, (plane, (right, down)) in enumerate(zip(unlike, AROUND, strict=True))
    ]
    chosen = reduce(np.minimum, ranked) & 3
    rows, columns = np.nonzero(cv2.morphologyEx(chosen, cv2.MORPH_OPEN, CROSS))
    right, down = np.take(AROUND, chosen[rows, columns], axis=0).T
    from_rows, from_columns = (rows - down) % height, (columns - right) % width
    for plane in flow:
        plane[rows, columns] = plane[from_rows, from_columns]
    return flow


def _around(gray: Gray, shape: tuple[int, ...]) -> Gray:
    """What is ``AROUND`` each pixel, in px of a flow of this shape; uint8 (h, w, 4), at flow size.

    Beyond a border the picture goes on at the opposite one: a flow may come from anywhere, it is
    tried.
    """
    scale = np.divide(gray.shape, shape[:2])
    steps = [np.rint(scale * (-down, -right)).astype(int) for right, down in AROUND]
    return cv2.merge([np.roll(gray, step, (0, 1)) for step in steps])  # type: ignore[return-value]


def in_px_of(shape: tuple[int, ...], way: Way, between: int = cv2.INTER_LINEAR) -> Way:
    """A way for a frame of this height and width, in its pixels."""
    height, width = shape[:2]
    h, w = way[0].shape
    right, down = (
        cv2.resize(plane * np.float32(scale), (width, height), interpolation=between)
        for plane, scale in zip(way, (width / w, height / h), strict=True)
    )
    return right, down  # type: ignore[return-value]


def paths_back(steps: Sequence[Step]) -> list[Path]:
    """From each frame behind a step to the frame before the first step.

    Consecutive flows are composed: paint moves as the frames do. A flow estimated straight to the
    keyframe jitters from frame to frame.
    """
    return _composed([(step.backward, step.forward) for step in steps])


def paths_ahead(steps: Sequence[Step]) -> list[Path]:
    """From each frame before a step to the frame behind the last step."""
    return _composed([(step.forward, step.backward) for step in reversed(steps)])[::-1]


def _composed(flows: Sequence[tuple[Way, Way]]) -> list[Path]:
    paths: list[Path] = []
    for out, back in flows:
        trust = _returns(out, back) * _inside(out)
        if paths:
            trust = trust * sampled(paths[-1].trust, out)
            out = _followed(out, paths[-1].way)
        paths.append(Path(out, trust))
    return paths


def _returns(out: Way, back: Way) -> Floats:
    """Trust in a way, from how far the way back misses its start."""
    missed = cv2.magnitude(*_followed(out, back))
    trust: Floats = cv2.exp(cv2.multiply(missed, missed, scale=-(UNSURE_PX**-2)))  # type: ignore[assignment]
    return trust


def _inside(out: Way) -> npt.NDArray[np.bool_]:
    height, width = out[0].shape
    x, y = map(np.add, out, _grid(height, width))
    inside: npt.NDArray[np.bool_] = (x >= -1) & (x <= width) & (y >= -1) & (y <= height)
    return inside


def _followed(way: Way, on: Way) -> Way:
    """A way, and on along another one from where it leads."""
    right, down = (plane + sampled(next_one, way) for plane, next_one in zip(way, on, strict=True))
    return right, down


def sampled(field: Field, way: Way) -> Field:
    """What a field has where ways lead, between its pixels; beyond its border, what it has there.

    Args:
        way: of the field's height and width.
    """
    return cv2.remap(  # type: ignore[return-value]
        field,
        *way,
        cv2.INTER_LINEAR | cv2.WARP_RELATIVE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


@lru_cache(4)
def _grid(height: int, width: int) -> Way:
    """The place of each pixel, x and y; not to be changed."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x.setflags(write=False)
    y.setflags(write=False)
    return x, y
