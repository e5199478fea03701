"""Videos and pictures on the local disk, by ffmpeg in child processes and by Pillow."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from handler.domain.errors import Defect, Rejected, Unavailable
from handler.domain.media import Encoding, VideoFacts
from handler.domain.ports import Frame, FrameWriter
from handler.media import pictures, probe
from handler.media.commands import decode_command, encode_command
from handler.media.process import FfmpegProcess

logger = logging.getLogger(__name__)


class FfmpegMedia:
    """``handler.domain.ports.Media`` on the ffmpeg that imageio-ffmpeg bundles.

    Args:
        ffmpeg: path of the program, the bundled one if not given.
    """

    def __init__(self, ffmpeg: str | None = None) -> None:
        self._ffmpeg = ffmpeg or bundled_ffmpeg()

    def probe(self, video: Path) -> VideoFacts:
        return probe.probe(video)

    @contextmanager
    def read_frames(
        self, video: Path, facts: VideoFacts, size: tuple[int, int] | None = None
    ) -> Iterator[Iterator[Frame]]:
        size = size or facts.size
        argv = decode_command(self._ffmpeg, video, facts, size)
        with FfmpegProcess(argv, feeds=False) as process:
            yield _frames(process, size)

    @contextmanager
    def write_video(
        self,
        video: Path,
        facts: VideoFacts,
        sound_from: Path,
        encoding: Encoding,
        size: tuple[int, int] | None = None,
    ) -> Iterator[FrameWriter]:
        size = size or facts.size
        argv = encode_command(self._ffmpeg, video, facts, sound_from, encoding, size)
        process = FfmpegProcess(argv, feeds=True)
        try:
            with process:
                yield _PipeWriter(process, size)
            if process.exit_code:
                logger.error("ffmpeg could not write the video: %s", process.log)
                raise Defect(
                    f"ffmpeg could not write the video (code {process.exit_code}): "
                    f"{process.last_words}"
                )
        except BaseException:
            video.unlink(missing_ok=True)
            raise

    def read_picture(self, picture: Path) -> Frame:
        return pictures.read_picture(picture)

    def write_poster(self, picture: Path, before: Frame, after: Frame) -> None:
        pictures.write_poster(picture, before, after)


def _frames(process: FfmpegProcess, size: tuple[int, int]) -> Iterator[Frame]:
    width, height = size
    any_decoded = False
    while True:
        frame = np.empty((height, width, 3), np.uint8)
        if process.read_into(frame.data.cast("B")) < frame.nbytes:
            break
        any_decoded = True
        yield frame
    if process.wait_for_end() < 0:
        raise Unavailable("the decoder was killed before its end")
    if not any_decoded:
        raise Rejected("not one frame of the video can be decoded")


class _PipeWriter:
    def __init__(self, process: FfmpegProcess, size: tuple[int, int]) -> None:
        self._process = process
        self._shape = (*reversed(size), 3)

    def write(self, frame: Frame) -> None:
        if frame.shape != self._shape:
            raise Defect(f"a frame of shape {frame.shape} came where {self._shape} was announced")
        self._process.write(np.ascontiguousarray(frame).data.cast("B"))


def bundled_ffmpeg() -> str:
    """Path of the program that imageio-ffmpeg brings."""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())
