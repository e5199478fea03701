"""The container's real program, which waits where its first argument says.

There it says ``here`` on stdout and waits for a line on stdin: at ``paint``, when the first frame
is to be painted, or ``frame``, when the fiftieth is done; with ``nowhere`` it runs through.
"""

from __future__ import annotations

import sys
from threading import Lock
from unittest.mock import patch

from handler import wiring
from handler.domain.ports import Frame, StyleVector
from handler.domain.status import Progress
from handler.entrypoints import batch_job
from handler.entrypoints.stop_notice import StopNotice
from tests.fast_painter import FastPainter

LATE = 50

_once = Lock()


def _wait() -> None:
    if _once.acquire(blocking=False):
        print("here", flush=True)
        sys.stdin.readline()


class _GatedPainter(FastPainter):
    def paint(self, frame: Frame, style: StyleVector) -> Frame:
        _wait()
        return super().paint(frame, style)


class _GatedNotice(StopNotice):
    def listen(self, progress: Progress) -> None:
        super().listen(progress)
        if progress.frames_done == LATE:
            _wait()


if __name__ == "__main__":
    gate = sys.argv[1]
    chosen = _GatedPainter() if gate == "paint" else FastPainter()
    wiring.painter = lambda *_: chosen  # type: ignore[assignment]
    with patch.object(batch_job, "StopNotice", _GatedNotice if gate == "frame" else StopNotice):
        sys.exit(batch_job.main(sys.argv[2:]))
