"""What is inside a finished file, read independently of the code under test."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av


def packet_hashes(video: Path) -> list[list[str]]:
    """For each sound track the sha256 of its packets, in order."""
    with av.open(str(video)) as container:
        tracks: dict[int, list[str]] = {stream.index: [] for stream in container.streams.audio}
        for packet in container.demux():
            if packet.size and packet.stream.index in tracks:
                tracks[packet.stream.index].append(hashlib.sha256(bytes(packet)).hexdigest())
        return list(tracks.values())


def shown_at(video: Path) -> list[Fraction]:
    """The second at which each frame is shown, in order."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        base = Fraction(stream.time_base)
        return sorted(p.pts * base for p in container.demux(stream) if p.pts is not None)
