"""Which frames a worker paints alone, and what of the source it has to read for them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from handler.domain.losses import STRETCHES_KEPT, Losses
from handler.domain.media import VideoFacts

LOOKED_AROUND = 1
"""Frames: taking fields apart looks at those beside, and a variable rate at when they come."""

REORDERED_FRAMES = 32
"""By how much a picture may come later in the file than it is shown, and a decoder lag behind: both
are 16 at most in H.264, HEVC and ffmpeg."""


@dataclass(frozen=True)
class SeekPoint:
    """A picture from which the rest of a video can be decoded.

    Attributes:
        at: seconds, as the decoder of the pictures alone counts, at which it is due.
        frame: its index in the video.
        first_byte: from which on the file has to be there to decode it.
    """

    at: Fraction
    frame: int
    first_byte: int


@dataclass(frozen=True)
class SeekMap:
    """How a video can be decoded from its middle, and what of the file that takes.

    Attributes:
        points: to begin at, in order.
        ends: of some frames, in order, the past-the-last byte of what is shown up to them.
        index: first and past-the-last byte of each part of the file that is needed for all of them.
        zero: second, as the container counts, that the decoder calls 0, where these parts and
            those of a point, one after the other, are an *excerpt*: a file to be read from its
            start. None where each has to lie in its own place, for the decoder to seek.
    """

    points: tuple[SeekPoint, ...]
    ends: tuple[tuple[int, int], ...]
    index: tuple[tuple[int, int], ...]
    zero: Fraction | None

    def point_before(self, frame: int) -> SeekPoint | None:
        """The last one at or before a frame; None for the start of the file."""
        before = bisect_right(self.points, frame, key=lambda point: point.frame)
        return self.points[before - 1] if before else None

    def end_of(self, frame: int) -> int | None:
        """The past-the-last byte that has to be there to decode up to a frame; None for all."""
        # Behind an excerpt is nothing, and the decoder gives what it holds back.
        last = frame if self.zero is not None else frame + REORDERED_FRAMES
        after = bisect_left(self.ends, last, key=lambda frame_and_byte: frame_and_byte[0])
        return self.ends[after][1] if after < len(self.ends) else None


@dataclass(frozen=True)
class Chunk:
    """A run of frames that one worker paints.

    Its first frame is a keyframe, and so is the one after its last: that is painted as well, for
    the frames before it, and belongs to the next chunk.

    Attributes:
        index: of the chunk, from 0.
        begin: its first frame.
        end: the frame after its last; None for the last chunk, which ends with the video.
        seek: from where it may be decoded; None for the start of the file.
        bytes: first and past-the-last byte of the file in which its pictures lie; None where that
            is not known.
        zero: of an excerpt, as in ``SeekMap``; None where it is decoded from the file's own places.
    """

    index: int
    begin: int
    end: int | None
    seek: SeekPoint | None = None
    bytes: tuple[int, int] | None = None
    zero: Fraction | None = None

    @property
    def from_the_start(self) -> Chunk:
        """The same, decoded from the start of the whole file."""
        return replace(self, seek=None, zero=None)

    @property
    def frames_read(self) -> int | None:
        """So many are decoded: its own and the keyframe after them."""
        return None if self.end is None else self.end - self.begin + 1

    @property
    def in_words(self) -> str:
        until = "the end" if self.end is None else f"{self.end - 1}"
        return f"chunk {self.index} (frames {self.begin} to {until})"


WHOLE = Chunk(0, 0, None)
"""A video in one piece."""


def chunks_of(
    facts: VideoFacts, chunk_frames: int, seek_map: SeekMap | None = None
) -> Iterator[Chunk]:
    """All chunks of a video, in order.

    Args:
        chunk_frames: of each but the last; a multiple of the keyframe interval.
        seek_map: None for a video that is decoded from its start.
    """
    around = LOOKED_AROUND if facts.interlaced or not facts.constant_rate else 0
    borders = [*range(0, max(1, facts.frame_count), chunk_frames), None]
    for index, (begin, end) in enumerate(pairwise(borders)):
        assert begin is not None
        if seek_map is None:
            yield Chunk(index, begin, end)
            continue
        seek = seek_map.point_before(begin - around) if begin else None
        last_byte = None if end is None else seek_map.end_of(end + around)
        span = seek.first_byte if seek else 0, last_byte or facts.size_bytes
        yield Chunk(index, begin, end, seek, span, seek_map.zero)


def all_losses(of_chunks: Sequence[Losses]) -> Losses:
    """What was lost in a video, from what was lost in its chunks, in order."""
    stretches = [stretch for losses in of_chunks for stretch in losses.stretches]
    flawed_at = [losses.flawed_at for losses in of_chunks if losses.flawed_at is not None]
    return Losses(
        announced=sum(losses.announced for losses in of_chunks),
        frames=sum(losses.frames for losses in of_chunks),
        stretches=tuple(stretches[:STRETCHES_KEPT]),
        flawed=sum(losses.flawed for losses in of_chunks),
        flawed_at=min(flawed_at, default=None),
        sound_tracks=max((losses.sound_tracks for losses in of_chunks), default=0),
    )
