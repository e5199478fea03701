"""How long a long result takes to be joined, closed and looked through: ``--minutes 120``.

Chunks of noise at half a bit a pixel, 1920x1080, beside a source with sound; no network. The same
chunk is joined again and again.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from handler.domain.media import Encoding, likely_index_bytes
from handler.media.ffmpeg import FfmpegMedia
from handler.pipeline.verify import verify
from tests import clips

SIZE = (1920, 1080)
RATE = 25
CHUNK_FRAMES = 60
AMPLITUDE = 20
"""Of the noise, in 8-bit levels; with it a frame takes half a bit a pixel."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=120)
    parser.add_argument("--folder", type=Path, help="on whose disk, if not the temporary one's")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        measure(given.minutes * 60, Path(folder))


def measure(seconds: int, folder: Path) -> None:
    """Join a result of so many seconds and print what that took."""
    media, encoding = FfmpegMedia(), Encoding.of()
    source, chunk, result = (folder / name for name in ("source.mp4", "chunk.mp4", "result.mp4"))
    _write_source(source, seconds)
    facts = media.probe(source)
    noise = np.random.default_rng(1)
    with media.write_chunk(chunk, facts, encoding, SIZE) as encoder:
        for _ in range(CHUNK_FRAMES):
            coarse = noise.integers(128 - AMPLITUDE, 128 + AMPLITUDE, (135, 240, 3), np.uint8)
            encoder.write(cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC).astype(np.uint8))
    last: list[float] = []

    def parts() -> Iterator[tuple[int, Path]]:
        for first in range(0, facts.frame_count, CHUNK_FRAMES):
            yield first, chunk
        last.append(time.monotonic())

    index_bytes = likely_index_bytes(facts)
    began = time.monotonic()
    frames = media.join(parts(), result, facts, source, encoding, index_bytes)
    closed = time.monotonic()
    verify(media.probe(result), facts, frames, encoding)
    looked = time.monotonic()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    size = result.stat().st_size
    print(
        f"{seconds / 60:.0f} minutes, {size / 1e9:.1f} GB "
        f"({8 * size / frames / SIZE[0] / SIZE[1]:.2f} bit a pixel): joined in "
        f"{last[0] - began:.0f} s, closed in {closed - last[0]:.0f} s, looked through in "
        f"{looked - closed:.0f} s; memory {peak:.0f} MB, largest child {children:.0f} MB"
    )


def _write_source(path: Path, seconds: int) -> None:
    """Two seconds of colour bars and a tone, again and again."""
    once = path.with_name("once.mp4")
    clips.ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=size={SIZE[0]}x{SIZE[1]}:rate={RATE}:duration=2"),
        *("-f", "lavfi", "-i", "sine=frequency=440:duration=2"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", str(once)),
    )
    again = ("-stream_loop", str(seconds // 2 - 1), "-i", str(once), "-c", "copy")
    clips.ffmpeg(*again, "-shortest", str(path))


if __name__ == "__main__":
    main()
