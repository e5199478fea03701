"""Style pictures in, posters out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from handler.domain.errors import Rejected
from handler.domain.ports import Frame
from handler.media.limits import MAX_PICTURE_PIXELS, Limits
from handler.media.pixels import SIZE
from handler.media.reader import reader

MEGABYTE = 1024 * 1024
LIMITS = Limits(memory_bytes=3072 * MEGABYTE, cpu_seconds=60)
"""A hundred megapixels with transparency and a colour profile take about half of both."""

MOST_PIXELS_BYTES = 3 * MAX_PICTURE_PIXELS
REFUSAL_LIMIT_BYTES = 1024

POSTER_WIDTH_PX = 1280
POSTER_QUALITY = 88


def read_picture(picture: Path) -> Frame:
    """Read a style picture, turned as its EXIF says, over white where it is transparent.

    Returns:
        uint8 (height, width, 3), sRGB: an embedded colour profile is applied. Of an animation, the
        first picture.

    Raises:
        Rejected: it is no JPEG, PNG or WebP, is damaged, or has more than 100 megapixels.
        Unavailable: no process could be started to read it, or it was killed.
    """
    head, pixels = bytearray(SIZE.size), np.empty((0, 0, 3), np.uint8)
    refusal: bytes | None = None
    with reader("picture_worker", picture, LIMITS, "the style picture") as process:
        process.read_into(memoryview(head))
        height, width = SIZE.unpack(head)
        if height and width:
            pixels = np.empty((height, width, 3), np.uint8)
            process.read_into(pixels.data.cast("B"))
        else:
            words = bytearray(REFUSAL_LIMIT_BYTES)
            refusal = bytes(words[: process.read_into(memoryview(words))])
    if refusal is not None:
        raise Rejected(refusal.decode("utf-8", "replace"))
    return pixels


def write_poster(picture: Path, before: Frame, after: Frame) -> None:
    """Write a JPEG with both frames side by side, at most 1280 px wide, under 1 MB.

    Args:
        before, after: uint8 (height, width, 3), sRGB, the same shape.
    """
    from PIL import Image

    both = Image.fromarray(np.concatenate([before, after], axis=1))
    both.thumbnail((POSTER_WIDTH_PX, both.height), Image.Resampling.LANCZOS)
    both.save(picture, "JPEG", quality=POSTER_QUALITY, optimize=True, progressive=True)
