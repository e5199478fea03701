"""Bundles made from modules of TF Hub's signature, against those modules in TensorFlow."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.parser
import openvino
import pytest

from handler.domain.errors import Rejected
from handler.domain.ports import Frame
from handler.modelling.hub import MAGENTA_URL, HubModule, build_hub_bundle, load_module
from handler.modelling.hub_reference import TensorFlowPainter
from handler.modelling.hub_split import split_at, style_cut
from handler.style.bundle import REWRITTEN, Bundle, open_bundle
from handler.style.engine import OpenVinoPainter
from handler.style.picture import square
from tests.hub_module import save_hub_module, save_module, save_tf1_module
from tests.pictures import draw_style

Pictures = npt.NDArray[np.float32]

SIZES = [(64, 96), (131, 97), (180, 320)]
"""Height and width of frames, px; with an odd one, where the module's result is larger."""

pytestmark = [
    pytest.mark.filterwarnings("ignore:pkg_resources is deprecated:UserWarning"),
]


@pytest.fixture(scope="module")
def tf() -> Any:
    for name in ("tensorflow_hub", "tf2onnx"):
        pytest.importorskip(name, reason="TensorFlow is not installed: the extra `hub`")
    return pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def folder(tf: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module of the architecture of Magenta's."""
    return save_hub_module(tmp_path_factory.mktemp("hub") / "module")


@pytest.fixture(scope="module")
def module(folder: Path) -> HubModule:
    return load_module(str(folder))


@pytest.fixture(scope="module")
def bundle(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build_hub_bundle(str(folder), tmp_path_factory.mktemp("bundle"), licence="CC0-1.0")


def _content(height: int, width: int) -> Pictures:
    """Drawn shapes with noise over them, (1, height, width, 3) in 0..1."""
    drawn = np.resize(draw_style("tiles"), (1, height, width, 3)).astype(np.float32) / 255
    noise = np.random.default_rng(height).random((1, height, width, 3), np.float32)
    return np.asarray(0.7 * drawn + 0.3 * noise, np.float32)


def _style(name: str) -> Pictures:
    return square(draw_style(name), 256)[np.newaxis].astype(np.float32) / np.float32(255)


def _run(network: Path, *inputs: Pictures) -> Pictures:
    """As the engine does, in float32."""
    compiled = openvino.Core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    result: Pictures = compiled(list(inputs))[0]
    return result


def _painted(bundle: Bundle, content: Pictures, style: Pictures) -> Pictures:
    return _run(bundle.transformer, content, _run(bundle.predictor, style))


def _expected(tf: Any, module: HubModule, content: Pictures, style: Pictures) -> Pictures:
    """The module's own result, without what it paints beyond the frame."""
    whole = module.stylize(tf.constant(content), tf.constant(style)).numpy()
    cropped: Pictures = whole[:, : content.shape[1], : content.shape[2]]
    return cropped


def _largest_difference(one: Pictures, other: Pictures) -> float:
    assert one.shape == other.shape
    return float(np.abs(one - other).max())


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_bundle_paints_as_its_module(
    tf: Any, folder: Path, bundle: Bundle, height: int, width: int
) -> None:
    """Against the SavedModel itself, called as the hub's documentation says."""
    hub_module = tf.saved_model.load(str(folder))
    content = _content(height, width)
    for name in ("waves", "sunset"):
        style = _style(name)
        expected = hub_module(tf.constant(content), tf.constant(style))[0].numpy()
        ours = _painted(bundle, content, style)
        assert ours.shape == content.shape
        assert _largest_difference(ours, expected[:, :height, :width]) < 1e-3


def test_the_module_of_the_tests_can_tell_a_difference(bundle: Bundle) -> None:
    """Neither grey nor black and white, and led by both pictures."""
    content = _content(64, 96)
    painted = _painted(bundle, content, _style("waves"))
    assert 0.1 < painted.std() < 0.4
    assert np.abs(painted - _painted(bundle, content, _style("sunset"))).mean() > 0.1
    assert np.abs(painted - _painted(bundle, 1 - content, _style("waves"))).mean() > 0.1


def test_the_bundle_is_split_at_the_hundred_numbers(bundle: Bundle) -> None:
    predictor, transformer = (onnx.load(path) for path in (bundle.predictor, bundle.transformer))
    for model in (predictor, transformer):
        onnx.checker.check_model(model)
    assert bundle.manifest.style_vector_length == 100
    # 70 of the 94 convolutions of Inception-v3 lie before the end of Mixed_6e.
    assert [node.op_type for node in predictor.graph.node].count("Conv") == 71
    assert len(predictor.graph.input) == 1


def test_the_bundle_says_what_it_is(bundle: Bundle, folder: Path) -> None:
    manifest = open_bundle(bundle.folder).manifest
    assert (manifest.name, manifest.source) == (folder.name, f"SavedModel {folder.name}")
    assert manifest.licence == "CC0-1.0"
    assert "split at the style vector" in manifest.changes
    assert manifest.channels == (32, 64, 128)
    assert bundle.is_rewritten


def test_building_twice_gives_the_same_bytes(folder: Path, bundle: Bundle, tmp_path: Path) -> None:
    again = build_hub_bundle(str(folder), tmp_path, licence=bundle.manifest.licence)
    assert again.manifest == bundle.manifest


def test_tensorflow_paints_the_same_frames(module: HubModule, bundle: Bundle) -> None:
    reference, ours = TensorFlowPainter(module), OpenVinoPainter(bundle, precision="f32")
    picture = draw_style("waves")
    for height, width in SIZES:  # the engine takes the rewritten transformer where it can
        frame: Frame = np.rint(_content(height, width)[0] * 255).astype(np.uint8)
        theirs = reference.paint(frame, reference.style_vector(picture))
        painted = ours.paint(frame, ours.style_vector(picture))
        assert theirs.dtype == np.uint8
        assert np.abs(painted.astype(int) - theirs).max() <= 1
    assert {"model", "engine", "precision"} <= set(reference.description)
    assert reference.description["engine"].startswith("tensorflow 2")


def test_a_signature_does_as_the_callable(tf: Any, module: HubModule, tmp_path: Path) -> None:
    signature_only = load_module(str(save_hub_module(tmp_path / "tf1", signature_only=True)))
    content, style = _content(131, 97), _style("waves")
    ours = _expected(tf, signature_only, content, style)
    assert _largest_difference(ours, _expected(tf, module, content, style)) < 1e-5


def _tinting(content: Any, style: Any) -> Any:
    """The least module with a style vector: three numbers; its variables as TF1 makes them."""
    import tensorflow as tf

    weights = tf.compat.v1.get_variable("tint", (3, 3), initializer=tf.compat.v1.ones_initializer())
    return tf.sigmoid(content + tf.reduce_mean(style, [1, 2]) @ weights)


def _tinted(content: Any, style: Any) -> Any:
    import tensorflow as tf

    return tf.sigmoid(content + tf.reduce_mean(style, [1, 2], keepdims=True))


def _mixed(content: Any, style: Any) -> Any:
    """Has no style vector, since it lays the style picture over the content."""
    import tensorflow as tf

    laid_over = tf.image.resize(style, tf.shape(content)[1:3])
    return tf.reduce_mean(tf.stack([content, laid_over]), axis=0)


def test_a_module_of_tf1_is_converted(tf: Any, tmp_path: Path) -> None:
    folder = save_tf1_module(_tinting, tmp_path / "tf1")
    bundle = build_hub_bundle(str(folder), tmp_path / "bundle")
    content, style = _content(64, 97), _style("waves")
    expected = _expected(tf, load_module(str(folder)), content, style)
    assert bundle.manifest.style_vector_length == 3
    assert _largest_difference(_painted(bundle, content, style), expected) < 1e-5


def test_a_signature_that_takes_the_style_first_is_understood(tf: Any, tmp_path: Path) -> None:
    module = tf.Module()
    folder = save_module(
        module, lambda first, second: _tinted(second, first), tmp_path / "tf1", signature_only=True
    )
    content, style = tf.constant(_content(64, 97)), tf.constant(_style("waves"))
    painted = load_module(str(folder)).stylize(content, style)
    assert _largest_difference(painted.numpy(), _tinted(content, style).numpy()) < 1e-6


def test_a_module_without_style_vector_is_kept_whole(tf: Any, tmp_path: Path) -> None:
    folder = save_module(tf.Module(), _mixed, tmp_path / "mixed")
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / REWRITTEN).write_bytes(b"of a bundle that was here before")
    with pytest.warns(UserWarning, match="SavedModel mixed could not be split"):
        bundle = build_hub_bundle(str(folder), tmp_path / "bundle")
    assert any("kept whole" in change for change in bundle.manifest.changes)
    assert not bundle.is_rewritten
    module = load_module(str(folder))
    for height, width in SIZES:
        content, style = _content(height, width), _style("waves")
        ours = _painted(bundle, content, style)
        assert _largest_difference(ours, _expected(tf, module, content, style)) < 1e-4
    painter, reference = OpenVinoPainter(bundle, precision="f32"), TensorFlowPainter(module)
    frame, picture = draw_style("tiles")[:90, :130], draw_style("waves")
    vector = painter.style_vector(picture)
    assert np.array_equal(vector, reference.style_vector(picture))
    painted = painter.paint(frame, vector).astype(int)
    assert np.abs(painted - reference.paint(frame, vector)).max() <= 1


def test_a_split_that_paints_otherwise_is_not_kept(
    tf: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut at a tensor that is not all of the style, as if the search had erred."""
    folder = save_module(tf.Module(), _tinted, tmp_path / "tinted")

    def damaged(whole: onnx.ModelProto, cut: str) -> tuple[onnx.ModelProto, onnx.ModelProto]:
        predictor, transformer = split_at(whole, cut)
        if cut != "style":
            for node in predictor.graph.node:
                node.op_type = "GlobalMaxPool" if "Pool" in node.op_type else node.op_type
                node.op_type = "ReduceMax" if node.op_type == "ReduceMean" else node.op_type
        return predictor, transformer

    monkeypatch.setattr("handler.modelling.hub_split.split_at", damaged)
    with pytest.warns(UserWarning, match="kept whole"):
        bundle = build_hub_bundle(str(folder), tmp_path / "bundle")
    assert bundle.manifest.style_vector_length == 256 * 256 * 3


def test_a_module_that_can_not_be_converted_is_explained(tf: Any, tmp_path: Path) -> None:
    def unknown_operation(content: Any, style: Any) -> Any:
        return content + tf.reduce_max(tf.linalg.svd(style[0, :, :, 0], compute_uv=False))

    def not_a_number(content: Any, style: Any) -> Any:
        return tf.math.log(-1 - content) + tf.reduce_mean(style, [1, 2], keepdims=True)

    for number, stylize in enumerate((unknown_operation, not_a_number)):
        folder = save_module(tf.Module(), stylize, tmp_path / str(number))
        with (
            pytest.warns(UserWarning, match="kept whole"),
            pytest.raises(Rejected, match="can't be converted"),
        ):
            build_hub_bundle(str(folder), tmp_path / "bundle")


def test_the_hub_can_be_a_cache(tf: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = hashlib.sha1(MAGENTA_URL.encode(), usedforsecurity=False).hexdigest()
    save_module(tf.Module(), _tinted, tmp_path / key)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    manifest = build_hub_bundle(MAGENTA_URL, tmp_path / "bundle").manifest
    assert (manifest.source, manifest.licence) == (MAGENTA_URL, "Apache-2.0")


def test_an_unreachable_hub_is_explained(
    tf: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the port where nothing listens
    with pytest.raises(Rejected, match=r"folder of a SavedModel.*TFHUB_CACHE_DIR.*`lite`"):
        load_module(MAGENTA_URL)


def test_a_folder_of_something_else_is_explained(tf: Any, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="there is no SavedModel in"):
        load_module(str(tmp_path))
    (tmp_path / "saved_model.pb").write_bytes(b"no graph")
    with pytest.raises(Rejected, match="can't be read"):
        load_module(str(tmp_path))
    fixed = save_module(tf.Module(), lambda content, style: content + 0 * style, tmp_path / "sum")
    with pytest.raises(Rejected, match="no style transfer module"):
        load_module(str(fixed))


def test_without_tensorflow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(Rejected, match=r"pip install 'artreel\[hub\]'"):
        load_module(str(tmp_path))


def test_tensorflow_is_imported_only_to_load_a_module() -> None:
    code = (
        "import sys; import handler.modelling.hub, handler.modelling.hub_reference, "
        "handler.modelling.hub_split; "
        "print(*sorted({'tensorflow', 'tensorflow_hub', 'tf2onnx', 'keras'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def _graph(body: str) -> onnx.ModelProto:
    return onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> whole '
        "(float[1,H,W,3] content, float[1,8,8,3] style) => (float[1,H,W,3] painted) "
        f"<float[3,5] widen = {{{','.join(['0.5'] * 15)}}}, "
        f"float[5,3] narrow = {{{','.join(['0.2'] * 15)}}}> {{ {body} }}"
    )


MEAN = "mean = ReduceMean <axes = [1, 2]> (style)"


@pytest.mark.parametrize(
    ("body", "cut"),
    [
        (f"{MEAN} painted = Add(content, mean)", "mean"),
        (f"{MEAN} tint = Neg(mean) painted = Add(content, tint)", "tint"),
        (
            f"{MEAN} wide = MatMul(mean, widen) tint = MatMul(wide, narrow) "
            "scaled = Mul(content, mean) painted = Add(scaled, tint)",
            "mean",
        ),
        (
            f"{MEAN} wide = MatMul(mean, widen) less = Neg(wide) more = Abs(wide) "
            "both = Mul(less, more) tint = MatMul(both, narrow) painted = Add(content, tint)",
            "tint",
        ),
        (
            f"{MEAN} top = ReduceMax <axes = [1, 2]> (style) "
            "scaled = Mul(content, top) painted = Add(scaled, mean)",
            None,
        ),
        (
            "both = Concat <axis = 1> (content, style) mean = ReduceMean <axes = [1, 2]> (both) "
            "painted = Add(content, mean)",
            None,
        ),
        ("painted = Neg(content)", None),
    ],
)
def test_the_style_vector_is_found_by_structure(body: str, cut: str | None) -> None:
    assert style_cut(_graph(body)) == cut


def test_both_parts_together_are_the_graph() -> None:
    whole = _graph(
        f"{MEAN} wide = MatMul(mean, widen) tint = MatMul(wide, narrow) "
        "painted = Add(content, tint)"
    )
    content = np.random.default_rng(0).random((1, 9, 7, 3), np.float32)
    style = np.random.default_rng(1).random((1, 8, 8, 3), np.float32)
    core = openvino.Core()

    def run(model: onnx.ModelProto, *inputs: Pictures) -> Pictures:
        read = core.read_model(model.SerializeToString())
        compiled = core.compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        result: Pictures = compiled(list(inputs))[0]
        return result

    for cut in ("mean", "wide", "tint", "style"):
        predictor, transformer = split_at(whole, cut)
        vector = run(predictor, style)
        assert vector.ndim == 4
        assert vector.shape[:3] == (1, 1, 1)
        painted = run(transformer, content, vector)
        assert _largest_difference(painted, run(whole, content, style)) < 1e-6
