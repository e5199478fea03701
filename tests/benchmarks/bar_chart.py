"""A plain bar chart as a PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH = 1600
MARGIN = 60
LABELS = 480
"""Where the bars begin, px from the left."""
LONGEST = WIDTH - LABELS - 3 * MARGIN
BAR, PITCH = 44, 66
"""Height of a bar, and from one bar's top to the next one's, px."""
BACKGROUND, INK, FAINT = "#ffffff", "#24292f", "#6e7781"
OURS, THEIRS = "#2f6f9f", "#b6c2cd"


@dataclass(frozen=True)
class Bar:
    """One value, and what the lowest and the highest sample were."""

    label: str
    value: float
    low: float
    high: float
    is_ours: bool


def draw(path: Path, title: str, groups: Sequence[tuple[str, Sequence[Bar]]], note: str) -> None:
    """Draw groups of bars, each under its own heading and on its own scale."""
    rows = sum(len(bars) for _, bars in groups) + len(groups)
    chart = Image.new("RGB", (WIDTH, 4 * MARGIN + rows * PITCH), BACKGROUND)
    pen = ImageDraw.Draw(chart)
    pen.text((MARGIN, MARGIN), title, INK, _font(40), anchor="lm")
    top = 2 * MARGIN
    for heading, bars in groups:
        middle = top + PITCH // 2
        pen.text((MARGIN, middle), heading, FAINT, _font(30), anchor="lm")
        scale = LONGEST / max(bar.high for bar in bars)
        for bar in bars:
            top += PITCH
            _draw_bar(pen, top, bar, scale)
        top += PITCH
    pen.text((MARGIN, top + MARGIN), note, FAINT, _font(24), anchor="lm")
    chart.save(path, optimize=True)


def _draw_bar(pen: ImageDraw.ImageDraw, top: int, bar: Bar, scale: float) -> None:
    middle = top + BAR // 2
    right, low, high = (LABELS + value * scale for value in (bar.value, bar.low, bar.high))
    pen.text((LABELS - 20, middle), bar.label, INK, _font(28), anchor="rm")
    pen.rectangle((LABELS, top, right, top + BAR), OURS if bar.is_ours else THEIRS)
    pen.line((low, middle, high, middle), INK, 3)
    for end in (low, high):
        pen.line((end, middle - 8, end, middle + 8), INK, 3)
    pen.text((max(right, high) + 16, middle), f"{bar.value:.3g}", INK, _font(30), anchor="lm")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
