"""A transformer's graph together with the value of everything in it for one small frame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import onnx
from onnx import numpy_helper

from handler.modelling.rewrite.graph import Value, played
from handler.modelling.rewrite.network import Floats, NotRecognised

HEIGHT, WIDTH = 32, 48
"""Of the small frame, px: different, and large enough that the inmost layer can reflect."""

LAYERS = frozenset({"Conv", "Relu", "Sigmoid"})
BARRIERS = LAYERS | {"Pad", "Resize", "Upsample"}
"""Operators that end a chain of arithmetic per channel."""


class Tape:
    """Answers what a node did to its input.

    A value is a *map* if its content depends on the frame's content. Sizes taken from the frame
    (operator Shape) do not make it one.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self.inputs = [value for value in graph.input if value.name not in weights]
        if len(self.inputs) != 2 or len(graph.output) != 1:
            raise NotRecognised("a transformer takes a frame and a style vector to one frame")
        self.frame, self.style = (value.name for value in self.inputs)
        self.output = graph.output[0].name
        self.opset = next(entry.version for entry in model.opset_import if entry.domain == "")
        self.nodes = list(graph.node)
        self._producers: dict[str, onnx.NodeProto] = {
            name: node for node in self.nodes for name in node.output
        }
        self._maps = self._reached_from(self.frame)
        self._styled = self._reached_from(self.style)
        self._sources: dict[str, frozenset[str]] = {}
        self.style_vector_length = self.inputs[1].type.tensor_type.shape.dim[-1].dim_value
        if not self.style_vector_length:
            raise NotRecognised("the style vector has no fixed length")
        self.values = weights | self._played(model)

    def producer(self, name: str) -> onnx.NodeProto:
        try:
            return self._producers[name]
        except KeyError:
            raise NotRecognised(f"{name} is an input where a layer was expected") from None

    def constant(self, name: str) -> Floats:
        """A value that depends on neither input."""
        if name in self._maps or name in self._styled:
            raise NotRecognised(f"{name} should be a constant")
        return self.values[name].astype(np.float32)

    def map_inputs(self, node: onnx.NodeProto) -> list[str]:
        return [name for name in node.input if name in self._maps]

    def sources(self, name: str) -> frozenset[str]:
        """Outputs of barriers from which arithmetic alone leads to the map ``name``."""
        if name not in self._sources:
            node = self._producers.get(name)
            if node is None or node.op_type in BARRIERS:
                self._sources[name] = frozenset({name})
            else:
                found = [self.sources(before) for before in self.map_inputs(node)]
                self._sources[name] = frozenset().union(*found)
        return self._sources[name]

    def chain(self, start: str, end: str) -> list[onnx.NodeProto]:
        """Nodes that ``end`` needs beyond ``start`` and the graph's inputs, in order."""
        wanted, chain = {end}, []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output) and start not in node.output:
                chain.append(node)
                wanted.update(node.input)
        return chain[::-1]

    def constants_of(self, nodes: Iterable[onnx.NodeProto]) -> list[onnx.TensorProto]:
        """The weights that ``nodes`` take."""
        made = {name for node in nodes for name in node.output}
        taken = {name for node in nodes for name in node.input if name} - made - self._maps
        taken -= {self.style}
        return [numpy_helper.from_array(self.values[name], name) for name in sorted(taken)]

    def swaps_layout(self, node: onnx.NodeProto, channels_last: bool) -> bool:
        """Whether ``node`` transposes between NHWC and NCHW; its output is ``channels_last``."""
        if node.op_type != "Transpose" or not self.map_inputs(node):
            return False
        perm = [list(attribute.ints) for attribute in node.attribute]
        return perm == [[0, 2, 3, 1] if channels_last else [0, 3, 1, 2]]

    def does_nothing(self, node: onnx.NodeProto) -> bool:
        """Whether ``node`` hands on its input; never of a layer, whatever it did by chance."""
        before, after = self._around(node)
        return before is not None and node.op_type not in LAYERS and np.array_equal(before, after)

    def reflection(self, node: onnx.NodeProto, channels_last: bool) -> int:
        """Pixels by which ``node`` reflects every border of its input; 0 if it does not."""
        before, after = self._around(node, channels_last)
        if before is None or before.ndim != 4 or after.ndim != 4:
            return 0
        width = (after.shape[2] - before.shape[2]) // 2
        if not 0 < width < min(before.shape[2:]):
            return 0
        reflected = np.pad(before, ((0, 0), (0, 0), (width, width), (width, width)), "reflect")
        return width if np.array_equal(reflected, after) else 0

    def doubles(self, node: onnx.NodeProto, channels_last: bool) -> bool:
        """Whether ``node`` repeats every pixel of its input twice in both directions."""
        before, after = self._around(node, channels_last)
        if before is None or before.ndim != 4:
            return False
        return np.array_equal(before.repeat(2, 2).repeat(2, 3), after)

    def _around(
        self, node: onnx.NodeProto, channels_last: bool = False
    ) -> tuple[Value | None, Value]:
        """The values before and after a node, NCHW; before is None unless one map goes in."""
        maps = self.map_inputs(node)
        after = self.values[node.output[0]]
        if len(maps) != 1 or maps[0] != node.input[0]:
            return None, after
        before = self.values[maps[0]]
        if channels_last and before.ndim == after.ndim == 4:
            return before.transpose(0, 3, 1, 2), after.transpose(0, 3, 1, 2)
        return before, after

    def _reached_from(self, name: str) -> set[str]:
        reached = {name}
        for node in self.nodes:
            if node.op_type != "Shape" and reached.intersection(node.input):
                reached.update(node.output)
        return reached

    def _played(self, model: onnx.ModelProto) -> dict[str, Value]:
        random = np.random.default_rng(0)
        feeds = {
            self.frame: random.random((1, HEIGHT, WIDTH, 3), np.float32),
            self.style: random.normal(size=(1, 1, 1, self.style_vector_length)).astype(np.float32),
        }
        return played(model, feeds)
