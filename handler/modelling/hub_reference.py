"""A module painting frames in TensorFlow itself: what the engine is measured against."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from handler.domain.ports import Frame, StyleVector
from handler.modelling.hub_load import HubModule
from handler.modelling.write_bundle import SMALLEST_SIDE, STYLE_SIZE
from handler.style.picture import square


class TensorFlowPainter:
    """``handler.domain.ports.Painter`` for a loaded module, as its documentation calls it.

    The whole module runs for each frame, the style predictor included. So its style vector is the
    style picture itself, 256 x 256 x 3 numbers in 0..1, as in a bundle that is kept whole.
    """

    def __init__(self, module: HubModule) -> None:
        self._module = module

    @property
    def description(self) -> Mapping[str, str]:
        import tensorflow as tf

        return {
            "model": self._module.name,
            "engine": f"tensorflow {tf.__version__}",
            "precision": "f32",
        }

    @property
    def smallest_side(self) -> int:
        return SMALLEST_SIDE

    @property
    def width_multiple(self) -> int:
        return 1

    @property
    def frames_at_once(self) -> int:
        return 1

    def style_vector(self, picture: Frame) -> StyleVector:
        return square(picture, STYLE_SIZE).astype(np.float32).reshape(-1) / np.float32(255)

    def paint(self, frame: Frame, style: StyleVector) -> Frame:
        import tensorflow as tf

        height, width = frame.shape[:2]
        content = tf.constant(frame[np.newaxis].astype(np.float32) / np.float32(255))
        picture = tf.constant(style.reshape(1, STYLE_SIZE, STYLE_SIZE, 3))
        painted = self._module.stylize(content, picture).numpy()[0, :height, :width]
        rounded: Frame = np.clip(np.rint(painted * 255), 0, 255).astype(np.uint8)
        return rounded
