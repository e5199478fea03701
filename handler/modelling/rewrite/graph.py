"""Writes ONNX nodes one after another, named by number."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from handler.modelling.rewrite.network import Floats, NotRecognised

OPSET = 15
Array = npt.NDArray[np.float32] | npt.NDArray[np.int64]
Value = npt.NDArray[np.generic]


def played(model: onnx.ModelProto, feeds: dict[str, Floats]) -> dict[str, Value]:
    """Every value that a model computes, by name, from ONNX's own reference implementation.

    Raises:
        NotRecognised: it cannot compute this model on these inputs.
    """
    try:
        values: Any = ReferenceEvaluator(model).run(None, dict(feeds), intermediate=True)
    except Exception as error:  # whatever an operator raises on what it does not expect
        raise NotRecognised(f"the graph cannot be evaluated: {error}") from error
    return {name: np.asarray(value) for name, value in values.items()}


def evaluate(model: onnx.ModelProto, feeds: dict[str, Floats]) -> Floats:
    """The first output of a model."""
    return played(model, feeds)[model.graph.output[0].name].astype(np.float32)


class GraphWriter:
    """Collects nodes and constants; ``model`` makes the graph of them."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._numbers = count()

    def constant(self, array: Array) -> str:
        """Name of a new constant."""
        name = f"c{next(self._numbers)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, operator: str, *inputs: str | Array, **attributes: Any) -> str:
        """Name of a new node's output; arrays among the inputs become constants."""
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        output = f"v{next(self._numbers)}"
        self._nodes.append(helper.make_node(operator, names, [output], **attributes))
        return output

    def scale_and_shift(
        self, gamma: str, beta: str, mean: str, variance: str, epsilon: float
    ) -> tuple[str, str]:
        """``gamma (y - mean) / sqrt(variance + eps) + beta`` as ``scale y + shift``."""
        deviation = self.node("Sqrt", self.node("Add", variance, np.array(epsilon, np.float32)))
        scale = self.node("Div", gamma, deviation)
        return scale, self.node("Sub", beta, self.node("Mul", mean, scale))

    def model(
        self,
        inputs: dict[str, list[int | str]],
        outputs: dict[str, tuple[str, list[int | str]]],
    ) -> onnx.ModelProto:
        """The finished model.

        Args:
            inputs: name and shape of each.
            outputs: name of each, with the value that it is and its shape.
        """
        nodes = self._nodes + [
            helper.make_node("Identity", [value], [name]) for name, (value, _) in outputs.items()
        ]
        made = [_float_value(name, shape) for name, (_, shape) in outputs.items()]
        taken = [_float_value(name, shape) for name, shape in inputs.items()]
        graph = helper.make_graph(nodes, "rewritten", taken, made, self._constants)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9
        )


def _float_value(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
