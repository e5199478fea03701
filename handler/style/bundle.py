"""A bundle: a folder that holds one ready-to-run model and says what it came from.

::

    bundle.json          what is below, in words and hashes
    predictor.onnx       style image -> style vector
    transformer.onnx     frame + style vector -> painted frame, for frames of any size
    affine.onnx          style vector -> affine vector          } the transformer once more,
    rewritten.onnx       frame + affine vector -> painted frame } rewritten to be fast

Predictor: ``(1, S, S, 3)`` float32 sRGB in 0..1 -> ``(1, 1, 1, N)``, S = ``style_size``, N =
``style_vector_length``. Transformer: ``(1, H, W, 3)`` float32 sRGB in 0..1 and ``(1, 1, 1, N)`` ->
``(1, H, W, 3)`` in 0..1, for any H and W from ``smallest_side`` on. The rewritten pair paints the
same to 1e-4, on widths that are multiples of ``width_multiple``; a bundle may do without it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from handler.domain.errors import Defect

MANIFEST = "bundle.json"
PREDICTOR = "predictor.onnx"
TRANSFORMER = "transformer.onnx"
AFFINE = "affine.onnx"
REWRITTEN = "rewritten.onnx"
REQUIRED = (PREDICTOR, TRANSFORMER)
FORMAT_VERSION = 2


@dataclass(frozen=True)
class Manifest:
    """What ``bundle.json`` says.

    Attributes:
        name: of the model, for reports.
        source: where the weights came from, with version.
        licence: of the weights (SPDX).
        changes: what was done to the weights or the graph, in order.
        style_size: side of the square picture that the predictor takes, px.
        style_vector_length: numbers in a style vector.
        smallest_side: the least height or width of a frame, px.
        channels: of the transformer's three contracting layers.
        padding: how borders are continued.
        width_multiple: of the widths, px, that the rewritten transformer takes.
        sha256: hash of each file, hexadecimal.
    """

    name: str
    source: str
    licence: str
    changes: tuple[str, ...]
    style_size: int
    style_vector_length: int
    smallest_side: int
    channels: tuple[int, ...]
    padding: str = "reflect"
    width_multiple: int = 1
    sha256: dict[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True)
class Bundle:
    """A verified bundle on disk."""

    folder: Path
    manifest: Manifest

    @property
    def predictor(self) -> Path:
        return self.folder / PREDICTOR

    @property
    def transformer(self) -> Path:
        return self.folder / TRANSFORMER

    @property
    def is_rewritten(self) -> bool:
        return REWRITTEN in self.manifest.sha256

    @property
    def affine(self) -> Path:
        return self.folder / AFFINE

    @property
    def rewritten(self) -> Path:
        return self.folder / REWRITTEN


def seal_bundle(folder: Path, manifest: Manifest) -> Bundle:
    """Write ``bundle.json`` over the networks that already lie in ``folder``."""
    names = (PREDICTOR, TRANSFORMER, AFFINE, REWRITTEN)
    hashes = {name: _sha256(folder / name) for name in names if (folder / name).exists()}
    sealed = Manifest(**{**asdict(manifest), "sha256": hashes})
    text = json.dumps(asdict(sealed), indent=2) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return Bundle(folder, sealed)


def open_bundle(folder: Path) -> Bundle:
    """Read a bundle and check every file against its hash.

    Raises:
        Defect: there is no bundle in ``folder``, it has another format, or a file was changed.
    """
    try:
        stated = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        version = stated["format_version"]
        lists = {name: tuple(stated.get(name, ())) for name in ("changes", "channels")}
        manifest = Manifest(**{**stated, **lists}) if version == FORMAT_VERSION else None
    except FileNotFoundError as error:
        raise Defect(
            f"there is no model in {folder}; make one with `artreel model build -o {folder}`"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise Defect(f"{folder / MANIFEST} is not a bundle's description: {error}") from error
    if manifest is None:
        raise Defect(
            f"the model in {folder} has format {version}, this artreel reads format "
            f"{FORMAT_VERSION}; build it again with `artreel model build -o {folder}`"
        )
    for name in {*REQUIRED, *manifest.sha256}:
        try:
            found = _sha256(folder / name)
        except OSError as error:
            raise Defect(f"the model in {folder} lacks {name}") from error
        if found != manifest.sha256.get(name):
            raise Defect(f"{folder / name} is not the file that the bundle was sealed with")
    return Bundle(folder, manifest)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
