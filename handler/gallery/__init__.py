"""Styles that need no picture: twelve that are drawn when they are asked for.

Of some twenty that were tried, these paint best with the embedded model and differ most in what its
predictor sees; their details are as large as it can tell them apart, 256 px along a side.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import numpy as np

from handler.domain.ports import Frame
from handler.gallery import built, painted, printed

STYLES: Mapping[str, Callable[[np.random.Generator], Frame]] = {
    "strokes": painted.strokes,
    "watercolor": painted.watercolor,
    "pointillism": painted.pointillism,
    "ink": painted.ink,
    "hatching": painted.hatching,
    "woodcut": printed.woodcut,
    "waves": printed.waves,
    "halftone": printed.halftone,
    "mosaic": built.mosaic,
    "stained-glass": built.stained_glass,
    "gold": built.gold,
    "neon": built.neon,
}
"""By name; a picture of the same name that someone gives goes before."""

NONE_SUCH = f"and none is built in under that name; built in are {', '.join(STYLES)}"
"""The end of a sentence about a style that there is not."""


def draw(style: str) -> Frame:
    """Draw the picture of one of ``STYLES``.

    Returns:
        uint8 (512, 512, 3), sRGB, the same at each call.
    """
    return STYLES[style](np.random.default_rng(zlib.crc32(style.encode())))
