"""What a file announces, what came of it, and how to say the difference."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

STRETCHES_SAID = 3
STRETCHES_KEPT = 100
"""Bound on what is remembered of a file that is damaged all over."""


@dataclass(frozen=True)
class Announcement:
    """What a file says of its pictures before any is decoded.

    Attributes:
        pictures: packets of the video.
        first_at: seconds, as the decoder of the pictures alone counts, at which the first is due;
            None where the packets don't tell when they are shown.
        duration: seconds that the container's head announces for the whole file; None where it
            announces nothing.
        ends_at: seconds from the start of the file to the end of the last packet of any track.
        is_broken: the reader met damage, so that a gap between pictures is a loss.
        is_gapless: the container holds every picture of an even rate, with the same consequence.
        unreadable_sound: sound tracks whose head is unknown or damaged.
    """

    pictures: int
    first_at: Fraction | None
    duration: Fraction | None
    ends_at: Fraction
    is_broken: bool
    is_gapless: bool
    unreadable_sound: int = 0

    @property
    def is_cut_short(self) -> bool:
        """Whether the file ends before what it announces; heads are rounded, by some to 0.1 s."""
        return self.duration is not None and self.duration - self.ends_at > Fraction(1, 4)


@dataclass(frozen=True)
class Stretch:
    """Frames that are missing in a row.

    Attributes:
        at: seconds from the first frame of the video to the first missing one.
    """

    at: Fraction
    frames: int


@dataclass(frozen=True)
class Losses:
    """What a source announced and did not give.

    Attributes:
        announced: frames that should have come.
        frames: of them, that did not.
        stretches: where they are missing, in order, as far as that is known; at most 100.
        flawed: frames that came, though the decoder had to guess parts of them.
        flawed_at: seconds from the first frame of the video to about the first flawed one.
        sound_tracks: left out, since they can't be read.
    """

    announced: int
    frames: int = 0
    stretches: tuple[Stretch, ...] = ()
    flawed: int = 0
    flawed_at: Fraction | None = None
    sound_tracks: int = 0

    def in_words(self) -> str | None:
        """One clause for a person, None when nothing was lost."""
        said = []
        if self.frames:
            said.append(
                f"{self.frames} of {_frames(self.announced)} of the source could not be read"
                f"{self._where()}"
            )
        if self.flawed:
            about = f", the first at about {_seconds(self.flawed_at)}" if self.flawed_at else ""
            said.append(f"{_frames(self.flawed)} came damaged{about}")
        if self.sound_tracks:
            tracks = (
                "1 sound track" if self.sound_tracks == 1 else f"{self.sound_tracks} sound tracks"
            )
            said.append(f"{tracks} can't be read and had to be left out")
        return "; ".join(said) or None

    def _where(self) -> str:
        said = [
            f"{stretch.frames} from {_seconds(stretch.at)} on"
            for stretch in self.stretches[:STRETCHES_SAID]
        ]
        more = len(self.stretches) > STRETCHES_SAID
        return f" ({', '.join(said)}{' and elsewhere' if more else ''})" if said else ""


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"


def _seconds(at: Fraction) -> str:
    return f"{float(at):.2f} s"
