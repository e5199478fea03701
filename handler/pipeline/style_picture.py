"""The picture of a style: a file of the user's, or one of the gallery."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from handler import gallery
from handler.domain.errors import Rejected
from handler.domain.ports import Frame, Media


def style_picture(style: str, pictures: Mapping[str, Path], media: Media) -> Frame:
    """The picture that was given for a style, else that of the gallery.

    Raises:
        Rejected: there is neither, or the one given can't be read.
    """
    if style in pictures:
        return media.read_picture(pictures[style])
    if style not in gallery.STYLES:
        raise Rejected(f"no picture was given for the style {style!r}, {gallery.NONE_SUCH}")
    return gallery.draw(style)
