"""Lists where one untrusted video can be decoded from, in a process of its own, as JSON.

Run as ``python -I -m handler.media.seek_worker PATH``. Prints ``[[seconds, first byte], ...]``,
seconds as a fraction; an empty list for a container that is read from its start only.
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from typing import Any

import av

from handler.media.probe_worker import decoder_start, is_of, opened, video_stream

SEEKABLE = frozenset({"mov", "matroska"})
"""Readers that seek by an index of key frames; others search, or guess by the bit rate."""

LEAST_SECONDS = 1
"""From one point to the next."""


def main() -> None:
    av.logging.set_level(av.logging.PANIC)
    with opened(sys.argv[1]) as container:
        points = key_frames(container) if is_of(container, SEEKABLE) else []
    json.dump(points, sys.stdout)


def key_frames(container: av.container.InputContainer) -> list[tuple[str, int]]:
    video = video_stream(container)
    start, time_base = decoder_start(container), Fraction(video.time_base or 0)
    points: list[tuple[str, int]] = []
    last: Fraction | None = None
    packet: av.Packet[Any]
    for packet in container.demux(video):
        if packet.is_keyframe and packet.pts is not None and packet.pos is not None:
            at = packet.pts * time_base - start
            if last is None or at >= last + LEAST_SECONDS:
                points.append((str(at), packet.pos))
                last = at
    return points


if __name__ == "__main__":
    main()
