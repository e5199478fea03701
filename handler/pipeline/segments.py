"""Cuts a stream of frames into segments, each painted from the keyframes at its two ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

from handler.domain.ports import Frame
from handler.domain.timeline import Coat


@dataclass(frozen=True)
class WorkFrame:
    """A frame on its way through the pipeline.

    Attributes:
        index: in the video, from 0.
        coat: what it is painted with.
        stretch: of the schedule.
        is_turn: whether the paint begins or ends to change here.
        image: at working size; as it came where it stays the original.
        seen_through: what the paint is laid over, as it came; where it covers all, ``image``.
    """

    index: int
    coat: Coat
    stretch: int
    is_turn: bool
    image: Frame
    seen_through: Frame


@dataclass(frozen=True)
class Segment:
    """A keyframe and the frames between it and the next one.

    Attributes:
        frames: in order, the keyframe first.
        until: the next keyframe, which begins the segment after this one; None where a shot ends,
            always with a segment of one frame.
    """

    frames: tuple[WorkFrame, ...]
    until: WorkFrame | None


def segments(
    frames: Iterator[WorkFrame], interval: int, is_cut: Callable[[Frame, Frame], bool]
) -> Iterator[Segment]:
    """Every frame is in one segment, in order.

    Keyframes are the first and the last frame of a shot and, within it, those whose index is a
    multiple of ``interval`` and those at a turn. A shot ends at a cut, with a stretch of the
    schedule, and with the video. What is a keyframe thus depends on a frame's place and its
    neighbours only: frames read from any keyframe on fall into the same segments as in the whole
    video.

    Args:
        is_cut: whether the second of two adjacent frames begins another shot; not asked where
            every frame is a keyframe.
    """
    run: list[WorkFrame] = []
    for frame, following in pairwise(chain(frames, [None])):
        assert frame is not None
        run.append(frame)
        if following is None or _ends_shot(frame, following, interval, is_cut):
            if len(run) > 1:
                yield Segment(tuple(run[:-1]), frame)
            yield Segment((frame,), None)
            run = []
        elif following.index % interval == 0 or following.is_turn:
            yield Segment(tuple(run), following)
            run = []


def _ends_shot(
    frame: WorkFrame,
    following: WorkFrame,
    interval: int,
    is_cut: Callable[[Frame, Frame], bool],
) -> bool:
    if not frame.coat.is_painted or frame.stretch != following.stretch:
        return True
    return interval > 1 and is_cut(frame.image, following.image)
