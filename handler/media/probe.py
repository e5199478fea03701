"""What a video is, as a process of its own finds."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from handler.domain.errors import Rejected
from handler.domain.losses import Announcement
from handler.domain.media import SoundTrack, VideoFacts
from handler.media.limits import READ_BYTES_PER_SECOND, Limits, too_large
from handler.media.reader import reader

MEGABYTE = 1024 * 1024
LIMITS = Limits(memory_bytes=4096 * MEGABYTE, cpu_seconds=100)
"""One frame of 8192x4320 in 10 bits and the packets of hours take a quarter of it."""

SCAN_BYTES_PER_CPU_SECOND = 250e6
"""All packets are read; a gigabyte of them took less than a second."""

FRAMES_LOOKED_AT = 8
"""How many frames tell whether a video is interlaced; some begin with progressive ones."""

ANSWER_LIMIT_BYTES = MEGABYTE
MAX_FRAME_RATE = 1000
MAX_SECONDS = 24 * 60 * 60


def probe(video: Path, *, is_ours: bool = False) -> VideoFacts:
    """Look into a video.

    Args:
        is_ours: whether it was written here: its first frame tells how all are.

    Raises:
        Rejected: it is empty, unreadable, without pictures, or beyond the limits.
        Unavailable: the look itself could not be taken, or was killed.
    """
    size_bytes = video.stat().st_size
    if not size_bytes:
        raise Rejected("the video is an empty file")
    buffer = bytearray(ANSWER_LIMIT_BYTES)
    frames = 1 if is_ours else FRAMES_LOOKED_AT
    limits = limits_of(size_bytes)
    with reader("probe_worker", video, limits, "the video", str(frames)) as process:
        count = process.read_into(memoryview(buffer))
        if count == ANSWER_LIMIT_BYTES:
            raise Rejected("the video holds too many sound tracks")
    answer = json.loads(buffer[:count])
    if "rejected" in answer:
        raise Rejected(answer["rejected"])
    return _within_limits(_facts(answer["facts"], size_bytes))


def limits_of(size_bytes: int) -> Limits:
    """For a look through so large a file."""
    return replace(
        LIMITS,
        cpu_seconds=LIMITS.cpu_seconds + int(size_bytes / SCAN_BYTES_PER_CPU_SECOND),
        stall_seconds=LIMITS.stall_seconds + size_bytes / READ_BYTES_PER_SECOND,
    )


def _facts(found: dict[str, Any], size_bytes: int) -> VideoFacts:
    sound = tuple(
        SoundTrack(
            index=track["index"],
            codec=track["codec"],
            channels=track["channels"],
            sample_rate_hz=track["sample_rate_hz"],
            start=Fraction(track["start"]),
            first_packet=Fraction(track["first_packet"]),
            packets=track["packets"],
        )
        for track in found["sound"]
    )
    told = found["announced"]
    announced = Announcement(
        pictures=told["pictures"],
        first_at=None if told["first_at"] is None else Fraction(told["first_at"]),
        duration=None if told["duration"] is None else Fraction(told["duration"]),
        ends_at=Fraction(told["ends_at"]),
        is_broken=told["is_broken"],
        is_gapless=told["is_gapless"],
        unreadable_sound=told["unreadable_sound"],
    )
    exact = {name: Fraction(found[name]) for name in ("frame_rate", "sample_aspect_ratio", "start")}
    lists = {"sound": sound, "subtitles": tuple(found["subtitles"])}
    return VideoFacts(
        **{**found, **exact, **lists, "announced": announced, "size_bytes": size_bytes}
    )


def _within_limits(facts: VideoFacts) -> VideoFacts:
    if refusal := too_large(facts.width, facts.height):
        raise Rejected(refusal)
    if facts.frame_rate > MAX_FRAME_RATE:
        raise Rejected(
            f"the video claims {float(facts.frame_rate):.0f} frames per second, which is too many"
        )
    seconds = max(facts.duration, facts.announced.duration or 0)
    if seconds > MAX_SECONDS:
        raise Rejected(
            f"the video claims to last {float(seconds):.0f} seconds; "
            f"at most {MAX_SECONDS} are taken"
        )
    return facts
