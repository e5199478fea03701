"""One damaged file through the real path: looked into, decoded, encoded, checked."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from handler.domain.errors import Rejected
from handler.domain.status import Progress
from handler.domain.timeline import ORIGINAL, Timeline
from handler.media.ffmpeg import FfmpegMedia
from handler.pipeline.paint_video import PaintOrder, paint_video
from tests.fakes import FakeMotion, FakePainter
from tests.fuzz.mutations import mutated
from tests.processes import children

ENOUGH_SECONDS = 20.0
"""A worker has a deadline, too: a clip that became endless is given up after so long."""

LIMIT_SECONDS = 100
UNPAINTED = Timeline.of(ORIGINAL)


@dataclass(frozen=True)
class Verdict:
    """What became of one damaged file.

    Attributes:
        outcome: ``painted``, ``read`` or ``refused``; anything else is a failure.
    """

    name: str
    outcome: str
    details: str
    seconds: float

    @property
    def is_failure(self) -> bool:
        return self.outcome not in ("painted", "read", "refused")


class Hang(Exception):
    """There was no verdict within the limit."""


def try_one(original: Path, seed: int) -> Verdict:
    """Damage a file and have it painted, or read where it is a picture; in a folder of its own."""
    content, damages = mutated(original.read_bytes(), f"{original.name}:{seed}")
    name = f"{original.name}:{seed} ({damages})"
    began, running = time.monotonic(), Counter(children())
    with tempfile.TemporaryDirectory(prefix="artreel-fuzz-") as place, _all_in(Path(place)) as work:
        source = work / f"source{original.suffix}"
        source.write_bytes(content)
        try:
            outcome, details = _judged(source, work), ""
        except Rejected as rejection:
            outcome, details = "refused", rejection.reason
        except Hang:
            outcome, details = "hang", f"no verdict within {LIMIT_SECONDS} seconds"
        except Exception as error:
            outcome, details = "crash", f"{type(error).__name__}: {error}"
        (work / "result.mp4").unlink(missing_ok=outcome != "painted")
        source.unlink()
        left = [str(path.relative_to(place)) for path in Path(place).rglob("*") if path.is_file()]
        left += [str(path) for path in Path(place, "tmp").iterdir()]
        if left:
            outcome, details = "leftover", ", ".join(left)
        if alive := Counter(children()) - running:
            outcome, details = "orphan", ", ".join(alive.elements())
    return Verdict(name, outcome, details, time.monotonic() - began)


def _judged(source: Path, work: Path) -> str:
    media, end = FfmpegMedia(), time.monotonic() + ENOUGH_SECONDS

    def give_up(_: Progress) -> None:
        if time.monotonic() > end:
            raise Rejected("the video is too long for one function")

    if source.suffix in (".jpg", ".png", ".webp"):
        media.read_picture(source)
        return "read"
    order = PaintOrder(source, {}, UNPAINTED, None, work / "result.mp4")
    paint_video(order, media, FakePainter(), FakeMotion(), give_up)
    return "painted"


@contextmanager
def _all_in(place: Path) -> Iterator[Path]:
    """Everything that is written without a place lands in ``place``; a time limit for it all."""
    home, temporary, work = place / "home", place / "tmp", place / "work"
    for folder in (home, temporary, work):
        folder.mkdir()
    before, cwd, home_before = tempfile.tempdir, Path.cwd(), os.environ.get("HOME")
    tempfile.tempdir = str(temporary)
    os.environ["HOME"] = str(home)
    os.chdir(home)
    handler = signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(LIMIT_SECONDS)
    try:
        yield work
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)
        os.chdir(cwd)
        tempfile.tempdir = before
        if home_before is not None:
            os.environ["HOME"] = home_before


def _out_of_time(*_: object) -> None:
    raise Hang
