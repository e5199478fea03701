"""Looks into one untrusted video in a process of its own and prints what it found as JSON.

Run by ``handler.media.worker``. Exit code 0 with ``{"facts": ...}`` or ``{"rejected": "sentence"}``
on stdout; anything else means that the file broke the libraries.
"""

from __future__ import annotations

import json
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from itertools import count, pairwise
from operator import sub
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.format import Flags
from av.logging import ERROR, Capture, set_level, set_skip_repeated
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from handler.domain.media import nearest_rate
from handler.media.containers import INPUT_OPTIONS, KINDS
from handler.media.limits import too_large

# Values of ffmpeg's AVColorSpace, AVColorPrimaries, AVColorTransferCharacteristic and AVColorRange
# (libavutil/pixfmt.h).
COLOR_MATRICES = dict.fromkeys((5, 6), "bt601") | dict.fromkeys((9, 10), "bt2020")
COLOR_MATRICES |= {1: "bt709", 4: "fcc", 7: "smpte240m"}
WIDE_PRIMARIES = {9: "bt2020", 11: "smpte431", 12: "smpte432"}
HDR_TRANSFERS = {16: "pq", 18: "hlg"}
FULL_RANGE = 2
ALWAYS_BT601 = frozenset({"vp8", "mjpeg"})
"""Codecs that define the matrix themselves."""

SD_WIDTH, SD_HEIGHT = 1279, 576
"""The largest size, px, that players take for BT.601 where a file states no matrix."""

RATE_TOLERANCE = Fraction(1, 2)
"""Frames that a picture may be away from its place on an even grid (ms-rounded containers)."""

TIME_TOLERANCE = Fraction(15, 1000)
"""The same in seconds, where frames are long: sound would be heard beside the picture."""

SHORT_GAPS, PAUSE = Fraction(1, 10), Fraction(3, 2)
"""Of a variable rate the short gaps between pictures tell the rate that was meant: those up to 1.5
times the one that a tenth of them are shorter than. Longer ones are pauses, filled by repeating."""

VARIABLE_RATE_TOLERANCE = Fraction(1, 200)
"""How far, relative, the short gaps of a stream that jitters may lead from a usual rate."""

TEXT_SUBTITLES = frozenset({"subrip", "ass", "ssa", "webvtt", "mov_text", "text"})

TELLING_DEMUXERS = frozenset({"mov", "matroska", "avi", "flv"})
"""Readers of containers whose head tells how long the file is."""

AVI = frozenset({"avi"})
"""Its reader guesses when pictures are shown, and later than ffmpeg does by the B-frames."""

GAPLESS_DEMUXERS = frozenset({"mpeg"})
"""Readers of containers in which every picture of an even rate is due, and that skip damage in
silence; two packets of sound at one time tell of it."""


LogLine = tuple[int, str, str]
"""Level, who says it, and what; readers go by their containers' names."""


def main(path: str, frames: str) -> None:
    """Look at so many frames, and at all packets."""
    set_level(ERROR)
    set_skip_repeated(False)  # repeated words tell of repeated damage
    try:
        with Capture() as log, opened(path) as container:  # what is said while opening counts
            answer: dict[str, Any] = {"facts": look_into(container, int(frames), log)}
    except NoPicture as error:
        answer = {"rejected": str(error)}
    except av.ArgumentError:  # libavformat's word for a format that is not on its white list
        answer = {"rejected": f"the file is not a video of a kind that is read ({KINDS})"}
    except MemoryError:  # av's own among them
        answer = {"rejected": "the video can't be read: it takes too much memory"}
    except (av.FFmpegError, ValueError) as error:
        answer = {"rejected": f"the file can't be read as a video ({reason(error)})"}
    json.dump(answer, sys.stdout)


class NoPicture(Exception):
    """The container opens but holds nothing to paint."""


def opened(path: str) -> InputContainer:
    return av.open(f"file:{path}", options=dict(INPUT_OPTIONS))


def look_into(container: InputContainer, look_at: int, log: list[LogLine]) -> dict[str, Any]:
    """Facts as ``handler.media.probe`` expects them; fractions as strings.

    Args:
        look_at: so many frames.
        log: what the libraries have said since before the opening; it grows as they say more.
    """
    video = video_stream(container)
    look = FirstFrames(video, look_at)
    times: array[int] = array("q")
    last_duration = 0
    ends_at = Fraction(0)
    is_broken = False
    is_timeless = is_of(container, AVI)
    sound = {s.index: Sound(s) for s in container.streams.audio if is_readable(s)}
    for packet, stumbled in packets(container, log):
        is_broken |= stumbled
        ends_at = max(ends_at, end_of(packet))
        if packet.stream.index in sound:
            sound[packet.stream.index].take(packet)
        elif packet.stream is video and not packet.is_discard:
            shown = packet.dts if packet.pts is None else packet.pts
            is_timeless |= packet.pts is None and packet.size > 0
            if shown is not None:
                times.append(shown)
                last_duration = packet.duration or 0
        if packet.stream is video:
            look.take(packet)
            log.clear()  # decoders may be called as readers are
    frames = look.frames()
    first = frames[0]
    start = stream_start(video)
    decodable = array("q", (time for time in times if first.pts is None or time >= first.pts))
    if 0 < len(decodable) < len(times):  # it begins between two key frames
        start += (min(decodable) - min(times)) * Fraction(video.time_base or 0)
        times = decodable
    is_gapless = is_of(container, GAPLESS_DEMUXERS)
    is_broken |= is_gapless and any(track.repeats_times for track in sound.values())
    rate, constant, count = frame_grid(times, last_duration, video)

    begin = file_start(container, video)
    width, height = first.width, first.height
    aspect = Fraction(video.sample_aspect_ratio or 1) or Fraction(1)
    if round(first.rotation) % 180 == 90:
        width, height, aspect = height, width, 1 / aspect
    return {
        "width": width,
        "height": height,
        "frame_rate": str(rate),
        "frame_count": count,
        "constant_rate": constant,
        "sample_aspect_ratio": str(aspect),
        "start": str(start - begin),
        "codec": video.codec_context.codec.canonical_name,
        "pixel_format": first.format.name,
        **colors(first, video),
        "interlaced": any(frame.interlaced_frame for frame in frames),
        "announced": {
            "pictures": len(times),
            "first_at": None
            if is_timeless
            else str(min(times) * Fraction(video.time_base or 1) - decoder_start(container)),
            "duration": announced_duration(container),
            "ends_at": str(ends_at - begin),
            "is_broken": is_broken,
            "is_gapless": is_gapless,
            "unreadable_sound": len(container.streams.audio) - len(sound),
        },
        "sound": [
            sound[stream.index].as_json(index, begin)
            for index, stream in enumerate(container.streams.audio)
            if stream.index in sound and sound[stream.index].is_heard
        ],
        "subtitles": [
            index
            for index, stream in enumerate(container.streams.subtitles)
            if stream.codec_context and stream.codec_context.codec.canonical_name in TEXT_SUBTITLES
        ],
    }


def packets(container: InputContainer, log: list[LogLine]) -> Iterator[tuple[av.Packet[Any], bool]]:
    """All packets, and whether the reader stumbled over damage on its way to each."""
    try:
        for packet in container.demux():
            complaints = any(name == container.format.name for _, name, _ in log)
            log.clear()
            yield packet, packet.is_corrupt or complaints
    except IndexError:  # a stream turned up in the middle; PyAV trips over it at the end
        return


def end_of(packet: av.Packet[Any]) -> Fraction:
    """Second at which it has been shown or heard."""
    begin = packet.pts if packet.pts is not None else packet.dts
    if begin is None or packet.time_base is None:
        return Fraction(0)
    return (begin + (packet.duration or 0)) * Fraction(packet.time_base)


def announced_duration(container: InputContainer) -> str | None:
    """Seconds, where the file's head tells them; other readers go by the last packet there is."""
    if not is_of(container, TELLING_DEMUXERS):
        return None
    told = [
        stream.duration * stream.time_base
        for stream in container.streams
        if stream.duration and stream.time_base
    ]
    if is_of(container, AVI):  # its reader shortens durations to what is there
        video = video_stream(container)
        told.append(Fraction(video.frames) / Fraction(video.base_rate or 25))
    return str(max(told, default=Fraction(container.duration or 0, av.time_base)))


def decoder_start(container: InputContainer) -> Fraction:
    """Second that ffmpeg calls 0 when it decodes the pictures alone."""
    if Flags.ts_discont in Flags(container.format.flags):
        return stream_start(video_stream(container))
    return Fraction(container.start_time or 0, av.time_base)


def is_of(container: InputContainer, demuxers: frozenset[str]) -> bool:
    return not demuxers.isdisjoint(container.format.name.split(","))


def colors(frame: VideoFrame, video: VideoStream) -> dict[str, Any]:
    """What the numbers of a frame mean."""
    is_hd = frame.width > SD_WIDTH or frame.height > SD_HEIGHT
    of_old = not is_hd or video.codec_context.codec.canonical_name in ALWAYS_BT601
    transfer = HDR_TRANSFERS.get(int(frame.color_trc), "sdr")
    primaries = "bt709" if transfer == "sdr" else "bt2020"
    return {
        "color_matrix": COLOR_MATRICES.get(int(frame.colorspace), "bt601" if of_old else "bt709"),
        "full_range": int(frame.color_range) == FULL_RANGE
        or frame.format.name.startswith("yuvj")
        or frame.format.is_rgb,
        "transfer": transfer,
        "primaries": WIDE_PRIMARIES.get(int(frame.color_primaries), primaries),
        "transparent": any(component.is_alpha for component in frame.format.components)
        or video.metadata.get("alpha_mode") == "1",
    }


class Sound:
    """Counts the packets of one sound track, and tells whether any is heard, or two at once."""

    def __init__(self, stream: AudioStream) -> None:
        self._stream = stream
        self.packets = 0
        self.is_heard = False
        self.repeats_times = False
        self._first: int | None = None
        self._last: int | None = None

    def take(self, packet: av.Packet[Any]) -> None:
        if packet.size:
            self.packets += 1
            self.is_heard |= not packet.is_discard  # as where an edit list cuts it away
            self.repeats_times |= packet.pts is not None and packet.pts == self._last
            self._last = packet.pts
            if self._first is None:
                self._first = packet.pts

    def as_json(self, index: int, begin: Fraction) -> dict[str, Any]:
        codec = self._stream.codec_context
        first_packet = (self._first or 0) * Fraction(self._stream.time_base or 1)
        return {
            "index": index,
            "codec": codec.codec.canonical_name,
            "channels": codec.channels,
            "sample_rate_hz": codec.sample_rate,
            "start": str(stream_start(self._stream) - begin),
            "first_packet": str(first_packet - begin),
            "packets": self.packets,
        }


def is_readable(stream: AudioStream) -> bool:
    """Whether a decoder makes sense of what the container says of the sound."""
    codec = stream.codec_context
    if codec is None:
        return False
    try:
        codec.open(strict=False)
    except (av.FFmpegError, ValueError):
        return False
    return codec.channels > 0 and codec.sample_rate > 0


def video_stream(container: InputContainer) -> VideoStream:
    """The first one that is not a cover picture."""
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    raise NoPicture("the file holds no video")


class FirstFrames:
    """The first frames that can be decoded; packets before them show nothing.

    Args:
        enough: so many are decoded.

    Raises:
        NoPicture: the codec is not known, the video too large or encrypted.
    """

    def __init__(self, video: VideoStream, enough: int) -> None:
        video.thread_type = "NONE"
        if not video.codec_context:
            raise NoPicture("the video is in a codec that is not known here")
        if refusal := too_large(video.codec_context.width, video.codec_context.height):
            raise NoPicture(refusal)
        self._codec = video.codec_context
        self._enough = enough
        self._frames: list[VideoFrame] = []
        self._has_ended = False

    def take(self, packet: av.Packet[Any]) -> None:
        """Decode the next packet, unless there are enough frames."""
        if len(self._frames) < self._enough:
            if packet.has_sidedata("encryption_info"):
                raise NoPicture("the video is encrypted")
            self._frames += packet.decode()
            self._has_ended = not packet.size

    def frames(self) -> list[VideoFrame]:
        """One or more; the packets are over."""
        if len(self._frames) < self._enough and not self._has_ended:
            self._frames += self._codec.decode(None)
        if not self._frames:
            raise NoPicture("not one frame of the video can be decoded")
        return self._frames


def frame_grid(
    times: array[int], last_duration: int, video: VideoStream
) -> tuple[Fraction, bool, int]:
    """Rate in frames/s, whether the pictures lie on its grid, and how many frames that makes.

    Args:
        times: presentation times of all packets, in units of the stream's time base.
        last_duration: of the packet read last, same unit, 0 if unknown.
    """
    if not times:
        raise NoPicture("the video holds no pictures")
    time_base = Fraction(video.time_base or Fraction(1, av.time_base))
    shown = sorted(times)
    span = (shown[-1] - shown[0]) * time_base
    mean = nearest_rate((len(shown) - 1) / span) if span else Fraction(25)
    for rate in [Fraction(r) for r in (video.guessed_rate, video.base_rate, mean) if r]:
        away = farthest_from_grid(shown, rate * time_base)
        if away <= min(TIME_TOLERANCE * rate, RATE_TOLERANCE):
            return rate, True, len(shown)
    rate = nearest_rate(meant_rate(shown, time_base), tolerance=VARIABLE_RATE_TOLERANCE)
    duration = span + last_duration * time_base
    return rate, False, max(1, round(duration * rate))


def farthest_from_grid(shown: list[int], frames_per_unit: Fraction) -> Fraction:
    """Frames, at most, between a picture and its place on an even grid from the first one on.

    Nothing but iterators of the standard library's: an import of NumPy takes longer than all else
    here does for most videos, and millions of pictures still take less than it takes to read them.
    """
    frames, units = frames_per_unit.as_integer_ratio()
    places = count(shown[0] * frames, units)
    away = map(abs, map(sub, map(frames.__mul__, shown), places))
    return Fraction(max(away), units)


def meant_rate(shown: list[int], time_base: Fraction) -> Fraction:
    """Frames/s at which a stream of variable rate runs where it doesn't pause."""
    gaps = sorted(after - before for before, after in pairwise(shown) if after > before)
    if not gaps:
        return Fraction(25)
    longest = PAUSE * gaps[int(SHORT_GAPS * len(gaps))]
    short = gaps[: bisect_right(gaps, longest)]
    return len(short) / (sum(short) * time_base)


def file_start(container: InputContainer, video: VideoStream) -> Fraction:
    """Seconds that ffmpeg takes for 0: where picture or sound begin, or subtitles before them."""
    begin = min(stream_start(stream) for stream in (video, *container.streams.audio))
    stated = Fraction(container.start_time or 0, av.time_base)
    return begin if abs(begin - stated) <= Fraction(1, av.time_base) else stated


def stream_start(stream: Any) -> Fraction:
    """Seconds at which a stream begins, as its container says."""
    return Fraction((stream.start_time or 0) * stream.time_base)


def reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()
