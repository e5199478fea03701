"""Pictures put together from stone, glass, gold and light."""

from __future__ import annotations

import cv2
import numpy as np

from handler.domain.ports import Frame
from handler.gallery.canvas import (
    SIDE,
    Random,
    above,
    away,
    cells,
    draw_line,
    finished,
    grid,
    lit,
    look_up,
    noise,
    over,
    paints,
    scattered,
    shade,
)


def mosaic(random: Random) -> Frame:
    """Tesserae of stone in grout."""
    y, x = grid()
    arcs = np.minimum(np.hypot(x - 0.45, y - 1.05), 1.5 * np.hypot(x - 0.72, y - 0.28))
    colors = shade(
        (4.2 * arcs + 0.04 * noise(random, 2, 2)) % 1.0,
        "12305e 1f6fb0 6fd0d0 fdf2d0 f2b632 e0552f 8a1f3a 12305e",
    )
    places = scattered(random, 24, 0.27)
    cell, inside = cells(places)
    stones = look_up(colors, places) + random.normal(0, 20, (len(places), 1))
    relief = np.minimum(inside, 4.0) * 0.5
    grout = shade(0.5 + 0.2 * noise(random, 60, 2), "2a221e 463a32")
    return finished(over(grout, lit(stones[cell], relief, 0.28), above(inside, 2.0, 1.5)))


def stained_glass(random: Random) -> Frame:
    """Panes of glass with light behind, in lead."""
    places = scattered(random, 10, 0.46)
    cell, inside = cells(places)
    palette = paints("c81d25 0b4f9e f2b705 0f7b4f 6a1b9a e8590c 1098ad d6336c f8f0d8")
    rings = 14 * np.hypot(places[:, 0] - 0.5, places[:, 1] - 0.45)
    panes = palette[(rings + random.integers(0, 5, len(places))).astype(int) % len(palette)]
    glow = 0.9 + 0.10 * noise(random, 14, 3) + 0.22 * np.tanh(inside / 25)
    lead = shade(0.5 + 0.1 * noise(random, 40, 2), "15151a 2a2a30")
    return finished(over(lead, panes[cell] * glow[..., None], above(inside, 5.0, 2.0)))


def gold(random: Random) -> Frame:
    """Gold leaf with tiles and spirals."""
    leaf = shade(0.5 + 0.2 * noise(random, 6, 4), "8a5a16 c98f25 e8b93f f6dc83")
    canvas = finished(leaf)
    palette = paints("1c1a1a 7a1f2b 1f4f6b 2f6f4a f3ead2 b5651d d9a441 f6dc83")
    for place in scattered(random, 26, 0.35):
        left, top = np.rint(place * SIDE).astype(int).tolist()
        width, height = random.integers(6, 18, 2).tolist()
        if random.random() < 0.45:
            tile = random.choice(palette).tolist()
            cv2.rectangle(canvas, (left, top), (left + width, top + height), tile, -1)
    turns = np.linspace(0.6, 6.5 * np.pi, 160)
    spiral = turns[:, None] * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    for place in scattered(random, 6, 0.4):
        line = place * SIDE + random.uniform(0.7, 1.7) * spiral
        draw_line(canvas, line, random.choice(palette[[0, 0, 4, 7]]), int(random.integers(3, 6)))
    return finished(lit(canvas.astype(np.float32), 0.35 * noise(random, 70, 2), 0.12))


def neon(random: Random) -> Frame:
    """Glowing tubes in the dark."""
    light = np.zeros((SIDE, SIDE, 3))
    for color in paints("ff2f92 26d9ff ffd23f 7cff5b a45bff ff6b35"):
        field = noise(random, 1.2, 1)
        for level in (-0.5, 0.7):
            distance = away(field, level)
            light += 0.40 * np.exp(-distance / 7)[..., None] * color
            light += 120 * np.exp(-((distance / 1.8) ** 2))[..., None]
    return finished(paints("0c0a1c") + 255 * (1 - np.exp(-light / 210)))
