"""Is the finished file what was ordered?"""

from __future__ import annotations

from fractions import Fraction

from handler.domain.errors import Defect
from handler.domain.media import Encoding, SoundTrack, VideoFacts

SOUND_DRIFT = Fraction(20, 1000)
"""Seconds that sound may move against the picture, below what people notice."""

AAC_RUN_IN_SAMPLES = 1024
"""What ffmpeg's encoder puts before the first sample, and players leave out."""


def verify(result: VideoFacts, source: VideoFacts, frames: int, encoding: Encoding) -> VideoFacts:
    """Return ``result``'s facts when the file can be published.

    Args:
        result: facts of the finished file, found by opening it again.
        source: facts of the upload.
        frames: how many were written.
        encoding: what was ordered.

    Raises:
        Defect: codec, size, frame rate, frame count, pixel aspect, sound or subtitles differ from
            what they must be.
    """
    for what, found, wanted in (
        ("codec", result.codec, encoding.codec),
        ("size", (result.width, result.height), source.encoded_size),
        ("frame rate", result.frame_rate, source.frame_rate),
        ("frame count", result.frame_count, frames),
        ("pixel aspect ratio", result.sample_aspect_ratio, source.sample_aspect_ratio),
        ("number of sound tracks", len(result.sound), len(source.sound)),
        ("number of subtitles", len(result.subtitles), len(source.subtitles)),
    ):
        if found != wanted:
            raise Defect(f"the finished video has a {what} of {found} instead of {wanted}")
    tracks = zip(result.sound, source.sound, sound_drifts(result, source), strict=True)
    for number, (now, before, drift) in enumerate(tracks, start=1):
        if abs(drift) > SOUND_DRIFT:
            raise Defect(
                f"sound track {number} moved by {float(drift) * 1000:.0f} ms against the picture"
            )
        if _is_copied(now, before, source) and now.packets != before.packets:
            raise Defect(
                f"sound track {number} has {now.packets} packets instead of {before.packets}"
            )
    return result


def sound_drifts(result: VideoFacts, source: VideoFacts) -> list[Fraction]:
    """For each sound track of both, by how many seconds it moved against the picture."""
    drifts = []
    for now, before in zip(result.sound, source.sound, strict=False):
        copied = _is_copied(now, before, source)
        run_in = Fraction(0) if copied else AAC_RUN_IN_SAMPLES / Fraction(now.sample_rate_hz)
        expected = before.first_packet if copied else before.start
        moved = now.first_packet + run_in - expected
        drifts.append(moved - (result.start - source.start))
    return drifts


def _is_copied(now: SoundTrack, before: SoundTrack, source: VideoFacts) -> bool:
    return now.codec == before.codec and not source.announced.is_broken
