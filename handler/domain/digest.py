"""What a file's content is known by, so that uploading it can go on where it was broken off."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

MIB = 1024**2
SMALLEST_PART_BYTES = 8 * MIB
MOST_PARTS = 10_000
"""S3's own limit."""


def part_bytes(size_bytes: int) -> int:
    """Size of the parts that a file is cut into: a function of its size alone, in whole MiB."""
    smallest = -(-size_bytes // MOST_PARTS)
    return max(SMALLEST_PART_BYTES, -(-smallest // MIB) * MIB)


@dataclass(frozen=True)
class Digest:
    """The sha256 of a file's parts, of which all but the last have the same size.

    Attributes:
        parts: 32 bytes each, in order; at least one.
    """

    size_bytes: int
    parts: tuple[bytes, ...]

    @property
    def part_bytes(self) -> int:
        return part_bytes(self.size_bytes)

    @property
    def whole(self) -> bytes:
        """What S3 calls a composite checksum: the sha256 of the parts' own."""
        return hashlib.sha256(b"".join(self.parts)).digest()

    def size_of(self, index: int) -> int:
        """Bytes of a part, counted from 0."""
        return min(self.part_bytes, self.size_bytes - index * self.part_bytes)


def base64_of(digest: bytes) -> str:
    """A digest as S3 spells it."""
    return base64.b64encode(digest).decode()
