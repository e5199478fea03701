"""What a video looks like, and when."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from handler.domain.errors import Rejected

Weights = tuple[tuple[str, Fraction], ...]
"""Styles by name and how much of each, in the order of the names; none weighs nothing."""


@dataclass(frozen=True)
class Look:
    """What a stretch of video looks like; nothing given, it is the original.

    Attributes:
        styles: that are mixed, with weights whose sum is 1.
        strength: 0..1, from the picture's own style to the styles.
        mix: 0..1, how much of the paint covers the original.
    """

    styles: Weights = ()
    strength: Fraction = Fraction(1)
    mix: Fraction = Fraction(1)

    @classmethod
    def of(
        cls,
        style: str | Mapping[str, Fraction] | None,
        strength: Fraction = Fraction(1),
        mix: Fraction = Fraction(1),
    ) -> Look:
        """A look in one style, in several by weights above 0 of any sum, or in none."""
        if style is None:
            return ORIGINAL
        weights = {style: Fraction(1)} if isinstance(style, str) else style
        whole = sum(weights.values())
        shares = tuple((name, weight / whole) for name, weight in sorted(weights.items()))
        return cls(shares, strength, mix)

    @property
    def is_painted(self) -> bool:
        return bool(self.styles) and self.mix > 0

    @property
    def coat(self) -> Coat:
        if not self.is_painted:
            return BARE
        return Coat(_above_zero((s, weight * self.strength) for s, weight in self.styles), self.mix)


ORIGINAL = Look()


@dataclass(frozen=True)
class Coat:
    """What one frame is painted with.

    Style vectors are mixed linearly: those of styles as in Dumoulin et al. 2017, arXiv 1610.07629,
    a style's and the frame's own as in Magenta's identity interpolation.

    Attributes:
        styles: weights of the styles' vectors; what they lack to 1 is that of the frame's own.
        share: 0..1, of the paint, over the original.
    """

    styles: Weights
    share: Fraction

    @property
    def own(self) -> Fraction:
        """Weight of the frame's own style vector."""
        return 1 - sum((weight for _, weight in self.styles), Fraction(0))

    @property
    def is_painted(self) -> bool:
        return self.share > 0

    def towards(self, other: Coat, passed: Fraction) -> Coat:
        """Part of the way to another coat: paint becomes other paint, and dissolves into none."""
        share = self.share + (other.share - self.share) * passed
        if not share:
            return BARE
        if not self.is_painted or not other.is_painted:
            return Coat((self if self.is_painted else other).styles, share)
        weights = {name: weight * (1 - passed) for name, weight in self.styles}
        for name, weight in other.styles:
            weights[name] = weights.get(name, Fraction(0)) + weight * passed
        return Coat(_above_zero(sorted(weights.items())), share)


BARE = Coat((), Fraction(0))
"""The original."""


def _above_zero(weights: Iterator[tuple[str, Fraction]] | list[tuple[str, Fraction]]) -> Weights:
    return tuple((name, weight) for name, weight in weights if weight)


@dataclass(frozen=True)
class LookChange:
    """From ``at`` seconds on the video goes over into this look, ``fade`` seconds long."""

    at: Fraction
    look: Look
    fade: Fraction = Fraction(0)

    @property
    def until(self) -> Fraction:
        """Second at which the look is reached."""
        return self.at + self.fade


@dataclass(frozen=True)
class Timeline:
    """The looks of a job in order.

    Raises:
        Rejected: there is no look at second 0, the seconds do not rise, or a fade has not ended
            when the next look begins.
    """

    changes: tuple[LookChange, ...]

    def __post_init__(self) -> None:
        if not self.changes or self.changes[0].at != 0:
            raise _wrong(0, "at", "a timeline must begin with a look at second 0")
        if self.changes[0].fade:
            raise _wrong(0, "fade", "before the first look there is none to fade from")
        for index, (change, following) in enumerate(pairwise(self.changes)):
            if following.at <= change.at:
                raise _wrong(
                    index + 1,
                    "at",
                    "the looks of a timeline must start at rising seconds, and the one before it "
                    f"starts at {float(change.at):g}",
                )
            if following.at < change.until:
                raise _wrong(
                    index,
                    "fade",
                    f"it reaches to second {float(change.until):g}, and the next look starts at "
                    f"{float(following.at):g}",
                )

    @classmethod
    def of(cls, look: Look) -> Timeline:
        """One look from the first frame to the last."""
        return cls((LookChange(Fraction(0), look),))

    @classmethod
    def of_style(cls, style: str) -> Timeline:
        """One style from the first frame to the last."""
        return cls.of(Look.of(style))

    @property
    def styles(self) -> frozenset[str]:
        """Names of all style images that are needed."""
        return frozenset(name for change in self.changes for name, _ in change.look.styles)

    @property
    def is_painted_throughout(self) -> bool:
        """Whether no frame stays the original."""
        return all(change.look.is_painted for change in self.changes)

    @property
    def shows_source(self) -> bool:
        """Whether the original is seen anywhere, be it through the paint."""
        return any(change.look.coat.share < 1 for change in self.changes)

    @property
    def is_seen_through(self) -> bool:
        """Whether paint lies over the original anywhere and does not cover it."""
        coats = [change.look.coat for change in self.changes]
        dissolves = any(
            change.fade and one.is_painted != other.is_painted
            for (one, other), change in zip(pairwise(coats), self.changes[1:], strict=True)
        )
        return dissolves or any(0 < coat.share < 1 for coat in coats)

    def in_frames(self, frame_rate: Fraction) -> Schedule:
        return Schedule(self, frame_rate)


def _wrong(look: int, field: str, reason: str) -> Rejected:
    return Rejected(f"the field 'timeline[{look}].{field}' is wrong: {reason}")


class Schedule:
    """A timeline by frames: frame ``i`` is shown from second ``i / frame_rate`` on.

    Within a stretch every frame is painted or none is, and paint changes, if at all, little by
    little. It may be carried from any of a stretch's frames to any other.

    Attributes:
        turns: frames at which paint begins or ends to become other paint. The last that is still
            painted as before, and the first that is painted as afterwards.
    """

    def __init__(self, timeline: Timeline, frame_rate: Fraction) -> None:
        self._changes = timeline.changes
        self._frame_rate = frame_rate
        starts = {0}
        turns = set[int]()
        for before, change in pairwise(timeline.changes):
            old, new = before.look.coat, change.look.coat
            begin, end = change.at * frame_rate, change.until * frame_rate
            if old.is_painted and not new.is_painted:
                starts.add(math.ceil(end))
            elif not old.is_painted and new.is_painted:
                starts.add(math.floor(begin) + 1 if change.fade else math.ceil(begin))
            elif old.styles != new.styles and change.fade:
                turns |= {math.floor(begin), math.ceil(end)}
            elif old.styles != new.styles:
                starts.add(math.ceil(begin))
        self._starts = sorted(starts)
        self.turns = frozenset(turns)

    def coat(self, frame: int) -> Coat:
        """What a frame is painted with."""
        second = frame / self._frame_rate
        at = bisect_right(self._changes, second, key=lambda change: change.at) - 1
        change = self._changes[at]
        if second >= change.until:
            return change.look.coat
        before = self._changes[at - 1].look.coat
        return before.towards(change.look.coat, (second - change.at) / change.fade)

    def stretch(self, frame: int) -> int:
        """Number of the stretch that a frame lies in."""
        return bisect_right(self._starts, frame)

    def painted_stretches(self, frame_count: int) -> Iterator[range]:
        """Those stretches of a video of so many frames that are painted."""
        bounds = (*(start for start in self._starts if start < frame_count), frame_count)
        return (range(first, end) for first, end in pairwise(bounds) if self.coat(first).is_painted)
