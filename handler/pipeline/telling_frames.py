"""A few frames that tell what a video is like."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from handler.domain.errors import Rejected
from handler.domain.media import VideoFacts, working_dimensions
from handler.domain.ports import Frame, Media
from handler.measure.texture import detail

SAMPLES = 16
"""How many frames are looked at, however long the video is."""

FRAMES_OF_A_JUMP = 30
"""A jump to a frame takes as long as reading so many: starting a process, and what leads to it."""

LOOKED_AT_PX = 320
AT_ONCE = 2
SHADOW, LIGHT = 16, 240
"""Greys beyond which nothing is seen."""


@dataclass(frozen=True, eq=False)
class _Sample:
    index: int
    image: Frame
    score: float


def telling_frames(
    video: Path,
    facts: VideoFacts,
    wanted: int,
    media: Media,
    is_cut: Callable[[Frame, Frame], bool],
) -> list[int]:
    """Indices of the most telling frames, in order: one for each shot, the longest shots first.

    Frames at even distances are looked at. Two neighbours are of one shot unless they differ as
    much as frames at a cut do. Of a shot the sharpest, best exposed one is taken; where there are
    more frames wanted than shots, those far from the others.

    Raises:
        Rejected: not one frame of the video can be decoded.
    """
    size = working_dimensions(*facts.size, LOOKED_AT_PX, smallest_side=1, width_multiple=1)
    indices = sorted({(2 * i + 1) * facts.frame_count // (2 * SAMPLES) for i in range(SAMPLES)})
    seen_at = _read if facts.frame_count <= FRAMES_OF_A_JUMP * len(indices) else _jumped_to
    samples = [
        _Sample(index, image, exposed_detail(image))
        for index, image in seen_at(indices, video, facts, size, media)
    ]
    if not samples:
        raise Rejected("not one frame of the video can be decoded")
    shots = [[samples[0]]]
    for before, after in pairwise(samples):
        if is_cut(before.image, after.image):
            shots.append([])
        shots[-1].append(after)
    shots.sort(key=len, reverse=True)
    best = [max(shot, key=lambda sample: sample.score) for shot in shots]
    seen = [sample for sample in best if sample.score > 0] or best[:1]
    chosen = seen[:wanted]
    while len(chosen) < min(wanted, len(samples)):
        others = (sample for sample in samples if sample not in chosen)
        chosen.append(max(others, key=lambda sample: _news(sample, chosen)))
    return sorted(sample.index for sample in chosen)


def _read(
    indices: list[int], video: Path, facts: VideoFacts, size: tuple[int, int], media: Media
) -> list[tuple[int, Frame]]:
    with media.read_frames(video, facts, size) as frames:
        return [(index, frame) for index, frame in enumerate(frames) if index in indices]


def _jumped_to(
    indices: list[int], video: Path, facts: VideoFacts, size: tuple[int, int], media: Media
) -> list[tuple[int, Frame]]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        glimpses = threads.map(lambda index: media.glimpse(video, facts, index, size), indices)
    return [
        (index, image)
        for index, glimpse in zip(indices, glimpses, strict=True)
        for image in glimpse
    ]


def exposed_detail(frame: Frame) -> float:
    """How much is to be seen: the mean gradient, less as more of the frame is black or white."""
    gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return detail(frame) * float(((np.asarray(gray) > SHADOW) & (np.asarray(gray) < LIGHT)).mean())


def _news(sample: _Sample, chosen: list[_Sample]) -> tuple[float, int]:
    distance = min(abs(sample.index - other.index) for other in chosen)
    return sample.score * distance, distance
