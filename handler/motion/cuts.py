"""Where one shot ends and the next begins."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from handler.domain.ports import Frame

THUMBNAIL = (48, 27)
"""Width and height, px, at which two frames are compared."""

REACH = 6
"""How far, in px of the thumbnail, the picture may move from one frame to the next: 1/8 of the
width is 4000 px/s in a video 1280 px wide."""

STRUCTURE = 0.5
"""Correlation under which two frames don't show the same scene, wherever the camera moved."""

CHANGE = 12.0
"""Mean difference, of 255, under which two frames are the same shot even without structure."""


def is_cut(before: Frame, after: Frame) -> bool:
    """Say whether a shot ends between two adjacent frames.

    A small picture of the one is looked for in the other, a little to each side, by normalized
    correlation: a pan moves the picture, a flash scales and shifts its brightness, and both leave
    the correlation high; a cut does not.

    Args:
        before, after: uint8 (height, width, 3), sRGB, the same shape.
    """
    first, second = _thumbnail(before), _thumbnail(after)
    if cv2.absdiff(first, second).mean() < CHANGE:
        return False
    middle = first[REACH // 2 : -(REACH // 2), REACH:-REACH]
    if middle.std() < 1.0 or second.std() < 1.0:  # one is blank: a fade, or a flash at its height
        return False
    return float(cv2.matchTemplate(second, middle, cv2.TM_CCOEFF_NORMED).max()) < STRUCTURE


def _thumbnail(frame: Frame) -> npt.NDArray[np.uint8]:
    """Grey and small; of a large frame, only some rows and columns are looked at."""
    width, height = THUMBNAIL
    stride = max(1, min(frame.shape[0] // (4 * height), frame.shape[1] // (4 * width)))
    small = cv2.resize(frame[::stride, ::stride], THUMBNAIL, interpolation=cv2.INTER_AREA)
    gray: npt.NDArray[np.uint8] = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)  # type: ignore[assignment]
    return gray
