"""What is done to every pixel of every frame, in C: flow, ways, views and mixing.

All arrays are C-contiguous, or ``ValueError`` is raised, as where their shapes don't fit; a result
is owned by the caller. Calls release the interpreter's lock and depend on nothing but their
arguments, to the bit: with the paths in AVX2 or without, whatever runs beside them.
"""

from __future__ import annotations

import ctypes
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from handler.domain.errors import Defect
from handler.kernels.processor import CPUINFO, instructions

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

LUMA_WEIGHTS = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
    "fcc": (0.30, 0.11),
    "smpte240m": (0.212, 0.087),
}
"""Of red and blue: ITU-T H.273, table 4."""

LEAST_SIDE_PX = 24
"""Patches that are searched are 8 px wide, at the coarsest scale too."""

INSTRUCTIONS = frozenset({"avx2", "bmi1", "bmi2", "fma"})
"""Of x86-64-v3, as Linux spells them; what AWS Lambda promises."""

LIBRARY = Path(__file__).with_name("libkernels.so")


@dataclass(frozen=True)
class Paint:
    """A painted picture as it is carried.

    Attributes:
        size: height and width, px.
        planes: luma, then two differences of colour for each pixel, both with a border.
        grain: float32 (h, w), at the size of ways: the mean difference of luma from that of the
            3 x 3 px around, of 255.
    """

    size: tuple[int, int]
    planes: Bytes
    grain: Floats


@dataclass(frozen=True)
class View:
    """What a keyframe gives a frame.

    Attributes:
        path: float32 (3, h, w), as ``compose`` makes it.
        ways: float32 (2, H, W): where each pixel of the frame lies in the keyframe, px right and
            down, at the size at which frames are compared.
        trust: float32 (H, W), 0..1.
    """

    paint: Paint
    path: Floats
    ways: Floats
    trust: Floats


def keep_memory() -> None:
    """Have this process keep what it frees, up to half a gigabyte, for what it allocates next.

    Else a tenth of the time of painting goes into clearing and mapping the memory of frames.
    """
    _library().artreel_keep_memory()


def flow(
    before: Bytes, after: Bytes, fine_before: Bytes, fine_after: Bytes
) -> tuple[Floats, Floats]:
    """Motion between two pictures, there and back.

    Dense inverse search (Kroeger et al. 2016, arXiv 1603.03590), refined variationally (Brox et al.
    2004). Beside moving things a pixel takes the flow around it that explains it best.

    Args:
        before, after: uint8 (h, w), grey, both sides at least ``LEAST_SIDE_PX``.
        fine_before, fine_after: the same about twice as large, by which pixels are told apart.

    Returns:
        float32 (2, h, w) each: how far right and down each pixel of the one picture goes to where
        it is in the other, px.
    """
    height, width = shape = before.shape
    fine_height, fine_width = fine = fine_before.shape
    if min(shape) < LEAST_SIDE_PX:
        raise ValueError(f"pictures of {width}x{height} px are too small for flow")
    forward, backward = (np.empty((2, *shape), np.float32) for _ in range(2))
    _call(
        "artreel_flow",
        *(_address(picture, np.uint8, shape) for picture in (before, after)),
        *(width, height),
        *(_address(picture, np.uint8, fine) for picture in (fine_before, fine_after)),
        *(fine_width, fine_height),
        *(_address(field, np.float32, (2, *shape)) for field in (forward, backward)),
    )
    return forward, backward


def compose(out: Floats, back: Floats, on: Floats | None) -> Floats:
    """The path from a frame: along a flow to the next frame, and on from there.

    Args:
        out, back: float32 (2, h, w), flow to the next frame and from it.
        on: the path from the next frame; None where that is the end.

    Returns:
        float32 (3, h, w): how far right and down each pixel goes in all, px, and the trust in it,
        0..1: how well the flows come back (Sundaram et al. 2010).
    """
    _, height, width = out.shape
    shape = (height, width)
    path = np.empty((3, *shape), np.float32)
    _call(
        "artreel_compose",
        _address(out, np.float32, (2, *shape)),
        _address(back, np.float32, (2, *shape)),
        *(width, height),
        None if on is None else _address(on, np.float32, (3, *shape)),
        _address(path, np.float32, (3, *shape)),
    )
    return path


def take_apart(picture: Bytes, grain_shape: tuple[int, int]) -> Paint:
    """Make a painted picture ready to be carried.

    Args:
        picture: uint8 (height, width, 3), sRGB.
        grain_shape: height and width of ways, px.
    """
    height, width, _ = picture.shape
    planes = np.empty(_library().artreel_paint_bytes(width, height), np.uint8)
    grain = np.empty(grain_shape, np.float32)
    _call(
        "artreel_take_apart",
        _address(picture, np.uint8, (height, width, 3)),
        *(width, height, _address(planes, np.uint8, planes.shape)),
        *(grain_shape[1], grain_shape[0], _address(grain, np.float32, grain_shape)),
    )
    return Paint((height, width), planes, grain)


def view(paint: Paint, path: Floats, then: Bytes, now: Bytes) -> View:
    """See a frame from a keyframe.

    Args:
        path: from the frame to the keyframe.
        then, now: uint8 (H, W, 4): what the keyframe and the frame show; the fourth byte of a pixel
            is not looked at.
    """
    _, height, width = path.shape
    fine_height, fine_width, _ = now.shape
    fine = (fine_height, fine_width)
    ways, trust = np.empty((2, *fine), np.float32), np.empty(fine, np.float32)
    _call(
        "artreel_view",
        *(_address(path, np.float32, (3, height, width)), width, height),
        *(_address(picture, np.uint8, (*fine, 4)) for picture in (then, now)),
        *(fine_width, fine_height),
        _address(ways, np.float32, (2, *fine)),
        _address(trust, np.float32, fine),
    )
    return View(paint, path, ways, trust)


def lost(one: View, other: View) -> tuple[Floats, float]:
    """How far neither of two keyframes gives a pixel.

    Returns:
        float32 (H, W), 0..1, and the mean of that.
    """
    shape = one.trust.shape
    parts = np.empty(shape, np.float32)
    mean = _library().artreel_lost(
        *(_address(trust, np.float32, shape) for trust in (one.trust, other.trust)),
        parts.size,
        _address(parts, np.float32, shape),
    )
    return parts, float(mean)


def mix(one: View, other: View, passed: float, strength: float) -> Bytes:
    """Paint a frame from two keyframes.

    Texture that mixing and sampling wear off is given back.

    Args:
        passed: which part of the time from the one to the other has passed, 0..1.
        strength: of the texture that is given back, as a power of the gain.

    Returns:
        uint8 (height, width, 3), sRGB.
    """
    height, width = one.paint.size
    (fine_height, fine_width), (way_height, way_width) = one.trust.shape, one.paint.grain.shape
    mixed = np.empty((height, width, 3), np.uint8)
    _call(
        "artreel_mix",
        *_addresses(one, one),
        *_addresses(other, one),
        *(width, height, fine_width, fine_height, way_width, way_height, passed, strength),
        _address(mixed, np.uint8, (height, width, 3)),
    )
    return mixed


def blend(one: Bytes, other: Bytes, share: Floats) -> Bytes:
    """Put two pictures together.

    Args:
        one, other: uint8 (height, width, 3).
        share: float32 (h, w), of the one, 0..1; the rest is the other.
    """
    (height, width, _), (way_height, way_width) = one.shape, share.shape
    blended = np.empty((height, width, 3), np.uint8)
    _call(
        "artreel_blend",
        *(_address(picture, np.uint8, blended.shape) for picture in (one, other)),
        *(_address(share, np.float32, share.shape), way_width, way_height),
        *(width, height, _address(blended, np.uint8, blended.shape)),
    )
    return blended


def video_bytes(width: int, height: int) -> int:
    """Of a picture of this size in 4:2:0."""
    return width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2)


def from_video(picture: Bytes, shape: tuple[int, int], matrix: str, full_range: bool) -> Bytes:
    """A decoded picture in sRGB's order of colours.

    Args:
        picture: uint8 (``video_bytes``,): luma, blue- and red-difference, planes in 4:2:0.
        shape: height and width, px.
        matrix: one of ``LUMA_WEIGHTS``.
        full_range: whether numbers use 0..255 rather than 16..235.

    Returns:
        uint8 (height, width, 3).
    """
    height, width = shape
    rgb = np.empty((height, width, 3), np.uint8)
    _call(
        "artreel_from_video",
        _address(picture, np.uint8, (video_bytes(width, height),)),
        *(width, height, *LUMA_WEIGHTS[matrix], full_range),
        _address(rgb, np.uint8, rgb.shape),
    )
    return rgb


def to_video(picture: Bytes) -> Bytes:
    """A picture for an encoder, in BT.709 and limited range.

    Args:
        picture: uint8 (height, width, 3), sRGB.

    Returns:
        uint8 (``video_bytes``,), as ``from_video`` takes it.
    """
    height, width, _ = picture.shape
    encoded = np.empty(video_bytes(width, height), np.uint8)
    _call(
        "artreel_to_video",
        *(_address(picture, np.uint8, (height, width, 3)), width, height),
        _address(encoded, np.uint8, encoded.shape),
    )
    return encoded


def _addresses(view: View, like: View) -> tuple[int, ...]:
    """Of all that a view holds, which is as large as in another view."""
    height, width = like.paint.size
    if view.paint.size != like.paint.size:
        raise ValueError(f"paint of {view.paint.size} came where {like.paint.size} was wanted")
    return (
        _address(view.paint.planes, np.uint8, (_library().artreel_paint_bytes(width, height),)),
        _address(view.paint.grain, np.float32, like.paint.grain.shape),
        _address(view.path, np.float32, (3, *like.paint.grain.shape)),
        _address(view.ways, np.float32, (2, *like.trust.shape)),
        _address(view.trust, np.float32, like.trust.shape),
    )


def _address(array: npt.NDArray[Any], dtype: type, shape: tuple[int, ...]) -> int:
    if array.dtype != dtype or array.shape != shape or not array.flags.c_contiguous or 0 in shape:
        wanted = f"{np.dtype(dtype)} {shape}, C-contiguous and not empty,"
        raise ValueError(f"{array.dtype} {array.shape} came where {wanted} was wanted")
    return array.ctypes.data


def _call(name: str, *arguments: object) -> None:
    if getattr(_library(), name)(*arguments):
        raise MemoryError


@cache
def _library() -> ctypes.CDLL:
    return load(LIBRARY)


def missing_instructions(cpuinfo: Path = CPUINFO, machine: str = platform.machine()) -> list[str]:
    """What the kernels were compiled for and the processor can't do, as far as it tells."""
    able = instructions(cpuinfo, machine)
    return [] if able is None else sorted(INSTRUCTIONS - able)


def load(path: Path) -> ctypes.CDLL:
    """The kernels that were compiled to this file."""
    if lacking := missing_instructions():
        raise Defect(f"this processor lacks {', '.join(lacking)}, which artreel needs")
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise Defect(f"the kernels can't be loaded, install artreel again: {error}") from error
    pointer, number, real = ctypes.c_void_p, ctypes.c_int, ctypes.c_float
    picture = (pointer, pointer, number, number)
    for name, kinds in {
        "artreel_flow": (*picture, *picture, pointer, pointer),
        "artreel_compose": (*picture, pointer, pointer),
        "artreel_take_apart": (pointer, number, number, pointer, number, number, pointer),
        "artreel_view": (pointer, number, number, *picture, pointer, pointer),
        "artreel_mix": (*(pointer,) * 10, *(number,) * 6, real, real, pointer),
        "artreel_from_video": (pointer, number, number, real, real, number, pointer),
        "artreel_to_video": (pointer, number, number, pointer),
        "artreel_blend": (*(pointer,) * 3, *(number,) * 4, pointer),
        "artreel_lost": (pointer, pointer, number, pointer),
        "artreel_paint_bytes": (number, number),
    }.items():
        getattr(library, name).argtypes = kinds
    library.artreel_compose.restype = library.artreel_keep_memory.restype = None
    library.artreel_lost.restype = real
    library.artreel_paint_bytes.restype = ctypes.c_size_t
    return library
