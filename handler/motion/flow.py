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
        forward: float32 (h, w, 2), px of its own size: where each pixel of the first frame goes.
        backward: the same for the second frame: where each of its pixels comes from.
    """

    forward: Floats
    backward: Floats


@dataclass(frozen=True)
class Path:
    """Where the pixels of a frame are in a keyframe.

    Attributes:
        way: float32 (h, w, 2), px of its own size, from the frame's pixels to the keyframe's.
        trust: float32 (h, w), 0..1: how far each way led there and back.
    """

    way: Floats
    trust: Floats

    def in_px_of(self, shape: tuple[int, ...]) -> Floats:
        """The way for a frame of this height and width, in its pixels.

        Where the motion of two things meets, each pixel goes with the one or the other: a way
        between the two would draw what lies between them in the keyframe as a thin outline.
        """
        way = in_px_of(shape, self.way)
        nearest = in_px_of(shape, self.way, cv2.INTER_NEAREST)
        right, down = cv2.split(cv2.absdiff(way, nearest))
        is_torn = (cv2.max(right, down) > TORN_PX).astype(np.uint8)
        return cv2.copyTo(nearest, cv2.dilate(is_torn, CROSS), way)  # type: ignore[return-value]


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
    """Estimate motion in both directions by dense inverse search.

    Source: Kroeger et al. 2016, arXiv 1603.03590. Few iterations on few patches are enough, since
    the variational refinement after it decides how steady the paint is: without it paint flickers a
    quarter more.

    Args:
        before, after: as ``flow_frame`` gives them.
    """
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    estimator.setFinestScale(0)
    estimator.setPatchStride(5)
    estimator.setGradientDescentIterations(4)
    grays: list[Gray] = [cv2.cvtColor(frame, cv2.COLOR_RGBA2GRAY) for frame in (before, after)]  # type: ignore[misc]
    first, second = map(_way_sized, grays)
    forward: Floats = estimator.calc(first, second, None)  # type: ignore
    backward: Floats = estimator.calc(second, first, None)  # type: ignore
    around = [_around(gray, forward.shape) for gray in grays]
    return Step(_detached(forward, *around), _detached(backward, *around[::-1]))


def _way_sized(gray: Gray) -> Gray:
    height, width = (max(LEAST_SIDE_PX, round(side * WAY_SCALE)) for side in gray.shape)
    return cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _detached(flow: Floats, here: Gray, there: Gray) -> Floats:
    """Free what lies beside a moving thing from its motion, which patches and smoothness spread.

    Each pixel takes the flow of the one of ``AROUND`` that explains it best, if those beside it
    take another's too; compare the propagation of PatchMatch (Barnes et al. 2009). What each flow
    makes of the pixels around it is sampled at once, as channels.

    Args:
        flow: from one frame to another; is changed.
        here, there: what is ``_around`` the pixels of the two.

    Returns:
        The same array.
    """
    height, width = flow.shape[:2]
    carried = sampled(there, in_px_of(there.shape, flow))
    off = cv2.blur(cv2.absdiff(here, carried), (3, 3))
    off = cv2.resize(off, (width, height), interpolation=cv2.INTER_AREA)
    unlike: Gray = cv2.threshold(off, MOST_UNLIKE, 0, cv2.THRESH_TRUNC)[1]  # type: ignore[assignment]
    ranked = [
        np.roll(unlike[..., number], (down, right), (0, 1)) << 2 | number
        for number, (right, down) in enumerate(AROUND)
    ]
    chosen = reduce(np.minimum, ranked) & 3
    rows, columns = np.nonzero(cv2.morphologyEx(chosen, cv2.MORPH_OPEN, CROSS))
    right, down = np.take(AROUND, chosen[rows, columns], axis=0).T
    flow[rows, columns] = flow[(rows - down) % height, (columns - right) % width]
    return flow


def _around(gray: Gray, shape: tuple[int, ...]) -> Gray:
    """What is ``AROUND`` each pixel, in px of a flow of this shape; uint8 (h, w, 4), at flow size.

    Beyond a border the picture goes on at the opposite one: a flow may come from anywhere, it is
    tried.
    """
    scale = np.divide(gray.shape, shape[:2])
    steps = [np.rint(scale * (-down, -right)).astype(int) for right, down in AROUND]
    return cv2.merge([np.roll(gray, step, (0, 1)) for step in steps])  # type: ignore[return-value]


def in_px_of(shape: tuple[int, ...], way: Floats, between: int = cv2.INTER_LINEAR) -> Floats:
    """A way for a frame of this height and width, in its pixels."""
    height, width = shape[:2]
    h, w = way.shape[:2]
    scaled = cv2.multiply(way, (width / w, height / h, 0, 0))  # type: ignore[call-overload]
    larger: Floats = cv2.resize(scaled, (width, height), interpolation=between)
    return larger


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
        trust = _returns(out, sampled(back, out)) * _inside(out)
        if paths:
            trust = trust * sampled(paths[-1].trust, out)
            out = out + sampled(paths[-1].way, out)
        paths.append(Path(out, trust))
    return paths


def _returns(out: Floats, back: Floats) -> Floats:
    """Trust in a way, from how far the way back misses its start."""
    x, y = cv2.split(cv2.add(out, back))
    missed = cv2.magnitude(x, y)
    trust: Floats = cv2.exp(cv2.multiply(missed, missed, scale=-(UNSURE_PX**-2)))  # type: ignore[assignment]
    return trust


def _inside(out: Floats) -> npt.NDArray[np.bool_]:
    height, width = out.shape[:2]
    there = out + _grid(height, width)
    return cv2.inRange(there, (-1, -1, 0, 0), (width, height, 0, 0)).view(np.bool_)


def sampled(field: Field, way: Floats) -> Field:
    """What a field has where ways lead, between its pixels; beyond its border, what it has there.

    Args:
        way: float32 (h, w, 2), px, of the field's height and width.
    """
    return cv2.remap(  # type: ignore[call-overload,no-any-return]
        field,
        way,
        None,
        cv2.INTER_LINEAR | cv2.WARP_RELATIVE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


@lru_cache(4)
def _grid(height: int, width: int) -> Floats:
    """The place of each pixel, float32 (height, width, 2), x before y; not to be changed."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    places = np.dstack([x, y])
    places.setflags(write=False)
    return places
