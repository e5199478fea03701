"""Pictures as a press leaves them."""

from __future__ import annotations

import numpy as np

from handler.domain.ports import Frame
from handler.gallery.canvas import (
    SIDE,
    Random,
    above,
    away,
    finished,
    grid,
    noise,
    over,
    paints,
    paper,
    shade,
)

SCREEN_PX = 21
"""From dot to dot; an old comic held close."""


def halftone(random: Random) -> Frame:
    """Screens of dots as in an old comic, cyan, magenta, yellow and black."""
    y, x = grid()
    turn, distance = np.arctan2(y - 0.6, x - 0.4), np.hypot(x - 0.4, y - 0.6)
    rays = above(np.sin(8 * turn), 0, 0.5)
    star = 0.3 + 0.07 * np.sin(16 * turn) - distance
    burst = above(star)
    sky = 1 - burst
    amounts = (
        sky * (0.10 + 0.75 * rays * np.clip(1.3 - distance, 0, 1)),
        burst * np.clip(1.15 - 4.0 * distance, 0, 1) + 0.12 * sky * (1 - rays),
        burst * 0.9 + 0.25 * sky * (1 - rays),
        sky * np.clip(1.5 * distance - 0.45, 0, 1),
    )
    inks = paints("0b8fd0 dd2a5e ffd60a 17141a")
    picture = paper(random, "f8f0de fcf6e6")
    for amount, degrees, color in zip(amounts, (15, 75, 0, 45), inks, strict=True):
        angle, per_side = np.radians(degrees), 2 * np.pi * SIDE / SCREEN_PX
        along = np.cos((x * np.cos(angle) + y * np.sin(angle)) * per_side)
        across = np.cos((y * np.cos(angle) - x * np.sin(angle)) * per_side)
        dots = above(1.1 * amount + 0.25 * (along + across), 0.5, 0.10)
        picture = over(picture, picture * color / 255, dots)
    return finished(over(picture, inks[3], above(4 - away(star, 0))))


def woodcut(random: Random) -> Frame:
    """Lines cut into a block, printed black over a red sun."""
    y, x = grid()
    distance = np.hypot(x - 0.66, y - 0.32)
    sun = above(-distance, -0.2)
    bent = noise(random, 1.3, 2)
    tone = 0.5 + 0.35 * np.tanh(1.5 * noise(random, 1.4, 2))
    rows = np.where(distance < 0.2, distance, y + 0.09 * bent + 0.06 * np.sin(5 * x))
    carved = 0.5 + 0.5 * np.cos(2 * np.pi * 24 * rows) + 0.10 * noise(random, 40, 2)
    black = above(carved - tone - 0.25 * sun, 0, 0.2)
    picture = over(paper(random, "efe2c0 f8efd8"), paints("d4472b"), sun)
    return finished(over(picture, paints("181412"), black))


def waves(random: Random) -> Frame:
    """Breaking waves in Prussian blue, as on a Japanese print."""
    y, x = grid()
    cream, line = paints("f8f1dc 0e1c38")
    picture = shade(1.2 * y, "f3e3bd eed7a6 e8c98f")
    crest = 0.030 + 0.022 * noise(random, 7, 3)
    for row in range(7):
        swell = 0.075 * np.sin(2 * np.pi * (x * (1.1 + 0.12 * row) + 0.41 * row))
        ripple = 0.03 * np.sin(2 * np.pi * (x * 3.1 + 0.61 * row))
        depth = y - 0.10 - 0.145 * row - swell - ripple
        stripes = np.sin(2 * np.pi * (15 * depth + 0.5 * np.sin(7 * x + row)))
        blue = shade(0.42 + 0.5 * stripes - 1.2 * depth, "0b1d3f 12366b 245f9a 5f9cc0 cfe0d8")
        water = above(depth)
        picture = over(picture, blue, water)
        picture = over(picture, cream, above(crest - depth) * water)
        rims = np.maximum(above(2.5 - away(depth, 0)), above(2 - away(depth - crest, 0)) * water)
        picture = over(picture, line, rims)
    return finished(picture)
