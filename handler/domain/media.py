"""Facts about a video, as numbers that don't drift."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import ceil

from handler.domain.errors import Rejected
from handler.domain.losses import Announcement

INDEX_BYTES = 64 * 1024
"""Of an index beside what each picture and packet of sound takes: the codecs' headers, tags."""

HEADERS_BYTES = 1024
"""Of an MP4, around its index, at most."""

INDEX_BYTES_PER_SAMPLE = 44
SUBTITLES_BYTES = 128 * 1024
"""Of one track: two thousand lines with the pauses between them."""

SAMPLES_PER_PACKET = 1024
"""Of AAC, which sound becomes that can't be copied."""


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
    """One video stream, and the sound and the subtitles beside it.

    Attributes:
        width, height: px as displayed, rotation applied.
        frame_rate: frames/s, exact.
        frame_count: frames that a player shows.
        constant_rate: every frame lasts exactly ``1 / frame_rate`` seconds.
        sample_aspect_ratio: width over height of one displayed pixel.
        start: seconds from the start of the file to the first frame.
        codec, pixel_format: as ffmpeg spells them.
        color_matrix: from luma and chroma to RGB: ``bt601``, ``bt709``, ``bt2020``, ``fcc`` or
            ``smpte240m``; where the file is silent, what players assume for its codec and size.
        full_range: samples use 0..255 rather than 16..235, as RGB always does.
        transfer: ``sdr``, or of high dynamic range ``pq`` or ``hlg``.
        primaries: what red, green and blue are: ``bt709`` (and all that is near it), or a wide
            gamut, ``bt2020``, ``smpte431`` or ``smpte432``.
        interlaced: frames hold two fields that were taken one after the other.
        transparent: pixels have an alpha channel.
        sound: the tracks in the order of the file, without those of which nothing is heard.
        subtitles: places of the text tracks among the subtitle tracks of the file, from 0.
        size_bytes: of the file.
        announced: what the file says of its pictures, to tell what was lost.
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
    transfer: str
    primaries: str
    interlaced: bool
    transparent: bool
    sound: tuple[SoundTrack, ...]
    subtitles: tuple[int, ...]
    size_bytes: int
    announced: Announcement

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame's start to the last frame's end."""
        return self.frame_count / self.frame_rate

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px, as displayed."""
        return self.width, self.height

    @property
    def encoded_size(self) -> tuple[int, int]:
        """Width and height, px, with the row or column that 4:2:0 needs at an odd size."""
        return self.width + self.width % 2, self.height + self.height % 2


def likely_index_bytes(facts: VideoFacts) -> int:
    """Room that the index of an MP4 takes at most, unless tags, chapters or subtitles are many.

    Source: ISO/IEC 14496-12, 8.6 and 8.7: for a picture a size (4 bytes), a place (8) and what
    leads there (12), its duration (8), its delay (8), and whether it refers to none (4). Sound has
    no delays, and in its stead groups for the run-in of some codecs.
    """
    sound = sum(
        max(track.packets, ceil(facts.duration * track.sample_rate_hz / SAMPLES_PER_PACKET))
        for track in facts.sound
    )
    samples = facts.frame_count + sound
    return INDEX_BYTES + INDEX_BYTES_PER_SAMPLE * samples + SUBTITLES_BYTES * len(facts.subtitles)


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


def nearest_rate(
    rate: Fraction, cap: Fraction = Fraction(60), tolerance: Fraction = Fraction(1, 2000)
) -> Fraction:
    """The constant rate, frames/s, at which a stream without one is decoded.

    Whole rates and the NTSC family (whole rates x 1000/1001) are what cameras mean: the nearer one
    is taken where it is within the (relative) tolerance. Any other is kept to 1/1000 frames/s.
    """
    capped = min(rate, cap)
    whole = max(1, round(capped))
    usual = min(
        (Fraction(whole), Fraction(whole * 1000, 1001)), key=lambda usual: abs(capped - usual)
    )
    if abs(capped - usual) <= usual * tolerance:
        return usual
    return max(Fraction(1, 1000), Fraction(round(capped * 1000), 1000))


class Codec(StrEnum):
    """What a result can be encoded in."""

    H264 = "h264"
    HEVC = "hevc"


DEFAULT_CRF = {Codec.H264: 20, Codec.HEVC: 20}
"""Visually lossless: VMAF of at least 93 against the frames themselves."""

DEFAULT_PRESET = {Codec.H264: "superfast", Codec.HEVC: "ultrafast"}
"""Slower ones make smaller files; these leave the processor to the painting."""

PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)
BEST_CRF, WORST_CRF = 1, 51


@dataclass(frozen=True)
class Encoding:
    """How painted frames become a video.

    Attributes:
        crf: constant rate factor, 1 (best, largest) to 51; each 6 more about halve the file.
        preset: how much time x264 or x265 takes to save bits.

    Raises:
        Rejected: there is no such factor or preset.
    """

    codec: Codec
    crf: int
    preset: str

    def __post_init__(self) -> None:
        if not BEST_CRF <= self.crf <= WORST_CRF:
            raise Rejected(f"the crf must be from {BEST_CRF} to {WORST_CRF}, not {self.crf}")
        if self.preset not in PRESETS:
            raise Rejected(f"the preset must be one of {', '.join(PRESETS)}, not {self.preset!r}")

    @classmethod
    def of(
        cls, codec: Codec = Codec.H264, crf: int | None = None, preset: str | None = None
    ) -> Encoding:
        """An encoding whose unsaid parts are the codec's defaults."""
        return cls(
            codec, DEFAULT_CRF[codec] if crf is None else crf, preset or DEFAULT_PRESET[codec]
        )
