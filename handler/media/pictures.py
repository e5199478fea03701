"""Style pictures in, posters out."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from handler.domain.errors import Rejected
from handler.domain.ports import Frame

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 100_000_000
TOO_LARGE = f"the style picture has more than {MAX_PIXELS // 1_000_000} megapixels"
DAMAGES = (
    *(OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError),
    *(OverflowError, struct.error),
)
"""What Pillow raises on damaged files, by fuzzing."""

POSTER_WIDTH_PX = 1280
POSTER_QUALITY = 88
WHITE = (255, 255, 255)


def read_picture(picture: Path) -> Frame:
    """Read a style picture, turned as its EXIF says, over white where it is transparent.

    Returns:
        uint8 (height, width, 3), taken for sRGB: colour profiles are not applied. Of an
        animation, the first picture.

    Raises:
        Rejected: it is no JPEG, PNG or WebP, is damaged, or has more than 100 megapixels.
    """
    try:
        with Image.open(picture, formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise Rejected(TOO_LARGE)
            upright = ImageOps.exif_transpose(opened)
            if upright.mode.startswith("I"):
                deep = np.asarray(upright, np.float32) / 257  # 65535 becomes 255
                upright = Image.fromarray(np.clip(deep, 0, 255).astype(np.uint8))
            if upright.has_transparency_data:
                over = upright.convert("RGBA")
                upright = Image.new("RGB", over.size, WHITE)
                upright.paste(over, mask=over.getchannel("A"))
            return np.array(upright.convert("RGB"))
    except UnidentifiedImageError as error:
        raise Rejected("the style is not a JPEG, PNG or WebP picture") from error
    except Image.DecompressionBombError as error:
        raise Rejected(TOO_LARGE) from error
    except DAMAGES as error:
        raise Rejected(f"the style picture can't be read: {error}") from error


def write_poster(picture: Path, before: Frame, after: Frame) -> None:
    """Write a JPEG with both frames side by side, at most 1280 px wide, under 1 MB.

    Args:
        before, after: uint8 (height, width, 3), sRGB, the same shape.
    """
    both = Image.fromarray(np.concatenate([before, after], axis=1))
    both.thumbnail((POSTER_WIDTH_PX, both.height), Image.Resampling.LANCZOS)
    both.save(picture, "JPEG", quality=POSTER_QUALITY, optimize=True, progressive=True)
