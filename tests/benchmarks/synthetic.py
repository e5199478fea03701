"""Motion whose truth is known exactly, over real stills."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from handler.domain.ports import Frame
from handler.measure.flow import Flow

Mask = npt.NDArray[np.bool_]

SIZE = (288, 512)
"""Height and width, px."""

FRAMES = 25


@dataclass(frozen=True)
class Scene:
    """A clip and its truth.

    Attributes:
        frames: uint8 (288, 512, 3).
        flows: from each frame to the next; seen: where the next one shows the same thing.
    """

    frames: list[Frame]
    flows: list[Flow]
    seen: list[Mask]


def pan(still: Frame, across: float = 2.3, down: float = 0.7) -> Scene:
    """A camera that moves by a fraction of a pixel and more with each frame."""
    views = [_view(1.0, across * i, down * i) for i in range(FRAMES)]
    return _filmed(still, views)


def zoom(still: Frame, growth: float = 1.01) -> Scene:
    """A camera that comes nearer."""
    return _filmed(still, [_view(growth**i) for i in range(FRAMES)])


def occlusion(still: Frame, step: int = 5) -> tuple[list[Frame], list[Frame], list[Mask]]:
    """A disc cut from another place of the still passes over it.

    Returns:
        The frames, the same frames without the disc, and what the disc uncovered in the last 6.
    """
    height, width = SIZE
    still = cv2.resize(still, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    other = still[::-1, ::-1]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    inside = [
        (x - 60 - step * i) ** 2 + (y - height // 2) ** 2 < (height // 5) ** 2
        for i in range(FRAMES)
    ]
    frames = []
    for i, disc in enumerate(inside):
        moved = np.roll(other, step * i, axis=1)
        frames.append(np.where(disc[..., np.newaxis], moved, still))
    uncovered = [
        np.any(inside[max(0, i - 6) : i + 1], axis=0) & ~disc for i, disc in enumerate(inside)
    ]
    return frames, [still.copy() for _ in frames], uncovered


def _view(scale: float, across: float = 0.0, down: float = 0.0) -> npt.NDArray[np.float64]:
    """From a still's places to a frame's, around its middle; affine, 3x3."""
    height, width = SIZE
    return np.array(
        [
            [scale, 0, width / 2 * (1 - scale) - across],
            [0, scale, height / 2 * (1 - scale) - down],
            [0, 0, 1],
        ]
    )


def _filmed(still: Frame, views: list[npt.NDArray[np.float64]]) -> Scene:
    """Frames of a still at twice the size, so that each is sampled from finer pixels."""
    height, width = SIZE
    fine = cv2.resize(still, (2 * width + 256, 2 * height + 128), interpolation=cv2.INTER_AREA)
    halved = np.array([[0.5, 0, 0], [0, 0.5, 0], [0, 0, 1]])
    frames = [
        np.asarray(cv2.warpAffine(fine, (view @ halved)[:2], (width, height)), np.uint8)
        for view in views
    ]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    here = np.stack([x, y, np.ones_like(x)], axis=-1).astype(np.float64)
    flows, seen = [], []
    for view, following in pairwise(views):
        there = (here @ (following @ np.linalg.inv(view)).T)[..., :2]
        flows.append((there - here[..., :2]).astype(np.float32))
        seen.append(
            (there >= 0).all(axis=-1) & (there[..., 0] <= width - 1) & (there[..., 1] <= height - 1)
        )
    return Scene(frames, flows, seen)
