"""How pixels move between two adjacent frames, and along a run of frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from handler import kernels
from handler.domain.keyframes import flow_scale
from handler.domain.ports import Frame

Gray = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Path = Floats
"""Where the pixels of a frame are in a keyframe, and the trust in that, as ``kernels.compose``."""

WAY_SCALE = 0.5
"""Of flow size, at which flow is estimated and composed: what is finer is only interpolated."""


@dataclass(frozen=True)
class Glance:
    """A frame as motion is judged by it.

    Attributes:
        colours: uint8 (h, w, 4), sRGB and a byte that is not looked at, at flow size: half the
            frame's. Pixels of four bytes are sampled in half the time of three.
        gray: uint8 (h, w), of the same size.
        small: uint8, at the size of ways.
    """

    colours: Frame
    gray: Gray
    small: Gray


@dataclass(frozen=True)
class Step:
    """Motion between a frame and the one after it; both float32 (2, h, w), px at the size of ways.

    Attributes:
        forward: where each pixel of the first frame goes.
        backward: where each pixel of the second frame comes from.
    """

    forward: Floats
    backward: Floats


def glance(frame: Frame) -> Glance:
    """Look at a frame, uint8 (height, width, 3), sRGB."""
    height, width = frame.shape[:2]
    colours = cv2.cvtColor(_shrunk(frame, flow_scale(width, height)), cv2.COLOR_RGB2RGBA)
    gray: Gray = cv2.cvtColor(colours, cv2.COLOR_RGBA2GRAY)  # type: ignore[assignment]
    return Glance(colours, gray, _shrunk(gray, WAY_SCALE))  # type: ignore[arg-type]


def _shrunk(picture: Gray, scale: float) -> Gray:
    height, width = (max(kernels.LEAST_SIDE_PX, round(side * scale)) for side in picture.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def step_between(before: Glance, after: Glance) -> Step:
    """Estimate motion in both directions."""
    return Step(*kernels.flow(before.small, after.small, before.gray, after.gray))


def paths_back(steps: Sequence[Step]) -> list[Path]:
    """From each frame behind a step to the frame before the first step.

    Consecutive flows are composed: paint moves as the frames do. A flow estimated straight to the
    keyframe jitters from frame to frame.
    """
    return _composed((step.backward, step.forward) for step in steps)


def paths_ahead(steps: Sequence[Step]) -> list[Path]:
    """From each frame before a step to the frame behind the last step."""
    return _composed((step.forward, step.backward) for step in reversed(steps))[::-1]


def _composed(flows: Iterable[tuple[Floats, Floats]]) -> list[Path]:
    paths: list[Path] = []
    for out, back in flows:
        paths.append(kernels.compose(out, back, paths[-1] if paths else None))
    return paths
