"""Turns a network quantized to int8 back into the float network it approximates.

A quantized ONNX graph (as tf2onnx writes it from TFLite) holds two kinds of quantization: weights
stored as int8 behind a DequantizeLinear, and activations that pass through QuantizeLinear and
DequantizeLinear on their way. The first is only storage and is undone exactly:
``weight = (q - zero_point) * scale``, per output channel (ONNX operator specification,
DequantizeLinear). The second is noise that int8 hardware forces on the signal; it is taken out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper


def dequantize(quantized: onnx.ModelProto) -> onnx.ModelProto:
    """Return the float network of a quantized one.

    Args:
        quantized: a graph whose QuantizeLinear and DequantizeLinear nodes are its only integer
            arithmetic.

    Returns:
        A new model with float32 weights, without QuantizeLinear, DequantizeLinear or resizing by
        one, and without declared shapes, so that frames of any size pass.
    """
    graph = quantized.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    alias: dict[str, str] = {}
    folded: dict[str, npt.NDArray[np.float32]] = {}
    nodes: list[onnx.NodeProto] = []

    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in constants:
            folded[node.output[0]] = _dequantized_weight(node, constants)
        elif node.op_type in ("QuantizeLinear", "DequantizeLinear") or _resizes_by_one(
            node, constants
        ):
            alias[node.output[0]] = alias.get(node.input[0], node.input[0])
        else:
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            copy.input[:] = [alias.get(name, name) for name in node.input]
            nodes.append(copy)

    for output in graph.output:
        source = alias.get(output.name)
        if source is not None:
            nodes.append(helper.make_node("Identity", [source], [output.name]))

    used = {name for node in nodes for name in node.input}
    weights = [
        numpy_helper.from_array(value, name)
        for name, value in (constants | folded).items()
        if name in used
    ]
    return helper.make_model(
        helper.make_graph(
            nodes,
            graph.name,
            [_without_size(value) for value in graph.input],
            [_without_size(value) for value in graph.output],
            weights,
        ),
        opset_imports=quantized.opset_import,
        ir_version=quantized.ir_version,
    )


def crop_to_input(model: onnx.ModelProto) -> onnx.ModelProto:
    """Append a crop of the output to the height and width of the first input.

    Two strided convolutions and two doublings bring H x W to 4*ceil(H/4) x 4*ceil(W/4), aligned
    at the top left; the crop takes away the up to three rows and columns beyond the frame.

    Args:
        model: a network from NHWC to NHWC, frame first among its inputs. It is changed in place.
    """
    graph = model.graph
    name = graph.output[0].name
    uncropped = f"{name}_uncropped"
    for node in graph.node:
        node.output[:] = [uncropped if output == name else output for output in node.output]
    for constant, value in {"crop_start": [0, 0], "crop_axes": [1, 2]}.items():
        graph.initializer.append(numpy_helper.from_array(np.array(value, np.int64), constant))
    graph.node.extend(
        [
            helper.make_node("Shape", [graph.input[0].name], ["frame_size"], start=1, end=3),
            helper.make_node("Slice", [uncropped, "crop_start", "frame_size", "crop_axes"], [name]),
        ]
    )
    return model


def _dequantized_weight(
    node: onnx.NodeProto, constants: dict[str, npt.NDArray[np.generic]]
) -> npt.NDArray[np.float32]:
    quantized, scale, zero_point = (constants[name].astype(np.float32) for name in node.input)
    if scale.ndim:
        axis = next((helper.get_attribute_value(a) for a in node.attribute if a.name == "axis"), 1)
        shape = [-1 if i == axis else 1 for i in range(quantized.ndim)]
        scale, zero_point = scale.reshape(shape), zero_point.reshape(shape)
    return (quantized - zero_point) * scale


def _resizes_by_one(node: onnx.NodeProto, constants: dict[str, npt.NDArray[np.generic]]) -> bool:
    return (
        node.op_type == "Resize"
        and node.input[2] in constants
        and bool((constants[node.input[2]] == 1).all())
    )


def _without_size(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    """A frame's height and width become free; a vector's shape stays."""
    shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
    is_frame = shape[1] > 1
    free = [shape[0], f"{value.name}_height", f"{value.name}_width", shape[3]]
    return helper.make_tensor_value_info(
        value.name, onnx.TensorProto.FLOAT, free if is_frame else shape
    )
