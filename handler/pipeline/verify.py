"""Is the finished file what was ordered?"""

from __future__ import annotations

from fractions import Fraction

from handler.domain.errors import Defect, Rejected
from handler.domain.media import Encoding, SoundTrack, VideoFacts

SOUND_DRIFT = Fraction(20, 1000)
"""Seconds that sound may move against the picture, below what people notice."""

AAC_RUN_IN_SAMPLES = 1024
"""What ffmpeg's encoder puts before the first sample, and players leave out."""


def verify(result: VideoFacts, source: VideoFacts, frames: int, encoding: Encoding) -> VideoFacts:
    """Return ``result``'s facts when the file can be published.

    The pictures were made here. What lies beside them comes from the source, and a damaged one need
    not give what it counts.

    Args:
        result: facts of the finished file, found by opening it again.
        source: facts of the upload.
        frames: how many were written.
        encoding: what was ordered.

    Raises:
        Defect: codec, size, frame rate, frame count or pixel aspect differ from what they must be,
            or sound or subtitles from those of a source without damage.
        Rejected: sound or subtitles differ from those of a damaged source.
    """
    if fault := _fault_of_pictures(result, source, frames, encoding):
        raise Defect(fault)
    if fault := _fault_beside_them(result, source):
        if source.announced.is_broken:
            raise Rejected(f"the video is too damaged to be kept ({fault}): export it anew")
        raise Defect(fault)
    return result


def _fault_of_pictures(
    result: VideoFacts, source: VideoFacts, frames: int, encoding: Encoding
) -> str | None:
    return _first_difference(
        ("codec", result.codec, encoding.codec),
        ("size", (result.width, result.height), source.encoded_size),
        ("frame rate", result.frame_rate, source.frame_rate),
        ("frame count", result.frame_count, frames),
        ("pixel aspect ratio", result.sample_aspect_ratio, source.sample_aspect_ratio),
    )


def _fault_beside_them(result: VideoFacts, source: VideoFacts) -> str | None:
    """What is wrong with sound and subtitles."""
    if fault := _first_difference(
        ("number of sound tracks", len(result.sound), len(source.sound)),
        ("number of subtitles", len(result.subtitles), len(source.subtitles)),
    ):
        return fault
    tracks = zip(result.sound, source.sound, sound_drifts(result, source), strict=True)
    for number, (now, before, drift) in enumerate(tracks, start=1):
        if abs(drift) > SOUND_DRIFT:
            return f"sound track {number} moved by {float(drift) * 1000:.0f} ms against the picture"
        if _is_copied(now, before, source) and now.packets != before.packets:
            return f"sound track {number} has {now.packets} packets instead of {before.packets}"
    return None


def _first_difference(*compared: tuple[str, object, object]) -> str | None:
    for what, found, wanted in compared:
        if found != wanted:
            return f"the finished video has a {what} of {found} instead of {wanted}"
    return None


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
