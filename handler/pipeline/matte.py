"""Where a video is painted: a mask picture, or a mask video."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from handler.domain.errors import Rejected
from handler.domain.job import STYLE_SUFFIXES
from handler.domain.media import VideoFacts
from handler.domain.ports import Frame, Media
from handler.domain.treatment import Mask
from handler.pipeline.brush import resized

Matte = npt.NDArray[np.float32]
"""float32 (height, width), 0..1: how much of each pixel lies inside."""


def is_picture(name: str) -> bool:
    return Path(name).suffix.lower() in STYLE_SUFFIXES


@contextmanager
def mattes(
    mask: Mask, path: Path, facts: VideoFacts, size: tuple[int, int], media: Media
) -> Iterator[Iterator[Matte]]:
    """One matte for each frame of a video, at width x height; the last one of a mask video stays.

    Raises:
        Rejected: the mask has not the video's size, or, a video itself, not its frame rate.
    """
    feather = round(mask.feather_px * size[0] / facts.width)

    def matte(picture: Frame) -> Matte:
        grey = cv2.cvtColor(resized(picture, size), cv2.COLOR_RGB2GRAY)
        soft = cv2.blur(grey, (feather, feather)) if feather > 1 else grey
        inside: Matte = (255 - soft if mask.inverted else soft) / np.float32(255)
        return inside

    if is_picture(mask.name):
        picture = media.read_picture(path)
        _check_size(picture.shape[1], picture.shape[0], facts)
        yield repeat(matte(picture))
        return
    found = media.probe(path)
    _check_size(found.width, found.height, facts)
    if found.frame_rate != facts.frame_rate:
        raise Rejected(
            f"the field 'mask' is wrong: the mask has {found.frame_rate} frames/s, the video "
            f"{facts.frame_rate}; they must be the same"
        )
    with media.read_frames(path, found, size) as pictures:
        yield _and_its_last(map(matte, pictures))


def _check_size(width: int, height: int, facts: VideoFacts) -> None:
    if (width, height) != facts.size:
        raise Rejected(
            f"the field 'mask' is wrong: the mask is {width}x{height}, the video "
            f"{facts.width}x{facts.height}; they must be of one size"
        )


def _and_its_last(mattes: Iterator[Matte]) -> Iterator[Matte]:
    last = next(mattes)
    for matte in chain(mattes, repeat(None)):
        yield last
        if matte is not None:
            last = matte


def merged(inside: Frame, outside: Frame, matte: Matte) -> Frame:
    """Two frames of one size, the first one where the matte is 1."""
    both: Frame = cv2.blendLinear(inside, outside, matte, 1 - matte)  # type: ignore[assignment]
    return both
