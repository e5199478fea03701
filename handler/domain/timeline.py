"""What a video looks like, and when."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from handler.domain.errors import Rejected


@dataclass(frozen=True)
class Look:
    """What a stretch of video looks like.

    Attributes:
        style: name of the style image, or None for the original, unpainted.
    """

    style: str | None


@dataclass(frozen=True)
class LookChange:
    """From ``at`` seconds on, the video has this look."""

    at: Fraction
    look: Look


@dataclass(frozen=True)
class Timeline:
    """The looks of a job in order.

    Raises:
        Rejected: there is no look at second 0, or the seconds do not rise.
    """

    changes: tuple[LookChange, ...]

    def __post_init__(self) -> None:
        starts = [change.at for change in self.changes]
        if not starts or starts[0] != 0:
            raise Rejected("a timeline must begin with a look at second 0")
        if any(later <= earlier for earlier, later in pairwise(starts)):
            raise Rejected("the looks of a timeline must start at rising seconds")

    @classmethod
    def of_style(cls, style: str) -> Timeline:
        """One style from the first frame to the last."""
        return cls((LookChange(Fraction(0), Look(style)),))

    @property
    def styles(self) -> frozenset[str]:
        """Names of all style images that are needed."""
        return frozenset(c.look.style for c in self.changes if c.look.style is not None)

    @property
    def is_painted_throughout(self) -> bool:
        """Whether no frame stays the original."""
        return all(change.look.style is not None for change in self.changes)

    def look_at(self, frame: int, frame_rate: Fraction) -> Look:
        """The look of a frame: frame ``i`` is shown from second ``i / frame_rate`` on."""
        second = frame / frame_rate
        return self.changes[bisect_right(self.changes, second, key=lambda c: c.at) - 1].look
