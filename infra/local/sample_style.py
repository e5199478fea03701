"""A picture to try the program with: an abstract oil painting, drawn stroke by stroke.

Every stroke follows one flow field of whirls, is a bundle of bristles of slightly different paint,
and leaves relief that is lit from the upper left at the end. The same picture comes out every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Positions = NDArray[np.float64]

SIDE_PX = 512
SUPERSAMPLING = 2
CANVAS_PX = SIDE_PX * SUPERSAMPLING
STRIDE_PX = 5
SEED = 1889

WHIRLS = (
    # x, y, radius as parts of the side; turning speed, its sign the direction
    (0.655, 0.355, 0.185, 1.45),
    (0.215, 0.235, 0.085, -1.20),
    (0.270, 0.690, 0.120, -1.30),
    (0.810, 0.800, 0.075, 1.10),
    (0.035, 0.485, 0.050, 1.00),
    (0.935, 0.105, 0.055, -1.00),
    (0.540, 0.930, 0.045, -0.90),
)
DRIFT = (0.55, -0.16)
"""The current between the whirls, in parts of the side."""

COOL = ("#0c1638", "#17336f", "#245a9c", "#3f86b8", "#7fb6c4", "#c9d6c0", "#2f6f7c", "#2a2860")
WARM = ("#fff6d0", "#ffe08a", "#f7bd4b", "#ec9a34", "#d9742f", "#96404a")


@dataclass(frozen=True)
class Brush:
    """A layer of strokes: how many, and how each is made; lengths in pixels of the canvas."""

    strokes: int
    width: float
    length: float
    bristles: int
    load: float
    """Height of the paint that it leaves, 1 being thick."""


BRUSHES = (
    Brush(strokes=1500, width=44, length=190, bristles=20, load=0.45),
    Brush(strokes=3200, width=24, length=120, bristles=14, load=0.75),
    Brush(strokes=3600, width=13, length=80, bristles=9, load=1.0),
)


def draw() -> NDArray[np.uint8]:
    """Draw the picture.

    Returns:
        uint8 (512, 512, 3), BGR as cv2 has it.
    """
    random = np.random.default_rng(SEED)
    flow = flow_field()
    colors = color_field(flow)
    canvas = np.dstack([colors, np.zeros((CANVAS_PX, CANVAS_PX), np.float32)])
    for brush in BRUSHES:
        starts = random.uniform(-0.06, 1.04, (brush.strokes, 2)) * CANVAS_PX
        for path in follow(flow, starts, brush.length):
            _stroke(canvas, colors, brush, path, random)
    picture = cv2.resize(_light(canvas), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(picture, np.uint8)


def write(path: Path) -> None:
    """Draw the picture into a file; its ending names the format."""
    encoded, content = cv2.imencode(path.suffix, draw())
    if not encoded:
        raise ValueError(f"{path.suffix} is no picture format")
    path.write_bytes(content.tobytes())


def flow_field() -> Field:
    """The direction of the brush at every pixel, (height, width, 2) unit vectors (x, y)."""
    y, x = _grid()
    u, v = np.full_like(x, DRIFT[0]), np.full_like(x, DRIFT[1])
    u += 0.35 * np.sin(2 * np.pi * (y * 1.3 + 0.15))
    v += 0.30 * np.sin(2 * np.pi * (x * 1.1 + y * 0.4))
    for center_x, center_y, radius, speed in WHIRLS:
        dx, dy = (x - center_x) / radius, (y - center_y) / radius
        pull = speed * 2.6 * np.exp(-(dx * dx + dy * dy) / 1.8)
        u += -dy * pull
        v += dx * pull
    norm = np.hypot(u, v) + 1e-6
    return np.dstack([u / norm, v / norm]).astype(np.float32)


def color_field(flow: Field) -> Field:
    """The paint that a stroke takes up where it starts, float32 (height, width, 3), BGR 0..255.

    Cool bands run along the flow; each whirl burns from pale yellow to russet along spiral arms.
    """
    y, x = _grid()
    noise = np.random.default_rng(SEED + 1).normal(size=(CANVAS_PX, CANVAS_PX)).astype(np.float32)
    bands = _smear(np.asarray(cv2.GaussianBlur(noise, (0, 0), 9), np.float32), flow)
    bands = (bands - bands.mean()) / bands.std()
    colors = _shade(0.5 + 0.24 * bands + 0.12 * (0.5 - y), COOL)
    for center_x, center_y, radius, speed in WHIRLS:
        distance = np.hypot(x - center_x, y - center_y) / radius
        turn = np.arctan2(y - center_y, x - center_x) * np.sign(speed)
        arms = np.sin(2 * turn - 5.5 * distance) * np.clip(distance, 0, 1)
        distance += 0.30 * arms + 0.07 * bands
        warm = _shade(distance / 1.1, WARM)
        weight = np.clip((1.2 - distance) * 4, 0, 1)[..., None]
        colors += weight * (warm - colors)
    return colors


def _grid() -> tuple[Field, Field]:
    """The coordinates (y, x) of every pixel, in parts of the side."""
    y, x = np.mgrid[0:CANVAS_PX, 0:CANVAS_PX].astype(np.float32) / CANVAS_PX
    return y, x


def _shade(position: Field, palette: tuple[str, ...]) -> Field:
    """Look colours up between those of a palette, 0 being its first and 1 its last."""
    bgr = np.array([[int(code[i : i + 2], 16) for i in (5, 3, 1)] for code in palette])
    at = np.linspace(0, 1, len(palette))
    return np.dstack([np.interp(position, at, part) for part in bgr.T]).astype(np.float32)


def _smear(field: Field, flow: Field, steps: int = 28, stride: float = 7) -> Field:
    """Average a field along the flow in both directions (line integral convolution)."""
    y, x = np.mgrid[0:CANVAS_PX, 0:CANVAS_PX].astype(np.float32)
    total = field.copy()
    for sign in (stride, -stride):
        at_x, at_y = x.copy(), y.copy()
        for _ in range(steps):
            step = cv2.remap(flow, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            at_x += sign * step[..., 0]
            at_y += sign * step[..., 1]
            total += cv2.remap(field, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return total


def follow(flow: Field, starts: Positions, length: float) -> Positions:
    """Follow the flow from many points at once.

    Returns:
        (paths, steps, 2), x and y in pixels, ``STRIDE_PX`` from step to step.
    """
    at = starts.copy()
    paths = [at.copy()]
    for _ in range(int(1.3 * length / STRIDE_PX)):
        column, row = np.clip(at.astype(int), 0, CANVAS_PX - 1).T
        at += STRIDE_PX * flow[row, column]
        paths.append(at.copy())
    return np.stack(paths, axis=1)


def _stroke(
    canvas: Field, colors: Field, brush: Brush, path: Positions, random: np.random.Generator
) -> None:
    """Lay one stroke onto the canvas (BGR and the height of the paint), in place."""
    path = path[: int(len(path) * random.uniform(0.5, 1.0))]
    along = np.gradient(path, axis=0) / STRIDE_PX
    across = along[:, ::-1] * (-1, 1)
    column, row = np.clip(path[0].astype(int), 0, CANVAS_PX - 1)
    base = colors[row, column] + random.normal(0, 9, 3) + random.normal(0, 11)
    # Pressed in the middle, lifted towards both ends.
    pressure = np.sin(np.linspace(0.12, np.pi - 0.05, len(path)))[:, None] ** 0.5
    thickness = max(1, round(1.7 * brush.width / brush.bristles))
    for offset in np.linspace(-0.5, 0.5, brush.bristles):
        sway = offset + random.normal(0, 0.03)
        ragged = int(random.integers(0, 3))
        line = (path + across * pressure * sway * brush.width)[ragged : len(path) - ragged]
        points = [np.round(line * 8).astype(np.int32)[:, None, :]]
        # Paint piles up at the sides of a stroke.
        height = brush.load * (0.55 + 0.45 * abs(2 * offset)) + random.normal(0, 0.14)
        color = [*(base + random.normal(0, 12)).tolist(), height]
        cv2.polylines(canvas, points, False, color, thickness, cv2.LINE_8, shift=3)


def _light(canvas: Field) -> NDArray[np.uint8]:
    """Shine light from the upper left over the relief of the paint."""
    paint, height = canvas[..., :3], cv2.GaussianBlur(canvas[..., 3], (0, 0), 1.1)
    slope = cv2.Sobel(height, cv2.CV_32F, 1, 0) + cv2.Sobel(height, cv2.CV_32F, 0, 1)
    shine = np.tanh(slope / 2.8)[..., None]
    lit = paint * (1 + 0.30 * shine) + 26 * np.clip(shine, 0, 1) ** 2
    return np.asarray(np.clip(lit, 0, 255), np.uint8)
