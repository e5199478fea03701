"""Which picture a style's name means."""

from __future__ import annotations

import posixpath

from handler.domain.job import STYLE_SUFFIXES, STYLES
from handler.domain.ports import ObjectStore

KEYS_PER_STYLE = 100
"""Bound on how many keys that begin like a style's picture are looked at."""


def style_key(style: str, store: ObjectStore, bucket: str) -> str | None:
    """Key of the style's picture, None where there is none."""
    stem = f"{STYLES}{style}"
    found = {
        posixpath.splitext(key)[1].lower(): key
        for key in store.keys(bucket, f"{stem}.", KEYS_PER_STYLE)
        if posixpath.splitext(key)[0] == stem
    }
    return next((found[suffix] for suffix in STYLE_SUFFIXES if suffix in found), None)
