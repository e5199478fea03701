"""The boxes of an MP4 or MOV file, as far as they tell what has to be read of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HEADER_BYTES, LARGE_HEADER_BYTES = 8, 16
MOST_BOXES = 1_000_000
"""Two for each fragment: a day in fragments of a quarter of a second."""

MOST_FRAGMENT_INDEX_BYTES = 1_000_000
PICTURES_AND_SOUND = b"mdat"


Span = tuple[int, int]
"""First and past-the-last byte."""


@dataclass(frozen=True)
class Boxes:
    """Where the parts of a file lie.

    Attributes:
        index: what has to be read whatever is decoded.
        fragments: where each begins, of a file in fragments; each has an index of its own, and
            tells its own time.
    """

    index: tuple[Span, ...]
    fragments: tuple[int, ...] = ()


def boxes_of(video: Path) -> Boxes | None:
    """Look through the boxes.

    Returns:
        None for a file that is none, or where no part stands for itself.

    Source: ISO/IEC 14496-12, 4.2 (a size of 0 means until the end, of 1 that 64 bits follow) and
    8.8 (fragments).
    """
    end_of_file = video.stat().st_size
    found: list[tuple[bytes, int, int]] = []
    begin = 0
    with video.open("rb") as file:
        while begin < end_of_file and len(found) < MOST_BOXES:
            file.seek(begin)
            header = file.read(LARGE_HEADER_BYTES)
            if len(header) < HEADER_BYTES:
                return None
            size, kind = int.from_bytes(header[:4], "big"), header[4:8]
            if size == 1:
                size = int.from_bytes(header[8:16], "big")
            end = begin + size if size else end_of_file
            if end < begin + HEADER_BYTES or end > end_of_file:
                return None
            if kind == b"moof" and not _tells_its_time(header + file.read(_rest(size))):
                return None
            found.append((kind, begin, end))
            begin = end
    kinds = [kind for kind, _, _ in found]
    if begin < end_of_file or b"moov" not in kinds:
        return None
    if b"moof" not in kinds:
        return Boxes(
            tuple(
                (begin, min(begin + LARGE_HEADER_BYTES, end) if kind == PICTURES_AND_SOUND else end)
                for kind, begin, end in found
            )
        )
    if PICTURES_AND_SOUND in kinds[: kinds.index(b"moof")]:
        return None
    return Boxes(
        tuple((begin, end) for kind, begin, end in found if kind in (b"ftyp", b"moov")),
        tuple(begin for kind, begin, _ in found if kind == b"moof"),
    )


def _rest(size: int) -> int:
    return max(0, min(size, MOST_FRAGMENT_INDEX_BYTES) - LARGE_HEADER_BYTES)


def _tells_its_time(fragment: bytes) -> bool:
    return fragment.count(b"tfdt") >= fragment.count(b"traf") > 0
