"""A chunk decoded, painted and encoded alone is the same part of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from handler import motion
from handler.domain.chunks import WHOLE, Chunk, SeekMap, chunks_of
from handler.domain.errors import Defect, IndexTooLarge, SeekMissed
from handler.domain.losses import Losses
from handler.domain.media import (
    HEADERS_BYTES,
    Codec,
    Encoding,
    VideoFacts,
    likely_index_bytes,
)
from handler.domain.ports import Frame
from handler.domain.timeline import Timeline
from handler.media.ffmpeg import FfmpegMedia
from handler.pipeline.paint_chunk import paint_chunk
from handler.pipeline.paint_video import PaintOrder, paint_video
from handler.pipeline.run_chunk import pieces_of
from handler.pipeline.verify import verify
from tests import clips
from tests.cloud import png
from tests.fast_painter import FastPainter

Clip = Callable[[Path], Path]

media = FfmpegMedia()
ROOM = 100_000
"""For an index, bytes."""


def _long(name: str, *words: str, seconds: int = 4, rate: str = "25") -> Clip:
    """A clip of some seconds in which every picture differs from all others."""

    def make(folder: Path) -> Path:
        path = folder / name
        source = f"testsrc2=size=128x96:rate={rate}:duration={seconds}"
        sound = f"sine=frequency=440:duration={seconds}"
        clips.ffmpeg("-f", "lavfi", "-i", source, "-f", "lavfi", "-i", sound, *words, str(path))
        return path

    make.__name__ = name
    return make


X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
UNEVEN = ("-vf", "select='not(eq(mod(n\\,7)\\,3)+eq(mod(n\\,11)\\,5))'", "-fps_mode", "vfr")
FRAGMENTED = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")
CLIPS = [
    _long("b-frames.mp4", *X264, "-g", "30", "-bf", "5", "-x264-params", "b-pyramid=normal"),
    _long("open-gop.mp4", *X264, "-g", "40", "-bf", "3", "-x264-params", "open-gop=1"),
    _long("open-gop.mkv", *X264, "-g", "40", "-bf", "3", "-x264-params", "open-gop=1"),
    _long("ntsc.mov", *X264, "-g", "24", "-bf", "2", rate="30000/1001"),
    _long("uneven.mp4", *X264, "-g", "30", *UNEVEN),
    _long("uneven.mkv", *X264, "-g", "30", *UNEVEN),
    _long("hevc.mp4", "-c:v", "libx265", "-x265-params", "log-level=none:keyint=30:open-gop=1"),
    _long("prores.mov", "-c:v", "prores_ks"),
    _long("vp9.webm", "-c:v", "libvpx-vp9", "-cpu-used", "8", "-g", "40"),
    _long("slow.mp4", *X264, "-g", "10", "-bf", "8", rate="8"),
    _long("interlaced.mp4", *X264, "-g", "30", "-flags", "+ilme+ildct", "-x264-params", "tff=1"),
    _long("late.mp4", *X264, "-g", "30", "-output_ts_offset", "1.5"),
    _long("stream.ts", *X264, "-g", "30"),
    _long("stream.mpg", "-c:v", "mpeg2video", "-g", "15", "-bf", "2"),
    _long("stream.m2ts", *X264, "-g", "30", "-bf", "3", "-x264-params", "open-gop=1"),
    _long("uneven.ts", *X264, "-g", "30", *UNEVEN),
    _long("fragments.mp4", *X264, "-g", "20", "-bf", "3", *FRAGMENTED),
    _long("dash.mp4", *X264, "-g", "20", *FRAGMENTED, "-movflags", "+dash+global_sidx"),
    _long("live.mkv", *X264, "-g", "20", "-live", "1", "-cluster_time_limit", "300"),
    _long("old.avi", "-c:v", "mpeg4", "-g", "30", "-bf", "2"),
]


def _edited(folder: Path) -> Path:
    """An edit list begins in the middle of a GOP."""
    whole = _long("whole.mp4", *X264, "-g", "50", "-bf", "3")(folder)
    clips.ffmpeg("-ss", "1.3", "-i", str(whole), "-c", "copy", str(folder / "edited.mp4"))
    return folder / "edited.mp4"


def _cut_short(folder: Path) -> Path:
    """The second half of the file is missing."""
    whole = _long("fast.mp4", *X264, "-g", "30", "-movflags", "+faststart")(folder)
    (folder / "cut.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    return folder / "cut.mp4"


def _damaged(folder: Path) -> Path:
    """Some pictures of the middle are noise."""
    whole = _long("good.mkv", *X264, "-g", "30")(folder)
    content = bytearray(whole.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = bytes(range(256)) * 11 + bytes(184)
    (folder / "damaged.mkv").write_bytes(content)
    return folder / "damaged.mkv"


CLIPS += [_edited, _cut_short, _damaged, clips.phone, clips.screen_recording, clips.run_in]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Clip], tuple[Path, list[bytes]]]:
    @cache
    def decoded(clip: Clip) -> tuple[Path, list[bytes]]:
        path = clip(tmp_path_factory.mktemp("clip"))
        facts = media.probe(path)
        with media.read_frames(path, facts) as frames:
            return path, [frame.tobytes() for frame in frames]

    return decoded


def _decoded(path: Path, facts: VideoFacts, chunk: Chunk) -> list[bytes]:
    with media.read_frames(path, facts, None, chunk) as frames:
        return [frame.tobytes() for frame in islice(frames, chunk.frames_read)]


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.__name__)
def test_frames_of_a_chunk_are_those_of_the_whole(
    whole: Callable[[Clip], tuple[Path, list[bytes]]], clip: Clip, tmp_path: Path
) -> None:
    path, frames = whole(clip)
    facts = media.probe(path)
    seek_map = media.seek_map(path, facts)
    assert (seek_map is None) == (path.name in FROM_THE_START), path.name
    for chunk in chunks_of(facts, 48, seek_map):
        wanted = frames[chunk.begin :][: chunk.frames_read]
        at_hand = _at_hand(path, chunk, seek_map, tmp_path)
        try:
            assert _decoded(at_hand, facts, chunk) == wanted, chunk
        except SeekMissed:
            assert path.name in MISSED
            assert _decoded(path, facts, chunk.from_the_start) == wanted, chunk


MISSED = {"edited.mp4"}
"""Seeking is tried in vain in these."""

FROM_THE_START = {"old.avi", "cut.mp4", "damaged.mkv"}


def _at_hand(path: Path, chunk: Chunk, seek_map: SeekMap | None, folder: Path) -> Path:
    """What a worker fetches of a file."""
    pieces = pieces_of(chunk, path.stat().st_size, seek_map.index if seek_map else ())
    if not pieces:
        return path
    assert chunk.zero is not None
    content = path.read_bytes()
    (folder / "source").write_bytes(b"".join(content[begin:end] for begin, end in pieces))
    return folder / "source"


class Recording(FfmpegMedia):
    """Decodes once, and keeps the frames that go to the encoder; encodes them if told to."""

    def __init__(self, decoded: list[Frame] | None = None) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.decoded = decoded or []
        self.encodes = not decoded

    def read_picture(self, picture: Path) -> Frame:
        return np.zeros((8, 8, 3), np.uint8)

    @contextmanager
    def read_frames(
        self,
        video: Path,
        facts: VideoFacts,
        size: tuple[int, int] | None = None,
        chunk: Chunk = WHOLE,
    ) -> Iterator[Any]:
        if not self.decoded:
            with super().read_frames(video, facts, size) as frames:
                self.decoded = list(frames)
        yield _Reader(self.decoded[chunk.begin :])

    @contextmanager
    def write_video(self, *arguments: Any) -> Iterator[Any]:
        with super().write_video(*arguments) as encoder:
            yield _Writer(self.written, encoder)

    @contextmanager
    def write_chunk(self, *arguments: Any) -> Iterator[Any]:
        if not self.encodes:
            yield _Writer(self.written, None)
            return
        with super().write_chunk(*arguments) as encoder:
            yield _Writer(self.written, encoder)


class _Reader:
    losses = Losses(0)

    def __init__(self, frames: list[Frame]) -> None:
        self._frames = iter(frames)

    def __iter__(self) -> Iterator[Frame]:
        return self._frames


class _Writer:
    def __init__(self, written: list[bytes], encoder: Any) -> None:
        self._written = written
        self._encoder = encoder

    def write(self, frame: Frame) -> None:
        self._written.append(frame.tobytes())
        if self._encoder:
            self._encoder.write(frame)


@dataclass(frozen=True)
class Painted:
    """A video painted in one run."""

    order: PaintOrder
    facts: VideoFacts
    media: Recording
    frames: list[bytes]


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Painted:
    folder = tmp_path_factory.mktemp("painted")
    clip = folder / "clip.mp4"
    sound = ("-f", "lavfi", "-i", "sine=frequency=440:duration=4.8")
    clips.ffmpeg(
        *("-i", str(clips.BIKES), *sound, "-frames:v", "120", "-output_ts_offset", "0.3"),
        *("-vf", "scale=128:96", "-c:v", "libx264", "-preset", "veryfast", str(clip)),
    )
    (folder / "style.png").write_bytes(png("waves"))
    order = PaintOrder(
        source=clip,
        styles={"waves": folder / "style.png"},
        timeline=Timeline.of_style("waves"),
        working_size_px=None,
        result=folder / "whole.mp4",
        keyframe_interval=3,
    )
    recording = Recording()
    paint_video(order, recording, FastPainter(), motion)
    return Painted(order, media.probe(clip), recording, list(recording.written))


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_a_clip_in_chunks_is_painted_as_in_one_run(painted: Painted, count: int) -> None:
    recording = Recording(painted.media.decoded)
    for chunk in chunks_of(painted.facts, 3 * ceil(40 / count)):
        paint_chunk(painted.order, painted.facts, chunk, recording, FastPainter(), motion)
    assert recording.written == painted.frames


def _packets(video: Path, kind: str) -> list[tuple[Any, ...]]:
    with av.open(str(video)) as container:
        return [
            (packet.pts, packet.dts, packet.duration, bytes(packet) if kind == "audio" else None)
            for packet in container.demux(**{kind: 0})
            if packet.dts is not None
        ]


def _psnr(video: Path, painted: list[bytes]) -> Any:
    """Of each frame, dB, against what was painted."""
    with media.read_frames(video, media.probe(video)) as frames:
        errors = [
            np.square(shown.ravel().astype(float) - np.frombuffer(wanted, np.uint8)).mean()
            for shown, wanted in zip(frames, painted, strict=True)
        ]
    return 10 * np.log10(255**2 / np.array(errors))


@pytest.mark.parametrize("codec", Codec)
def test_chunks_are_joined_to_what_one_run_writes(
    painted: Painted, codec: Codec, tmp_path: Path
) -> None:
    facts, encoding = painted.facts, Encoding.of(codec)
    source, whole, joined = painted.order.source, tmp_path / "whole.mp4", tmp_path / "joined.mp4"
    frames = [np.frombuffer(frame, np.uint8).reshape(96, 128, 3) for frame in painted.frames]
    with media.write_video(whole, facts, source, encoding) as encoder:
        for frame in frames:
            encoder.write(frame)
    parts = []
    for chunk in chunks_of(facts, 51):
        parts.append((chunk.begin, tmp_path / f"{chunk.index}.mp4"))
        with media.write_chunk(parts[-1][1], facts, encoding) as encoder:
            for frame in frames[chunk.begin : chunk.end]:
                encoder.write(frame)
    assert media.join(iter(parts), joined, facts, source, encoding, ROOM) == 120
    verify(media.probe(joined), facts, 120, encoding)
    assert _packets(joined, "audio") == _packets(whole, "audio")
    times, of_one_run = (
        sorted(packet[:1] for packet in _packets(video, "video")) for video in (joined, whole)
    )
    assert times == of_one_run
    here, there = _psnr(joined, painted.frames), _psnr(whole, painted.frames)
    for border in (50, 51, 101, 102):
        assert here[border] >= there[border] - 0.5


def _encoded(facts: VideoFacts, folder: Path, chunk_frames: int) -> list[tuple[int, Path]]:
    """Chunks of noise, which takes many bytes."""
    noise = np.random.default_rng(1)
    parts = []
    for first in range(0, facts.frame_count, chunk_frames):
        parts.append((first, folder / f"chunk-{first}.mp4"))
        with media.write_chunk(parts[-1][1], facts, Encoding.of()) as encoder:
            for _ in range(min(chunk_frames, facts.frame_count - first)):
                encoder.write(noise.integers(0, 256, (*facts.size[::-1], 3), np.uint8))
    return parts


def test_what_is_joined_stays_as_it_is_but_for_its_beginning(
    painted: Painted, tmp_path: Path
) -> None:
    source, joined, facts = painted.order.source, tmp_path / "joined.mp4", painted.facts
    head = ROOM + HEADERS_BYTES
    (_, chunk), *_ = _encoded(facts, tmp_path, 60)
    times = 30_000_000 // chunk.stat().st_size
    seen: list[bytes] = []

    def watched() -> Iterator[tuple[int, Path]]:
        for number in range(times):
            yield 60 * number, chunk
            if joined.exists() and number % 5 == 0:
                seen.append(joined.read_bytes()[head:])

    media.join(watched(), joined, facts, source, Encoding.of(), ROOM)
    whole = joined.read_bytes()
    assert whole.index(b"moov") < head
    assert any(0 < len(begun) < len(whole) - head for begun in seen)
    assert all(whole[head:].startswith(begun) for begun in seen)


def test_an_index_that_has_no_room_says_how_much_it_lacks(painted: Painted, tmp_path: Path) -> None:
    source, joined, facts = painted.order.source, tmp_path / "joined.mp4", painted.facts
    parts = _encoded(facts, tmp_path, 60)
    with pytest.raises(IndexTooLarge) as short:
        media.join(iter(parts), joined, facts, source, Encoding.of(), 1000)
    assert not joined.exists()
    room = 1000 + short.value.missing_bytes
    assert room < likely_index_bytes(facts)
    assert media.join(iter(parts), joined, facts, source, Encoding.of(), room) == 120
    verify(media.probe(joined), facts, 120, Encoding.of())


def test_many_tags_take_more_room_than_is_likely(painted: Painted, tmp_path: Path) -> None:
    order, told = painted.order, tmp_path / "told.mp4"
    tags = ("-metadata", f"comment={'long ' * 20_000}")
    clips.ffmpeg("-i", str(order.source), "-map", "0", "-c", "copy", *tags, str(told))
    facts = media.probe(told)
    parts = _encoded(facts, tmp_path, 60)
    with pytest.raises(IndexTooLarge):
        room = likely_index_bytes(facts)
        media.join(iter(parts), tmp_path / "joined.mp4", facts, told, Encoding.of(), room)


def test_chunks_that_do_not_go_together_are_not_joined(painted: Painted, tmp_path: Path) -> None:
    order, facts = painted.order, painted.facts
    other = {Codec.H264: Codec.HEVC, Codec.HEVC: Codec.H264}[order.encoding.codec]
    parts = []
    for first, codec in ((0, order.encoding.codec), (2, other)):
        with media.write_chunk(tmp_path / codec, facts, Encoding.of(codec)) as encoder:
            for _ in range(2):
                encoder.write(np.zeros((96, 128, 3), np.uint8))
        parts.append((first, tmp_path / codec))
    joined = tmp_path / "joined.mp4"
    with pytest.raises(Defect, match="from frame 2 on was encoded in another way"):
        media.join(iter(parts), joined, facts, order.source, order.encoding, ROOM)
    assert not joined.exists()


def _large(folder: Path, *words: str) -> Path:
    """25 MB of noise, twenty seconds long."""
    path = folder / "large.mp4"
    clips.ffmpeg(
        *("-f", "lavfi", "-i", "nullsrc=size=240x180:rate=25:duration=20,noise=alls=100:allf=t+u"),
        *("-f", "lavfi", "-i", "sine=frequency=440:duration=20", "-c:v", "libx264", "-qp", "18"),
        *("-preset", "ultrafast", "-g", "25", "-bf", "2", "-pix_fmt", "yuv420p", *words, str(path)),
    )
    return path


@pytest.mark.parametrize("words", [(), ("-movflags", "+faststart")], ids=["at its end", "in front"])
def test_a_chunk_is_decoded_from_its_own_bytes_and_the_index(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    path = _large(tmp_path, *words)
    facts, content = media.probe(path), path.read_bytes()
    seek_map = media.seek_map(path, facts)
    assert seek_map is not None
    chunk = list(chunks_of(facts, 50, seek_map))[4]
    assert chunk.bytes is not None
    assert chunk.seek is not None
    wanted = pieces_of(chunk, 10 * len(content), seek_map.index)
    parts = tmp_path / "parts.mp4"
    with parts.open("wb") as file:
        file.truncate(len(content))
        for begin, end in wanted:
            file.seek(begin)
            file.write(content[begin:end])
    held = sum(end - begin for begin, end in wanted)
    assert held < len(content) * 0.7
    with media.read_frames(path, facts) as frames:
        whole = [frame.tobytes() for frame in islice(frames, 251)]
    assert _decoded(parts, facts, chunk) == whole[200:251]


@pytest.mark.parametrize("clip", [clips.plain, clips.hevc_mov, clips.prores_mov])
def test_the_index_of_an_mp4_is_found(clip: Clip, tmp_path: Path) -> None:
    path = clip(tmp_path)
    seek_map = media.seek_map(path, media.probe(path))
    assert seek_map is not None
    content = path.read_bytes()
    assert any(b"moov" in content[begin:end] for begin, end in seek_map.index)
    assert all(0 <= begin < end <= len(content) for begin, end in seek_map.index)
