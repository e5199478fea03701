"""Where a video can be decoded from, as a process of its own finds."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

from handler.domain.chunks import SeekMap, SeekPoint
from handler.domain.errors import Defect
from handler.domain.media import VideoFacts
from handler.media.limits import Limits
from handler.media.reader import reader

MEGABYTE = 1024 * 1024
LIMITS = Limits(memory_bytes=4096 * MEGABYTE, cpu_seconds=100)
ANSWER_LIMIT_BYTES = 32 * MEGABYTE
"""Four points a second in a day of video take most of it."""


def seek_map(video: Path, facts: VideoFacts) -> SeekMap | None:
    """Pictures from which the rest can be decoded exactly, and what that takes.

    None for a file that is damaged, whose pictures have no times of their own, or whose container
    holds neither an index to seek by nor parts that stand for themselves.

    Raises:
        Rejected, Unavailable: as ``handler.media.probe.probe``.
    """
    told = facts.announced
    if told.is_broken or told.is_cut_short or told.first_at is None:
        return None
    buffer = bytearray(ANSWER_LIMIT_BYTES)
    with reader("seek_worker", video, LIMITS, "the video") as process:
        count = process.read_into(memoryview(buffer))
    if count == ANSWER_LIMIT_BYTES:
        raise Defect("the video has more places to seek to than are kept")
    found = json.loads(buffer[:count])
    if not found or not found["points"]:
        return None
    first_at = told.first_at

    def frame_at(at: Fraction) -> int:
        return round((at - first_at) * facts.frame_rate)

    points: list[SeekPoint] = []
    for seconds, first_byte in found["points"]:
        at = Fraction(seconds)
        if not points or first_byte > points[-1].first_byte:
            points.append(SeekPoint(at, frame_at(at), first_byte))
    zero = found["zero"]
    return SeekMap(
        points=tuple(points),
        ends=tuple((frame_at(Fraction(seconds)), end) for seconds, end in found["ends"]),
        index=tuple((begin, end) for begin, end in found["index"]),
        zero=None if zero is None else Fraction(zero),
    )
