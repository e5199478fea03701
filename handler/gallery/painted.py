"""Pictures as a brush or a pen leaves them."""

from __future__ import annotations

import numpy as np

from handler.domain.ports import Frame
from handler.gallery.canvas import (
    SIDE,
    Field,
    Random,
    above,
    away,
    bristles,
    draw_dot,
    draw_line,
    finished,
    grid,
    lit,
    look_up,
    noise,
    over,
    paints,
    paper,
    paths,
    scattered,
    shade,
)

WHIRLS = (
    # x, y, radius; turning speed, its sign the direction
    (0.655, 0.355, 0.185, 1.45),
    (0.215, 0.235, 0.085, -1.20),
    (0.270, 0.690, 0.120, -1.30),
    (0.810, 0.800, 0.075, 1.10),
    (0.035, 0.485, 0.050, 1.00),
    (0.935, 0.105, 0.055, -1.00),
    (0.540, 0.930, 0.045, -0.90),
)
DRIFT = (0.55, -0.16)
"""The current between the whirls."""

COOL = "0c1638 17336f 245a9c 3f86b8 7fb6c4 c9d6c0 2f6f7c 2a2860"
WARM = "fff6d0 ffe08a f7bd4b ec9a34 d9742f 96404a"

BRUSHES = ((22, 0.19, 22, 7), (32, 0.12, 13, 5), (36, 0.08, 7, 3))
"""Layers of oil: strokes across the canvas, the length of each in sides, its width in px, and how
many bristles it has."""

BALLS = ((0.3, 0.34, 0.24), (0.72, 0.62, 0.28), (0.8, 0.14, 0.15), (0.14, 0.84, 0.17))
"""What the pen draws: x, y, radius."""


def strokes(random: Random) -> Frame:
    """Oil in thick strokes along whirls."""
    flow, colors = _current(), _burning_whirls(random)
    canvas = np.dstack([finished(colors), np.zeros((SIDE, SIDE), np.uint8)])
    for across, length, width, hairs in BRUSHES:
        starts = scattered(random, across, 0.5)
        shape = (len(starts), hairs)
        offsets = np.linspace(-0.5, 0.5, hairs) + random.normal(0, 0.03, shape)
        widths = np.full(len(starts), float(width))
        tints = look_up(colors, starts) + random.normal(0, 11, (len(starts), 1))
        tints = tints + random.normal(0, 8, tints.shape)
        # Paint piles up at the sides of a stroke.
        heights = 255 * (0.5 + 0.8 * abs(offsets)) + random.normal(0, 10, shape)
        lines = bristles(paths(flow, starts, length, 10), offsets, widths)
        for stroke, tint, height in zip(lines, tints, heights, strict=True):
            for line, thick in zip(stroke, height, strict=True):
                paint = np.append(tint + random.normal(0, 10), thick)
                draw_line(canvas, line, paint, round(1.6 * width / hairs))
    relief = canvas[..., 3].astype(np.float32) / 60
    return finished(lit(canvas[..., :3].astype(np.float32), relief, 0.3))


def ink(random: Random) -> Frame:
    """Black ink, wet and dry, on rice paper."""
    picture, mist = paper(random, "e9e2d0 f7f3e8"), noise(random, 1.5, 5)
    for level, deep in ((0.3, 0.25), (0.8, 0.35), (1.3, 0.5)):
        edge = 1 + 0.25 * np.exp(-(((mist - level) / 0.12) ** 2))
        picture = over(
            picture, 0.25 * picture, np.clip(above(mist, level, 0.35) * edge * deep, 0, 1)
        )
    canvas = finished(picture)
    starts = random.uniform(-0.1, 1, (70, 2))
    offsets = np.linspace(-0.5, 0.5, 12) + random.normal(0, 0.02, (70, 12))
    lines = bristles(paths(_current(), starts, 0.55, 40), offsets, random.uniform(3, 23, 70))
    for stroke in lines:
        for line in stroke:
            runs_dry = random.random() < 0.35
            first, last = sorted(random.integers(0, 40, 2)) if runs_dry else (0, 40)
            if last - first > 2:
                draw_line(canvas, line[first:last], np.full(3, random.uniform(15, 50)), 2)
    for splash in random.uniform(0, 1, (90, 2)):
        draw_dot(canvas, splash, random.exponential(1.6), paints("19181c")[0])
    return canvas


def watercolor(random: Random) -> Frame:
    """Washes that pool at their edges, on rough paper."""
    picture = paper(random, "f2ecdf fdfbf5")
    for color in paints("2f6fb5 e0533f 2fa39a f0a52a 7a4fb0 3f8f4f d9487a"):
        wash = noise(random, 1.3, 5) - 0.55
        edge = np.exp(-(((wash - 0.05) / 0.06) ** 2))
        pool = 0.38 + 0.16 * noise(random, 2, 4) + 0.5 * edge + 0.05 * noise(random, 60, 1)
        cover = above(wash, 0, 0.08) * np.clip(pool, 0.05, 0.95)
        picture = over(picture, picture * color / 255, cover)
    return finished(picture)


def pointillism(random: Random) -> Frame:
    """Dots of pure colour that mix in the eye."""
    y, x = grid()
    sun = np.exp(-((x - 0.66) ** 2 + (y - 0.3) ** 2) / 0.03)
    trees = above(noise(random, 2, 3), 0.5, 0.6)
    colors = shade(
        0.1 + 0.65 * y + 0.25 * trees - 0.45 * sun,
        "fffbe0 ffe08a ffb04a f2784a c2507a 6a4a9a 2f4f9a 1f3a6a 17304a",
    )
    pure = paints("ff5a36 ffd23f 2f7fe0 2fae6a a04fc8 fffdf0")
    canvas = finished(np.zeros_like(colors) + paints("f8f2e0"))
    for across, radius in ((46, 7.0), (58, 5.0)):
        places = scattered(random, across, 0.5)
        tints = look_up(colors, places) + random.normal(0, 24, (len(places), 3))
        stands_out = random.random(len(places)) < 0.18
        tints[stands_out] = random.choice(pure, np.count_nonzero(stands_out))
        sizes = radius * random.uniform(0.75, 1.2, len(places))
        for place, size, tint in zip(places, sizes, tints, strict=True):
            draw_dot(canvas, place, size, tint)
    return canvas


def hatching(random: Random) -> Frame:
    """Pen and ink: the darker, the more layers of lines."""
    y, x = grid()
    tone = 0.95 + 0.12 * noise(random, 2, 2)
    outline = np.zeros_like(tone)
    for center_x, center_y, radius in BALLS:
        right, down = (x - center_x) / radius, (y - center_y) / radius
        distance = np.hypot(right, down)
        shadow = np.exp(-((right - 0.7) ** 2) - ((down - 0.95) / 0.4) ** 2)
        roundness = 1.15 - 0.73 * np.hypot(right + 0.4, down + 0.45)
        tone = np.where(distance < 1, roundness, tone - 0.9 * shadow)
        outline = np.where(distance < 1, 0, outline)
        outline = np.maximum(outline, above(1.5 - away(distance, 1)))
    picture, pen = paper(random, "f3ead2 fbf6e6"), paints("1c1512")
    wobble = 3 * noise(random, 4, 2)
    for degrees, darker_than in ((50, 0.80), (130, 0.50), (90, 0.28)):
        angle = np.radians(degrees)
        across = (x * np.cos(angle) + y * np.sin(angle)) * SIDE + wobble
        dark = np.clip((darker_than - tone) * 1.2, 0, 0.6)
        lines = above(np.cos(across * 2 * np.pi / 15) + dark, 0.7, 0.35)
        picture = over(picture, pen, lines * above(-tone, -darker_than, 0.03))
    return finished(over(picture, pen, outline))


def _current() -> Field:
    """A flow of whirls: unit vectors (x, y)."""
    y, x = grid()
    u = DRIFT[0] + 0.35 * np.sin(2 * np.pi * (y * 1.3 + 0.15))
    v = DRIFT[1] + 0.30 * np.sin(2 * np.pi * (x * 1.1 + y * 0.4))
    for center_x, center_y, radius, speed in WHIRLS:
        right, down = (x - center_x) / radius, (y - center_y) / radius
        pull = speed * 2.6 * np.exp(-(right**2 + down**2) / 1.8)
        u, v = u - down * pull, v + right * pull
    unit: Field = np.dstack([u, v]) / (np.hypot(u, v) + 1e-6)[..., None]
    return unit


def _burning_whirls(random: Random) -> Field:
    """Cool clouds; each whirl burns from pale yellow to russet along spiral arms."""
    y, x = grid()
    bands = noise(random, 5, 3)
    colors = shade(0.6 + 0.22 * bands - 0.2 * y, COOL)
    for center_x, center_y, radius, speed in WHIRLS:
        distance = np.hypot(x - center_x, y - center_y) / radius
        turn = np.arctan2(y - center_y, x - center_x) * np.sign(speed)
        arms = np.sin(2 * turn - 5.5 * distance) * np.clip(distance, 0, 1)
        distance = distance + 0.30 * arms + 0.07 * bands
        colors = over(colors, shade(distance / 1.1, WARM), np.clip((1.2 - distance) * 4, 0, 1))
    return colors
