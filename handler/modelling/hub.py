"""Builds a bundle from Magenta's module on TF Hub, or from any module of the same signature.

TensorFlow is imported when a module is loaded, never by importing this file.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from handler.domain.errors import Rejected
from handler.modelling.hub_load import (
    MAGENTA_URL,
    PROBED_SIZE,
    HubModule,
    load_module,
)
from handler.modelling.write_bundle import STYLE_SIZE, write_bundle
from handler.style.bundle import Bundle

if TYPE_CHECKING:
    import onnx

__all__ = ["MAGENTA_URL", "HubModule", "build_hub_bundle", "load_module"]

OPSET = 17
TOLERANCE = 1e-3
"""Largest difference, of values in 0..1, between the bundle and the module."""

CHECKED_SIZES = (PROBED_SIZE, (75, 101))
"""Height and width, px, of the frames that the bundle is checked on; the second is odd."""

Pictures = npt.NDArray[np.float32]


def build_hub_bundle(source: str, folder: Path, *, licence: str | None = None) -> Bundle:
    """Convert a module into ``folder`` and seal it.

    The graph is cut in two at the style vector. Where it has none, or the parts do not do what
    the module does, the bundle keeps the module whole: its predictor hands the style picture on,
    flattened, in the place of a style vector, and its transformer is the whole module.

    Args:
        source: as of ``load_module``.
        licence: of the weights (SPDX); that of Magenta's module is known.

    Raises:
        Rejected: as of ``load_module``, or the module can't be converted without a difference.

    Warns:
        UserWarning: the module was kept whole.
    """
    module = load_module(source)
    predictor, transformer, cut = _parts(module)
    changes = ("variables frozen, converted to ONNX", cut, "output cropped to the frame")
    return write_bundle(
        folder,
        predictor,
        transformer,
        name=module.name,
        source=module.source,
        licence=licence or ("Apache-2.0" if module.source == MAGENTA_URL else "unknown"),
        changes=changes,
    )


def _parts(module: HubModule) -> tuple[onnx.ModelProto, onnx.ModelProto, str]:
    """Predictor and transformer that together do what the module does, and how it was cut."""
    from handler.modelling.hub_split import split_at, style_cut

    whole = _converted(module)
    cut = style_cut(whole)
    if cut is not None:
        parts = split_at(whole, cut)
        if _largest_difference(module, *parts) <= TOLERANCE:
            return *parts, "split at the style vector"
    warnings.warn(
        f"{module.source} could not be split at a style vector; it is kept whole, and every frame "
        "runs the style predictor again",
        stacklevel=3,
    )
    parts = split_at(whole, whole.graph.input[1].name)
    difference = _largest_difference(module, *parts)
    if not difference <= TOLERANCE:  # so that not-a-number fails
        raise Rejected(
            f"{module.source} can't be converted: its paint then differs by {difference:.1e} of 1"
        )
    return *parts, "kept whole: its style vector is the style picture itself"


def _converted(module: HubModule) -> onnx.ModelProto:
    """The module as one ONNX graph: content (1, H, W, 3), style (1, 256, 256, 3) -> painted."""
    import tensorflow as tf
    import tf2onnx

    from handler.modelling.hub_split import tidy

    content = tf.TensorSpec((1, None, None, 3), tf.float32, name="content")
    style = tf.TensorSpec((1, STYLE_SIZE, STYLE_SIZE, 3), tf.float32, name="style")
    model, _ = tf2onnx.convert.from_function(
        tf.function(module.stylize), input_signature=[content, style], opset=OPSET
    )
    return tidy(model)


def _largest_difference(
    module: HubModule, predictor: onnx.ModelProto, transformer: onnx.ModelProto
) -> float:
    """Between the module and the two networks on the engine, over random pictures."""
    import openvino
    import tensorflow as tf

    core = openvino.Core()
    exactly = {"INFERENCE_PRECISION_HINT": "f32"}
    try:
        predict, transform = (
            core.compile_model(core.read_model(model.SerializeToString()), "CPU", exactly)
            for model in (predictor, transformer)
        )
    except RuntimeError as error:
        raise Rejected(
            f"{module.source} can't be converted: the engine lacks an operation of it"
        ) from error
    random = np.random.default_rng(0)
    differences = []
    for height, width in CHECKED_SIZES:
        content = random.random((1, height, width, 3), np.float32)
        style = random.random((1, STYLE_SIZE, STYLE_SIZE, 3), np.float32)
        ours: Pictures = transform([content, predict(style)[0]])[0]
        theirs = module.stylize(tf.constant(content), tf.constant(style)).numpy()
        cropped: Pictures = theirs[:, :height, :width]
        if ours.shape != cropped.shape:
            return float("inf")
        differences.append(np.abs(ours - cropped).max())
    return float(np.max(differences))
