"""Writes a predictor and a transformer as a bundle, with the rewritten transformer beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from handler.style.bundle import (
    AFFINE,
    PREDICTOR,
    REWRITTEN,
    TRANSFORMER,
    Bundle,
    Manifest,
    seal_bundle,
)

if TYPE_CHECKING:
    import onnx

REWRITING = "rewritten: style affine apart, columns gathered, doublings merged"

STYLE_SIZE = 256
"""Side, px, of the picture that the predictors of both Magenta models take."""

SMALLEST_SIDE = 16
"""Least height and width, px: four at the narrowest layer, where borders are reflected."""


def write_bundle(
    folder: Path,
    predictor: onnx.ModelProto,
    transformer: onnx.ModelProto,
    *,
    name: str,
    source: str,
    licence: str,
    changes: tuple[str, ...],
) -> Bundle:
    """Write both networks into ``folder``, replacing a bundle that lies there, and seal it.

    Args:
        predictor, transformer: as ``handler.style.bundle`` describes them.
        name, source, licence, changes: as in ``Manifest``; the rewriting is added to the changes.
    """
    import onnx

    from handler.modelling.rewrite import WIDTH_MULTIPLE

    fast, channels = _rewritten(transformer)
    folder.mkdir(parents=True, exist_ok=True)
    for file in (PREDICTOR, TRANSFORMER, AFFINE, REWRITTEN):
        (folder / file).unlink(missing_ok=True)
    for file, network in {PREDICTOR: predictor, TRANSFORMER: transformer, **fast}.items():
        onnx.save(network, folder / file)
    return seal_bundle(
        folder,
        Manifest(
            name=name,
            source=source,
            licence=licence,
            changes=(*changes, *([REWRITING] if fast else [])),
            style_size=STYLE_SIZE,
            style_vector_length=predictor.graph.output[0].type.tensor_type.shape.dim[3].dim_value,
            smallest_side=SMALLEST_SIDE,
            channels=channels,
            width_multiple=WIDTH_MULTIPLE if fast else 1,
        ),
    )


def _rewritten(
    transformer: onnx.ModelProto,
) -> tuple[dict[str, onnx.ModelProto], tuple[int, ...]]:
    """The files of the fast transformer, and the channels of its contracting layers.

    Nothing of both where it is of another family: a bundle may do without.
    """
    from handler.modelling.rewrite import NotRecognised, recognise, rewrite

    try:
        layers = recognise(transformer).layers
        fast = rewrite(transformer)
    except NotRecognised:
        return {}, ()
    channels = tuple(layer.out_channels for layer in layers[:3])
    return {AFFINE: fast.affine, REWRITTEN: fast.transformer}, channels
