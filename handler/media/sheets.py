"""Labelled pictures in rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from handler.domain.ports import Tile

PAPER, LETTERS = (250, 249, 246), (38, 36, 34)
GAP_PX = 10
LETTERS_PX = 17
CAPTION_PX = 24
"""Height of the strip under a picture that has a caption."""

QUALITY = 88


def write_sheet(picture: Path, rows: Sequence[Sequence[Tile]]) -> None:
    """Write a JPEG with the tiles of each row side by side, columns under each other.

    A column is as wide as its widest picture and a row as high as its highest; what is too long of
    a caption is cut.

    Args:
        rows: at least one picture among them.
    """
    font = ImageFont.load_default(LETTERS_PX)
    sizes = [[_size(tile) for tile in row] for row in rows]
    widths = [max(width for width, _ in column) for column in zip_longest(*sizes, fillvalue=(0, 0))]
    heights = [max(height for _, height in row) for row in sizes]
    strips = [CAPTION_PX if any(tile.caption for tile in row) else 0 for row in rows]
    size = (
        sum(widths) + GAP_PX * (len(widths) + 1),
        sum(heights) + sum(strips) + GAP_PX * (len(heights) + 1),
    )
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    top = GAP_PX
    for row, height, strip in zip(rows, heights, strips, strict=True):
        left = GAP_PX
        for tile, width in zip(row, widths, strict=False):
            if tile.image is not None:
                sheet.paste(Image.fromarray(tile.image), (left, top))
            caption = _cut(tile.caption, width, font)
            pen.text((left, top + height + strip / 2), caption, LETTERS, font, anchor="lm")
            left += width + GAP_PX
        top += height + strip + GAP_PX
    sheet.save(picture, "JPEG", quality=QUALITY, optimize=True, progressive=True)


def _size(tile: Tile) -> tuple[int, int]:
    """Width and height, px."""
    return (0, 0) if tile.image is None else (tile.image.shape[1], tile.image.shape[0])


def _cut(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """As much of a text as fits into a width, px."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"
