"""Gives each frame the look that the timeline wants for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from fractions import Fraction
from functools import partial

import cv2
import numpy as np

from handler.domain.ports import Frame, Motion, Painter, StyleVector
from handler.domain.timeline import Timeline
from handler.pipeline.segments import Segment, WorkFrame


class Brush:
    """Paints segments.

    Args:
        vectors: for each style of the timeline, its style vector.
        working_size: width and height at which frames are painted, px.
    """

    def __init__(
        self,
        timeline: Timeline,
        frame_rate: Fraction,
        vectors: Mapping[str, StyleVector],
        working_size: tuple[int, int],
        painter: Painter,
        motion: Motion,
    ) -> None:
        self._timeline = timeline
        self._frame_rate = frame_rate
        self._vectors = vectors
        self.working_size = working_size
        self._painter = painter
        self._motion = motion
        self._last: tuple[WorkFrame, Future[Frame]] | None = None
        self._counting = threading.Lock()
        self.frames_painted = 0

    def prepare(self, index: int, frame: Frame) -> WorkFrame:
        """Bring a decoded frame to the size at which it is painted."""
        style = self._timeline.look_at(index, self._frame_rate).style
        image = frame if style is None else resized(frame, self.working_size)
        return WorkFrame(index, style, image)

    def begin(self, segment: Segment, threads: Executor) -> Callable[[], Iterator[Frame]]:
        """Begin to paint a segment; the answer gives its painted frames, and waits for each.

        Keyframes are painted once, though they end one segment and begin the next, and so are
        those that repeat the keyframe before.
        """
        keyframe, *between = segment.frames
        if keyframe.style is None:
            return lambda: iter([keyframe.image])
        first = self._painted(keyframe, threads)
        if segment.until is None or not between:
            return lambda: iter([first.result()])
        last = self._painted(segment.until, threads)
        rest = threads.submit(self._propagated, segment, first, last)

        def painted() -> Iterator[Frame]:
            yield first.result()
            yield from rest.result()

        return painted

    def _painted(self, keyframe: WorkFrame, threads: Executor) -> Future[Frame]:
        if self._last and _look_alike(self._last[0], keyframe):
            return self._last[1]
        painted = threads.submit(self._paint, keyframe.style, keyframe.image)
        self._last = keyframe, painted
        return painted

    def _propagated(
        self, segment: Segment, first: Future[Frame], last: Future[Frame]
    ) -> list[Frame]:
        assert segment.until
        images = [frame.image for frame in (*segment.frames, segment.until)]
        paint = partial(self._paint, segment.until.style)
        return list(self._motion.propagate(images, first.result(), last.result(), paint))

    def _paint(self, style: str | None, image: Frame) -> Frame:
        assert style is not None
        with self._counting:
            self.frames_painted += 1
        return self._painter.paint(image, self._vectors[style])


def _look_alike(one: WorkFrame, other: WorkFrame) -> bool:
    return one.style == other.style and np.array_equal(one.image, other.image)


def resized(frame: Frame, size: tuple[int, int]) -> Frame:
    """A frame at width x height: area averages when it shrinks, cubic when it grows."""
    width, height = size
    if frame.shape[:2] == (height, width):
        return frame
    method = cv2.INTER_AREA if width < frame.shape[1] else cv2.INTER_CUBIC
    resized: Frame = cv2.resize(frame, (width, height), interpolation=method)  # type: ignore[assignment]
    return resized
