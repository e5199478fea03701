"""Stop what a worker can't finish before it has cost a whole run."""

from __future__ import annotations

from handler.domain.errors import Rejected, Unavailable
from handler.domain.status import Progress
from handler.domain.timeline import Timeline
from handler.pipeline.studio import Studio

JUDGED_AFTER_FRAMES = 100
"""How many frames are painted before their speed is trusted."""

PUBLISHING_SECONDS = 20.0
"""Kept back for checking and uploading the result."""


class Deadline:
    """The time that one worker has for one job.

    Speed tells the time that is needed only where every frame is painted.
    """

    def __init__(self, timeline: Timeline, studio: Studio) -> None:
        self._is_steady = all(change.look.style is not None for change in timeline.changes)
        self._seconds_left = studio.seconds_left
        self._late_by = studio.longest_run_seconds - studio.seconds_left()
        self.check(Progress(0, 0, 0.0))

    def check(self, progress: Progress) -> None:
        """Let pass what can still be finished.

        Raises:
            Unavailable: a fresh worker could finish it.
            Rejected: no single worker could.
        """
        is_judged = self._is_steady and progress.frames_done >= JUDGED_AFTER_FRAMES
        needed = (progress.seconds_left or 0.0) if is_judged else 0.0
        left = self._seconds_left() - PUBLISHING_SECONDS
        if needed <= left:
            return
        if needed <= left + self._late_by:
            raise Unavailable("this worker began too late to finish the video in its time")
        raise Rejected(
            f"the video is too long for one function: painting the rest takes about "
            f"{needed:.0f} seconds, {max(0, left):.0f} are left; "
            f"cut it, or choose a smaller working size"
        )
