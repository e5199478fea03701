"""Frames that show the original beside its paint."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from handler.domain.compare import Compare
from handler.domain.media import VideoFacts
from handler.domain.ports import Frame
from handler.pipeline.brush import resized

PIXELS_PER_LINE_WIDTH = 320
"""The line is a pixel wide for so many of the picture, and never narrower than two."""


class Comparison:
    """Keeps the frames that are being painted, and puts each together with its paint.

    Args:
        facts: of the source.
    """

    def __init__(self, compare: Compare, facts: VideoFacts) -> None:
        self._compare = compare
        self._facts = facts
        self._originals: deque[Frame] = deque()

    def keep(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Pass frames of the source's size on, and remember them until they come back painted."""
        for frame in frames:
            self._originals.append(frame)
            yield frame

    def compose(self, index: int, painted: Frame) -> Frame:
        """The frame of the result; call it for each frame in order.

        Args:
            painted: of any size.
        """
        original, paint = self._originals.popleft(), resized(painted, self._facts.size)
        if self._compare is Compare.SIDE:
            return np.concatenate([original, paint], axis=1)
        line = self._compare.line_at(index, self._facts)
        both = paint.copy()
        both[:, :line] = original[:, :line]
        half = max(2, self._facts.width // PIXELS_PER_LINE_WIDTH) / 2
        if 0 < line < self._facts.width:
            both[:, max(0, round(line - half)) : round(line + half)] = 255
        return both
