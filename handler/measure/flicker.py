"""What changes from one frame to the next although the scene does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from handler.domain.ports import Frame
from handler.measure.flow import Estimator, Flow

Mask = npt.NDArray[np.bool_]
Field = TypeVar("Field", Frame, Flow)

LEAST_VISIBLE = 0.02
"""The part of a frame that must be seen in the next one too; else the flow has found nothing."""

Pair = tuple[Frame, Frame]
"""Two adjacent frames."""


def flicker(source: Pair, videos: Sequence[Pair], estimate: Estimator) -> list[float] | None:
    """Warping errors of the same two frames in several videos, by the source's flow.

    Args:
        source: of the source video; uint8 (height, width, 3), sRGB, one shape for all.
        videos: of the source itself, painted, ...

    Returns:
        One for each video; None where too little of the first frame is seen in the second.
    """
    forward, backward = estimate(*source), estimate(*source[::-1])
    seen = visible(forward, backward)
    if seen.mean() < LEAST_VISIBLE:
        return None
    return [warping_error(*pair, forward, seen) for pair in videos]


def warping_error(now: Frame, following: Frame, forward: Flow, seen: Mask) -> float:
    """Mean squared difference, channels in 0..1, of a frame and the next one warped back onto it.

    Source: Lai et al. 2018, Learning Blind Video Temporal Consistency, arXiv 1808.00449, eq. 9.

    Args:
        forward: from ``now`` to ``following``.
        seen: the pixels of ``now`` that count.
    """
    warped = _sampled(following, _places(forward))
    off = (now[seen].astype(np.float32) - warped[seen]) / 255
    return float(np.mean(np.square(off)))


def visible(forward: Flow, backward: Flow) -> Mask:
    """Where a pixel of the first frame is seen in the second, and flow can be trusted.

    Source: Ruder et al. 2016, Artistic Style Transfer for Videos, arXiv 1604.08610, section 4.2:
    what does not come back to its start is occluded; what lies at a motion boundary does not count.
    """
    height, width = forward.shape[:2]
    places = _places(forward)
    back = _sampled(backward, places)
    missed, length = _squared(forward + back), _squared(forward)
    is_occluded = missed > 0.01 * (length + _squared(back)) + 0.5
    right = np.diff(forward, axis=1, append=forward[:, -1:])
    down = np.diff(forward, axis=0, append=forward[-1:])
    is_boundary = _squared(right) + _squared(down) > 0.01 * length + 0.002
    x, y = places[..., 0], places[..., 1]
    is_inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    seen: Mask = is_inside & ~is_occluded & ~is_boundary
    return seen


def _squared(vectors: Flow) -> Flow:
    squared: Flow = np.square(vectors).sum(axis=2)
    return squared


def _sampled(field: Field, places: Flow) -> Field:
    return cv2.remap(field, places, None, cv2.INTER_LINEAR)  # type: ignore[call-overload,no-any-return]


def _places(flow: Flow) -> Flow:
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    places: Flow = np.dstack([x, y]).astype(np.float32) + flow
    return places
