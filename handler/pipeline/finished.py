"""Which results are there already: each has a note beside it that says what it was made of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path

from handler import gallery
from handler.pipeline.paint_video import PaintOrder

PLACES = frozenset({"source", "result", "poster", "teaser"})
"""Fields of an order that don't change how the result looks."""


def fingerprint(order: PaintOrder, engine: Mapping[str, str]) -> str:
    """sha256, hexadecimal, of all that decides what a result looks like.

    Pictures count by their content and the source, which may be large, by size and time.

    Args:
        engine: ``Painter.description``.
    """
    source = order.source.stat()
    wishes = {
        field.name: _content(getattr(order, field.name))
        for field in fields(order)
        if field.name not in PLACES
    }
    drawn = [_drawn(style) for style in sorted(order.named_styles - order.styles.keys())]
    known = (source.st_size, source.st_mtime_ns, sorted(engine.items()), wishes, drawn)
    return hashlib.sha256(repr(known).encode()).hexdigest()


def _content(value: object) -> str:
    if isinstance(value, Path):
        with value.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if isinstance(value, Mapping):
        return repr(sorted((str(key), _content(item)) for key, item in value.items()))
    return repr(value)


@cache
def _drawn(style: str) -> str:
    return hashlib.sha256(gallery.draw(style).data).hexdigest()


def is_finished(result: Path, made_of: str) -> bool:
    """Whether this very result is there."""
    note = _note(result)
    return (
        result.is_file() and note.is_file() and note.read_text("utf-8") == _entry(made_of, result)
    )


def note_finished(result: Path, made_of: str) -> None:
    """Remember what a result was made of; it is there, whole."""
    _note(result).write_text(_entry(made_of, result), encoding="utf-8")


def _note(result: Path) -> Path:
    return result.with_name(f".{result.name}.artreel")


def _entry(made_of: str, result: Path) -> str:
    """A result that was replaced since is another one."""
    return f"{made_of} {result.stat().st_size}\n"
