"""Style pictures out of the input bucket."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from pathlib import Path

from handler import gallery
from handler.domain.errors import Rejected
from handler.domain.job import STYLE_SUFFIXES, STYLES, SourceObject, check_style_name
from handler.pipeline.studio import Studio
from handler.pipeline.style_key import style_key

KEYS_LOOKED_AT = 1000


def every_style(studio: Studio, most: int) -> list[str]:
    """Names of the pictures that are there, the first by name; the gallery if there is none."""
    found: set[str] = set()
    for key in studio.store.keys(studio.input_bucket, STYLES, KEYS_LOOKED_AT):
        style, suffix = posixpath.splitext(key.removeprefix(STYLES))
        if suffix.lower() in STYLE_SUFFIXES and _is_style_name(style):
            found.add(style)
    return sorted(found)[:most] or list(gallery.STYLES)


def _is_style_name(style: str) -> bool:
    try:
        check_style_name(style)
    except Rejected:
        return False
    return True


def pictures_of(styles: Iterable[str], studio: Studio) -> dict[str, SourceObject]:
    """The pictures of styles, as they are now; a built-in style that has none is left out."""
    found = {style: _picture_of(style, studio) for style in sorted(styles)}
    return {style: picture for style, picture in found.items() if picture}


def fetch_styles(
    pictures: Mapping[str, SourceObject], studio: Studio, folder: Path
) -> dict[str, Path]:
    """The pictures of styles on the local disk."""
    taken = len(list(folder.iterdir()))
    files = {style: folder / f"style-{taken + n}" for n, style in enumerate(pictures)}
    for style, path in files.items():
        studio.store.download(pictures[style], path)
    return files


def _picture_of(style: str, studio: Studio) -> SourceObject | None:
    key = style_key(style, studio.store, studio.input_bucket)
    facts = key and studio.store.facts(studio.input_bucket, key)
    if not key or not facts:
        if style in gallery.STYLES:
            return None
        raise Rejected(
            f"there is no picture of the style {style!r}, {gallery.NONE_SUCH}: "
            f"upload {STYLES}{style}.jpg, .png or .webp, then the video again"
        )
    if facts.size_bytes > studio.max_style_bytes:
        raise Rejected(
            f"the style picture {key} has {facts.size_bytes} bytes; "
            f"at most {studio.max_style_bytes} are taken"
        )
    return SourceObject(studio.input_bucket, key, facts.version, facts.version_id)
