"""A container is told to stop: it finishes what is nearly done and gives the rest back at once."""

from __future__ import annotations

import signal

from handler.domain.status import Progress

KILLED_AFTER_SECONDS = 30.0
"""From SIGTERM to SIGKILL, also where spot capacity is reclaimed two minutes after its notice: job
definitions know no ``stopTimeout``, so that of ECS is in force.

Source: docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html and
github.com/aws/containers-roadmap/issues/2059
"""

FINISHED_WITHIN_SECONDS = 22.0
"""Leaves the rest to kill ffmpeg and to empty the disk."""

NEARLY_DONE_SECONDS = 10.0
"""Of painting, as estimated by its speed; what was painted then has to be uploaded."""


class Stopped(BaseException):
    """The work is given back: no failure, so no ``except Exception`` may take it for one.

    On its way out contexts are left, their children killed and their folders removed.
    """


class StopNotice:
    """The handler of SIGTERM; it raises ``Stopped`` in the main thread, now or when time is up."""

    def __init__(self) -> None:
        self._progress = Progress(0, 0, 0.0)

    def listen(self, progress: Progress) -> None:
        """Hear how far the work is; without this none of it counts as nearly done."""
        self._progress = progress

    def __call__(self, *_: object) -> None:
        left = self._progress.seconds_left
        if left is None or left > NEARLY_DONE_SECONDS:
            _give_back()
        signal.signal(signal.SIGALRM, _give_back)
        signal.setitimer(signal.ITIMER_REAL, FINISHED_WITHIN_SECONDS)


def _give_back(*_: object) -> None:
    raise Stopped
