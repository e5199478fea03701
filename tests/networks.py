"""Transformers of random weights, spelled in ONNX otherwise than the embedded one."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

STYLE_VECTOR_LENGTH = 100


def full_size_transformer(channels: tuple[int, int, int] = (32, 64, 128)) -> onnx.ModelProto:
    """The transformer of Ghiasi et al. 2017, arXiv 1705.06830, as converters from TensorFlow do.

    ReduceMean for the moments, MatMul for gammas and betas, Resize to sizes computed from Shape,
    BatchNormalization after the strided convolutions, biases added apart.

    Args:
        channels: after each of the three strided convolutions.

    Returns:
        ``frame`` (1, H, W, 3) and ``style`` (1, 1, 1, 100) to ``painted`` (1, H, W, 3), for H and
        W that are multiples of four.
    """
    return _Builder().transformer(channels)


class _Builder:
    def __init__(self) -> None:
        self._random = np.random.default_rng(5)
        self._numbers = count()
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def transformer(self, channels: tuple[int, int, int]) -> onnx.ModelProto:
        small, medium, large = channels
        self._style = self._node("Reshape", "style", np.array([1, STYLE_VECTOR_LENGTH]))
        x = self._node("Transpose", "frame", perm=[0, 3, 1, 2])
        for side, stride, before, after in (
            (9, 1, 3, small),
            (3, 2, small, medium),
            (3, 2, medium, large),
        ):
            x = self._batch_normed(self._conv(x, before, after, side, stride), after)
            x = self._node("Relu", x)
        for _ in range(5):
            y = self._node("Relu", self._style_normed(self._conv(x, large, large, 3), large))
            y = self._style_normed(self._conv(y, large, large, 3), large)
            x = self._node("Add", y, x)
        for before, after in ((large, medium), (medium, small)):
            x = self._conv(self._doubled(x), before, after, 3)
            x = self._node("Relu", self._style_normed(x, after))
        x = self._conv(x, small, 3, 9)
        x = self._node("Sigmoid", self._style_normed(x, 3))
        x = self._node("Transpose", x, perm=[0, 2, 3, 1])
        frame, style, painted = (
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, list(shape))
            for name, shape in (
                ("frame", (1, "height", "width", 3)),
                ("style", (1, 1, 1, STYLE_VECTOR_LENGTH)),
                (x, (1, "painted_height", "painted_width", 3)),
            )
        )
        graph = helper.make_graph(self._nodes, "g", [frame, style], [painted], self._weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)

    def _conv(self, x: str, before: int, after: int, side: int, stride: int = 1) -> str:
        border = side // 2
        x = self._node("Pad", x, np.array([0, 0, border, border] * 2), mode="reflect")
        scale = np.sqrt(1 / (before * side * side))
        weights = self._normal((after, before, side, side)) * np.float32(scale)
        x = self._node("Conv", x, weights, strides=[stride, stride], auto_pad="VALID")
        return self._node("Add", x, self._normal((1, after, 1, 1)))

    def _batch_normed(self, x: str, channels: int) -> str:
        scale, shift, mean = (self._normal((channels,)) for _ in range(3))
        variance = np.abs(self._normal((channels,))) + np.float32(0.5)
        return self._node("BatchNormalization", x, scale, shift, mean, variance, epsilon=1e-3)

    def _style_normed(self, x: str, channels: int) -> str:
        gamma, beta = (self._affine(channels) for _ in range(2))
        mean = self._node("ReduceMean", x, axes=[2, 3], keepdims=1)
        centred = self._node("Sub", x, mean)
        square = self._node("Pow", centred, np.array(2, np.float32))
        variance = self._node("ReduceMean", square, axes=[2, 3], keepdims=1)
        steadied = self._node("Add", variance, np.array(1e-5, np.float32))
        scale = self._node("Mul", self._node("Reciprocal", self._node("Sqrt", steadied)), gamma)
        shift = self._node("Sub", beta, self._node("Mul", mean, scale))
        return self._node("Add", self._node("Mul", x, scale), shift)

    def _affine(self, channels: int) -> str:
        weights = self._normal((STYLE_VECTOR_LENGTH, channels)) * np.float32(0.1)
        product = self._node("MatMul", self._style, weights)
        product = self._node("Add", product, self._normal((channels,)))
        return self._node("Reshape", product, np.array([1, channels, 1, 1]))

    def _doubled(self, x: str) -> str:
        shape = self._node("Shape", x)
        first = self._node("Slice", shape, np.array([0]), np.array([2]), np.array([0]))
        size = self._node("Slice", shape, np.array([2]), np.array([4]), np.array([0]))
        size = self._node("Concat", first, self._node("Mul", size, np.array([2, 2])), axis=0)
        modes = {"mode": "nearest", "nearest_mode": "floor"}
        return self._node(
            "Resize", x, "", "", size, coordinate_transformation_mode="asymmetric", **modes
        )

    def _normal(self, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        return self._random.normal(size=shape).astype(np.float32)

    def _node(
        self, operator: str, *inputs: str | npt.NDArray[np.generic], **attributes: Any
    ) -> str:
        names = []
        for given in inputs:
            if not isinstance(given, str):
                name = f"w{next(self._numbers)}"
                self._weights.append(numpy_helper.from_array(given, name))
                given = name
            names.append(given)
        output = f"x{next(self._numbers)}"
        self._nodes.append(helper.make_node(operator, names, [output], **attributes))
        return output
