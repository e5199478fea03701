"""Rewritten transformers against the graphs that they were made from."""

from functools import cache

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import openvino
import pytest
from onnx import helper

from handler.modelling.dequantize import crop_to_input, dequantize
from handler.modelling.lite import carried_networks
from handler.modelling.rewrite import NotRecognised, Rewritten, rewrite
from tests.networks import full_size_transformer

Floats = npt.NDArray[np.float32]
NETWORKS = ("embedded", "full-size")
SIZES = [(16, 16), (20, 36), (64, 64), (96, 160), (33, 20), (50, 48), (67, 32)]
TOLERANCE = 1e-4


@cache
def plain(network: str) -> onnx.ModelProto:
    if network == "full-size":
        return full_size_transformer()
    return crop_to_input(dequantize(onnx.load(carried_networks()[1])))


@cache
def rewritten(network: str) -> Rewritten:
    return rewrite(plain(network))


def noise(height: int, width: int, seed: int = 0) -> tuple[Floats, Floats]:
    """A frame of noise over a slope, and a style vector."""
    random = np.random.default_rng(seed)
    slope = np.linspace(0, 0.5, width, dtype=np.float32)[:, np.newaxis]
    frame = slope + random.random((1, height, width, 3), np.float32) / 2
    return frame.astype(np.float32), random.normal(size=(1, 1, 1, 100)).astype(np.float32)


def with_onnxruntime(model: onnx.ModelProto, *inputs: Floats) -> list[Floats]:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [given.name for given in session.get_inputs()]
    results: list[Floats] = session.run(None, dict(zip(names, inputs, strict=True)))
    return results


def with_openvino(model: onnx.ModelProto, *inputs: Floats, precision: str = "f32") -> list[Floats]:
    core = openvino.Core()
    read = core.read_model(model.SerializeToString())
    read.reshape({port: list(given.shape) for port, given in zip(read.inputs, inputs, strict=True)})
    compiled = core.compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": precision})
    return list(compiled(list(inputs)).values())


RUNNERS = {"onnxruntime": with_onnxruntime, "openvino": with_openvino}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("runner", RUNNERS)
def test_every_pixel_is_painted_as_before(runner: str, network: str, size: tuple[int, int]) -> None:
    run = RUNNERS[runner]
    frame, style = noise(*size)
    (wanted,) = run(plain(network), frame, style)
    (affine,) = run(rewritten(network).affine, style)
    (painted,) = run(rewritten(network).transformer, frame, affine)
    assert painted.shape == frame.shape
    assert np.abs(painted - wanted[:, : size[0]]).max() < TOLERANCE


def test_a_large_frame_is_painted_as_before() -> None:
    frame, style = noise(576, 1024)
    (wanted,) = with_openvino(plain("embedded"), frame, style)
    (affine,) = with_openvino(rewritten("embedded").affine, style)
    (painted,) = with_openvino(rewritten("embedded").transformer, frame, affine)
    assert np.abs(painted - wanted).max() < TOLERANCE


def test_nothing_but_arithmetic_on_frames_is_left_per_frame() -> None:
    kinds = {node.op_type for node in rewritten("full-size").transformer.graph.node}
    assert not kinds & {"MatMul", "BatchNormalization", "Resize"}


@pytest.mark.parametrize("network", NETWORKS)
def test_what_is_computed_once_per_look_is_one_matrix_product(network: str) -> None:
    kinds = [node.op_type for node in rewritten(network).affine.graph.node]
    assert kinds == ["Reshape", "MatMul", "Add", "Identity"]


def test_a_norm_that_is_not_affine_in_the_style_is_refused() -> None:
    model = onnx.ModelProto()
    model.CopyFrom(plain("full-size"))
    style = model.graph.input[1].name
    for node in model.graph.node:
        node.input[:] = [f"{name}_squared" if name == style else name for name in node.input]
    model.graph.node.insert(0, helper.make_node("Mul", [style, style], [f"{style}_squared"]))
    with pytest.raises(NotRecognised):
        rewrite(model)


def test_zero_padding_is_not_taken_for_reflection() -> None:
    model = onnx.ModelProto()
    model.CopyFrom(plain("embedded"))
    pad = next(node for node in model.graph.node if node.op_type == "Pad")
    del pad.attribute[:]
    with pytest.raises(NotRecognised):
        rewrite(model)


def test_another_enlargement_is_not_taken_for_repeated_pixels() -> None:
    model = onnx.ModelProto()
    model.CopyFrom(plain("embedded"))
    resize = next(node for node in model.graph.node if node.op_type == "Resize")
    del resize.attribute[:]
    resize.attribute.append(helper.make_attribute("mode", "linear"))
    with pytest.raises(NotRecognised):
        rewrite(model)


def test_another_activation_is_not_taken_for_relu() -> None:
    model = onnx.ModelProto()
    model.CopyFrom(plain("embedded"))
    relus = [node for node in model.graph.node if node.op_type == "Relu"]
    relus[3].op_type = "Tanh"
    with pytest.raises(NotRecognised):
        rewrite(model)


def test_a_graph_of_another_kind_is_refused() -> None:
    with pytest.raises(NotRecognised):
        rewrite(onnx.load(carried_networks()[0]))


def test_a_third_halving_is_refused() -> None:
    model = onnx.ModelProto()
    model.CopyFrom(plain("full-size"))
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    stride = next(a for a in convolutions[0].attribute if a.name == "strides")
    stride.ints[:] = [2, 2]
    with pytest.raises(NotRecognised):
        rewrite(model)


def test_a_graph_that_cannot_be_evaluated_is_refused() -> None:
    model = onnx.ModelProto()
    model.CopyFrom(plain("full-size"))
    del model.graph.initializer[3:]
    with pytest.raises(NotRecognised):
        rewrite(model)
