"""Colour profiles made by code, and what their colours are in sRGB."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# Primaries seen under D50, as profiles state them: columns are the XYZ of red, green and blue.
ADOBE_RGB = np.array(
    [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
)
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
D50 = (0.9642, 1.0, 0.8249)
GAMMA = 2.19921875  # 563/256, as Adobe RGB has it


def adobe_rgb() -> bytes:
    """A profile of matrix and gamma, version 2, with the primaries of Adobe RGB (1998)."""
    tags = {b"wtpt": _xyz(D50), b"desc": _description(b"wide"), b"cprt": b"text\0\0\0\0none\0"}
    for name, column in zip(b"rgb", ADOBE_RGB.T, strict=True):
        tags[bytes([name]) + b"XYZ"] = _xyz(column)
        tags[bytes([name]) + b"TRC"] = struct.pack(">4s4xIH", b"curv", 1, round(GAMMA * 256))
    return _profile(b"RGB ", tags)


def grey_gamma_one() -> bytes:
    """A profile of grey whose numbers are light itself."""
    curve = struct.pack(">4s4xIH", b"curv", 1, 256)
    tags = {b"wtpt": _xyz(D50), b"desc": _description(b"grey"), b"cprt": b"text\0\0\0\0none\0"}
    return _profile(b"GRAY", {**tags, b"kTRC": curve})


def adobe_rgb_in_srgb(color: Sequence[int]) -> npt.NDArray[np.float64]:
    """0..255 each; colours outside sRGB are cut to it."""
    light = (np.array(color) / 255) ** GAMMA
    return encoded(np.linalg.solve(SRGB, ADOBE_RGB @ light))


def encoded(light: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Light, 0..1, as sRGB writes it, 0..255 (IEC 61966-2-1)."""
    inside = np.clip(light, 0, 1)
    curved = np.where(inside <= 0.0031308, 12.92 * inside, 1.055 * inside ** (1 / 2.4) - 0.055)
    return np.asarray(curved * 255)


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """ICC.1:2001-04: a head of 128 bytes, a table of tags, their contents padded to 4 bytes."""
    table, body = struct.pack(">I", len(tags)), b""
    begin = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += struct.pack(">4sII", name, begin + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    size = begin + len(body)
    head = struct.pack(
        ">I4xI4s4s4s12x4s28x3I48x",
        *(size, 0x02400000, b"mntr", space, b"XYZ ", b"acsp"),
        *(round(value * 65536) for value in D50),
    )
    return head + table + body


def _xyz(values: npt.ArrayLike) -> bytes:
    fixed = np.rint(np.asarray(values) * 65536).astype(int)
    return struct.pack(">4s4x3i", b"XYZ ", *fixed)


def _description(text: bytes) -> bytes:
    return struct.pack(">4s4xI", b"desc", len(text) + 1) + text + bytes(1 + 4 + 4 + 2 + 1 + 67)
