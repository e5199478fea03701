"""Command lines of ffmpeg, as pure functions."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from handler.domain.media import SoundTrack, VideoFacts
from handler.media.containers import INPUT_OPTIONS

QUIET = ("-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning")
GUARDS = tuple(word for name, value in INPUT_OPTIONS.items() for word in (f"-{name}", value))
EXACT_COLORS = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"

MP4_SOUND_CODECS = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac", "mp2"})
"""Sound that MP4 holds as it is; anything else becomes AAC."""

LEAST_MP3_RATE_HZ = 16_000
"""MP4 holds MP3 of MPEG-1 and MPEG-2, not the slower MPEG-2.5."""

MOST_AAC_CHANNELS = 8
"""Sound of more channels than 7.1 is mixed down to stereo where it can't be copied."""

AAC_BITS_PER_SECOND_AND_CHANNEL = 96_000

DEFAULT_PRESET = "superfast"
DEFAULT_CRF = 20


def decode_command(ffmpeg: str, video: Path, facts: VideoFacts) -> list[str]:
    """Frames of a video as raw rgb24 of its displayed size on stdout.

    A stream without a constant rate is brought to ``facts.frame_rate`` by repeating and dropping
    frames; one with a constant rate passes frame by frame.
    """
    even = "" if facts.constant_rate else f"fps={facts.frame_rate},"
    source_range = "full" if facts.full_range else "limited"
    return [
        ffmpeg,
        *QUIET,
        *GUARDS,
        *("-i", f"file:{video.absolute()}"),
        *("-map", "0:V:0", "-an", "-sn", "-dn"),
        "-vf",
        f"{even}scale={facts.width}:{facts.height}:in_color_matrix={facts.color_matrix}"
        f":in_range={source_range}:out_range=full:{EXACT_COLORS},format=rgb24",
        *("-fps_mode", "passthrough"),
        *("-f", "rawvideo", "pipe:1"),
    ]


def encode_command(ffmpeg: str, video: Path, facts: VideoFacts, sound_from: Path) -> list[str]:
    """Raw rgb24 frames on stdin to H.264 in MP4, with the sound of the source.

    4:2:0 needs even sides: an odd one gains a row or column that repeats its neighbour. The
    picture starts as long after the file's start as it does in the source.
    """
    sound = [word for track in facts.sound for word in ("-map", f"1:a:{track.index}")]
    width, height = facts.encoded_size
    right, bottom = width - facts.width, height - facts.height
    smear = (
        f"pad={width}:{height}:0:0,fillborders=right={right}:bottom={bottom}:mode=smear,"
        if right or bottom
        else ""
    )
    aspect = facts.sample_aspect_ratio
    return [
        ffmpeg,
        *QUIET,
        "-y",
        *("-f", "rawvideo", "-pixel_format", "rgb24"),
        *("-video_size", f"{facts.width}x{facts.height}", "-framerate", str(facts.frame_rate)),
        *("-itsoffset", _decimal(facts.start)),
        *("-i", "pipe:0"),
        *GUARDS,
        *("-i", f"file:{sound_from.absolute()}"),
        *("-map", "0:v:0", *sound, "-map_metadata", "1", "-map_chapters", "1"),
        "-vf",
        f"{smear}scale=out_color_matrix=bt709:out_range=limited:{EXACT_COLORS},"
        f"format=yuv420p,setsar={aspect.numerator}/{aspect.denominator}:max=65535",
        *("-fps_mode", "passthrough"),
        *("-c:v", "libx264", "-preset", DEFAULT_PRESET, "-crf", str(DEFAULT_CRF)),
        *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
        *("-color_range", "tv"),
        *(word for index in range(len(facts.sound)) for word in _sound_codec(facts, index)),
        *("-movflags", "+faststart", "-f", "mp4"),
        f"file:{video.absolute()}",
    ]


def is_copied(track: SoundTrack) -> bool:
    """Whether sound comes through unchanged."""
    slow_mp3 = track.codec == "mp3" and track.sample_rate_hz < LEAST_MP3_RATE_HZ
    return track.codec in MP4_SOUND_CODECS and not slow_mp3


def _sound_codec(facts: VideoFacts, index: int) -> tuple[str, ...]:
    track = facts.sound[index]
    if is_copied(track):
        return (f"-c:a:{index}", "copy")
    channels = track.channels if 1 <= track.channels <= MOST_AAC_CHANNELS else 2
    bits_per_second = AAC_BITS_PER_SECOND_AND_CHANNEL * channels
    return (
        *(f"-c:a:{index}", "aac", f"-b:a:{index}", str(bits_per_second)),
        *(f"-ac:a:{index}", str(channels)),
    )


def _decimal(seconds: Fraction) -> str:
    """ffmpeg takes times as decimals; a microsecond is its own resolution."""
    return f"{float(seconds):.6f}"
