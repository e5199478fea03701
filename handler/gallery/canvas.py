"""What the pictures of the gallery are drawn with.

A field is an array of floats (height, width), or (height, width, 3) where it holds colours: sRGB,
0..255, red first. Places (x, y) are in parts of the side, from 0 at the upper left to 1.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from handler.domain.ports import Frame

Field = npt.NDArray[np.floating[Any]]
Random = np.random.Generator

SIDE = 512
"""Height and width of every picture, px: twice what the predictor sees."""


def grid() -> tuple[Field, Field]:
    """The place (y, x) of every pixel."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    return y, x


def noise(random: Random, waves: float, octaves: int) -> Field:
    """Clouds of mean 0 and deviation 1, with about so many waves along a side.

    Each octave is half as strong and twice as fine as the one before.
    """
    total = np.zeros((SIDE, SIDE), np.float32)
    for octave in range(octaves):
        knots = round(2 * waves * 2**octave)
        coarse = random.normal(size=(knots, knots)).astype(np.float32)
        total += cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) / 2**octave
    clouds: Field = (total - total.mean()) / total.std()
    return clouds


def paints(codes: str) -> Field:
    """Colours (N, 3) of hexadecimal codes, such as ``"fff6d0 1f3a5f"``."""
    return np.array([list(bytes.fromhex(code)) for code in codes.split()], np.float32)


def shade(position: Field, codes: str) -> Field:
    """Colours between those of a palette, its first at 0 and its last at 1."""
    palette = paints(codes)
    at = np.linspace(0, 1, len(palette))
    return np.dstack([np.interp(position, at, part) for part in palette.T]).astype(np.float32)


def paper(random: Random, codes: str) -> Field:
    """A sheet with a little grain, in two near colours."""
    return shade(0.5 + 0.2 * noise(random, 28, 3), codes)


def above(field: Field, edge: float = 0.0, passage: float = 0.0) -> Field:
    """1 where the field is above the edge and 0 where it is below.

    Args:
        passage: from 0 to 1, in units of the field; one pixel if not given.
    """
    if not passage:
        sharp: Field = np.clip((field - edge) / (_slope(field) + 1e-6) + 0.5, 0, 1)
        return sharp
    ramp = np.clip((field - edge) / passage + 0.5, 0, 1)
    soft: Field = ramp * ramp * (3 - 2 * ramp)
    return soft


def away(field: Field, level: float) -> Field:
    """How far, px, the line is along which the field has this level."""
    distance: Field = abs(field - level) / (_slope(field) + 1e-3)
    return distance


def _slope(field: Field) -> Field:
    """How much a field changes from pixel to pixel."""
    slope: Field = np.hypot(*np.gradient(field))
    return slope


def over(below: Field, color: Field, cover: Field) -> Field:
    """A colour, or a field of them, over another where the cover is 1."""
    covered: Field = below + cover[..., None] * (color - below)
    return covered


def lit(paint: Field, height: Field, strength: float) -> Field:
    """Light from the upper left over the relief of the paint."""
    relief = cv2.GaussianBlur(height.astype(np.float32), (0, 0), 0.8)
    slope = cv2.Sobel(relief, cv2.CV_32F, 1, 0) + cv2.Sobel(relief, cv2.CV_32F, 0, 1)
    shine = np.tanh(slope)[..., None]
    shaded: Field = paint * (1 + strength * shine) + 26 * np.clip(shine, 0, 1) ** 2
    return shaded


def finished(paint: Field) -> Frame:
    """The picture: uint8 (height, width, 3), sRGB."""
    return np.clip(np.rint(paint), 0, 255).astype(np.uint8)


def scattered(random: Random, across: int, jitter: float) -> Field:
    """Places (N, 2) in random order, a little off a grid of so many rows and columns.

    Args:
        jitter: how far off at most, in steps of the grid.
    """
    y, x = np.mgrid[-1 : across + 1, -1 : across + 1].reshape(2, -1) + 0.5
    places: Field = np.stack([x, y], axis=1) + random.uniform(-jitter, jitter, (x.size, 2))
    return random.permutation(places) / across


def look_up(field: Field, places: Field) -> Field:
    """What a field holds at places (..., 2)."""
    at = np.clip(np.rint(places * SIDE).astype(int), 0, SIDE - 1)
    values: Field = field[at[..., 1], at[..., 0]]
    return values


def cells(places: Field) -> tuple[npt.NDArray[np.intp], Field]:
    """Divide the picture among places by nearness (Voronoi).

    Returns:
        For every pixel the index of its place, and how far the border of its cell is, px.
    """
    column, row = np.clip(np.rint(places * SIDE).astype(int), 0, SIDE - 1).T
    free = np.full((SIDE, SIDE), 255, np.uint8)
    free[row, column] = 0
    _, labels = cv2.distanceTransformWithLabels(
        free, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    place_of_label = np.zeros(int(labels.max()) + 1, np.intp)
    place_of_label[labels[row, column]] = np.arange(len(places))
    cell = place_of_label[labels]
    inside = np.full((SIDE, SIDE), 255, np.uint8)
    inside[:, 1:][cell[:, 1:] != cell[:, :-1]] = 0
    inside[1:][cell[1:] != cell[:-1]] = 0
    border = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return cell, border.astype(np.float32)


def paths(flow: Field, starts: Field, length: float, points: int) -> Field:
    """Follow a flow (height, width, 2) of unit vectors from many places at once.

    Returns:
        (N, points, 2), px.
    """
    at = starts * SIDE
    along = [at]
    for _ in range(points - 1):
        at = at + length * SIDE / points * look_up(flow, at / SIDE)
        along.append(at)
    return np.stack(along, axis=1)


def bristles(along: Field, offsets: Field, widths: Field) -> Field:
    """The lines that the bristles of a brush leave beside its paths.

    A brush is pressed in the middle of a stroke and lifted towards both ends.

    Args:
        along: (strokes, points, 2), px.
        offsets: of each bristle from the middle, (strokes, bristles), in widths of the brush.
        widths: of the brush, (strokes), px.

    Returns:
        (strokes, bristles, points, 2), px.
    """
    tangent = np.gradient(along, axis=1)
    across = tangent[..., ::-1] * (-1, 1) / (np.linalg.norm(tangent, axis=2)[..., None] + 1e-6)
    pressure = np.sin(np.linspace(0.1, np.pi - 0.05, along.shape[1])) ** 0.6
    sway = offsets[:, :, None, None] * widths[:, None, None, None] * pressure[:, None]
    lines: Field = along[:, None] + across[:, None] * sway
    return lines


def draw_line(canvas: Frame, points: Field, color: Field, thickness: int) -> None:
    """Draw a smooth line through points (N, 2), px, in place.

    Args:
        canvas: uint8 (height, width, 1 to 4).
        color: as many parts as the canvas has.
    """
    fixed = np.rint(points * 16).astype(np.int32)[:, None]
    parts = np.clip(color, 0, 255).tolist()
    cv2.polylines(canvas, [fixed], False, parts, thickness, cv2.LINE_AA, shift=4)


def draw_dot(canvas: Frame, place: Field, radius: float, color: Field) -> None:
    """Draw a smooth disc, its radius in px, in place."""
    x, y = np.rint(place * SIDE * 16).astype(int).tolist()
    parts = np.clip(color, 0, 255).tolist()
    cv2.circle(canvas, (x, y), round(radius * 16), parts, -1, cv2.LINE_AA, shift=4)
