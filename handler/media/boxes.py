"""The boxes of an MP4 or MOV file, as far as they tell where its index lies."""

from __future__ import annotations

from pathlib import Path

HEADER_BYTES, LARGE_HEADER_BYTES = 8, 16
MOST_BOXES = 16
"""A file in fragments has many: each has an index of its own."""

PICTURES_AND_SOUND = b"mdat"


def index_bytes(video: Path) -> tuple[tuple[int, int], ...] | None:
    """First and past-the-last byte of every part that holds no pictures or sound, in order.

    Returns:
        None for a file that is none, or whose index is spread all over it.

    Source: ISO/IEC 14496-12, 4.2; a size of 0 means until the end, of 1 that 64 bits follow.
    """
    end_of_file = video.stat().st_size
    spans: list[tuple[int, int]] = []
    has_index = False
    begin = 0
    with video.open("rb") as file:
        for _ in range(MOST_BOXES):
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
            has_index |= kind == b"moov"
            is_skipped = kind == PICTURES_AND_SOUND
            spans.append((begin, min(begin + LARGE_HEADER_BYTES, end) if is_skipped else end))
            begin = end
            if begin == end_of_file:
                return tuple(spans) if has_index else None
    return None
