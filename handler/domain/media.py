"""Facts about a video, as numbers that don't drift."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class SoundTrack:
    """One sound track.

    Attributes:
        index: its place among the sound tracks of the file, from 0.
        codec: name as ffmpeg spells it, such as ``aac``.
        channels: 1 mono, 2 stereo, 6 for 5.1.
        start: seconds from the start of the file to the first sample heard.
        first_packet: seconds from the start of the file to the first packet; with a codec's run-in
            a little earlier than the first sample. Containers disagree on where sound of such a
            codec starts, not on when its packets are due.
        packets: in the track.
    """

    index: int
    codec: str
    channels: int
    sample_rate_hz: int
    start: Fraction
    first_packet: Fraction
    packets: int


@dataclass(frozen=True)
class VideoFacts:
    """One video stream and the sound beside it.

    Attributes:
        width, height: px as displayed, rotation applied.
        frame_rate: frames/s, exact.
        frame_count: frames that a player shows.
        constant_rate: every frame lasts exactly ``1 / frame_rate`` seconds.
        sample_aspect_ratio: width over height of one displayed pixel.
        start: seconds from the start of the file to the first frame.
        codec, pixel_format: as ffmpeg spells them.
        color_matrix: ``bt601``, ``bt709`` or ``bt2020``; where the file is silent, what players
            assume for its size.
        full_range: samples use 0..255 rather than 16..235.
        sound: the tracks in the order of the file, without those that hold nothing.
        size_bytes: of the file.
    """

    width: int
    height: int
    frame_rate: Fraction
    frame_count: int
    constant_rate: bool
    sample_aspect_ratio: Fraction
    start: Fraction
    codec: str
    pixel_format: str
    color_matrix: str
    full_range: bool
    sound: tuple[SoundTrack, ...]
    size_bytes: int

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame's start to the last frame's end."""
        return self.frame_count / self.frame_rate

    @property
    def encoded_size(self) -> tuple[int, int]:
        """Width and height, px, with the row or column that 4:2:0 needs at an odd size."""
        return self.width + self.width % 2, self.height + self.height % 2


def working_dimensions(
    width: int, height: int, long_side: int | None, smallest_side: int, width_multiple: int
) -> tuple[int, int]:
    """Width and height at which a frame is painted.

    Args:
        width, height: of the source, px.
        long_side: the working size, px, or None for the source's own size.
        smallest_side: the least side that the transformer takes, px; it alone may enlarge a frame.
        width_multiple: what a width that is shrunk anyway is rounded to, px.

    Returns:
        The source's own size, or that shrunk to the working size in its own proportions.
    """
    scale = min(1.0, long_side / max(width, height)) if long_side else 1.0
    if scale < 1.0:
        width = max(1, round(width * scale / width_multiple)) * width_multiple
        height = round(height * scale)
    return max(smallest_side, width), max(smallest_side, height)


def nearest_rate(rate: Fraction, cap: Fraction = Fraction(60)) -> Fraction:
    """The constant rate, frames/s, at which a stream without one is decoded.

    Whole rates and the NTSC family (whole rates x 1000/1001) are what cameras mean; a measured
    average within 0.05 % of one is taken as that one, any other is kept to 1/1000 frames/s.
    """
    capped = min(rate, cap)
    whole = max(1, round(capped))
    for candidate in (Fraction(whole), Fraction(whole * 1000, 1001)):
        if abs(capped - candidate) <= candidate / 2000:
            return candidate
    return max(Fraction(1, 1000), Fraction(round(capped * 1000), 1000))
