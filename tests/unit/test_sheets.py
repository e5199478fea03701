"""Labelled pictures in rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from handler.domain.ports import Frame, Tile
from handler.media.sheets import CAPTION_PX, GAP_PX, PAPER, write_sheet

RED = np.full((60, 90, 3), (255, 0, 0), np.uint8)
BLUE = np.full((40, 120, 3), (0, 0, 255), np.uint8)


def _sheet(folder: Path, rows: list[list[Tile]]) -> Frame:
    write_sheet(folder / "sheet.jpg", rows)
    with Image.open(folder / "sheet.jpg") as sheet:
        return np.asarray(sheet)


def test_columns_lie_under_each_other(tmp_path: Path) -> None:
    sheet = _sheet(tmp_path, [[Tile(RED, "one"), Tile(RED)], [Tile(None), Tile(BLUE)]])
    assert sheet.shape == (60 + 40 + CAPTION_PX + 3 * GAP_PX, 90 + 120 + 3 * GAP_PX, 3)
    second = GAP_PX + 90 + GAP_PX
    for at, color in (
        ((GAP_PX + 30, GAP_PX + 45), (255, 0, 0)),
        ((GAP_PX + 30, second + 45), (255, 0, 0)),
        ((60 + CAPTION_PX + 2 * GAP_PX + 20, second + 60), (0, 0, 255)),
        ((60 + CAPTION_PX + 2 * GAP_PX + 20, GAP_PX + 45), PAPER),
    ):
        assert np.abs(sheet[at].astype(int) - color).max() < 8


def test_a_caption_is_written_under_its_picture_and_not_beyond(tmp_path: Path) -> None:
    sheet = _sheet(tmp_path, [[Tile(RED, "a very long name of a style"), Tile(RED)]])
    strip = sheet[GAP_PX + 60 + 2 : -GAP_PX].astype(int).min(axis=2)
    written = np.flatnonzero(strip.min(axis=0) < 128)
    assert written.min() >= GAP_PX - 1
    assert 70 < written.max() <= GAP_PX + 90
