"""What presets and rate factors cost and keep, on frames that were really painted.

    .venv/bin/python -m tests.benchmarks.encoding --codec h264 --preset superfast --crf 20

Big Buck Bunny (1280x720) is painted once, by the real pipeline with its defaults, and its painted
frames are kept raw. Then each preset and rate factor encodes them alone. CPU share is
the encoder's part of the processor time of a whole job; VMAF compares with the frames themselves.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image

from handler import kernels, wiring
from handler.domain.keyframes import KEYFRAME_INTERVAL
from handler.domain.media import Codec, Encoding, VideoFacts
from handler.domain.ports import Frame, FrameWriter
from handler.domain.timeline import Timeline
from handler.media.commands import LARGER, Size, encode_command
from handler.media.ffmpeg import FfmpegMedia
from handler.media.limits import encoder_limits
from handler.media.process import ConfinedProcess
from handler.pipeline.paint_video import PaintOrder, paint_video
from tests.clips import BIG_BUCK_BUNNY, FFMPEG, ffmpeg
from tests.pictures import draw_style

WORKING_SIZE_PX = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codec", type=Codec, default=Codec.H264)
    parser.add_argument("--preset", nargs="+", default=["ultrafast", "superfast", "veryfast"])
    parser.add_argument("--crf", type=int, nargs="+", default=[18, 20, 23])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        facts, size, rest_cpu = _paint(folder)
        print("codec | preset | crf | CPU ms/frame | CPU share | kbit/s | VMAF mean | VMAF least")
        for preset, crf in itertools.product(given.preset, given.crf):
            encoding = Encoding(given.codec, crf, preset)
            result = folder / "result.mp4"
            cpu = _encode(folder / "frames.rgb", result, facts, encoding, size)
            mean, least = _vmaf(result, folder / "frames.rgb", facts, size)
            bits = 8 * result.stat().st_size / float(facts.duration)
            print(
                f"{given.codec} | {preset} | {crf} | {1000 * cpu / facts.frame_count:.1f} | "
                f"{cpu / (cpu + rest_cpu):.1%} | {bits / 1000:.0f} | {mean:.1f} | {least:.1f}"
            )


class _Recorder(FfmpegMedia):
    """Beside encoding the painted frames, keeps them raw."""

    def __init__(self, frames: Path) -> None:
        super().__init__()
        self._frames = frames

    @contextmanager
    def write_video(
        self,
        video: Path,
        facts: VideoFacts,
        sound_from: Path,
        encoding: Encoding,
        size: Size | None = None,
    ) -> Iterator[FrameWriter]:
        with (
            self._frames.open("wb") as raw,
            super().write_video(video, facts, sound_from, encoding, size) as encoder,
        ):
            yield _Tee(raw, encoder)


class _Tee:
    def __init__(self, raw: IO[bytes], encoder: FrameWriter) -> None:
        self._raw = raw
        self._encoder = encoder

    def write(self, frame: Frame) -> None:
        self._raw.write(frame.tobytes())
        self._encoder.write(frame)


def _paint(folder: Path) -> tuple[VideoFacts, Size, float]:
    """Leave ``frames.rgb``.

    Returns:
        Facts of the source, the size of the painted frames, and the CPU seconds of all but
        encoding.
    """
    style = folder / "style.png"
    Image.fromarray(draw_style("waves")).save(style)
    order = PaintOrder(
        source=BIG_BUCK_BUNNY,
        styles={"waves": style},
        timeline=Timeline.of_style("waves"),
        working_size_px=WORKING_SIZE_PX,
        result=folder / "painted.mp4",
        keyframe_interval=KEYFRAME_INTERVAL,
    )
    painter, motion = wiring.painter(), wiring.motion()
    began = _cpu_seconds(resource.RUSAGE_SELF) + _cpu_seconds(resource.RUSAGE_CHILDREN)
    painting = paint_video(order, _Recorder(folder / "frames.rgb"), painter, motion)
    ended = _cpu_seconds(resource.RUSAGE_SELF) + _cpu_seconds(resource.RUSAGE_CHILDREN)
    facts, size = painting.source, painting.working_size
    encoding = _encode(folder / "frames.rgb", folder / "result.mp4", facts, order.encoding, size)
    return facts, size, ended - began - encoding


def _encode(frames: Path, result: Path, facts: VideoFacts, encoding: Encoding, size: Size) -> float:
    """CPU seconds of encoding raw frames as jobs do."""
    began = _cpu_seconds(resource.RUSAGE_CHILDREN)
    argv = encode_command(FFMPEG, result, facts, BIG_BUCK_BUNNY, encoding, size)
    limits = encoder_limits(facts)
    with ConfinedProcess(argv, limits, feeds=True) as encoder, frames.open("rb") as raw:
        while chunk := raw.read(size[0] * size[1] * 3):
            frame = np.frombuffer(chunk, np.uint8).reshape(size[1], size[0], 3)
            encoder.write(kernels.to_video(frame).data)
    return _cpu_seconds(resource.RUSAGE_CHILDREN) - began


def _vmaf(result: Path, frames: Path, facts: VideoFacts, size: Size) -> tuple[float, float]:
    """Mean and least VMAF (0..100, model v0.6.1) of a result's frames.

    They are compared with the painted frames brought to the result's size and colours, not coded.
    """
    exact = f"scale={facts.width}:{facts.height}:out_color_matrix=bt709:out_range=limited:{LARGER}"
    log = result.with_suffix(".json")
    ffmpeg(
        *("-i", str(result), "-f", "rawvideo", "-pixel_format", "rgb24"),
        *("-video_size", f"{size[0]}x{size[1]}", "-i", str(frames), "-lavfi"),
        f"[0:v]settb=1/25,setpts=N[a];[1:v]{exact},format=yuv420p,settb=1/25,setpts=N[b];"
        f"[a][b]libvmaf=n_threads=2:log_fmt=json:log_path={log}",
        *("-f", "null", "-"),
        seconds=600,
    )
    scores = json.loads(log.read_text(encoding="utf-8"))["pooled_metrics"]["vmaf"]
    return scores["mean"], scores["min"]


def _cpu_seconds(whose: int) -> float:
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
