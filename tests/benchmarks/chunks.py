"""A video painted in 1, 2, 7 and 40 chunks by the real networks: what the borders cost.

    .venv/bin/python -m tests.benchmarks.chunks [bigbuckbunny|bikes|carphone_pristine ...]

Each clip is repeated to 480 frames, which is 40 intervals between keyframes. For each number of
chunks it is painted, encoded and joined, and what comes out is compared with one run: painted
frames and packets of sound have to be the same. PSNR is that of the joined video's frames against
the painted ones, at the frames beside the borders and at all others.

A fifth to two fifths of all frames, chunks or not, lie half a decibel below the median, since they
are harder to encode. A border that did would only show where the same frame is better in one run.
Both are counted: border frames below the median of the others by more than half a decibel, and
those of them that are worse than in one run by as much.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from handler import wiring
from handler.domain.chunks import chunks_of
from handler.domain.keyframes import KEYFRAME_INTERVAL
from handler.domain.media import VideoFacts, likely_index_bytes
from handler.domain.ports import Frame, FrameWriter
from handler.domain.timeline import Timeline
from handler.media.ffmpeg import FfmpegMedia
from handler.pipeline.paint_chunk import paint_chunk
from handler.pipeline.paint_video import PaintOrder, paint_video
from handler.pipeline.verify import verify
from tests import clips
from tests.pictures import draw_style

FRAMES = 480
COUNTS = (2, 7, 8, 40)
"""Of chunks; eight are the shortest that a plan has where frames are many: 2.4 seconds at 25/s."""

VISIBLE_DB = 0.5

WIDTH = 1024
"""At most: painted at its own size, so that frames can be compared."""

Decibels = npt.NDArray[np.float64]


class Watched(FfmpegMedia):
    """Notes the hash of each frame that is encoded, and keeps the frames of one run."""

    def __init__(self, store: Path) -> None:
        super().__init__()
        self._store = store
        self.hashes: list[bytes] = []

    @contextmanager
    def write_video(self, *arguments: Any) -> Iterator[FrameWriter]:
        with super().write_video(*arguments) as encoder, self._store.open("wb") as file:
            yield _Watch(encoder, self.hashes, file)

    @contextmanager
    def write_chunk(self, *arguments: Any) -> Iterator[FrameWriter]:
        with super().write_chunk(*arguments) as encoder:
            yield _Watch(encoder, self.hashes)

    def kept(self, facts: VideoFacts) -> npt.NDArray[np.uint8]:
        """uint8 (frames, height, width, 3), on disk."""
        shape = (len(self.hashes), facts.height, facts.width, 3)
        return np.memmap(self._store, np.uint8, "r", shape=shape)


class _Watch:
    def __init__(self, encoder: FrameWriter, hashes: list[bytes], file: Any = None) -> None:
        self._encoder, self._hashes, self._file = encoder, hashes, file

    def write(self, frame: Frame) -> None:
        content = frame.tobytes()
        self._hashes.append(hashlib.sha256(content).digest())
        if self._file:
            self._file.write(content)
        self._encoder.write(frame)


@dataclass(frozen=True)
class Run:
    """One way to paint a video.

    Attributes:
        borders: first frame of each chunk but the first.
    """

    hashes: list[bytes]
    sound: list[bytes]
    pictures_bytes: int
    psnr: Decibels
    borders: list[int]


def main() -> None:
    wanted = sys.argv[1:]
    for clip in (clips.BIG_BUCK_BUNNY, clips.BIKES, clips.CARPHONE):
        if not wanted or clip.stem in wanted:
            with tempfile.TemporaryDirectory() as name:
                compare(clip, Path(name))


def compare(clip: Path, folder: Path) -> None:
    source, style = folder / "source.mp4", folder / "style.png"
    seconds = FRAMES / wiring.media().probe(clip).frame_rate
    clips.ffmpeg(
        *("-stream_loop", "-1", "-i", str(clip), "-t", str(float(seconds))),
        *(
            "-vf",
            f"scale='min({WIDTH},iw)':-2,setpts=N/FRAME_RATE/TB",
            "-c:v",
            "libx264",
            "-crf",
            "12",
        ),
        *("-preset", "veryfast", "-c:a", "copy", str(source)),
    )
    Image.fromarray(draw_style("waves")).save(style)
    order = PaintOrder(
        source=source,
        styles={"any": style},
        timeline=Timeline.of_style("any"),
        working_size_px=None,
        result=folder / "painted.mp4",
        keyframe_interval=KEYFRAME_INTERVAL,
    )
    painter, motion = wiring.painter(), wiring.motion()
    media = Watched(folder / "frames")
    facts = paint_video(order, media, painter, motion).source
    frames = media.kept(facts)
    whole = _run(order, facts, media, frames, [])
    for count in COUNTS:
        chunk_frames = KEYFRAME_INTERVAL * ceil(FRAMES / KEYFRAME_INTERVAL / count)
        again, parts = Watched(folder / "unused"), []
        for chunk in chunks_of(facts, chunk_frames, media.seek_map(source, facts)):
            part = folder / f"{chunk.index}.mp4"
            paint_chunk(_to(order, part), facts, chunk, again, painter, motion)
            parts.append((chunk.begin, part))
        index_bytes = likely_index_bytes(facts)
        again.join(iter(parts), order.result, facts, source, order.encoding, index_bytes)
        verify(again.probe(order.result), facts, FRAMES, order.encoding)
        run = _run(order, facts, again, frames, [begin for begin, _ in parts[1:]])
        _report(clip.stem, facts, chunk_frames, run, whole)


def _to(order: PaintOrder, part: Path) -> PaintOrder:
    return PaintOrder(**{**vars(order), "result": part})


def _run(
    order: PaintOrder,
    facts: VideoFacts,
    media: Watched,
    frames: npt.NDArray[np.uint8],
    borders: list[int],
) -> Run:
    with media.read_frames(order.result, media.probe(order.result)) as shown:
        errors = [
            np.square(np.subtract(one, painted, dtype=np.float32)).mean()
            for one, painted in zip(shown, frames, strict=True)
        ]
    with av.open(str(order.result)) as container:
        sound, pictures_bytes = [], 0
        for packet in container.demux():
            if packet.stream.type == "audio":
                sound.append(bytes(packet))
            else:
                pictures_bytes += packet.size
    return Run(
        hashes=media.hashes,
        sound=sound,
        pictures_bytes=pictures_bytes,
        psnr=10 * np.log10(255**2 / np.array(errors)),
        borders=borders,
    )


def _report(name: str, facts: VideoFacts, chunk_frames: int, run: Run, whole: Run) -> None:
    beside = np.zeros(FRAMES, np.bool_)
    for border in run.borders:
        beside[border - 1 : border + 1] = True
    against = run.psnr - whole.psnr
    lowest = np.median(run.psnr[~beside]) - VISIBLE_DB
    is_low = run.psnr < lowest
    is_worse = against < -VISIBLE_DB
    print(
        f"{name}: {len(run.borders) + 1} chunks of {chunk_frames} frames, "
        f"{chunk_frames / float(facts.frame_rate):.1f} s: "
        f"frames {_same(run.hashes, whole.hashes)}, sound {_same(run.sound, whole.sound)} "
        f"({len(run.sound)} packets); "
        f"pictures {run.pictures_bytes / whole.pictures_bytes - 1:+.1%}; PSNR at borders "
        f"{np.median(run.psnr[beside]):.2f} dB, lowest {run.psnr[beside].min():.2f}; "
        f"of others {np.median(run.psnr[~beside]):.2f}; below {lowest:.2f} are "
        f"{is_low[beside].sum()} of {beside.sum()} at borders, "
        f"{(is_low & is_worse)[beside].sum()} of them worse than in one run, "
        f"and {is_low[~beside].mean():.0%} of others; "
        f"against one run at borders {np.median(against[beside]):+.2f}, "
        f"lowest {against[beside].min():+.2f}, of others {np.median(against[~beside]):+.2f}",
        flush=True,
    )


def _same(one: list[bytes], other: list[bytes]) -> str:
    return "the same" if one == other else "NOT THE SAME"


if __name__ == "__main__":
    main()
