"""The small networks around a transformer: what is computed once per look or once per shot."""

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


def write_freezer(network: Network) -> onnx.ModelProto:
    """``affine`` and ``statistics``, both (1, M), to the ``affine`` of a frozen transformer.

    ``gamma (y - mean) / sqrt(variance + eps) + beta`` is ``scale y + shift`` with ``scale = gamma
    / sqrt(variance + eps)`` and ``shift = beta - mean scale``.
    """
    graph = GraphWriter()
    length = network.affine_length
    norms = [(layer.out_channels, layer.norm) for layer in network.layers if layer.norm]
    halves = np.array([channels for channels, _ in norms for _ in range(2)])

    def halved(vector: str) -> list[tuple[str, str]]:
        parts = graph.split(vector, halves)
        return list(zip(parts[::2], parts[1::2], strict=True))

    frozen: list[str] = []
    for (_, norm), (gamma, beta), (mean, variance) in zip(
        norms, halved("affine"), halved("statistics"), strict=True
    ):
        frozen += graph.scale_and_shift(gamma, beta, mean, variance, norm.epsilon)
    inputs: dict[str, list[int | str]] = {"affine": [1, length], "statistics": [1, length]}
    return graph.model(inputs, {"frozen": (graph.node("Concat", *frozen, axis=1), [1, length])})
