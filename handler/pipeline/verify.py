"""Is the finished file what was ordered?"""

from __future__ import annotations

from fractions import Fraction

from handler.domain.errors import Defect
from handler.domain.media import VideoFacts

SOUND_DRIFT = Fraction(20, 1000)
"""Seconds that sound may move against the picture, below what people notice."""


def verify(result: VideoFacts, source: VideoFacts, frames: int) -> VideoFacts:
    """Return ``result``'s facts when the file can be published.

    Args:
        result: facts of the finished file, found by opening it again.
        source: facts of the upload.
        frames: how many were written.

    Raises:
        Defect: size, frame rate, frame count, pixel aspect or sound differ from what they must be.
    """
    for what, found, wanted in (
        ("size", (result.width, result.height), source.encoded_size),
        ("frame rate", result.frame_rate, source.frame_rate),
        ("frame count", result.frame_count, frames),
        ("pixel aspect ratio", result.sample_aspect_ratio, source.sample_aspect_ratio),
        ("number of sound tracks", len(result.sound), len(source.sound)),
    ):
        if found != wanted:
            raise Defect(f"the finished video has a {what} of {found} instead of {wanted}")
    for number, (now, before) in enumerate(zip(result.sound, source.sound, strict=True), start=1):
        copied = now.codec == before.codec
        moved = now.first_packet - before.first_packet if copied else now.start - before.start
        drift = moved - (result.start - source.start)
        if abs(drift) > SOUND_DRIFT:
            raise Defect(
                f"sound track {number} moved by {float(drift) * 1000:.0f} ms against the picture"
            )
        if copied and now.packets != before.packets:
            raise Defect(
                f"sound track {number} has {now.packets} packets instead of {before.packets}"
            )
    return result
