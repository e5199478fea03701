"""A few seconds out of a video, for an animated picture."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from handler.domain.media import VideoFacts, working_dimensions
from handler.domain.ports import Media

SECONDS = 4
LONG_SIDE_PX = 480
FRAMES_PER_SECOND = 12.5


def make_teaser(teaser: Path, video: Path, facts: VideoFacts, media: Media) -> None:
    """Write the four seconds around the middle of a video as an animated WebP or GIF.

    Args:
        facts: of the video.
    """
    wanted = min(facts.frame_count, round(SECONDS * facts.frame_rate))
    size = working_dimensions(*facts.size, LONG_SIDE_PX, smallest_side=1, width_multiple=1)
    first = (facts.frame_count - wanted) // 2
    stride = max(1, round(float(facts.frame_rate) / FRAMES_PER_SECOND))
    frames = media.glimpse(video, facts, first, size, wanted)[::stride]
    media.write_teaser(teaser, frames, Fraction(stride) / facts.frame_rate)
