"""Lines over time, as a PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.bar_chart import BACKGROUND, FAINT, INK, MARGIN, OURS, THEIRS, WIDTH

HEIGHT = 640
COLOURS = (THEIRS, OURS)


def draw(
    path: Path, title: str, lines: Mapping[str, Sequence[tuple[int, float]]], note: str
) -> None:
    """Draw lines of places (x, y) on one scale that begins at 0."""
    chart = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    pen = ImageDraw.Draw(chart)
    pen.text((MARGIN, MARGIN), title, INK, ImageFont.load_default(40), anchor="lm")
    places = [place for line in lines.values() for place in line]
    last, highest = max(x for x, _ in places), max(y for _, y in places)
    left, right, top, bottom = 2 * MARGIN, WIDTH - MARGIN, 2 * MARGIN, HEIGHT - 2 * MARGIN

    def at(x: float, y: float) -> tuple[float, float]:
        return left + (right - left) * x / last, bottom - (bottom - top) * y / highest

    pen.line((*at(0, 0), *at(last, 0)), FAINT, 2)
    pen.text((left - 16, bottom), "0", FAINT, ImageFont.load_default(24), anchor="rm")
    pen.text((left - 16, top), f"{highest:.2g}", FAINT, ImageFont.load_default(24), anchor="rm")
    for number, ((name, line), colour) in enumerate(zip(lines.items(), COLOURS, strict=False)):
        pen.line([at(x, y) for x, y in line], colour, 4, joint="curve")
        spot = (WIDTH - MARGIN, MARGIN + 34 * number)
        pen.text(spot, name, colour, ImageFont.load_default(28), anchor="rm")
    pen.text((MARGIN, HEIGHT - MARGIN), note, FAINT, ImageFont.load_default(24), anchor="lm")
    chart.save(path, optimize=True)
