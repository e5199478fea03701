"""How all of a video is painted, whatever its looks are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from handler.domain.timeline import ORIGINAL, Look, Timeline

SMALLEST_STYLE_SCALE, LARGEST_STYLE_SCALE = 0.25, 4
LARGEST_FEATHER_PX = 200
FEATHER_PX = 4
"""Where nobody asks for another number: an edge without steps."""


class KeepColors(StrEnum):
    """How painted frames get the colours of the source."""

    LUMINANCE = "luminance"
    """The paint's lightness, the source's hue and colourfulness."""

    MATCH = "match"
    """Paint of a style picture whose colours are made those of the source first."""


@dataclass(frozen=True)
class Mask:
    """What of each frame is painted in the looks of the timeline: where the mask is white.

    Attributes:
        name: of a picture, or of a video with a picture for each frame: a key or a path.
        outside: what the rest looks like.
        inverted: whether black is painted, and white the rest.
        feather_px: over how many pixels of the source the mask's edges are softened.
    """

    name: str
    outside: Look = ORIGINAL
    inverted: bool = False
    feather_px: int = FEATHER_PX


@dataclass(frozen=True)
class Treatment:
    """What a job wants besides its looks.

    Attributes:
        style_scale: how large the strokes of the style pictures are made.
    """

    keep_colors: KeepColors | None = None
    style_scale: Fraction = Fraction(1)
    mask: Mask | None = None

    def layers(self, timeline: Timeline) -> tuple[Timeline, ...]:
        """What is painted: the looks of the timeline and, with a mask, those outside of it."""
        return (timeline, Timeline.of(self.mask.outside)) if self.mask else (timeline,)

    def styles(self, timeline: Timeline) -> frozenset[str]:
        """Names of all style images that are needed."""
        return frozenset[str]().union(*(layer.styles for layer in self.layers(timeline)))


def size_held(
    layers: Sequence[Timeline], working_size: tuple[int, int], source_size: tuple[int, int]
) -> tuple[int, int]:
    """Width and height, px, of the largest frames that wait until those before them are painted.

    The original waits where paint is laid over it.
    """
    waits = len(layers) > 1 or layers[0].is_seen_through
    return max(working_size, source_size) if waits else working_size


PLAIN = Treatment()
