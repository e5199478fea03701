"""What putting a job's chunks together takes: judged before any is painted, and once all are."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from handler.domain.spread import joining_seconds
from handler.pipeline.workspace import SPARE_BYTES

GIGABYTE = 1e9

FETCHED_AT_ONCE = 8
AHEAD_BYTES = 500_000_000
"""Of chunks that are on the disk before their turn. Large ones come in parts, many at a time."""


@dataclass(frozen=True)
class Assembly:
    """Source, result and the next chunks are on the disk at once; a chunk goes once it is joined.

    Attributes:
        source_bytes: fetched for its sound.
        result_bytes: of all chunks.
        chunk_bytes: of the largest chunk.
    """

    source_bytes: int
    result_bytes: int
    chunk_bytes: int

    @property
    def fetched_at_once(self) -> int:
        """Chunks that are fetched ahead of the one that is joined."""
        return max(1, min(FETCHED_AT_ONCE, AHEAD_BYTES // max(1, self.chunk_bytes) - 1))

    @property
    def disk_bytes(self) -> int:
        on_their_way = (self.fetched_at_once + 1) * self.chunk_bytes
        return self.source_bytes + self.result_bytes + on_their_way

    @property
    def seconds(self) -> float:
        return joining_seconds(self.source_bytes, self.result_bytes)

    def fits(self, disk_bytes: int, seconds: float) -> bool:
        """Whether a worker with such a disk, and so much time, can do it."""
        return self.disk_bytes + SPARE_BYTES <= disk_bytes and self.seconds <= seconds

    def fits_here(self, folder: Path, seconds: float) -> bool:
        """The same for a worker whose disk holds this folder."""
        return self.fits(shutil.disk_usage(folder).total, seconds)

    @property
    def in_words(self) -> str:
        return (
            f"putting it together takes {self.disk_bytes / GIGABYTE:.1f} GB of disk and about "
            f"{self.seconds:.0f} seconds"
        )
