"""Reads one untrusted picture in a process of its own and writes its pixels.

Run by ``handler.media.worker``. On stdout: height and width as ``SIZE``, then the pixels, red,
green, blue; or two zeros, then a sentence that says why it is refused. Anything else means that the
file broke the libraries.
"""

from __future__ import annotations

import io
import struct
import sys
import warnings

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from handler.media.limits import MAX_PICTURE_PIXELS
from handler.media.pixels import SIZE

FORMATS = ("JPEG", "PNG", "WEBP")
DAMAGES = (
    *(OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError),
    *(OverflowError, struct.error),
)
"""What Pillow raises on damaged files, by fuzzing."""

DEEPEST_SHADE = 257
"""Of 16 bits, for each of 8: 65535 becomes 255."""

WHITE = (255, 255, 255)
MODES_OF_PROFILES = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}
"""What Pillow calls the colours that a profile is for; the transform takes no others."""


class Refused(Exception):
    """The file is no picture that can be read; the text says why."""


def main(path: str) -> None:
    warnings.simplefilter("ignore")  # Pillow warns of much that it then reads
    try:
        picture = read(path)
    except Refused as refusal:
        sys.stdout.buffer.write(SIZE.pack(0, 0) + str(refusal).encode())
    else:
        sys.stdout.buffer.write(SIZE.pack(picture.height, picture.width))
        sys.stdout.buffer.write(picture.tobytes())


def read(path: str) -> Image.Image:
    """RGB, its colours sRGB."""
    too_large = f"the style picture has more than {MAX_PICTURE_PIXELS // 1_000_000} megapixels"
    try:
        with Image.open(path, formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PICTURE_PIXELS:
                raise Refused(too_large)
            return in_srgb(over_white(eight_bits(upright(opened))))
    except UnidentifiedImageError as error:
        raise Refused("the style is not a JPEG, PNG or WebP picture") from error
    except Image.DecompressionBombError as error:
        raise Refused(too_large) from error
    except DAMAGES as error:
        raise Refused(f"the style picture can't be read: {error}") from error


def upright(picture: Image.Image) -> Image.Image:
    """Turned as its EXIF says, as far as its EXIF can be read."""
    picture.load()
    try:
        return ImageOps.exif_transpose(picture)
    except DAMAGES:
        return picture


def eight_bits(picture: Image.Image) -> Image.Image:
    """Shades of 16 bits become shades of 8; Pillow would cut them off."""
    if not picture.mode.startswith("I"):
        return picture
    import numpy as np  # as long to load as all else; few pictures are so deep

    deep = np.asarray(picture, np.float32) / DEEPEST_SHADE
    shades = Image.fromarray(np.clip(np.rint(deep), 0, 255).astype(np.uint8))
    shades.info = {"icc_profile": picture.info.get("icc_profile")}
    return shades


def over_white(picture: Image.Image) -> Image.Image:
    """Without transparency; white, black and grey are the same in every profile of RGB."""
    profile = picture.info.get("icc_profile")
    if picture.has_transparency_data:
        over = picture.convert("RGBA")
        picture = Image.new("RGB", over.size, WHITE)
        picture.paste(over, mask=over.getchannel("A"))
    elif picture.mode not in MODES_OF_PROFILES.values():
        picture = picture.convert("RGB")
    picture.info = {"icc_profile": profile}
    return picture


def in_srgb(picture: Image.Image) -> Image.Image:
    """RGB, brought from the colours of its profile; one that can't be used is left aside."""
    profile = picture.info.get("icc_profile")
    if profile:
        try:
            embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = MODES_OF_PROFILES[embedded.profile.xcolor_space]
            converted = ImageCms.profileToProfile(
                picture if picture.mode == mode else picture.convert(mode),
                embedded,
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
            if converted:
                return converted
        except (*DAMAGES, ImageCms.PyCMSError):
            pass
    return picture.convert("RGB")
