"""Command lines of ffmpeg, as pure functions."""

from __future__ import annotations

import os
from fractions import Fraction
from math import ceil
from pathlib import Path

from handler.domain.chunks import WHOLE, Chunk
from handler.domain.media import DEFAULT_PRESET, Codec, Encoding, SoundTrack, VideoFacts
from handler.media.containers import INPUT_OPTIONS

QUIET = ("-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+warning")
GUARDS = tuple(word for name, value in INPUT_OPTIONS.items() for word in (f"-{name}", value))
ACCOUNT = (
    *("-map", "0:V:0", "-fps_mode", "passthrough"),
    *("-enc_time_base", "demux", "-c:v", "wrapped_avframe", "-f", "framecrc", "pipe:0"),
)
"""A second output: for each frame that is decoded a line with its time; see ``ConfinedProcess``."""

EXACT = "accurate_rnd+full_chroma_int+full_chroma_inp"
LARGER, SMALLER = f"flags=bicubic+{EXACT}", f"flags=area+{EXACT}"
QUICKLY_LARGER = "flags=bicubic"
"""Of 4:2:0 that stays 4:2:0: a pixel in sixteen differs by one of 255, a flat area does not, and it
takes half the time."""

Size = tuple[int, int]
"""Width and height, px."""

MP4_SOUND_CODECS = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
"""Sound that players take from MP4 as it is; anything else becomes AAC."""

LEAST_MP3_RATE_HZ = 16_000
"""MP4 holds MP3 of MPEG-1 and MPEG-2, not the slower MPEG-2.5."""

MOST_AAC_CHANNELS = 8
"""Sound of more channels than 7.1 is mixed down to stereo where it can't be copied."""

AAC_BITS_PER_SECOND_AND_CHANNEL = 96_000
AAC_BITS_PER_SAMPLE = 6
"""The most that a frame of AAC holds: 6144 bits a channel and 1024 samples."""

LEAST_TICKS_PER_SECOND = 10_000

PROCESSORS = len(os.sched_getaffinity(0))
DECODER_THREADS = ("-threads", str(max(1, PROCESSORS // 2)))
"""Painting keeps all processors busy, and threads that wait for each other cost time."""

ENCODER_THREADS = ("-threads", str(min(PROCESSORS, max(2, PROCESSORS // 2))))
"""Two at least: what is left to do in the end is to encode the frames that were painted last."""

ENCODERS = {
    Codec.H264: ("libx264",),
    Codec.HEVC: ("libx265", "-x265-params", "log-level=warning"),
}
TAGS: dict[Codec, tuple[str, ...]] = {Codec.H264: (), Codec.HEVC: ("-tag:v", "hvc1")}
"""Apple's players show HEVC under the name hvc1 only."""

QUICK = ("cabac=0",)
"""Of x264 at its default preset here: the same pictures, coded without arithmetic, take a quarter
less time in files a tenth larger (painted frames of Big Buck Bunny)."""

STITCHABLE = ("stitchable=1", "ipratio=0.9")
"""x264 writes something of the pictures into their headers unless it is told not to. The first
picture of a chunk gets no more bits than its quality needs: as a rule x264 spends on one to which
hundreds refer."""

DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Those that see the alpha channel, where ffmpeg's own don't."""

DIFFUSE_WHITE_NITS = 203
"""Light of a white sheet of paper in HDR, cd/m2: ITU-R BT.2408."""

PEAK_NITS = {"pq": 10_000, "hlg": 1_000}
"""The brightest light that a transfer can mean, cd/m2: SMPTE ST 2084, ITU-R BT.2100."""

PRIMARIES = {"bt709": "709", "bt2020": "2020", "smpte431": "smpte431", "smpte432": "smpte432"}
TRANSFERS = {"sdr": "bt709", "pq": "smpte2084", "hlg": "arib-std-b67"}

LINEAR_TO = 0.6
"""Part of diffuse white up to which tone mapping keeps light as it is: shadows, skin, grass. Above,
the curve leaves diffuse white at 0.81 of SDR's white, as ITU-R BT.2390's does, and the rest to
highlights."""


def decode_command(
    ffmpeg: str, video: Path, facts: VideoFacts, size: Size, chunk: Chunk = WHOLE
) -> list[str]:
    """Frames of a video as raw pictures of this size on stdout.

    They begin where the chunk may be decoded from, and are as ``is_piped_as_video`` says. Times
    stay what they are when the whole video is decoded.
    """
    decoder = DECODERS.get(facts.codec) if facts.transparent else None
    return [
        ffmpeg,
        *QUIET,
        *GUARDS,
        *DECODER_THREADS,
        *(("-c:v", decoder) if decoder else ()),
        *_from_the_middle(chunk),
        *("-i", f"file:{video.absolute()}"),
        *("-map", "0:V:0", "-an", "-sn", "-dn"),
        *("-vf", ",".join(_piped_filters(facts, size, chunk))),
        *("-fps_mode", "passthrough"),
        *("-f", "rawvideo", "pipe:1"),
        *ACCOUNT,
    ]


def is_piped_as_video(facts: VideoFacts) -> bool:
    """Whether decoded pictures come as yuv420p, in the video's own matrix and range.

    ffmpeg takes twice as long to make them rgb24, which all other kinds of video come as.
    """
    is_ordinary = facts.pixel_format in ("yuv420p", "yuvj420p")
    return is_ordinary and not facts.transparent and not _needs_sdr(facts)


def _piped_filters(facts: VideoFacts, size: Size, chunk: Chunk = WHOLE) -> list[str]:
    if is_piped_as_video(facts):
        return [*_deinterlaced(facts), *_evened(facts, chunk), _resized(facts, size)]
    return decode_filters(facts, size, chunk)


def _resized(facts: VideoFacts, size: Size) -> str:
    """Planes of another size; matrix and range stay what they are."""
    width, height = size
    method = "area" if width < facts.width else "bicubic"
    matrix, levels = facts.color_matrix, _levels(facts)
    return (
        f"scale={width}:{height}:in_color_matrix={matrix}:out_color_matrix={matrix}"
        f":in_range={levels}:out_range={levels}:flags={method}+accurate_rnd,format=yuv420p"
    )


def _levels(facts: VideoFacts) -> str:
    return "full" if facts.full_range else "limited"


def _from_the_middle(chunk: Chunk) -> tuple[str, ...]:
    """How the file is entered; an excerpt with its first byte, and nothing is sought in it."""
    as_it_is = () if chunk.zero is None else ("-seekable", "0")
    if chunk.seek is None:
        return as_it_is
    if chunk.zero is None:
        seek = f"{float(chunk.seek.at):.6f}"
        return "-copyts", "-start_at_zero", "-noaccurate_seek", "-ss", seek
    return "-copyts", "-itsoffset", f"{-float(chunk.zero):.6f}", *as_it_is


def glimpse_command(
    ffmpeg: str,
    video: Path,
    facts: VideoFacts,
    size: Size,
    second: Fraction,
    frames: int,
    *,
    is_exact: bool = True,
) -> list[str]:
    """So many frames from a second of the file on, piped as ``decode_command`` pipes them.

    Args:
        is_exact: or else from the last frame before it on that refers to none.
    """
    decoder = DECODERS.get(facts.codec) if facts.transparent else None
    return [
        ffmpeg,
        *QUIET,
        *GUARDS,
        *(("-c:v", decoder) if decoder else ()),
        "-accurate_seek" if is_exact else "-noaccurate_seek",
        *("-ss", f"{float(second):.6f}", "-i", f"file:{video.absolute()}"),
        *("-map", "0:V:0", "-an", "-sn", "-dn"),
        *("-frames:v", str(frames), "-fps_mode", "passthrough"),
        *("-vf", ",".join(_piped_filters(facts, size))),
        *("-f", "rawvideo", "pipe:1"),
    ]


def decode_filters(facts: VideoFacts, size: Size, chunk: Chunk = WHOLE) -> list[str]:
    """From decoded frames, which ffmpeg has turned already, to rgb24 for an SDR screen.

    Each step is there only where the video needs it; for ordinary video it is one conversion.
    """
    return [
        *_deinterlaced(facts),
        *_evened(facts, chunk),
        _to_rgb(facts, size),
        *_over_black(facts),
        *_to_sdr(facts),
    ]


def _deinterlaced(facts: VideoFacts) -> list[str]:
    """One frame of each pair of fields; frames that say they are progressive stay."""
    return ["bwdif=mode=send_frame:deint=interlaced"] if facts.interlaced else []


def _evened(facts: VideoFacts, chunk: Chunk) -> list[str]:
    """A stream without a constant rate gets one by repeating and dropping frames.

    Decoded from its middle, it is counted from the same first picture, and begins with the chunk.
    """
    if facts.constant_rate:
        return []
    if not chunk.seek:
        return ["setpts=PTS-STARTPTS", f"fps={facts.frame_rate}"]
    begin = float(chunk.begin / facts.frame_rate)
    first_at = float(facts.announced.first_at or 0)
    return [
        f"setpts=round(PTS-{first_at:.9f}/TB)",
        f"fps={facts.frame_rate}:start_time={begin:.6f}",
    ]


def _to_rgb(facts: VideoFacts, size: Size) -> str:
    """RGB, full range, of the wanted size, with the bits that the steps after it need."""
    width, height = size
    method = SMALLER if width < facts.width else LARGER
    pixels = "gbrp16le" if _needs_sdr(facts) else "gbrap" if facts.transparent else "rgb24"
    return (
        f"scale={width}:{height}:in_color_matrix={facts.color_matrix}"
        f":in_range={_levels(facts)}:out_range=full:{method},format={pixels}"
    )


def _over_black(facts: VideoFacts) -> list[str]:
    """Transparent pixels as players show them."""
    if not facts.transparent or _needs_sdr(facts):
        return []
    return ["premultiply=inplace=1", "format=rgb24"]


def _to_sdr(facts: VideoFacts) -> list[str]:
    """Through linear light, where diffuse white is 1, to BT.709's primaries and an SDR screen.

    Source: ITU-R BT.2408, BT.2087, BT.1886; the curve is a Moebius transform, on the largest of
    red, green and blue, so that hues stay.
    """
    if not _needs_sdr(facts):
        return []
    peak = PEAK_NITS.get(facts.transfer, 0) / DIFFUSE_WHITE_NITS
    curve = f"tonemap=mobius:param={LINEAR_TO}:desat=0:peak={peak:.4f}"
    return [
        f"zscale=matrixin=gbr:rangein=full:primariesin={PRIMARIES[facts.primaries]}"
        f":transferin={TRANSFERS[facts.transfer]}:matrix=gbr:primaries=709:transfer=linear"
        f":npl={DIFFUSE_WHITE_NITS}:agamma=0",  # exact: else HLG is bent colour by colour
        "format=gbrpf32le",
        *([curve] if peak else []),
        "zscale=transfer=bt709:range=full",
        "format=gbrp",
        "format=rgb24",
    ]


def _needs_sdr(facts: VideoFacts) -> bool:
    return facts.transfer != "sdr" or facts.primaries != "bt709"


def encode_command(
    ffmpeg: str, video: Path, facts: VideoFacts, sound_from: Path, encoding: Encoding, size: Size
) -> list[str]:
    """Raw yuv420p frames on stdin to H.264 or HEVC in MP4, and all but the pictures of the source.

    The frames come in this size and leave in the source's.
    The picture starts as long after the file's start as it does in the source.
    """
    late = round(facts.start * ticks_per_second(facts))
    return [
        *(ffmpeg, *QUIET, "-y", *_raw_frames(facts, size)),
        *GUARDS,
        *("-i", f"file:{sound_from.absolute()}"),
        *("-map", "0:v:0", *_beside(facts), "-map_metadata", "1", "-map_chapters", "1"),
        *_encoded(facts, encoding, late),
        *_beside_encoded(facts),
        *("-movflags", "+faststart", "-f", "mp4", f"file:{video.absolute()}"),
    ]


def chunk_command(
    ffmpeg: str, part: Path, facts: VideoFacts, encoding: Encoding, size: Size
) -> list[str]:
    """Raw yuv420p frames on stdin to the pictures of ``encode_command`` alone, from time 0 on.

    Pictures refer to none outside, and headers depend on nothing in them: chunks one after the
    other are one stream.
    """
    return [
        *(ffmpeg, *QUIET, "-y", *_raw_frames(facts, size)),
        *("-map", "0:v:0"),
        *_encoded(facts, encoding, parameters=STITCHABLE),
        *("-f", "mp4", f"file:{part.absolute()}"),
    ]


def join_command(
    ffmpeg: str,
    video: Path,
    facts: VideoFacts,
    sound_from: Path,
    encoding: Encoding,
    index_bytes: int,
) -> list[str]:
    """Pictures of all chunks as one MP4 stream on stdin, as they are, and all else of the source.

    The stream begins at time 0. The video begins with its index, for which room is left: it need
    not be moved once it is whole, and can be sent before.
    """
    return [
        *(ffmpeg, *QUIET, "-y"),
        *("-itsoffset", f"{float(facts.start):.6f}", "-f", "mov", "-i", "pipe:0"),
        *GUARDS,
        *("-i", f"file:{sound_from.absolute()}"),
        *("-map", "0:v:0", *_beside(facts), "-map_metadata", "1", "-map_chapters", "1"),
        *("-c:v", "copy", *TAGS[encoding.codec]),
        *("-video_track_timescale", str(ticks_per_second(facts))),
        *_beside_encoded(facts),
        *("-moov_size", str(index_bytes), "-f", "mp4", f"file:{video.absolute()}"),
    ]


def _raw_frames(facts: VideoFacts, size: Size) -> tuple[str, ...]:
    return (
        *("-f", "rawvideo", "-pixel_format", "yuv420p"),
        *("-video_size", f"{size[0]}x{size[1]}", "-framerate", str(facts.frame_rate)),
        *("-i", "pipe:0"),
    )


def _encoded(
    facts: VideoFacts, encoding: Encoding, late: int = 0, parameters: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Frames as pictures of the result, ``late`` ticks after the beginning.

    Args:
        parameters: of x264, beyond those that go with the encoding.
    """
    return (
        *("-vf", ",".join([*encode_filters(facts), f"setpts=PTS+{late}"])),
        *("-fps_mode", "passthrough", "-enc_time_base", f"1/{ticks_per_second(facts)}"),
        *("-c:v", *ENCODERS[encoding.codec], *TAGS[encoding.codec]),
        *_x264_parameters(encoding, parameters),
        *("-preset", encoding.preset, "-crf", str(encoding.crf), *ENCODER_THREADS),
        *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
        *("-color_range", "tv"),
    )


def _x264_parameters(encoding: Encoding, own: tuple[str, ...]) -> tuple[str, ...]:
    if encoding.codec is not Codec.H264:
        return ()
    quick = QUICK if encoding.preset == DEFAULT_PRESET[Codec.H264] else ()
    parameters = (*quick, *own)
    return ("-x264-params", ":".join(parameters)) if parameters else ()


def _beside_encoded(facts: VideoFacts) -> tuple[str, ...]:
    """How sound and subtitles are written."""
    return (
        *(word for index in range(len(facts.sound)) for word in _sound_codec(facts, index)),
        *("-c:s", "mov_text"),
    )


def sound_command(ffmpeg: str, facts: VideoFacts, sound_from: Path) -> list[str]:
    """The sound of ``encode_command`` alone, to nowhere: does it go into an MP4 at all?"""
    return [
        *(ffmpeg, *QUIET, "-y", *GUARDS, "-i", f"file:{sound_from.absolute()}", "-vn"),
        *(word for track in facts.sound for word in ("-map", f"0:a:{track.index}")),
        *(word for index in range(len(facts.sound)) for word in _sound_codec(facts, index)),
        *("-f", "mp4", "file:/dev/null"),
    ]


def encode_filters(facts: VideoFacts) -> list[str]:
    """From 4:2:0 in BT.709 and limited range to the same of the source's size.

    4:2:0 needs even sides: an odd one gains a row or column that repeats its neighbour.
    """
    width, height = facts.encoded_size
    right, bottom = width - facts.width, height - facts.height
    aspect = facts.sample_aspect_ratio
    ticks = ticks_per_second(facts)
    padding = [
        f"scale={facts.width}:{facts.height}:{LARGER}",
        f"pad={width}:{height}:0:0",
        f"fillborders=right={right}:bottom={bottom}:mode=smear",
    ]
    return [
        *(padding if right or bottom else []),
        f"scale={width}:{height}:in_color_matrix=bt709:out_color_matrix=bt709"
        f":in_range=limited:out_range=limited:{QUICKLY_LARGER}",
        "format=yuv420p",
        f"setsar={aspect.numerator}/{aspect.denominator}:max=65535",
        f"settb=1/{ticks}",
    ]


def _beside(facts: VideoFacts) -> list[str]:
    sound = (f"1:a:{track.index}" for track in facts.sound)
    subtitles = (f"1:s:{index}" for index in facts.subtitles)
    return [word for stream in (*sound, *subtitles) for word in ("-map", stream)]


def footage_command(ffmpeg: str, video: Path, width: int, height: int, frames: int) -> list[str]:
    """A zoom into the Mandelbrot set as H.264 in MP4, 25 frames/s."""
    return [
        ffmpeg,
        *QUIET,
        "-y",
        *("-f", "lavfi", "-i", f"mandelbrot=size={width}x{height}:rate=25"),
        *("-frames:v", str(frames), "-pix_fmt", "yuv420p"),
        *("-c:v", "libx264", "-preset", "superfast"),
        *("-f", "mp4", f"file:{video.absolute()}"),
    ]


def is_copied(track: SoundTrack) -> bool:
    """Whether sound comes through unchanged."""
    slow_mp3 = track.codec == "mp3" and track.sample_rate_hz < LEAST_MP3_RATE_HZ
    return track.codec in MP4_SOUND_CODECS and not slow_mp3


def _sound_codec(facts: VideoFacts, index: int) -> tuple[str, ...]:
    track = facts.sound[index]
    if is_copied(track) and not facts.announced.is_broken:  # packets that are damaged are decoded
        return (f"-c:a:{index}", "copy")
    channels = track.channels if 1 <= track.channels <= MOST_AAC_CHANNELS else 2
    bits_per_second = channels * min(
        AAC_BITS_PER_SECOND_AND_CHANNEL, AAC_BITS_PER_SAMPLE * track.sample_rate_hz
    )
    return (
        *(f"-c:a:{index}", "aac", f"-b:a:{index}", str(bits_per_second)),
        *(f"-ac:a:{index}", str(channels), f"-filter:a:{index}", "aresample=async=1"),
    )


def ticks_per_second(facts: VideoFacts) -> int:
    """A clock on which every frame lies exactly and the start of the first one closely."""
    numerator = facts.frame_rate.numerator
    return numerator * ceil(LEAST_TICKS_PER_SECOND / numerator)
