"""The small network beside a transformer: what is computed once per look."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from handler.modelling.rewrite.graph import GraphWriter, evaluate
from handler.modelling.rewrite.network import Floats, Network, StyleNorm


def write_affine(network: Network) -> onnx.ModelProto:
    """A style vector (1, 1, 1, N) to the gammas, then the betas of each norm in turn, (1, M).

    Each is affine in the style vector (Ghiasi et al. 2017, arXiv 1705.06830, section 3), so all
    are one matrix product, read off at the origin and at each unit vector. An engine compiles
    that in no time.
    """
    norms = [layer.norm for layer in network.layers if layer.norm]
    styles = np.eye(network.style_vector_length + 1, network.style_vector_length, -1, np.float32)
    found = np.concatenate([_numbers(norm, styles, network.opset) for norm in norms], axis=1)
    origin, slopes = found[0], found[1:] - found[0]
    graph = GraphWriter()
    style = graph.node("Reshape", "style_vector", np.array([1, -1]))
    affine = graph.node("Add", graph.node("MatMul", style, slopes), origin)
    return graph.model(
        {"style_vector": [1, 1, 1, network.style_vector_length]},
        {"affine": (affine, [1, network.affine_length])},
    )


def _numbers(norm: StyleNorm, styles: Floats, opset: int) -> Floats:
    """Gammas, then betas, (looks, 2 * channels), of style vectors (looks, N)."""
    model = helper.make_model(norm.affine, opset_imports=[helper.make_opsetid("", opset)])
    name = norm.affine.input[0].name
    answers = [evaluate(model, {name: style.reshape(1, 1, 1, -1)}) for style in styles]
    return np.stack([answer.reshape(-1) for answer in answers])
