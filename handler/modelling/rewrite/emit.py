"""Writes a network as ONNX, in the operators that a CPU computes fastest.

Every value between two layers is a plain frame; a layer gathers columns into channels for itself,
which moves no numbers where channels come last in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, gcd

import numpy as np
import onnx

from handler.modelling.rewrite.graph import Array, GraphWriter
from handler.modelling.rewrite.kernels import doubled, widened
from handler.modelling.rewrite.network import (
    FRAME,
    Activation,
    Floats,
    Layer,
    Network,
    NotRecognised,
    StyleNorm,
)

FULL_VECTOR = 16
"""float32 numbers in the widest vector (AVX-512); fewer output channels leave lanes empty."""

WIDTH_MULTIPLE = 4
"""The width of a frame is a multiple of it, so that columns can be gathered by four."""

TO_NHWC, TO_NCHW = [0, 2, 3, 1], [0, 3, 1, 2]


def write_transformer(network: Network) -> onnx.ModelProto:
    """A frame (1, H, W, 3) and ``affine`` (1, M) to the painted frame (1, H, W, 3).

    Two halvings and two doublings bring any H to 4 ceil(H / 4) rows, aligned at the top; those
    beyond the frame are cut off.
    """
    writer = _Writer()
    values = {FRAME: _Value("frame", channels_last=True)}
    divisors = {FRAME: WIDTH_MULTIPLE}
    for number, layer in enumerate(network.layers):
        divisor = divisors[layer.source]
        values[number] = writer.layer(layer, values, divisor)
        divisors[number] = divisor * layer.upsample // layer.stride
        if not divisors[number]:
            raise NotRecognised("a frame halved more than twice")
    uncropped = writer.named(values[len(network.layers) - 1], channels_last=True)
    height = writer.graph.node("Shape", "frame", start=1, end=2)
    painted = writer.graph.node("Slice", uncropped, np.array([0]), height, np.array([1]))
    return writer.graph.model(
        {"frame": [1, "height", "width", 3], "affine": [1, network.affine_length]},
        {"painted": (painted, [1, "painted_height", "painted_width", 3])},
    )


def columns(layer: Layer, divisor: int) -> tuple[int, int]:
    """Columns of input and of output that a convolution takes as one pixel's channels.

    Those that are cheapest: each tap of a row costs its input channels times its output channels,
    of either no less than a vector's.

    Args:
        divisor: what the width of the layer's input is a multiple of.
    """
    out_channels, in_channels, _, side = (int(number) for number in layer.weights.shape)

    def cost(gathered: int, out: int) -> float:
        taps = ceil((layer.stride * (out - 1) + side) / gathered)
        ins, outs = gathered * in_channels, out * out_channels
        return taps * max(ins, FULL_VECTOR) * max(outs, FULL_VECTOR) / out

    fitting = [
        (gathered, out)
        for out in (1, 2, 4)
        if out == 1 or divisor % (out * layer.stride) == 0
        for gathered in (4, 2, 1)
        if gcd(layer.stride * out, 2 * layer.padding, divisor) % gathered == 0
    ]
    return min(fitting, key=lambda choice: cost(*choice))


@dataclass(frozen=True)
class _Value:
    """A frame between layers: (1, H, W, C) if ``channels_last``, else (1, C, H, W)."""

    name: str
    channels_last: bool


class _Writer:
    """Writes layer after layer.

    Transposes stand next to convolutions only, where OpenVINO takes them for what they are: the
    same numbers under another name, since its convolutions keep channels last in memory.
    """

    def __init__(self) -> None:
        self.graph = GraphWriter()
        self._offset = 0

    def layer(self, layer: Layer, values: dict[int, _Value], divisor: int) -> _Value:
        """Write one layer; ``divisor`` is what its input's width is a multiple of."""
        source = values[layer.source]
        if layer.upsample == 2:
            columns_out = 2
            parts = self._doubled(layer, source)
        else:
            columns_in, columns_out = columns(layer, divisor)
            parts = [self._convolved(layer, source, columns_in, columns_out)]
        if layer.norm and columns_out > len(parts) == 1:
            frame = self._joined(parts, columns_out, layer.out_channels)
            value = self._normed_in_rows(layer.norm, layer.out_channels, frame, layer.activation)
        else:
            if layer.norm:
                parts = self._normed(layer.norm, layer.out_channels, columns_out, parts)
            if layer.activation:
                parts = [self.graph.node(layer.activation, part) for part in parts]
            value = self._joined(parts, columns_out, layer.out_channels)
        if layer.residual is not None:
            base = values[layer.residual]
            if base.channels_last != value.channels_last:
                base = _Value(self.named(base, value.channels_last), value.channels_last)
            return _Value(self.graph.node("Add", base.name, value.name), value.channels_last)
        return value

    def named(self, value: _Value, channels_last: bool) -> str:
        """The value's name in the wanted layout."""
        if value.channels_last == channels_last:
            return value.name
        return self.graph.node("Transpose", value.name, perm=TO_NHWC if channels_last else TO_NCHW)

    def _padded(self, value: _Value, top: int, bottom: int, sides: int, mode: str) -> _Value:
        before, after = [top, sides], [bottom, sides]
        if value.channels_last:
            pads = [0, *before, 0, 0, *after, 0]
        else:
            pads = [0, 0, *before, 0, 0, *after]
        name = self.graph.node("Pad", value.name, np.array(pads), mode=mode)
        return _Value(name, value.channels_last)

    def _convolved(self, layer: Layer, value: _Value, columns_in: int, columns_out: int) -> str:
        weights, strides = widened(layer.weights, layer.stride, columns_in, columns_out)
        side = layer.padding
        if side:
            value = self._padded(value, side, side, side, "reflect")
        if columns_in > 1:
            shape = np.array([0, 0, -1, weights.shape[1]])
            value = _Value(self.graph.node("Reshape", self.named(value, True), shape), True)
        return self._convolution(value, weights, np.tile(layer.bias, columns_out), strides)

    def _doubled(self, layer: Layer, value: _Value) -> list[str]:
        """Even and odd rows, two columns at a time, of a merged doubling (``kernels.doubled``)."""
        return [
            self._convolution(
                self._padded(value, 1 - odd, odd, 1, "edge"),
                weights,
                np.tile(layer.bias, 2),
                (1, 1),
            )
            for odd, weights in enumerate(doubled(layer.weights))
        ]

    def _convolution(
        self, value: _Value, weights: Floats, bias: Floats, strides: tuple[int, int]
    ) -> str:
        parameters = (weights, bias) if bias.any() else (weights,)
        shape = list(weights.shape[2:])
        return self.graph.node(
            "Conv", self.named(value, False), *parameters, strides=strides, kernel_shape=shape
        )

    def _joined(self, parts: list[str], columns: int, channels: int) -> _Value:
        """One frame from parts (1, columns * channels, h, w) that are every n-th row each."""
        if columns == len(parts) == 1:
            return _Value(parts[0], False)
        graph = self.graph
        rows = [graph.node("Transpose", part, perm=TO_NHWC) for part in parts]
        if len(rows) == 1:
            shape: str | Array = np.array([0, 0, -1, channels])
            return _Value(graph.node("Reshape", rows[0], shape), True)
        height_width = graph.node("Shape", rows[0], start=1, end=3)
        size = graph.node("Mul", height_width, np.array([len(rows), columns]))
        shape = graph.node("Concat", np.array([1]), size, np.array([channels]), axis=0)
        turns = [graph.node("Unsqueeze", row, np.array([2])) for row in rows]
        return _Value(graph.node("Reshape", graph.node("Concat", *turns, axis=2), shape), True)

    def _normed(self, norm: StyleNorm, channels: int, columns: int, parts: list[str]) -> list[str]:
        """gamma * (y - mean) / sqrt(variance + eps) + beta; mean and variance over all parts."""
        graph = self.graph
        gamma, beta = (self._next_affine(channels, columns) for _ in range(2))
        if columns == len(parts) == 1:
            ones, zeros = np.ones(channels, np.float32), np.zeros(channels, np.float32)
            parts = [graph.node("InstanceNormalization", *parts, ones, zeros, epsilon=norm.epsilon)]
            scale, shift = gamma, beta
        else:
            mean, variance = self._moments(channels, columns, parts)
            scale, shift = graph.scale_and_shift(gamma, beta, mean, variance, norm.epsilon)
        return [graph.node("Add", graph.node("Mul", part, scale), shift) for part in parts]

    def _normed_in_rows(
        self, norm: StyleNorm, channels: int, value: _Value, activation: Activation
    ) -> _Value:
        """``activation(norm(value))`` of a whole frame with channels last.

        A row counts as one vector, so that no lane is empty, however few the channels.
        """
        graph = self.graph
        gamma, beta = (
            graph.node("Reshape", self._next_affine(channels, 1), np.array([1, 1, channels]))
            for _ in range(2)
        )
        frame = graph.node("Shape", value.name)
        width = graph.node("Slice", frame, np.array([2]), np.array([3]), np.array([0]))
        repeats = graph.node("Concat", np.array([1, 1]), width, axis=0)
        rows = graph.node("Reshape", value.name, np.array([0, 0, -1]))

        def mean(of: str) -> str:
            row = graph.node("ReduceMean", of, axes=[1])
            pixels = graph.node("Reshape", row, np.array([1, -1, channels]))
            return graph.node("ReduceMean", pixels, axes=[1])

        def along(numbers: str) -> str:
            return graph.node("Tile", numbers, repeats)

        average = mean(rows)
        centred = graph.node("Sub", rows, along(average))
        variance = mean(graph.node("Mul", centred, centred))
        scale, shift = graph.scale_and_shift(gamma, beta, average, variance, norm.epsilon)
        rows = graph.node("Add", graph.node("Mul", rows, along(scale)), along(shift))
        if activation:
            rows = graph.node(activation, rows)
        return _Value(graph.node("Reshape", rows, frame), True)

    def _moments(self, channels: int, columns: int, parts: list[str]) -> tuple[str, str]:
        """Mean and variance of each channel over all columns and parts, (1, n, 1, 1).

        All means are over equally many pixels, so that the mean of means is the mean. A 1x1
        convolution by 1/n for every pair of channels that are one takes it and hands it out.
        """
        graph = self.graph
        same = np.tile(np.eye(channels, dtype=np.float32), (columns, columns))
        averaging = same[:, :, np.newaxis, np.newaxis] / np.float32(columns * len(parts))

        def mean(of: list[str]) -> str:
            averages = [graph.node("GlobalAveragePool", part) for part in of]
            return graph.node("Conv", graph.node("Sum", *averages), averaging)

        average = mean(parts)
        centred = [graph.node("Sub", part, average) for part in parts]
        return average, mean([graph.node("Mul", part, part) for part in centred])

    def _next_affine(self, channels: int, columns: int) -> str:
        """The next ``channels`` numbers of ``affine`` as (1, columns * channels, 1, 1)."""
        start, end = self._offset, self._offset + channels
        self._offset = end
        part = self.graph.node("Slice", "affine", np.array([start]), np.array([end]), np.array([1]))
        part = self.graph.node("Reshape", part, np.array([1, channels, 1, 1]))
        return self.graph.node("Concat", *[part] * columns, axis=1) if columns > 1 else part
