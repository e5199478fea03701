"""A segment is painted, and its frames are given as they get ready."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from threading import Event

import numpy as np
import pytest

from handler.domain.ports import Frame
from handler.domain.timeline import Timeline
from handler.domain.treatment import PLAIN
from handler.pipeline.brush import Brush
from handler.pipeline.palette import Palette
from handler.pipeline.segments import Segment
from tests.fakes import FakeMotion, FakePainter

SIZE = (32, 32)
PATIENCE_SECONDS = 30


def begun(motion: FakeMotion, threads: ThreadPoolExecutor) -> Iterator[Frame]:
    """A segment of four frames and the keyframe after them, whose paint is awaited one by one."""
    painter = FakePainter()
    palette: Future[Palette] = Future()
    palette.set_result(Palette({"a": np.zeros((8, 8, 3), np.uint8)}, painter, PLAIN))
    schedule = Timeline.of_style("a").in_frames(Fraction(25))
    brush = Brush(schedule, palette, SIZE, painter, motion)
    grey = [np.full((*SIZE, 3), level, np.uint8) for level in range(5)]
    *frames, until = (brush.prepare(index, frame) for index, frame in enumerate(grey))
    return brush.begin(Segment(tuple(frames), until), threads)()


def test_a_frame_is_given_before_the_next_one_is_begun() -> None:
    motion, go_on = FakeMotion(), Event()

    def wait() -> None:
        assert go_on.wait(PATIENCE_SECONDS)

    motion.on_given = wait
    with ThreadPoolExecutor(2) as threads:
        finished = begun(motion, threads)
        early = [next(finished), next(finished)]
        go_on.set()
        late = list(finished)
    assert [int(frame[0, 0, 0]) for frame in (*early, *late)] == [0, 201, 202, 203]


def test_what_fails_on_the_way_fails_in_its_place() -> None:
    motion = FakeMotion()

    def fail() -> None:
        raise ZeroDivisionError

    motion.on_given = fail
    with ThreadPoolExecutor(2) as threads:
        finished = begun(motion, threads)
        assert int(next(finished)[0, 0, 0]) == 0
        assert int(next(finished)[0, 0, 0]) == 201
        with pytest.raises(ZeroDivisionError):
            next(finished)
