"""Finds the style vector in the graph of a whole style transfer module and cuts the graph there.

Names say nothing about where a module's predictor ends, so the structure does. The style vector
is the tensor through which all that the style picture does to the result must pass (a dominator
in the graph of the data flow), which the content picture has no part in, and which is a vector;
of several, the shortest, and of equals the last, since what comes before is computed only once
per style. In Magenta's graph it is the 1x1 convolution to 100 numbers (Ghiasi et al. 2017,
arXiv 1705.06830, section 3), after which every instance norm takes its own affine of it.

A whole module is an ONNX graph with two inputs, content (1, H, W, 3) and style (1, S, S, 3) with
fixed S, and one output (1, h, w, 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TypeVar

import numpy as np
import onnx
from onnx import helper, numpy_helper

from handler.modelling.dequantize import crop_to_input

VECTOR = "style_vector"
PAINTED = "painted"
Message = TypeVar("Message", onnx.NodeProto, onnx.TensorProto)


def tidy(converted: onnx.ModelProto) -> onnx.ModelProto:
    """A whole module without what its converter leaves by chance.

    That is, reshapes of tensors to the shape they have already, and numbers for the height and
    the width of the content.
    """
    graph = converted.graph
    shapes = _shapes(converted)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    result = graph.output[0].name
    alias = {result: PAINTED}
    nodes = []
    for node in graph.node:
        is_idle = (
            node.op_type == "Reshape"
            and node.input[1] in constants
            and numpy_helper.to_array(constants[node.input[1]]).tolist()
            == shapes.get(node.input[0])
            and node.output[0] != result
        )
        if is_idle:
            alias[node.output[0]] = alias.get(node.input[0], node.input[0])
        else:
            nodes.append(_copy(node, node.name))
            nodes[-1].input[:] = [alias.get(name, name) for name in node.input]
            nodes[-1].output[:] = [alias.get(name, name) for name in node.output]
    content, painted = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, "height", "width", 3])
        for name in (graph.input[0].name, PAINTED)
    )
    return helper.make_model(
        helper.make_graph(nodes, "whole", [content, graph.input[1]], [painted], graph.initializer),
        opset_imports=converted.opset_import,
        ir_version=converted.ir_version,
    )


def style_cut(whole: onnx.ModelProto) -> str | None:
    """The name of the tensor that is the style vector, None where there is none."""
    graph = whole.graph
    if any(attribute.HasField("g") for node in graph.node for attribute in node.attribute):
        return None  # branches and loops read tensors that are not among their inputs
    content, style = (given.name for given in graph.input)
    result = graph.output[0].name
    of_style_alone = _reached(graph, style) - _reached(graph, content)
    lengths = {
        name: prod(shape)
        for name, shape in _shapes(whole).items()
        if name in of_style_alone and 1 < prod(shape) == max(shape)
    }
    cuts = [
        name
        for node in graph.node
        for name in node.output
        if name in lengths and result not in _reached(graph, style, avoiding=name)
    ]
    return min(reversed(cuts), key=lengths.__getitem__, default=None)


def split_at(whole: onnx.ModelProto, cut: str) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """Cut a module in two.

    Args:
        cut: a tensor of a known shape of N numbers; the style input itself keeps the module whole.

    Returns:
        The predictor, style (1, S, S, 3) -> (1, 1, 1, N), and the transformer, content
        (1, H, W, 3) and (1, 1, 1, N) -> (1, H, W, 3).
    """
    graph = whole.graph
    content, style = graph.input
    result = graph.output[0]
    shape = _shapes(whole)[cut]
    length = prod(shape)
    vector = helper.make_tensor_value_info(VECTOR, onnx.TensorProto.FLOAT, [1, 1, 1, length])
    flat = numpy_helper.from_array(np.array([1, 1, 1, length], np.int64), "vector_shape")
    own = numpy_helper.from_array(np.array(shape, np.int64), "cut_shape")
    flatten = helper.make_node("Reshape", [cut, flat.name], [VECTOR])
    restore = helper.make_node("Reshape", [VECTOR, own.name], [cut])
    predictor = _model(whole, [*_makers(graph, cut), flatten], [style], vector, flat)
    transformer = _model(
        whole, [restore, *_makers(graph, result.name, given=cut)], [content, vector], result, own
    )
    return predictor, crop_to_input(transformer)


def _reached(graph: onnx.GraphProto, start: str, *, avoiding: str = "") -> set[str]:
    """The tensors that depend on ``start`` by a way that does not pass through ``avoiding``."""
    reached = {start}
    for node in graph.node:  # in the order of computation, as ONNX demands
        if not reached.isdisjoint(node.input):
            reached.update(name for name in node.output if name != avoiding)
    return reached


def _makers(graph: onnx.GraphProto, result: str, *, given: str = "") -> list[onnx.NodeProto]:
    """The nodes that ``result`` is computed by when ``given`` is known already.

    Their order follows from the graph alone, each after what it reads, first input first.
    """
    maker = {name: node for node in graph.node for name in node.output}
    makers: list[onnx.NodeProto] = []
    known = {given}
    wanted = [result]
    while wanted:
        node = maker.get(wanted[-1])
        if node is None or wanted[-1] in known:
            wanted.pop()
        elif missing := [name for name in node.input if name in maker and name not in known]:
            wanted.append(missing[0])
        else:
            known.update(node.output)
            makers.append(node)
    return makers


def _model(
    whole: onnx.ModelProto,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    output: onnx.ValueInfoProto,
    constant: onnx.TensorProto,
) -> onnx.ModelProto:
    """A graph of copies, whose inner names say the operator and its place.

    The converter numbers as it happens to go; so the same module always gives the same bytes.
    """
    names = {value.name: value.name for value in (*inputs, output)}
    weights = {tensor.name: tensor for tensor in (*whole.graph.initializer, constant)}
    kept: list[onnx.TensorProto] = []
    copies: list[onnx.NodeProto] = []
    for place, node in enumerate(nodes):
        for slot, name in enumerate(node.input):
            if name in weights and name not in names:
                names[name] = f"{node.op_type}_{place}_constant_{slot}"
                kept.append(_copy(weights[name], names[name]))
        for slot, name in enumerate(node.output):
            names.setdefault(name, f"{node.op_type}_{place}_{slot}")
        copies.append(_copy(node, f"{node.op_type}_{place}"))
        copies[-1].input[:] = [names[name] if name else "" for name in node.input]
        copies[-1].output[:] = [names[name] if name else "" for name in node.output]
    return helper.make_model(
        helper.make_graph(copies, output.name, inputs, [output], kept),
        opset_imports=whole.opset_import,
        ir_version=whole.ir_version,
    )


def _copy(given: Message, name: str) -> Message:
    copy = type(given)()
    copy.CopyFrom(given)
    copy.name = name
    return copy


def _shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    """The tensors whose shape does not depend on the size of the content."""
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in [*graph.input, *graph.value_info]
    }
    return {name: shape for name, shape in shapes.items() if all(shape)}
