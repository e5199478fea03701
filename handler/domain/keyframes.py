"""Which frames the transformer paints; the others carry their paint along the motion."""

from __future__ import annotations

from enum import StrEnum

KEYFRAME_INTERVAL = 12
"""Frames from one keyframe to the next, where nobody asks for another number."""

MAX_KEYFRAME_INTERVAL = 32
"""All frames between two keyframes are in memory at a time."""

MOST_PIXELS_BETWEEN = KEYFRAME_INTERVAL * 1920 * 1088
"""Of the frames from one keyframe to the next: bounds their memory to about 600 MB."""

FLOW_SCALE = 0.5
"""Motion is estimated at half size: a third of the time, and a twentieth more flicker."""

FLOW_LONG_SIDE_PX = 320, 960
"""Small frames are halved no further than to this long side, large ones are made as small."""


def flow_scale(width: int, height: int) -> float:
    """How much smaller than the working size, px, frames are when their motion is estimated."""
    least, most = (side / max(width, height) for side in FLOW_LONG_SIDE_PX)
    return min(1.0, max(FLOW_SCALE, least), most)


def bounded_interval(interval: int, working_size: tuple[int, int]) -> int:
    """Frames from one keyframe to the next, fewer than asked for where frames are large.

    Args:
        working_size: width and height, px.
    """
    width, height = working_size
    return max(1, min(interval, MOST_PIXELS_BETWEEN // (width * height)))


class Frames(StrEnum):
    """How the frames of a video are painted."""

    KEYFRAMES = "keyframes"
    EVERY = "every"

    def interval(self, of_keyframes: int = KEYFRAME_INTERVAL) -> int:
        """From one painted frame to the next: 1 where each is painted alone."""
        return of_keyframes if self is Frames.KEYFRAMES else 1
