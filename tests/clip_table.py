"""The table of what becomes of every clip in ``tests/clips.py``, written by the tests themselves.

A clip is a public function of ``tests/clips.py`` that takes the folder to make it in, or one of
``tests/hostile.py`` that takes a trap. The test that
tries it calls the fixture ``tabulate`` with what it found, just before it asserts::

    def test_a_text_is_refused(tabulate, tmp_path):
        with pytest.raises(Rejected) as refusal:
            media.probe(clips.text_named_video(tmp_path))
        tabulate(Row(clips.text_named_video, f"refused: {refusal.value.reason}"))

``make clips`` runs those tests and writes the rows to ``tests/integration/clips.md``; other runs
write nothing. A row whose test fails says so. ``tests/unit/test_clip_table.py`` fails while the
committed table lacks a clip or names one that is gone.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import clips, hostile

TABLE = Path(__file__).parent / "integration" / "clips.md"
PROPERTY = "clip"
FAILED = "**wrong**"

HEADING = """# What becomes of every clip

Written by `make clips`; each clip is a function of [`tests/clips.py`](../clips.py) or
[`tests/hostile.py`](../hostile.py), and nothing was painted. Sound drift: of its first and its
last beat against the picture. Colour error: the largest
of any patch, of 255.

| clip | what it is | outcome | frames | size | sound drift, ms | colour error |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """What became of one clip.

    Attributes:
        clip: the function that makes it; the first sentence of its docstring says what it is.
        outcome: in a few words.
        measured: cells that only a result has: ``frames``, ``size``, ``drift``, ``colour``.
    """

    clip: Callable[..., Path]
    outcome: str
    measured: Mapping[str, str] | None = None

    def as_property(self) -> dict[str, Any]:
        """For a test report, which knows only plain values."""
        return {"clip": self.clip.__name__, "outcome": self.outcome, **(self.measured or {})}


def all_clips() -> dict[str, str]:
    """What each clip is, by its name, in the order of the modules."""
    return {
        name: (inspect.getdoc(make) or "").split(".\n")[0].replace("\n", " ").rstrip(".")
        for module in (clips, hostile)
        for name, make in vars(module).items()
        if inspect.isfunction(make) and not name.startswith("_")
        if not {"folder", "trap"}.isdisjoint(inspect.signature(make).parameters)
    }


def rendered(rows: Iterable[Mapping[str, Any]]) -> str:
    """The table, in the order of the modules."""
    by_clip = {row["clip"]: row for row in rows}
    lines = []
    for name, meaning in all_clips().items():
        row = by_clip.get(name, {"outcome": "not tried"})
        cells = (row.get(cell, "") for cell in ("outcome", "frames", "size", "drift", "colour"))
        lines.append(" | ".join((f"| {name}", meaning, *cells)).strip() + " |\n")
    return HEADING + "".join(lines)


def outcomes(table: str) -> dict[str, str]:
    """The outcome of each clip that a table names."""
    return dict(re.findall(r"^\| (\w+) \| [^|]* \| ([^|]*) \|", table, re.MULTILINE)[1:])
