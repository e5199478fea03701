"""What the workers of a long video read of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from handler import wiring
from handler.domain.chunks import Chunk
from handler.domain.job import JobRequest, SourceObject
from handler.domain.keyframes import Frames
from handler.domain.plan import Worker
from handler.domain.ports import Frame
from handler.domain.route import Route
from handler.domain.status import State
from handler.media.ffmpeg import FfmpegMedia
from handler.pipeline.accounts import Accounts
from handler.pipeline.long_job import assemble
from handler.pipeline.order import parsed
from handler.pipeline.run_chunk import SPARE_BYTES, run_chunk
from handler.pipeline.run_job import run_job
from handler.pipeline.studio import Studio
from tests import clips
from tests.cloud import png
from tests.fakes import (
    FakeJobLedger,
    FakeLauncher,
    FakeObjectStore,
    FakeSpendCounter,
    studio,
)
from tests.fast_painter import FastPainter

KEY = "videos/waves/clip.mp4"
FRAMES, RATE = 200, 25
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "18", "-g", "40", "-bf", "2")
FRAGMENTED = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")


class CountingStore(FakeObjectStore):
    """Counts the bytes of the video that are downloaded."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def download(
        self,
        source: SourceObject,
        path: Path,
        part: tuple[int, int] | None = None,
        at: int | None = None,
    ) -> None:
        super().download(source, path, part, at)
        if source.key == KEY:
            self.read += part[1] - part[0] if part else path.stat().st_size


class Codecs(FfmpegMedia):
    """Reads no style, of which nothing is made here."""

    def read_picture(self, picture: Path) -> Frame:
        return np.zeros((8, 8, 3), np.uint8)


class Bench:
    def __init__(self, clip: Path) -> None:
        self.store = CountingStore()
        self.studio: Studio = studio(
            store=self.store,
            ledger=FakeJobLedger(),
            launcher=FakeLauncher(),
            media=Codecs(),
            painter=FastPainter,
            accounts=Accounts(Worker(1, 1769, "x86_64"), wiring.calibration(), FakeSpendCounter()),
            work_bucket="work",
            workers=10,
            max_source_bytes=10**9,
            max_style_bytes=10**6,
        )
        self.store.seed("in", "styles/waves.png", png("waves"))
        self.store.seed("in", KEY, clip.read_bytes())
        wish = JobRequest("in", KEY, frames=Frames.EVERY, run_on=Route.STEP_FUNCTIONS)
        outcome = run_job(wish, self.studio)
        assert outcome.state is State.RUNNING
        self.job_id = outcome.job_id
        self.chunks = parsed(
            list[Chunk], json.loads(self.store.body("work", f"{self.job_id}/chunks.json"))
        )

    def paint(self, chunk: Chunk) -> int:
        """Bytes of the video that its worker read."""
        self.store.read = 0
        done = run_chunk(self.job_id, chunk, self.studio)
        assert done.losses.in_words() is None
        assert done.frames == (chunk.end or FRAMES) - chunk.begin
        return self.store.read


def _noise(folder: Path, name: str, *words: str) -> Path:
    """Eight seconds of 5 Mbit/s, a key frame every 1.6."""
    path, seconds = folder / name, FRAMES // RATE
    clips.ffmpeg(
        *("-f", "lavfi", "-i", f"nullsrc=size=160x120:rate={RATE}:duration={seconds}"),
        *("-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"),
        *("-vf", "noise=alls=100:allf=t+u", "-pix_fmt", "yuv420p", *words, str(path)),
    )
    return path


def _needed(path: Path, chunk: Chunk) -> int:
    """Bytes from the key frame before a chunk to the last packet of its frames."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        packets = [packet for packet in container.demux(video) if packet.pts is not None]
    packets.sort(key=lambda packet: packet.pts or 0)
    of_chunk = packets[chunk.begin : chunk.end]
    keys = [packet.pos or 0 for packet in packets[: chunk.begin + 1] if packet.is_keyframe]
    return max((packet.pos or 0) + packet.size for packet in of_chunk) - keys[-1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("clip.mkv", X264),
        ("clip.webm", ("-c:v", "libvpx", "-b:v", "9M", "-deadline", "realtime", "-g", "40")),
        ("clip.ts", X264),
        ("clip.mp4", (*X264, *FRAGMENTED)),
    ],
)
def test_a_worker_reads_twice_what_its_frames_need_at_most(
    name: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    clip = _noise(tmp_path, name, *words)
    bench = Bench(clip)
    assert len(bench.chunks) == FRAMES // 50
    for chunk in bench.chunks:
        read, needed = bench.paint(chunk), _needed(clip, chunk)
        assert needed < read < 2 * needed, (chunk, read / needed)
    assert assemble(bench.job_id, f"execution/{bench.job_id}", bench.studio).video


def test_of_an_mp4_also_its_head(tmp_path: Path) -> None:
    clip = _noise(tmp_path, "clip.mp4", "-s", "512x384", *X264, "-qp", "5")
    assert clip.stat().st_size > 40_000_000
    bench = Bench(clip)
    reads = [(bench.paint(chunk), _needed(clip, chunk)) for chunk in bench.chunks]
    for read, needed in reads:
        assert read < 2 * needed + SPARE_BYTES
    assert reads[0][0] < clip.stat().st_size / 2


def test_what_a_worker_read_too_little_of_it_reads_whole(tmp_path: Path) -> None:
    clip = _noise(tmp_path, "clip.mkv", *X264)
    bench = Bench(clip)
    chunk = bench.chunks[2]
    assert chunk.bytes
    begin, end = chunk.bytes
    for cut in ((begin, (begin + end) // 2), (begin, begin + 10), (end, end + 10_000)):
        assert bench.paint(replace(chunk, bytes=cut)) > clip.stat().st_size
        for key in [key for key in bench.store.objects if "/done/" in key[1]]:
            del bench.store.objects[key]
