"""SavedModels for the benchmark of the original method; needs TensorFlow.

    python -m tests.benchmarks.tensorflow_port embedded FOLDER PREDICTOR TRANSFORMER
    python -m tests.benchmarks.tensorflow_port full FOLDER

`embedded` brings two ONNX networks to TensorFlow, operator by operator; `full` is the architecture
of Magenta's module on TF Hub with random weights, which are as much work as trained ones. Both
have that module's signature: content (1, H, W, 3) and style picture (1, 256, 256, 3), float32 sRGB
in 0..1, to a list with the painted picture.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from tests.hub_module import save_hub_module, save_module

Array = npt.NDArray[Any]
Tensor = Any
"""A ``tf.Tensor``; TensorFlow has no types to offer."""
Attributes = dict[str, Any]

STYLE_SIZE = 256
"""Side, px, of the style picture."""

CHECKED_SIZES = ((96, 160), (75, 101))
"""Height and width, px, of the frames that the port is checked on; the second is odd."""

TOLERANCE = 1e-3
"""Largest difference from ONNX Runtime, of values in 0..1."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    architectures = parser.add_subparsers(dest="architecture", required=True)
    embedded = architectures.add_parser("embedded")
    embedded.add_argument("folder", type=Path)
    embedded.add_argument("predictor", type=Path)
    embedded.add_argument("transformer", type=Path)
    architectures.add_parser("full").add_argument("folder", type=Path)
    given = parser.parse_args()
    if given.architecture == "full":
        save_hub_module(given.folder)
    else:
        save_port(given.folder, given.predictor, given.transformer)


def save_port(folder: Path, predictor: Path, transformer: Path) -> None:
    """Write two networks as one SavedModel, once it agrees with ONNX Runtime."""
    import tensorflow as tf

    predict, transform = Network(onnx.load(predictor)), Network(onnx.load(transformer))

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def stylize(content: Tensor, style: Tensor) -> Tensor:
        return transform(content, predict(style))

    difference = largest_difference(tf.function(stylize), predictor, transformer)
    if difference > TOLERANCE:
        raise SystemExit(f"the port differs from ONNX Runtime by {difference:.1e}")
    save_module(tf.Module(), stylize, folder)


def largest_difference(
    stylize: Callable[[Tensor, Tensor], Tensor], predictor: Path, transformer: Path
) -> float:
    """Between the port and the networks on ONNX Runtime, over random pictures."""
    import onnxruntime
    import tensorflow as tf

    def run(network: Path, *inputs: Array) -> Array:
        session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
        names = (given.name for given in session.get_inputs())
        result: Array = session.run(None, dict(zip(names, inputs, strict=True)))[0]
        return result

    random = np.random.default_rng(0)
    difference = 0.0
    for height, width in CHECKED_SIZES:
        content = random.random((1, height, width, 3), np.float32)
        style = random.random((1, STYLE_SIZE, STYLE_SIZE, 3), np.float32)
        expected = run(transformer, content, run(predictor, style))
        painted: Array = stylize(tf.constant(content), tf.constant(style)).numpy()
        difference = max(difference, float(np.abs(painted - expected).max()))
    return difference


class Network:
    """An ONNX network, made of TensorFlow operations when it is called.

    ONNX counts channels before height and width; TensorFlow's processor kernels want them last.
    Every picture is kept channels last here, and a set remembers the names of those that the
    graph lays the other way. So what only changes the order does nothing.

    Args:
        model: of the operators that ``_made`` knows; other ones raise ``SystemExit``.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        self._constants: dict[str, Array] = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer
        }
        self._channels_first: set[str] = set()

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The graph's only output for inputs in the order of the graph's."""
        self._channels_first.clear()
        tensors = dict(zip((given.name for given in self._graph.input), inputs, strict=True))
        for node in self._graph.node:
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            operands = [tensors.get(name, self._constants.get(name)) for name in node.input]
            tensors[node.output[0]] = self._made(node, operands, attributes)
            if self._lays_channels_first(node, attributes):
                self._channels_first.add(node.output[0])
        return tensors[self._graph.output[0].name]

    def _made(self, node: onnx.NodeProto, operands: list[Any], attributes: Attributes) -> Tensor:
        import tensorflow as tf

        x = operands[0]
        match node.op_type:
            case "Conv":
                return _convolution(x, operands[1], operands[2], attributes)
            case "Pad":
                around = operands[1].reshape(2, 4).T
                order = [0, 2, 3, 1] if node.input[0] in self._channels_first else [0, 1, 2, 3]
                return tf.pad(x, around[order], attributes["mode"].decode())
            case "Resize":
                assert operands[2].tolist() == [1, 1, 2, 2]
                return tf.raw_ops.ResizeNearestNeighbor(images=x, size=tf.shape(x)[1:3] * 2)
            case "GlobalAveragePool":
                return tf.reduce_mean(x, [1, 2], keepdims=True)
            case "Clip":
                assert [float(bound) for bound in operands[1:]] == [0, 6]
                return tf.nn.relu6(x)
            case "Relu":
                return tf.nn.relu(x)
            case "Sigmoid":
                return tf.sigmoid(x)
            case "Sqrt":
                return tf.sqrt(x)
            case "Reciprocal":
                return tf.math.reciprocal(x)
            case "Add":
                return operands[0] + operands[1]
            case "Sub":
                return operands[0] - operands[1]
            case "Mul":
                return operands[0] * operands[1]
            case "Transpose" | "Reshape" | "Identity":
                return x
        raise SystemExit(f"the operator {node.op_type} has no port to TensorFlow")

    def _lays_channels_first(self, node: onnx.NodeProto, attributes: Attributes) -> bool:
        if node.op_type == "Transpose":
            return bool(attributes["perm"] == [0, 3, 1, 2])
        if node.op_type == "Reshape":  # of (1, C, 1, 1) or (1, 1, 1, C), the only ones that occur
            _, channels, *sides = self._constants[node.input[1]].tolist()
            assert 1 in (channels, *sides[1:])
            return bool(sides == [1, 1])
        return not self._channels_first.isdisjoint(node.input)


def _convolution(x: Tensor, kernel: Array, bias: Array, attributes: Attributes) -> Tensor:
    """A convolution of all channels, or of each alone.

    TensorFlow 2.21 aborts at explicit padding of the latter, so padding goes by its names: what
    its ``SAME`` does to sides that the stride divides, as those of a style picture.
    """
    import tensorflow as tf

    side, stride, pads = kernel.shape[-1], attributes["strides"][0], attributes.get("pads", [])
    around = side - stride
    if any(pads):
        assert pads == [around // 2, around // 2, around - around // 2, around - around // 2]
    padding = "SAME" if any(pads) else "VALID"
    strides = [1, stride, stride, 1]
    if attributes["group"] == 1:
        convolved = tf.nn.conv2d(x, kernel.transpose(2, 3, 1, 0), strides, padding)
    else:
        assert kernel.shape[:2] == (attributes["group"], 1)
        convolved = tf.nn.depthwise_conv2d(x, kernel.transpose(2, 3, 0, 1), strides, padding)
    return tf.nn.bias_add(convolved, bias)


if __name__ == "__main__":
    main()
