"""The style vector that a frame is painted with."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from handler.domain.ports import Frame, Painter, StyleVector
from handler.domain.timeline import Coat
from handler.domain.treatment import KeepColors, Treatment
from handler.pipeline.colors import matched

MATCHED_SIDE_PX = 256
"""Short side, at most, of the pictures whose colours are matched: what predictors see."""


class Palette:
    """The styles of a job, mixed as a coat says.

    What depends on the frame, its own style and a picture in its colours, is taken from this very
    frame. It is a keyframe, so the frames between two of them go over from one to the other, and
    no part of a video has to know a frame outside of it.

    Args:
        pictures: of each style that is needed.
    """

    def __init__(
        self, pictures: Mapping[str, Frame], painter: Painter, treatment: Treatment
    ) -> None:
        self._painter = painter
        self._scale = float(treatment.style_scale)
        self._pictures: Mapping[str, Frame] = {}
        self._vectors: Mapping[str, StyleVector] = {}
        if treatment.keep_colors is KeepColors.MATCH:
            self._pictures = {name: _shrunk(picture) for name, picture in pictures.items()}
        else:
            self._vectors = {
                name: painter.style_vector(picture, self._scale)
                for name, picture in pictures.items()
            }

    def vector(self, coat: Coat, frame: Frame) -> StyleVector:
        """What a frame is painted with, float32 (N,)."""
        parts = [
            np.float32(float(weight)) * self._vector(style, frame) for style, weight in coat.styles
        ]
        if coat.own:
            parts.append(np.float32(float(coat.own)) * self._painter.style_vector(frame))
        mixed: StyleVector = np.sum(parts, axis=0, dtype=np.float32)
        return mixed

    def _vector(self, style: str, frame: Frame) -> StyleVector:
        if style in self._vectors:
            return self._vectors[style]
        return self._painter.style_vector(
            matched(self._pictures[style], _shrunk(frame)), self._scale
        )


def _shrunk(picture: Frame) -> Frame:
    scale = MATCHED_SIDE_PX / min(picture.shape[:2])
    if scale >= 1:
        return picture
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
