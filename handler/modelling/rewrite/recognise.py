"""Reads a transformer's layers out of an ONNX graph, by what its operators do to numbers.

Converters spell the same layer in many ways. Only convolutions, ReLU, Sigmoid and the sum of two
branches are therefore told by their operator; everything between them is run on small inputs and
told by its behaviour: a crop that takes nothing away, a border that equals a reflection, an
enlargement that repeats pixels, a chain of arithmetic that equals an instance norm.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
from onnx import helper

from handler.modelling.rewrite.arithmetic import read_channelwise
from handler.modelling.rewrite.network import (
    FRAME,
    Activation,
    Floats,
    Layer,
    Network,
    NotRecognised,
)
from handler.modelling.rewrite.tape import Tape

ACTIVATIONS: dict[str, Activation] = {"Relu": "Relu", "Sigmoid": "Sigmoid"}


def recognise(transformer: onnx.ModelProto) -> Network:
    """Read the layers of a transformer.

    Args:
        transformer: a graph from a frame ``(1, H, W, 3)`` and a style vector ``(1, 1, 1, N)``, in
            this order, to the painted frame ``(1, H, W, 3)``.

    Raises:
        NotRecognised: something in the graph is none of the known layers.
    """
    reader = _Reader(Tape(transformer))
    last = reader.layer_at(reader.tape.output, channels_last=True)
    if last != len(reader.layers) - 1:
        raise NotRecognised("the painted frame is not the last layer's output")
    tape = reader.tape
    inputs = (tape.frame, tape.style)
    return Network(tuple(reader.layers), inputs, tape.style_vector_length, tape.opset)


class _Reader:
    """Walks from the painted frame back to the frame; a layer is noted when its inputs are."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.layers: list[Layer] = []
        self._seen: dict[str, int] = {}

    def layer_at(self, name: str, *, channels_last: bool) -> int:
        """Number of the layer whose output the value ``name`` is."""
        if name not in self._seen:
            self._seen[name] = self._read(name, channels_last)
        return self._seen[name]

    def _read(self, name: str, channels_last: bool) -> int:
        if name == self.tape.frame and channels_last:
            return FRAME
        node = self.tape.producer(name)
        before = self.tape.map_inputs(node)
        if self.tape.swaps_layout(node, channels_last):
            return self.layer_at(before[0], channels_last=not channels_last)
        if self.tape.does_nothing(node):
            return self.layer_at(before[0], channels_last=channels_last)
        if node.op_type in ACTIVATIONS:
            number = self._channelwise(before[0], channels_last)
            return self._amend(number, activation=ACTIVATIONS[node.op_type])
        if node.op_type == "Add" and len({self.tape.sources(value) for value in before}) == 2:
            return self._residual(before[0], before[1], channels_last)
        return self._channelwise(name, channels_last)

    def _residual(self, left: str, right: str, channels_last: bool) -> int:
        """``left + right``: the branch that was computed last carries the sum."""
        numbers = [self.layer_at(value, channels_last=channels_last) for value in (left, right)]
        base, branch = sorted(numbers)
        if base == branch or branch != len(self.layers) - 1:
            raise NotRecognised("a sum that is no residual connection")
        return self._amend(branch, residual=base)

    def _amend(self, number: int, **changes: object) -> int:
        layer = self.layers[number]
        if layer.activation or layer.residual is not None:
            raise NotRecognised("an activation or a sum out of place")
        self.layers[number] = replace(layer, **changes)  # type: ignore[arg-type]
        return number

    def _channelwise(self, name: str, channels_last: bool) -> int:
        """A convolution and the arithmetic per channel that follows it, up to the value ``name``.

        Batch norm, ``scale * (W x + b) + shift``, is the convolution ``(scale W) x + (scale b +
        shift)``. An instance norm takes away the mean, and any bias with it.
        """
        sources = self.tape.sources(name)
        if len(sources) != 1:
            raise NotRecognised(f"{len(sources)} layers meet in one value")
        (start,) = sources
        node = self.tape.producer(start)
        if node.op_type != "Conv":
            raise NotRecognised(f"arithmetic on the output of {node.op_type}")
        layer = self._convolution(node)
        scale, shift, norm = read_channelwise(
            self.tape, start, name, layer.out_channels, channels_last
        )
        bias = layer.bias * scale + shift if norm is None else np.zeros_like(layer.bias)
        weights = layer.weights * scale[:, None, None, None]
        self.layers.append(replace(layer, weights=weights, bias=bias, norm=norm))
        return len(self.layers) - 1

    def _convolution(self, node: onnx.NodeProto) -> Layer:
        weights, bias, stride = self._parameters(node)
        padding, upsample = 0, 1
        channels_last = False
        name = node.input[0]
        while name != self.tape.frame:
            before = self.tape.producer(name)
            if self.tape.swaps_layout(before, channels_last):
                channels_last = not channels_last
            elif (reflected := self.tape.reflection(before, channels_last)) and upsample == 1:
                padding += reflected
            elif self.tape.doubles(before, channels_last) and upsample == 1:
                upsample = 2
            elif not self.tape.does_nothing(before):
                break
            name = before.input[0]
        side = weights.shape[2]
        if padding != side // 2 or (upsample == 2 and (side, stride) != (3, 1)):
            raise NotRecognised("a convolution that does not keep, halve or double the frame")
        source = self.layer_at(name, channels_last=channels_last)
        return Layer(source, weights, bias, padding, stride, upsample)

    def _parameters(self, node: onnx.NodeProto) -> tuple[Floats, Floats, int]:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        weights = self.tape.constant(node.input[1])
        bias = (
            self.tape.constant(node.input[2])
            if len(node.input) > 2
            else np.zeros(len(weights), np.float32)
        )
        strides = set(attributes.get("strides", [1]))
        plain = (
            strides in ({1}, {2})
            and weights.shape[2] == weights.shape[3]
            and set(attributes.get("dilations", [1])) == {1}
            and attributes.get("group", 1) == 1
            and attributes.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
            and not any(attributes.get("pads", [0]))
        )
        if not plain:
            raise NotRecognised("a convolution with gaps, groups or zero padding")
        return weights, bias, int(strides.pop())
