"""Loads a style transfer module from TF Hub or from a SavedModel folder.

A module takes a content picture (1, H, W, 3) and a style picture (1, S, S, 3), float32 sRGB in
0..1, and returns the painted picture, whose sides may be rounded up to what its strides need.

TensorFlow is imported when a module is loaded, never by importing this file.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from handler.domain.errors import Rejected
from handler.modelling.write_bundle import STYLE_SIZE

MAGENTA_URL = "https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2"
PROBED_SIZE = (64, 96)
"""Height and width, px, of a frame that a module is tried on; no stride rounds it up."""

Tensor = Any
"""A ``tf.Tensor`` of float32; TensorFlow has no types to offer."""

Stylize = Callable[[Tensor, Tensor], Tensor]
"""Content and style picture to the painted picture."""


@dataclass(frozen=True)
class HubModule:
    """A loaded module.

    Attributes:
        name: for reports.
        source: the URL, or the folder's name.
        stylize: content (1, H, W, 3) and style (1, 256, 256, 3) to the painted picture
            (1, h, w, 3), h >= H and w >= W, aligned at the top left; float32 in 0..1.
    """

    name: str
    source: str
    stylize: Stylize


def load_module(source: str) -> HubModule:
    """Load a module from the hub or from a SavedModel folder.

    Args:
        source: a URL, which TensorFlow Hub keeps in ``TFHUB_CACHE_DIR``, or a folder.

    Raises:
        Rejected: TensorFlow is not installed, the hub can't be reached, or what was found there
            or in the folder is no style transfer module.
    """
    is_url = source.startswith(("https://", "http://"))
    if not is_url and not Path(source, "saved_model.pb").is_file():
        raise Rejected(
            f"there is no SavedModel in {source}; give a folder that holds saved_model.pb, the URL "
            "of a TF Hub module, or `lite`"
        )
    tf, hub = _tensorflow()
    try:
        loaded = hub.load(source)
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise Rejected(
            f"the module {source} could not be fetched from the hub; without network give the "
            "folder of a SavedModel, set TFHUB_CACHE_DIR to a cache that holds the module, or "
            "build from `lite`"
            if is_url
            else f"the SavedModel in {source} can't be read: {error}"
        ) from error
    stylize = next((call for call in _calls(loaded) if _paints(call)), None)
    if stylize is None:
        raise Rejected(
            f"{source} is no style transfer module: nothing in it turns a content and a style "
            "picture into a picture of the content's size"
        )
    if source == MAGENTA_URL:
        return HubModule("magenta-arbitrary-v1-256", source, stylize)
    name = source.rstrip("/").rpartition("/")[2] if is_url else Path(source).resolve().name
    return HubModule(name, source if is_url else f"SavedModel {name}", stylize)


def _tensorflow() -> tuple[Any, Any]:
    """The modules ``tensorflow`` and ``tensorflow_hub``, with less of their talk on stderr."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with warnings.catch_warnings():
            # tensorflow_hub 0.16 parses a version with pkg_resources.
            warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
            import tensorflow
            import tensorflow_hub
    except ImportError as error:
        raise Rejected(
            "a module of TF Hub is converted by TensorFlow; "
            "install it with `pip install 'artreel[hub]'`"
        ) from error
    return tensorflow, tensorflow_hub


def _calls(loaded: Any) -> Iterator[Stylize]:
    """The ways to call what was loaded with a content and a style picture, most likely first.

    TF2 exports a callable. TF1 exports a signature, whose inputs have names that say nothing.
    """
    import tensorflow as tf

    if callable(loaded):
        yield lambda content, style: tf.nest.flatten(loaded(content, style))[0]
    signature = loaded.signatures.get("serving_default")
    names = sorted(signature.structured_input_signature[1]) if signature else []
    if len(names) == 2:
        for order in (names, names[::-1]):
            yield partial(_call_signature, loaded, order)


def _call_signature(loaded: Any, order: list[str], content: Tensor, style: Tensor) -> Tensor:
    """Through ``loaded``, as a signature alone does not keep its variables alive."""
    import tensorflow as tf

    painted = loaded.signatures["serving_default"](
        **dict(zip(order, (content, style), strict=True))
    )
    return tf.nest.flatten(painted)[0]


def _paints(stylize: Stylize) -> bool:
    """Whether the size of the result is that of the first picture, not of the second."""
    import tensorflow as tf

    height, width = PROBED_SIZE
    try:
        painted = stylize(tf.zeros((1, height, width, 3)), tf.zeros((1, STYLE_SIZE, STYLE_SIZE, 3)))
    except (TypeError, ValueError, tf.errors.OpError):
        return False
    return bool(painted.shape == (1, height, width, 3))
