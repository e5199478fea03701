"""A painter that takes no time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from handler.domain.ports import Frame, StyleVector


class FastPainter:
    """Turns colours around; it says that it is the embedded model, whose costs are known."""

    description: Mapping[str, str] = {
        "model": "magenta-arbitrary-distilled",
        "engine": "numpy",
        "precision": "exact",
    }
    smallest_side = 16
    width_multiple = 4
    frames_at_once = 1

    def prepare(self, width: int, height: int) -> None:
        """There is nothing to get ready."""

    def style_vector(self, picture: Frame, scale: float = 1.0) -> StyleVector:
        return np.ones(1, np.float32)

    def paint(self, frame: Frame, style: StyleVector) -> Frame:
        painted: Frame = 255 - frame
        return painted
