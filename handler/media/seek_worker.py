"""Finds where one untrusted video can be decoded from, in a process of its own.

Run by ``handler.media.worker``. Prints as JSON what a ``handler.domain.chunks.SeekMap`` holds, with
times in place of frames: ``{"points": [[seconds, first byte], ...], "ends": [[seconds, past the
last byte], ...], "index": [[first, past the last], ...], "zero": seconds}``, seconds as fractions;
null for a file that is read from its start only.
"""

from __future__ import annotations

import json
import sys
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer

from handler.media.boxes import Span, boxes_of
from handler.media.probe_worker import decoder_start, is_of, opened, video_stream

MOV, MATROSKA = frozenset({"mov"}), frozenset({"matroska"})
STREAMS = frozenset({"mpegts", "mpeg"})
"""Made to be tuned in to; the first one's head tells what is in it."""

LEAST_SECONDS = Fraction(1, 4)
"""From one point to the next."""

LONGEST_STEP_SECONDS = 5
"""From one picture of a stream to the next; after a longer one ffmpeg counts anew."""


def main(path: str) -> None:
    av.logging.set_level(av.logging.PANIC)
    with opened(path) as container:
        found = seek_map(container, Path(path))
    json.dump(found, sys.stdout)


def seek_map(container: InputContainer, path: Path) -> dict[str, Any] | None:
    boxes = boxes_of(path) if is_of(container, MOV) else None
    if not (boxes or is_of(container, MATROSKA | STREAMS)):
        return None
    pictures = pictures_of(container, path.stat().st_size)
    if not len(pictures.times):
        return None
    if boxes:
        return pictures.seek_map(boxes.index, boxes.fragments)
    if is_of(container, MATROSKA):
        clusters = sorted({entry.pos for entry in video_stream(container).index_entries})
        return pictures.seek_map([(0, clusters[0])], clusters) if clusters else None
    if pictures.time_jumps:
        return None
    first = int(pictures.first_bytes[0])
    return pictures.seek_map([(0, first)], pictures.first_bytes[pictures.are_key].tolist())


@dataclass(frozen=True)
class Pictures:
    """Packets with pictures, as they follow each other in the file.

    Attributes:
        times: at which they are due, in units of the time base.
        first_bytes, ends: of the file; what lies between two pictures belongs to the first.
        start: second that the decoder calls 0.
    """

    times: npt.NDArray[np.int64]
    first_bytes: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    are_key: npt.NDArray[np.bool_]
    time_jumps: bool
    time_base: Fraction
    start: Fraction

    def seek_map(self, index: Sequence[Span], parts: Sequence[int]) -> dict[str, Any]:
        """
        Args:
            index: of the file.
            parts: first bytes of those that stand for themselves; none in a file without any.
        """
        keys = np.flatnonzero(self.are_key)
        points = []
        for key in self._apart(keys):
            first_byte = int(self.first_bytes[key])
            if not parts:
                points.append((self._at(key), first_byte))
            elif part := bisect_right(parts, first_byte):
                points.append((self._at(key), parts[part - 1]))
        shown = np.argsort(self.times, kind="stable")
        read = np.empty_like(self.ends)
        read[shown] = np.maximum.accumulate(self.ends[shown])
        ends = [(self._at(picture), int(read[picture])) for picture in self._apart(shown)]
        zero = str(self.start) if parts else None
        return {"points": points, "ends": ends, "index": list(index), "zero": zero}

    def _at(self, picture: int) -> str:
        return str(int(self.times[picture]) * self.time_base - self.start)

    def _apart(self, pictures: npt.NDArray[np.int64]) -> list[int]:
        """Those that do not lie too near to the one before."""
        apart: list[int] = []
        due = np.iinfo(np.int64).min
        for picture, time in zip(pictures.tolist(), self.times[pictures].tolist(), strict=True):
            if time >= due:
                apart.append(picture)
                due = time + ceil(LEAST_SECONDS / self.time_base)
        return apart


def pictures_of(container: InputContainer, size_bytes: int) -> Pictures:
    video = video_stream(container)
    time_base = Fraction(video.time_base or Fraction(1, av.time_base))
    times, places, sizes, keys = array("q"), array("q"), array("q"), array("b")
    before: int | None = None
    jumps = False
    packet: av.Packet[Any]
    for packet in container.demux(video):
        if packet.dts is not None:
            step = 1 if before is None else packet.dts - before
            jumps |= not 0 < step * time_base <= LONGEST_STEP_SECONDS
            before = packet.dts
        if packet.pts is not None and packet.pos is not None:
            times.append(packet.pts)
            places.append(packet.pos)
            sizes.append(packet.size)
            keys.append(packet.is_keyframe)
    first_bytes = np.frombuffer(places, np.int64)
    following = np.append(first_bytes[1:], size_bytes)
    return Pictures(
        times=np.frombuffer(times, np.int64),
        first_bytes=first_bytes,
        ends=np.maximum(following, first_bytes + np.frombuffer(sizes, np.int64)),
        are_key=np.frombuffer(keys, np.bool_),
        time_jumps=jumps,
        time_base=time_base,
        start=decoder_start(container),
    )
