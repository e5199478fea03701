"""Where a video can be decoded from, as a process of its own finds."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

from handler.domain.chunks import SeekPoint
from handler.domain.errors import Defect
from handler.domain.media import VideoFacts
from handler.media.limits import Limits
from handler.media.reader import reader

MEGABYTE = 1024 * 1024
LIMITS = Limits(memory_bytes=4096 * MEGABYTE, cpu_seconds=100)
ANSWER_LIMIT_BYTES = 16 * MEGABYTE
"""A point a second in a day of video takes a sixth of it."""


def seek_points(video: Path, facts: VideoFacts) -> tuple[SeekPoint, ...]:
    """Pictures from which the rest can be decoded exactly, at most one a second, in order.

    None in a file that is damaged, whose pictures have no times of their own, or whose container
    holds no index to seek by: such a one is decoded from its start.

    Raises:
        Rejected, Unavailable: as ``handler.media.probe.probe``.
    """
    told = facts.announced
    if told.is_broken or told.is_cut_short or told.first_at is None:
        return ()
    buffer = bytearray(ANSWER_LIMIT_BYTES)
    with reader("seek_worker", video, LIMITS, "the video") as process:
        count = process.read_into(memoryview(buffer))
    if count == ANSWER_LIMIT_BYTES:
        raise Defect("the video has more places to seek to than are kept")
    points: list[SeekPoint] = []
    for seconds, first_byte in json.loads(buffer[:count]):
        at = Fraction(seconds)
        frame = round((at - told.first_at) * facts.frame_rate)
        if not points or (frame > points[-1].frame and first_byte > points[-1].first_byte):
            points.append(SeekPoint(at, frame, first_byte))
    return tuple(points)
