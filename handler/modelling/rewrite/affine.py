"""The small network beside a transformer: what is computed once per look."""

from __future__ import annotations

import numpy as np
import onnx

from handler.modelling.rewrite.graph import GraphWriter
from handler.modelling.rewrite.network import Network


def write_affine(network: Network) -> onnx.ModelProto:
    """A style vector (1, 1, 1, N) to the gammas, then the betas of each norm in turn, (1, M)."""
    graph = GraphWriter()
    parts = [
        graph.node("Reshape", graph.graft(layer.norm.affine, "style_vector"), np.array([1, -1]))
        for layer in network.layers
        if layer.norm
    ]
    affine = graph.node("Concat", *parts, axis=1)
    return graph.model(
        {"style_vector": [1, 1, 1, network.style_vector_length]},
        {"affine": (affine, [1, network.affine_length])},
        network.opset,
    )
