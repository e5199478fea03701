"""Gives each frame the look that the timeline wants for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future

import cv2
import numpy as np

from handler.domain.ports import Frame, Motion, Painter, StyleVector
from handler.domain.timeline import Schedule
from handler.pipeline.colors import recolored
from handler.pipeline.palette import Palette
from handler.pipeline.segments import Segment, WorkFrame


class Brush:
    """Paints segments.

    Args:
        working_size: width and height at which frames are painted, px.
        keeps_colors: whether painted frames get hue and colourfulness of the source.
    """

    def __init__(
        self,
        schedule: Schedule,
        palette: Future[Palette],
        working_size: tuple[int, int],
        painter: Painter,
        motion: Motion,
        *,
        keeps_colors: bool = False,
    ) -> None:
        self._schedule = schedule
        self._palette = palette
        self._working_size = working_size
        self._painter = painter
        self._motion = motion
        self._keeps_colors = keeps_colors
        self._last: tuple[WorkFrame, Future[Frame]] | None = None
        self._counting = threading.Lock()
        self.frames_painted = 0

    def prepare(self, index: int, frame: Frame) -> WorkFrame:
        """Bring a decoded frame to the size at which it is painted."""
        coat = self._schedule.coat(index)
        image = resized(frame, self._working_size) if coat.is_painted else frame
        return WorkFrame(
            index,
            coat,
            self._schedule.stretch(index),
            index in self._schedule.turns,
            image,
            seen_through=frame if coat.share < 1 else image,
        )

    def begin(self, segment: Segment, threads: Executor) -> Callable[[], Iterator[Frame]]:
        """Begin to paint a segment; the answer gives its finished frames, and waits for each.

        Keyframes are painted once, though they end one segment and begin the next, and so are
        those that repeat the keyframe before.
        """
        keyframe, *between = segment.frames
        if not keyframe.coat.is_painted:
            return lambda: iter([keyframe.image])
        first = self._painted(keyframe, threads)
        rest: deque[Future[Frame]] = deque(Future() for _ in between)
        if segment.until and between:
            last = self._painted(segment.until, threads)
            threads.submit(self._propagate, segment, first, last, rest.copy())

        def finished() -> Iterator[Frame]:
            yield self._finished(keyframe, first.result())
            for frame in between:
                yield self._finished(frame, rest.popleft().result())

        return finished

    def _painted(self, keyframe: WorkFrame, threads: Executor) -> Future[Frame]:
        if self._last and _look_alike(self._last[0], keyframe):
            return self._last[1]
        painted = threads.submit(self._paint, keyframe)
        self._last = keyframe, painted
        return painted

    def _propagate(
        self,
        segment: Segment,
        first: Future[Frame],
        last: Future[Frame],
        between: deque[Future[Frame]],
    ) -> None:
        """Give each of the frames between two keyframes as soon as it is there, and forget it."""
        assert segment.until
        frames = (*segment.frames, segment.until)
        keyframes = {0: first, len(frames) - 1: last}

        def paint(at: int) -> Frame:
            return keyframes[at].result() if at in keyframes else self._paint(frames[at])

        try:
            for painted in self._motion.propagate(
                [frame.image for frame in frames],
                paint,
                morphs=frames[0].coat.styles != segment.until.coat.styles,
            ):
                between.popleft().set_result(painted)
        except BaseException as error:
            for frame in between:
                frame.set_exception(error)

    def alone(self, frame: WorkFrame) -> Frame:
        """A finished frame as it is when every frame is painted; it does not count."""
        return self._finished(frame, self._painter.paint(frame.image, self.style_vector(frame)))

    def style_vector(self, frame: WorkFrame) -> StyleVector:
        """What a frame is painted with."""
        return self._palette.result().vector(frame.coat, frame.image)

    def _paint(self, frame: WorkFrame) -> Frame:
        with self._counting:
            self.frames_painted += 1
        return self._painter.paint(frame.image, self.style_vector(frame))

    def _finished(self, frame: WorkFrame, paint: Frame) -> Frame:
        if self._keeps_colors:
            paint = recolored(paint, frame.image)
        if frame.coat.share == 1:
            return paint
        height, width = frame.seen_through.shape[:2]
        share = float(frame.coat.share)
        return cv2.addWeighted(  # type: ignore[return-value]
            resized(paint, (width, height)), share, frame.seen_through, 1 - share, 0
        )


def _look_alike(one: WorkFrame, other: WorkFrame) -> bool:
    return one.coat.styles == other.coat.styles and np.array_equal(one.image, other.image)


def resized(frame: Frame, size: tuple[int, int]) -> Frame:
    """A frame at width x height: area averages when it shrinks, cubic when it grows."""
    width, height = size
    if frame.shape[:2] == (height, width):
        return frame
    method = cv2.INTER_AREA if width < frame.shape[1] else cv2.INTER_CUBIC
    resized: Frame = cv2.resize(frame, (width, height), interpolation=method)  # type: ignore[assignment]
    return resized
