"""Animated pictures, never too large to be sent around."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path

from PIL import Image

from handler.domain.errors import Defect
from handler.domain.ports import Frame

LARGEST_BYTES = 3_000_000
WAYS = (
    # long side, px; every so-manyth frame; quality of WebP, colours of GIF
    (480, 1, 75, 256),
    (480, 2, 60, 128),
    (400, 2, 50, 64),
    (320, 2, 40, 64),
    (240, 3, 25, 32),
    (160, 4, 10, 16),
)
"""From the finest to one that is small enough whatever is seen: noise of 160x160 px takes a GIF of
16 colours 13 kB a frame."""


def write_teaser(picture: Path, frames: Sequence[Frame], frame_seconds: Fraction) -> None:
    """Write frames as an endless WebP or GIF of less than 3 MB, as fine as that allows.

    Args:
        picture: its ending names the format.
        frames: at most about a hundred, of the same shape.
        frame_seconds: how long each is shown.

    Raises:
        Defect: there are too many frames.
    """
    is_gif = picture.suffix.lower() == ".gif"
    for long_side, stride, quality, colors in WAYS:
        shown = [_small(frame, long_side) for frame in frames[::stride]]
        milliseconds = round(1000 * frame_seconds * stride)
        for tried in (shown[:1], shown):  # one frame tells soon whether all are worth a try
            images = [image.quantize(colors) for image in tried] if is_gif else tried
            content = _animated(images, "GIF" if is_gif else "WEBP", milliseconds, quality)
            if len(content) * len(shown) / len(tried) >= LARGEST_BYTES:
                break
        else:
            picture.write_bytes(content)
            return
    raise Defect(f"a teaser of {len(frames)} frames is too large")


def _animated(images: Sequence[Image.Image], kind: str, milliseconds: int, quality: int) -> bytes:
    first, *rest = images
    content = BytesIO()
    first.save(
        content,
        kind,
        save_all=True,
        append_images=rest,
        duration=milliseconds,
        loop=0,
        quality=quality,
    )
    return content.getvalue()


def _small(frame: Frame, long_side: int) -> Image.Image:
    image = Image.fromarray(frame)
    image.thumbnail((long_side, long_side), Image.Resampling.LANCZOS)
    return image
