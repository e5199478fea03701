"""Styles that need no picture: twelve that are drawn when they are asked for.

Of some twenty that were tried, these paint best with the embedded model and differ most in what its
predictor sees; their details are as large as it can tell them apart, 256 px along a side.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from handler.domain.ports import Frame

STYLES: Mapping[str, str] = {
    "strokes": "painted",
    "watercolor": "painted",
    "pointillism": "painted",
    "ink": "painted",
    "hatching": "painted",
    "woodcut": "printed",
    "waves": "printed",
    "halftone": "printed",
    "mosaic": "built",
    "stained-glass": "built",
    "gold": "built",
    "neon": "built",
}
"""By name, the module that draws it; a picture of the same name that someone gives goes before."""

NONE_SUCH = f"and none is built in under that name; built in are {', '.join(STYLES)}"
"""The end of a sentence about a style that there is not."""


def draw(style: str) -> Frame:
    """Draw the picture of one of ``STYLES``.

    Returns:
        uint8 (512, 512, 3), sRGB, the same at each call.
    """
    import numpy as np

    return _drawer(style)(np.random.default_rng(zlib.crc32(style.encode())))


def described(style: str) -> str:
    """What the picture of one of ``STYLES`` shows."""
    return (_drawer(style).__doc__ or "").strip()


def _drawer(style: str) -> Callable[[np.random.Generator], Frame]:
    module = import_module(f"{__name__}.{STYLES[style]}")
    drawer: Callable[[np.random.Generator], Frame] = getattr(module, style.replace("-", "_"))
    return drawer
