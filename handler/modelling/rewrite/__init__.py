"""Rewrites a stylization transformer into the same function at a fraction of the time.

What changes, each of it exact but for rounding:

- what depends on the style vector alone becomes one matrix product (``affine``), once per look;
- batch norm and biases fold into convolutions (``recognise``);
- convolutions of few channels work on several columns at a time (``kernels.widened``), and the
  norm behind such a one on whole rows;
- doublings merge into the convolutions after them (``kernels.doubled``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx

from handler.modelling.rewrite.affine import write_affine
from handler.modelling.rewrite.emit import WIDTH_MULTIPLE, write_transformer
from handler.modelling.rewrite.graph import evaluate
from handler.modelling.rewrite.network import Network, NotRecognised
from handler.modelling.rewrite.recognise import recognise

__all__ = ["WIDTH_MULTIPLE", "NotRecognised", "Rewritten", "recognise", "rewrite"]

TOLERANCE = 1e-3
"""Largest difference on a small frame; rounding alone makes 1e-6 to 1e-5."""


@dataclass(frozen=True)
class Rewritten:
    """One transformer in parts, all float32, inputs and outputs in the order given.

    Frames are (1, H, W, 3) in 0..1 of at least 16x16, W a multiple of ``WIDTH_MULTIPLE``, H any;
    other widths fail or err. M is twice the number of channels under style norms.

    Attributes:
        affine: ``style_vector`` (1, 1, 1, N) -> ``affine`` (1, M), once per look. Compile it in
            f32.
        transformer: ``frame``, ``affine`` -> ``painted`` (1, H, W, 3), as the original paints.
    """

    affine: onnx.ModelProto
    transformer: onnx.ModelProto


def rewrite(transformer: onnx.ModelProto) -> Rewritten:
    """Take a transformer apart and write it anew.

    Args:
        transformer: frame (1, H, W, 3) and style vector (1, 1, 1, N), in this order, to the
            painted frame, float32; H and W free, weights as initializers.

    Raises:
        NotRecognised: the graph has layers that are not of this family, or the result was not
            the same on a small frame. The graph given still runs as it is.
    """
    network = recognise(transformer)
    rewritten = Rewritten(write_affine(network), write_transformer(network))
    _check(transformer, rewritten, network)
    return rewritten


def _check(transformer: onnx.ModelProto, rewritten: Rewritten, network: Network) -> None:
    random = np.random.default_rng(2)
    frame = random.random((1, 20, 28, 3), np.float32)
    style = random.normal(size=(1, 1, 1, network.style_vector_length)).astype(np.float32)
    wanted = evaluate(transformer, dict(zip(network.inputs, (frame, style), strict=True)))
    affine = evaluate(rewritten.affine, {"style_vector": style})
    painted = evaluate(rewritten.transformer, {"frame": frame, "affine": affine})
    error = float(np.abs(painted - wanted).max()) if painted.shape == wanted.shape else np.inf
    if not error < TOLERANCE:
        raise NotRecognised(f"the rewritten transformer is off by {error:.1e}")
