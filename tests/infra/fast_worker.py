"""The real function with a painter that takes no time: it turns colours around."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from handler import wiring
from handler.domain.ports import Frame, StyleVector
from handler.entrypoints import on_upload


class FastPainter:
    description: Mapping[str, str] = {
        "model": "magenta-arbitrary-distilled",  # its costs are known
        "engine": "numpy",
        "precision": "exact",
    }
    smallest_side = 16
    width_multiple = 4
    frames_at_once = 1

    def style_vector(self, picture: Frame) -> StyleVector:
        return np.zeros(1, np.float32)

    def paint(self, frame: Frame, style: StyleVector) -> Frame:
        painted: Frame = 255 - frame
        return painted


wiring.painter = lambda *_: FastPainter()  # type: ignore[assignment]


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return on_upload.handler(event, context)
