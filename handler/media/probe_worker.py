"""Looks into one untrusted video in a process of its own and prints what it found as JSON.

Run as ``python -I -m handler.media.probe_worker PATH``. Exit code 0 with ``{"facts": ...}`` or
``{"rejected": "sentence"}`` on stdout; anything else means that the file broke the libraries.
"""

from __future__ import annotations

import json
import sys
from array import array
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from handler.domain.media import nearest_rate
from handler.media.containers import INPUT_OPTIONS, KINDS

# Values of ffmpeg's AVColorSpace and AVColorRange (libavutil/pixfmt.h).
COLOR_MATRICES = {1: "bt709", 5: "bt601", 6: "bt601", 9: "bt2020", 10: "bt2020"}
FULL_RANGE = 2
SD_WIDTH, SD_HEIGHT = 1279, 576
"""The largest size, px, that players take for BT.601 where a file states no matrix."""

RATE_TOLERANCE = 0.5
"""Frames that a picture may be away from its place on an even grid (ms-rounded containers)."""

FASTEST_EVENED_RATE = 60
"""Frames/s up to which the grid that all pictures lie on is taken for the rate of a stream with
gaps; beyond, the grid is only the clock of a recorder, and the mean rate is taken."""


def main() -> None:
    try:
        with opened(sys.argv[1]) as container:
            first = first_frame(container)
        with opened(sys.argv[1]) as container:  # anew: seeking back would lose packets
            answer: dict[str, Any] = {"facts": look_into(container, first)}
    except NoPicture as error:
        answer = {"rejected": str(error)}
    except av.ArgumentError:  # libavformat's word for a format that is not on its white list
        answer = {"rejected": f"the file is not a video of a kind that is read ({KINDS})"}
    except (av.FFmpegError, ValueError) as error:
        answer = {"rejected": f"the file can't be read as a video ({reason(error)})"}
    json.dump(answer, sys.stdout)


class NoPicture(Exception):
    """The container opens but holds nothing to paint."""


def opened(path: str) -> InputContainer:
    return av.open(f"file:{path}", options=dict(INPUT_OPTIONS))


def look_into(container: InputContainer, first: VideoFrame) -> dict[str, Any]:
    """Facts as ``handler.media.probe`` expects them; fractions as strings."""
    video = video_stream(container)
    times: array[int] = array("q")
    last_duration = 0
    sound = {stream.index: Sound(stream) for stream in container.streams.audio}
    for packet in container.demux():
        if packet.stream.index in sound:
            sound[packet.stream.index].take(packet)
        elif packet.stream is video and packet.pts is not None and not packet.is_discard:
            times.append(packet.pts)
            last_duration = packet.duration or 0
    rate, constant, count = frame_grid(times, last_duration, video)

    begin = min(seconds(stream) for stream in (video, *container.streams.audio))
    width, height = first.width, first.height
    aspect = Fraction(video.sample_aspect_ratio or 1) or Fraction(1)
    if first.rotation % 180:
        width, height, aspect = height, width, 1 / aspect
    return {
        "width": width,
        "height": height,
        "frame_rate": str(rate),
        "frame_count": count,
        "constant_rate": constant,
        "sample_aspect_ratio": str(aspect),
        "start": str(seconds(video) - begin),
        "codec": video.codec_context.codec.canonical_name,
        "pixel_format": first.format.name,
        "color_matrix": COLOR_MATRICES.get(
            int(first.colorspace), "bt709" if is_hd(first) else "bt601"
        ),
        "full_range": int(first.color_range) == FULL_RANGE or first.format.name.startswith("yuvj"),
        "sound": [
            track.as_json(index, begin)
            for index, track in enumerate(sound.values())
            if track.packets
        ],
    }


def is_hd(frame: VideoFrame) -> bool:
    return frame.width > SD_WIDTH or frame.height > SD_HEIGHT


class Sound:
    """Counts the packets of one sound track."""

    def __init__(self, stream: AudioStream) -> None:
        self._stream = stream
        self.packets = 0
        self._first: int | None = None

    def take(self, packet: av.Packet[Any]) -> None:
        if packet.size:
            self.packets += 1
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
            "start": str(seconds(self._stream) - begin),
            "first_packet": str(first_packet - begin),
            "packets": self.packets,
        }


def video_stream(container: InputContainer) -> VideoStream:
    """The first one that is not a cover picture."""
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    raise NoPicture("the file holds no video")


def first_frame(container: InputContainer) -> VideoFrame:
    video = video_stream(container)
    video.thread_type = "NONE"
    for frame in container.decode(video):
        return frame
    raise NoPicture("not one frame of the video can be decoded")


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
    shown = np.sort(np.frombuffer(times, np.int64))
    offsets = (shown - shown[0]) * float(time_base)
    span = Fraction(int(shown[-1] - shown[0])) * time_base
    for rate in [Fraction(r) for r in (video.guessed_rate, video.base_rate) if r]:
        away = np.abs(offsets * float(rate) - np.arange(len(shown)))
        if away.max() <= RATE_TOLERANCE:
            return rate, True, len(shown)
    finest = Fraction(video.base_rate or 0)
    mean = (len(shown) - 1) / span if span else Fraction(25)
    rate = nearest_rate(finest if 0 < finest <= FASTEST_EVENED_RATE else mean)
    duration = span + last_duration * time_base
    return rate, False, max(1, round(duration * rate))


def seconds(stream: Any) -> Fraction:
    return Fraction((stream.start_time or 0) * stream.time_base)


def reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()


if __name__ == "__main__":
    main()
