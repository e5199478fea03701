"""The transformer as a list of layers, free of any spelling in ONNX operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import onnx

Floats = npt.NDArray[np.float32]
Activation = Literal["", "Relu", "Sigmoid"]
FRAME = -1
"""Stands for the frame where a layer's number is asked for."""


class NotRecognised(ValueError):
    """The graph is no transformer of this family; it can only be run as it is."""


@dataclass(frozen=True)
class StyleNorm:
    """Conditional instance norm, ``gamma * (y - mean) / sqrt(variance + epsilon) + beta``.

    Mean and variance are those of each channel over the frame (Ghiasi et al. 2017,
    arXiv 1705.06830, section 2.2).

    Attributes:
        epsilon: added to the variance.
        affine: a graph from the style vector (1, 1, 1, N) to gamma and beta, (2, out channels);
            both are affine in it.
    """

    epsilon: float
    affine: onnx.GraphProto


@dataclass(frozen=True)
class Layer:
    """``activation(norm(conv(reflect(upsample(source))))) + residual``.

    Attributes:
        source: number of the layer whose output comes in, or ``FRAME``.
        weights: (out channels, in channels, side, side).
        bias: (out channels,).
        padding: pixels reflected at each border before the convolution.
        stride: of the convolution.
        upsample: factor of the nearest-neighbour enlargement before the padding, 1 or 2.
        norm: style norm after the convolution, if any.
        residual: number of the layer whose output is added last, if any.
    """

    source: int
    weights: Floats
    bias: Floats
    padding: int
    stride: int
    upsample: int
    norm: StyleNorm | None = None
    activation: Activation = ""
    residual: int | None = None

    @property
    def out_channels(self) -> int:
        return int(self.weights.shape[0])


@dataclass(frozen=True)
class Network:
    """Layers in the order of computation; the last one's output is the painted frame.

    Attributes:
        inputs: names of the frame and the style vector in the graph that was read.
        style_vector_length: numbers in a style vector.
        opset: version of ONNX that the norms' ``affine`` graphs are written in.
    """

    layers: tuple[Layer, ...]
    inputs: tuple[str, str]
    style_vector_length: int
    opset: int

    @property
    def affine_length(self) -> int:
        """M: two numbers for each channel of each style norm."""
        return sum(2 * layer.out_channels for layer in self.layers if layer.norm)
