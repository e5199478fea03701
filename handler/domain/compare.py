"""How a result shows the original beside its paint."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from fractions import Fraction

from handler.domain.errors import Rejected
from handler.domain.media import VideoFacts

WIPE_SECONDS = Fraction(4)
"""In which the line of a wipe crosses the picture; then it comes back."""


MOST_PIXELS = 8192 * 4320
"""Of a frame; no larger one is read, so none is written."""


class Compare(StrEnum):
    """Ways to compare: two pictures side by side, one whose left half is the original, or one over
    which the line between both moves."""

    SIDE = "side"
    SPLIT = "split"
    WIPE = "wipe"

    def shown(self, facts: VideoFacts) -> VideoFacts:
        """What the result is to be, of a source of these facts.

        Raises:
            Rejected: it would be too large.
        """
        if self is not Compare.SIDE:
            return facts
        if 2 * facts.width * facts.height > MOST_PIXELS:
            raise Rejected(
                f"two pictures of {facts.width}x{facts.height} side by side are too large a video; "
                f"compare them by `split` or `wipe`"
            )
        return replace(facts, width=2 * facts.width)

    def line_at(self, index: int, facts: VideoFacts) -> int:
        """How many columns of the picture are the original in a frame, px.

        A wipe begins with the original alone. In a video too short for it, it arrives with the last
        frame.
        """
        if self is not Compare.WIPE:
            return facts.width // 2
        crossing = min(WIPE_SECONDS * facts.frame_rate, Fraction(max(1, facts.frame_count - 1)))
        passed = (index / crossing) % 2
        return round(facts.width * (1 - min(passed, 2 - passed)))
