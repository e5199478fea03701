"""Videos and pictures on the local disk, by ffmpeg in child processes and by Pillow."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from handler import kernels
from handler.domain.chunks import WHOLE, Chunk, SeekMap
from handler.domain.errors import Defect, IndexTooLarge, Rejected
from handler.domain.media import Encoding, VideoFacts
from handler.domain.ports import Frame, FrameReader, FrameWriter, Tile
from handler.media import joining, pictures, probe, seeking
from handler.media.bundled import bundled_ffmpeg
from handler.media.commands import (
    chunk_command,
    decode_command,
    encode_command,
    glimpse_command,
    join_command,
    sound_command,
)
from handler.media.decoding import DecoderLog, FrameDecoder, next_frame
from handler.media.limits import decoder_limits, encoder_limits
from handler.media.process import ConfinedProcess, Stalled
from handler.media.reader import at_hand

logger = logging.getLogger(__name__)

INDEX_TOO_LARGE = re.compile(r"reserved_moov_size is too small, needed (\d+) additional")
"""How ffmpeg says so, in the end."""

ROUGH_LOOK_SECONDS = 3
"""Of a processor; one that takes longer is broken off."""


class FfmpegMedia:
    """``handler.domain.ports.Media`` on the ffmpeg that imageio-ffmpeg bundles.

    Args:
        ffmpeg: path of the program, the bundled one if not given.
    """

    def __init__(self, ffmpeg: str | None = None) -> None:
        self._ffmpeg = ffmpeg or bundled_ffmpeg()

    def probe(self, video: Path, *, is_ours: bool = False) -> VideoFacts:
        return probe.probe(video, is_ours=is_ours)

    def ready_to_probe(self) -> AbstractContextManager[None]:
        return at_hand("probe_worker")

    @contextmanager
    def read_frames(
        self,
        video: Path,
        facts: VideoFacts,
        size: tuple[int, int] | None = None,
        chunk: Chunk = WHOLE,
    ) -> Iterator[FrameReader]:
        size = size or facts.size
        log, limits = DecoderLog(facts, chunk), decoder_limits(facts)
        argv = decode_command(self._ffmpeg, video, facts, size, chunk)
        with ConfinedProcess(argv, limits, hear=log.hear) as process:
            yield FrameDecoder(process, log, facts, size, limits, chunk=chunk)

    def seek_map(self, video: Path, facts: VideoFacts) -> SeekMap | None:
        return seeking.seek_map(video, facts)

    def glimpse(
        self,
        video: Path,
        facts: VideoFacts,
        index: int,
        size: tuple[int, int],
        frames: int = 1,
        *,
        roughly: bool = False,
    ) -> list[Frame]:
        # From the middle between two frames on: times in files are rounded.
        second = max(Fraction(0), facts.start + (index - Fraction(1, 2)) / facts.frame_rate)
        argv = glimpse_command(
            self._ffmpeg, video, facts, size, second, frames, is_exact=not roughly
        )
        limits = decoder_limits(facts)
        if roughly:
            limits = replace(limits, cpu_seconds=ROUGH_LOOK_SECONDS)
        seen: list[Frame] = []
        with ConfinedProcess(argv, limits) as process:
            try:
                for _ in range(frames):
                    frame = next_frame(process, facts, size)
                    if frame is None:
                        break
                    seen.append(frame)
                process.wait_for_end()
            except Stalled as stall:
                raise Rejected("the video takes senselessly long to decode") from stall
        if seen or roughly:
            return seen
        # Some containers can't be entered close to every frame, and damage may lie on the way.
        with self.read_frames(video, facts, size) as reader:
            return list(islice(reader, index, index + frames))

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
        with self._written(video, facts, sound_from), self._encoder(argv, facts) as process:
            yield _PipeWriter(process, size)

    @contextmanager
    def write_chunk(
        self, part: Path, facts: VideoFacts, encoding: Encoding, size: tuple[int, int] | None = None
    ) -> Iterator[FrameWriter]:
        size = size or facts.size
        argv = chunk_command(self._ffmpeg, part, facts, encoding, size)
        try:
            with self._encoder(argv, facts) as process:
                yield _PipeWriter(process, size)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def join(
        self,
        parts: Iterable[tuple[int, Path]],
        video: Path,
        facts: VideoFacts,
        sound_from: Path,
        encoding: Encoding,
        index_bytes: int,
    ) -> int:
        argv = join_command(self._ffmpeg, video, facts, sound_from, encoding, index_bytes)
        with self._written(video, facts, sound_from), self._encoder(argv, facts) as process:
            return joining.join(parts, facts, process.write)

    @contextmanager
    def _encoder(self, argv: list[str], facts: VideoFacts) -> Iterator[ConfinedProcess]:
        process = ConfinedProcess(argv, encoder_limits(facts), feeds=True)
        with process:
            yield process
        if process.exit_code:
            if missing := INDEX_TOO_LARGE.search(process.log):
                raise IndexTooLarge(int(missing[1]))
            logger.error("ffmpeg could not write the video: %s", process.log)
            raise Defect(
                f"ffmpeg could not write the video (code {process.exit_code}): {process.last_words}"
            )

    @contextmanager
    def _written(self, video: Path, facts: VideoFacts, sound_from: Path) -> Iterator[None]:
        """Leaves a whole file or none; says so where only the sound is to blame."""
        try:
            yield
        except BaseException as failure:
            video.unlink(missing_ok=True)
            if isinstance(failure, Defect) and not self._takes_sound(facts, sound_from):
                raise Rejected("the sound of the video is damaged and can't be kept") from failure
            raise

    def _takes_sound(self, facts: VideoFacts, sound_from: Path) -> bool:
        """Whether an encoder that failed would have got through the sound alone."""
        if not facts.sound:
            return True
        argv = sound_command(self._ffmpeg, facts, sound_from)
        with ConfinedProcess(argv, encoder_limits(facts)) as process:
            return process.wait_for_end() == 0

    def read_picture(self, picture: Path) -> Frame:
        return pictures.read_picture(picture)

    def write_poster(self, picture: Path, before: Frame, after: Frame) -> None:
        pictures.write_poster(picture, before, after)

    def write_teaser(self, picture: Path, frames: Sequence[Frame], frame_seconds: Fraction) -> None:
        from handler.media import teasers

        teasers.write_teaser(picture, frames, frame_seconds)

    def write_sheet(self, picture: Path, rows: Sequence[Sequence[Tile]]) -> None:
        from handler.media import sheets

        sheets.write_sheet(picture, rows)


class _PipeWriter:
    def __init__(self, process: ConfinedProcess, size: tuple[int, int]) -> None:
        self._process = process
        self._shape = (*reversed(size), 3)

    def write(self, frame: Frame) -> None:
        if frame.shape != self._shape:
            raise Defect(f"a frame of shape {frame.shape} came where {self._shape} was announced")
        self._process.write(kernels.to_video(np.ascontiguousarray(frame)).data)
