"""How much a child process may take, from what honest videos and pictures were measured to need.

Measured with ffmpeg 9 on H.264, HEVC 10-bit and AV1 up to 8192x4320, decoding with 2 to 16 threads
and encoding with 3 to 24; the limits are about twice that, so that they never meet an honest file.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handler.domain.media import VideoFacts

STALL_SECONDS = 120.0
"""How long a pipe may stand still; the slowest frame on a throttled function takes a tenth."""

FINISH_SECONDS = 600.0
"""How long a closing ffmpeg may take beside what it writes."""

CLOSE_SECONDS_PER_GIGAPIXEL = 2.5
"""Of a result: it is moved once, to begin with its index, which at half a bit a pixel is to read
and to write it at the rate below."""

READ_BYTES_PER_SECOND = 50e6
"""Of a disk, at least."""

GRACE_SECONDS = 5
"""Processor time between SIGXCPU, which tells what is wrong, and SIGKILL."""

MEGABYTE = 1024 * 1024
MAX_SIDE_PX = 16384
MAX_PIXELS = 8192 * 4320
MAX_PICTURE_PIXELS = 100_000_000
CODEC_BASE_BYTES = 1536 * MEGABYTE
CODEC_BYTES_PER_PROCESSOR = 128 * MEGABYTE
"""Address space, not memory: each thread's arena and stack are mapped, and hardly touched."""

CODEC_BYTES_PER_PIXEL = 300
CODEC_BYTES_PER_PIXEL_AND_PROCESSOR = 40
"""Codecs hold some frames for each thread, and threads come with processors."""

DECODER_BASE_SECONDS = 60
DECODER_SECONDS_PER_FRAME = 0.5
DECODER_SECONDS_PER_MEGAPIXEL = 1.0
ENCODER_BASE_SECONDS = 600
"""Hours of sound that has to be made AAC are among it."""

ENCODER_SECONDS_PER_MEGAPIXEL = 20.0
"""The slowest preset of HEVC takes about half of it."""


@dataclass(frozen=True)
class Limits:
    """Bounds on one child process.

    Attributes:
        memory_bytes: of address space.
        cpu_seconds: of all its threads together.
        file_bytes: size of any file that it writes; pipes don't count.
        stall_seconds: how long its pipe may stand still.
        finish_seconds: how long it may take to end, once nobody wants anything of it any more.
    """

    memory_bytes: int
    cpu_seconds: int
    file_bytes: int = 0
    stall_seconds: float = STALL_SECONDS
    finish_seconds: float = FINISH_SECONDS

    @property
    def words(self) -> tuple[str, ...]:
        """As ``confine`` and ``worker`` take them: what the process itself can be held to."""
        last_cpu_seconds = self.cpu_seconds + GRACE_SECONDS
        numbers = (self.memory_bytes, self.cpu_seconds, last_cpu_seconds, self.file_bytes)
        return tuple(map(str, numbers))


def too_large(width: int, height: int) -> str | None:
    """Why a video of this size, px, is refused; None where it is taken."""
    if max(width, height) <= MAX_SIDE_PX and width * height <= MAX_PIXELS:
        return None
    return f"the video claims {width}x{height} pixels, which is too large"


def decoder_limits(facts: VideoFacts) -> Limits:
    per_frame = DECODER_SECONDS_PER_FRAME + DECODER_SECONDS_PER_MEGAPIXEL * _megapixels(facts)
    frames = max(facts.frame_count, facts.announced.pictures)
    return Limits(_codec_bytes(facts), DECODER_BASE_SECONDS + math.ceil(per_frame * frames))


def encoder_limits(facts: VideoFacts) -> Limits:
    per_frame = ENCODER_SECONDS_PER_MEGAPIXEL * max(1.0, _megapixels(facts))
    cpu_seconds = ENCODER_BASE_SECONDS + math.ceil(per_frame * facts.frame_count)
    gigapixels = _megapixels(facts) * facts.frame_count / 1000
    return Limits(
        _codec_bytes(facts),
        cpu_seconds,
        largest_result_bytes(facts),
        finish_seconds=FINISH_SECONDS + CLOSE_SECONDS_PER_GIGAPIXEL * gigapixels,
    )


def largest_result_bytes(facts: VideoFacts) -> int:
    """No encoder makes more of frames than 4:2:0 samples are; sound is copied or made smaller."""
    samples = facts.width * facts.height * facts.frame_count * 3 // 2
    return 2 * facts.size_bytes + samples + 64 * MEGABYTE


def _codec_bytes(facts: VideoFacts) -> int:
    processors = os.cpu_count() or 1
    per_pixel = CODEC_BYTES_PER_PIXEL + CODEC_BYTES_PER_PIXEL_AND_PROCESSOR * processors
    return (
        CODEC_BASE_BYTES
        + CODEC_BYTES_PER_PROCESSOR * processors
        + per_pixel * facts.width * facts.height
    )


def _megapixels(facts: VideoFacts) -> float:
    return facts.width * facts.height / 1e6
