"""Stop what a worker can't finish before it has cost a whole run."""

from __future__ import annotations

from collections.abc import Callable

from handler.domain.errors import TooLong, Unavailable
from handler.domain.plan import PUBLISHING_SECONDS
from handler.domain.status import Progress
from handler.domain.timeline import Timeline

JUDGED_AFTER_FRAMES = 100
"""How many frames are painted before their speed is trusted."""


class Deadline:
    """The time that one worker has for one job.

    Speed tells the time that is needed only where every frame is painted.

    Args:
        seconds_left: how long this worker can still work.
        longest_run_seconds: how long a fresh worker could.
    """

    def __init__(
        self,
        timeline: Timeline,
        seconds_left: Callable[[], float],
        longest_run_seconds: float,
    ) -> None:
        self._is_steady = timeline.is_painted_throughout
        self._seconds_left = seconds_left
        self._late_by = longest_run_seconds - seconds_left()
        self.check(Progress(0, 0, 0.0))

    def check(self, progress: Progress) -> None:
        """Let pass what can still be finished.

        Raises:
            Unavailable, TooLong: as ``need``.
        """
        is_judged = self._is_steady and progress.frames_done >= JUDGED_AFTER_FRAMES
        self.need((progress.seconds_left or 0.0) if is_judged else 0.0, "painting the rest")

    @property
    def longest_seconds(self) -> float:
        """That a fresh worker could paint."""
        return self._seconds_left() + self._late_by - PUBLISHING_SECONDS

    def need(self, seconds: float, what: str, doubt: float = 1.0) -> None:
        """Let pass what takes so many seconds, if they are left.

        Args:
            what: takes them, such as ``painting it``; for the sentence.
            doubt: factor by which the seconds may be too many.

        Raises:
            Unavailable: a fresh worker could finish it.
            TooLong: no single worker could.
        """
        left = self._seconds_left() - PUBLISHING_SECONDS
        if seconds / doubt <= left:
            return
        if seconds / doubt <= left + self._late_by:
            raise Unavailable("this worker began too late to finish the video in its time")
        raise TooLong(
            f"the video is too long for one function: {what} takes about "
            f"{seconds:.0f} seconds, {max(0, left):.0f} are left; "
            f"cut it, or choose a smaller working size"
        )
