"""Which frames a worker paints alone, and what of the source it has to read for them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from handler.domain.losses import STRETCHES_KEPT, Losses
from handler.domain.media import VideoFacts


@dataclass(frozen=True)
class SeekPoint:
    """A picture from which the rest of a video can be decoded.

    Attributes:
        at: seconds, as the decoder of the pictures alone counts, at which it is due.
        frame: its index in the video.
        first_byte: where it begins in the file.
    """

    at: Fraction
    frame: int
    first_byte: int


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
    """

    index: int
    begin: int
    end: int | None
    seek: SeekPoint | None = None
    bytes: tuple[int, int] | None = None

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

REORDERED_FRAMES = 64
"""By how much a picture may come later in the file than it is shown, and a decoder lag behind."""


def chunks_of(
    facts: VideoFacts,
    chunk_frames: int,
    seek_points: Sequence[SeekPoint] = (),
) -> Iterator[Chunk]:
    """All chunks of a video, in order.

    Args:
        chunk_frames: of each but the last; a multiple of the keyframe interval.
        seek_points: in order; those that lie too near are passed over.
    """
    frames = [point.frame for point in seek_points]
    borders = [*range(0, max(1, facts.frame_count), chunk_frames), None]
    for index, (begin, end) in enumerate(pairwise(borders)):
        assert begin is not None
        # Strictly before: taking fields apart looks at the frame before, too.
        before = bisect_left(frames, begin)
        after = len(frames) if end is None else bisect_left(frames, end + REORDERED_FRAMES)
        # A demuxer may go back one point further than it is told.
        first_byte = seek_points[before - 2].first_byte if before > 1 else 0
        last_byte = seek_points[after].first_byte if after < len(frames) else facts.size_bytes
        yield Chunk(
            index,
            begin,
            end,
            seek=seek_points[before - 1] if before else None,
            bytes=(first_byte, last_byte) if seek_points else None,
        )


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
