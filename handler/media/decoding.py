"""Frames of a damaged video at their times, and an account of those that never came."""

from __future__ import annotations

import queue
import re
import signal
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from handler import kernels
from handler.domain.chunks import WHOLE, Chunk
from handler.domain.errors import Rejected, SeekMissed, Unavailable
from handler.domain.losses import STRETCHES_KEPT, Losses, Stretch
from handler.domain.media import VideoFacts
from handler.domain.ports import Frame
from handler.media.commands import is_piped_as_video
from handler.media.limits import Limits
from handler.media.process import TOLD_TO_STOP, ConfinedProcess, Stalled

TIME_BASE = re.compile(rb"#tb 0: (\d{1,9})/([1-9]\d{0,9})\s*")
DECODED = re.compile(rb"0,\s*-?\d+,\s*(-?\d{1,18}),\s*-?\d+,\s*\d+, 0x[0-9a-f]+\s*")
FLAWED = b"corrupt decoded frame"
MISSED = -2
"""In the place of missing frames: the first one is not where it should be."""


class DecoderLog:
    """Hears of each frame that ffmpeg decodes, as ``commands.ACCOUNT`` asks it to tell.

    What is lost outside of the chunk is not counted; frames are numbered as in the whole video.
    """

    def __init__(self, facts: VideoFacts, chunk: Chunk = WHOLE) -> None:
        self._facts = facts
        self._chunk = chunk
        self._is_even = (
            facts.constant_rate or facts.announced.is_broken or facts.announced.is_gapless
        )
        self._first_at = facts.announced.first_at
        self._time_base = Fraction(1)
        self._next = 0
        self._decoded = 0
        self._stretches: list[Stretch] = []
        self._missing = 0
        self._flawed = 0
        self._flawed_at: Fraction | None = None
        self._waits: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def hear(self, line: bytes) -> None:
        """Take one line; an empty one is the last."""
        if time_base := TIME_BASE.fullmatch(line):
            self._time_base = Fraction(int(time_base[1]), int(time_base[2]))
        elif decoded := DECODED.fullmatch(line):
            self._take(int(decoded[1]) * self._time_base)
        elif line.endswith(FLAWED) and self._is_in_chunk(self._next):
            self._flawed += 1
            if self._flawed_at is None:
                self._flawed_at = self._next / self._facts.frame_rate
        elif not line:
            self._waits.put(None)

    def missing_before_next(self, patience: float) -> int:
        """How many frames are missing right before the next one; -1 where that comes twice.

        Before the first one these are all that come before it in the video.

        Raises:
            queue.Empty: it was not heard of for ``patience`` seconds.
            SeekMissed: the first one comes too late in the video, or at no time that makes sense.
        """
        wait = self._waits.get(timeout=patience)
        if wait is None:  # the account is over
            self._waits.put(None)
        if wait == MISSED:
            raise SeekMissed("the video could not be decoded from its middle")
        return wait or 0

    def losses(self, given: int) -> Losses:
        """What was lost when ``given`` frames came in all, repeated ones among them."""
        facts, told, chunk = self._facts, self._facts.announced, self._chunk
        expected = facts.frame_count - (0 if facts.constant_rate else 1)  # uneven: rounded
        if told.is_cut_short and told.duration is not None:
            expected = max(expected, int((told.duration - facts.start) * facts.frame_rate))
        if chunk.end is not None:
            expected = min(expected, chunk.end)
        stretches, missing = list(self._stretches), self._missing
        if not self._is_even and chunk == WHOLE:
            missing += max(0, told.pictures - self._decoded)
        if (rest := expected - max(given, chunk.begin)) > 0:
            stretches.append(Stretch(given / facts.frame_rate, rest))
            missing = max(missing + rest if self._is_even else rest, missing)
        announced = max(expected, given, told.pictures)
        if chunk != WHOLE:
            announced = max(
                0, (max(expected, given) if chunk.end is None else expected) - chunk.begin
            )
        return Losses(
            announced=announced,
            frames=missing,
            stretches=tuple(stretches[:STRETCHES_KEPT]),
            flawed=self._flawed,
            flawed_at=self._flawed_at,
            sound_tracks=told.unreadable_sound,
        )

    def _take(self, at: Fraction) -> None:
        self._decoded += 1
        is_first = self._decoded == 1
        if self._first_at is None:
            self._first_at = at
        due = round((at - self._first_at) * self._facts.frame_rate)
        if is_first and (seek := self._chunk.seek):
            self._next = due + 1
            self._waits.put(due if 0 <= due <= seek.frame else MISSED)
            return
        wait = due - self._next if is_first or self._is_even else 0
        if is_first:
            wait = max(0, wait)
        if due >= self._facts.frame_count or wait < -self._facts.frame_rate:
            wait = 0  # a time that makes no sense: it follows the frame before
        if lost := sum(map(self._is_in_chunk, range(self._next, self._next + wait))):
            self._missing += lost
            if len(self._stretches) < STRETCHES_KEPT:
                first = max(self._next, self._chunk.begin)
                self._stretches.append(Stretch(first / self._facts.frame_rate, lost))
        wait = max(-1, wait)
        self._next += wait + 1
        self._waits.put(wait)

    def _is_in_chunk(self, frame: int) -> bool:
        return frame >= self._chunk.begin and (self._chunk.end is None or frame < self._chunk.end)


class FrameDecoder:
    """``handler.domain.ports.FrameReader`` on a running ffmpeg."""

    def __init__(
        self,
        process: ConfinedProcess,
        log: DecoderLog,
        facts: VideoFacts,
        size: tuple[int, int],
        limits: Limits,
        *,
        chunk: Chunk,
    ) -> None:
        self._process = process
        self._log = log
        self._facts = facts
        self._size = size
        self._is_even = facts.constant_rate
        self._limits = limits
        self._chunk = chunk
        self._is_placed = self._is_even or not chunk.seek
        self._given = 0 if self._is_placed else chunk.begin
        self._has_begun = False
        self._frames = self._read()

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        while True:
            frame = next(self._frames)
            self._given += 1
            if self._given > self._chunk.begin:
                return frame

    @property
    def losses(self) -> Losses:
        return self._log.losses(self._given)

    def _read(self) -> Iterator[Frame]:
        try:
            yield from self._placed()
            code = self._process.wait_for_end()
        except (Stalled, queue.Empty) as stall:
            raise Rejected("the video takes senselessly long to decode") from stall
        if code == -signal.SIGKILL:
            raise Unavailable("the decoder was killed before its end")
        if code == TOLD_TO_STOP:
            raise Rejected(
                f"decoding the video takes more than {self._limits.cpu_seconds} seconds of work"
            )
        if code < 0:
            raise Rejected("the video can't be decoded (it breaks the decoder)")
        if not self._has_begun and (self._chunk.seek or self._chunk.zero is not None):
            raise SeekMissed("nothing of the video could be decoded from its middle")
        if not self._has_begun:
            raise Rejected("not one frame of the video can be decoded")

    def _placed(self) -> Iterator[Frame]:
        """Each frame at its time: where frames are missing, the one before them repeated.

        ffmpeg itself fills the gaps of a video without a constant rate, after its first frame, and
        begins with the chunk where such a one is decoded from its middle.
        """
        last: Frame | None = None
        while True:
            frame = next_frame(self._process, self._facts, self._size)
            if frame is None:
                return
            wait = 0
            if self._is_even or last is None:
                wait = self._log.missing_before_next(self._limits.stall_seconds)
            self._has_begun = True
            if not self._is_placed:
                wait = 0
            for _ in range(wait):
                yield frame if last is None else last
            if wait >= 0:
                yield frame
                last = frame


def next_frame(process: ConfinedProcess, facts: VideoFacts, size: tuple[int, int]) -> Frame | None:
    """The next picture that a decoder pipes; None where its pipe ends."""
    width, height = size
    is_video = is_piped_as_video(facts)
    shape = (kernels.video_bytes(width, height),) if is_video else (height, width, 3)
    picture = np.empty(shape, np.uint8)
    if process.read_into(picture.data.cast("B")) < picture.nbytes:
        return None
    if not is_video:
        return picture
    return kernels.from_video(picture, (height, width), facts.color_matrix, facts.full_range)
