"""Brush strokes: how many there are, and whether they are those of the style."""

from __future__ import annotations

import cv2
import numpy as np

from handler.domain.ports import Frame, StyleVector


def detail(frame: Frame) -> float:
    """Mean gradient magnitude (Sobel) of the grey, in 0..255."""
    gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    across, down = (cv2.Sobel(gray, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return float(cv2.magnitude(across, down).mean())


def style_distance(frame: StyleVector, style: StyleVector) -> float:
    """Cosine distance of two style vectors: 0 the same style, 1 unrelated, 2 its opposite.

    A vector of zeros has no direction; it is unrelated to any.
    """
    lengths = float(np.linalg.norm(frame)) * float(np.linalg.norm(style))
    return 1.0 - float(np.dot(frame, style)) / lengths if lengths else 1.0
