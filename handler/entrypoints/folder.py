"""``artreel stylize DIR``: every clip of a folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from handler.domain.errors import ArtreelError, Rejected
from handler.entrypoints.console import EXIT_FAULT, EXIT_REJECTED
from handler.pipeline.finished import fingerprint, is_finished, note_finished
from handler.pipeline.paint_video import Painting, PaintOrder

CLIP_SUFFIXES = (
    *(".3gp", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov"),
    *(".mp4", ".mpeg", ".mpg", ".mts", ".ogg", ".ogv", ".ts", ".webm"),
)
DONE, SKIPPED, FAILED = "painted", "there already", "failed"


@dataclass(frozen=True)
class _Row:
    """What became of a clip."""

    clip: str
    end: str
    details: str
    exit_code: int = 0


def paint_folder(
    order: PaintOrder, engine: Mapping[str, str], paint: Callable[[PaintOrder], Painting]
) -> int:
    """Paint every clip of a folder that is not painted yet, and print a table.

    A clip counts as painted when its result was made of the same clip, styles and options before.

    Args:
        order: its source is the folder, its result the folder for the results.
        engine: ``Painter.description``.
        paint: makes a result, whole or not at all.

    Returns:
        The exit code: 0 if all went well, else that of the worst failure.

    Raises:
        Rejected: there is nothing to paint, or no place to put it.
    """
    clips, results = _clips(order.source), order.result
    if results.is_file() or (not results.is_dir() and results.suffix.lower() in CLIP_SUFFIXES):
        raise Rejected(f"the results of a folder go to a folder, not to {results}")
    results.mkdir(parents=True, exist_ok=True)
    if results.samefile(order.source):
        raise Rejected("the results would lie among the clips; choose another folder for them")
    if not os.access(results, os.W_OK):
        raise Rejected(f"{results} can't be written")
    rows: list[_Row] = []
    try:
        for clip, name in clips.items():
            wish = replace(order, source=clip, result=results / name)
            rows.append(_painted(wish, engine, paint))
    finally:
        Console().print(_table(rows, len(clips)))
    return max(row.exit_code for row in rows)


def _clips(folder: Path) -> dict[Path, str]:
    """The clips of a folder and the names of their results; two of one stem keep their endings."""
    clips = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in CLIP_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
    if not clips:
        raise Rejected(f"there is no video in {folder}")
    stems = Counter(clip.stem.lower() for clip in clips)
    names: dict[Path, str] = {}
    for clip in clips:
        name = f"{clip.stem if stems[clip.stem.lower()] == 1 else clip.name}.mp4"
        while name.lower() in {other.lower() for other in names.values()}:
            name = f"{name}.mp4"
        names[clip] = name
    return names


def _painted(
    order: PaintOrder, engine: Mapping[str, str], paint: Callable[[PaintOrder], Painting]
) -> _Row:
    clip = order.source.name
    try:
        made_of = fingerprint(order, engine)
        if is_finished(order.result, made_of):
            return _Row(clip, SKIPPED, str(order.result))
        painting = paint(order)
        note_finished(order.result, made_of)
    except Rejected as rejection:
        return _Row(clip, FAILED, rejection.reason, EXIT_REJECTED)
    except (ArtreelError, OSError) as fault:
        return _Row(clip, FAILED, str(fault), EXIT_FAULT)
    except Exception as bug:
        details = f"a fault of artreel itself: {type(bug).__name__}: {bug}"
        return _Row(clip, FAILED, details, EXIT_FAULT)
    lost = painting.losses.in_words()
    details = f"{painting.frames} frames, {painting.total_seconds:.1f} s"
    return _Row(clip, DONE, f"{details}; {lost}" if lost else details)


def _table(rows: list[_Row], clips: int) -> Table:
    ends = Counter(row.end for row in rows)
    counts = [f"{ends[end]} {end}" for end in (DONE, SKIPPED, FAILED) if ends[end]]
    if len(rows) < clips:
        counts.append(f"{clips - len(rows)} not reached")
    table = Table(caption=", ".join(counts))
    for heading in ("clip", "", ""):
        table.add_column(heading, overflow="fold")
    for row in rows:
        color = "red" if row.end == FAILED else "none"
        table.add_row(escape(row.clip), f"[{color}]{row.end}[/]", escape(row.details))
    return table
