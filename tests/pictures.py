"""Style pictures drawn by code: textures and colours that differ from each other."""

from __future__ import annotations

import numpy as np

from handler.domain.ports import Frame

STYLES = ("waves", "tiles", "noise", "stripes", "sunset")
SIDE = 320


def draw_style(name: str) -> Frame:
    """One of ``STYLES``, uint8 (320, 320, 3), sRGB; the same at each call."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    random = np.random.default_rng(STYLES.index(name))
    palette = random.uniform(0, 1, (8, 3))
    level = {
        "waves": 4 + 4 * np.sin(30 * y + 6 * np.sin(9 * x)),
        "tiles": (np.floor(x * 12) * 5 + np.floor(y * 12) * 3) % 8,
        "noise": random.uniform(0, 8, (SIDE, SIDE)),
        "stripes": (x * 20 + y * 7) % 8,
        "sunset": 8 * y**2,
    }[name]
    shaded = palette[np.clip(level, 0, 7).astype(int)]
    return np.asarray(np.clip(shaded * 255, 0, 255), np.uint8)
