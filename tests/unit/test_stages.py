import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from itertools import count

import numpy as np
import pytest

from handler.domain.ports import Frame
from handler.pipeline.stages import FRAMES_BETWEEN_STAGES, in_order, read_ahead, write_behind


def _frame(value: int) -> Frame:
    return np.full((2, 2, 3), value % 256, np.uint8)


def _frames(number: int) -> Iterator[Frame]:
    return (_frame(i) for i in range(number))


def test_frames_arrive_in_order_and_end() -> None:
    with read_ahead(_frames(20)) as frames:
        assert [int(frame[0, 0, 0]) for frame in frames] == list(range(20))


def test_reading_ahead_is_bounded() -> None:
    pulled = 0
    enough = threading.Event()

    def endless() -> Iterator[Frame]:
        nonlocal pulled
        for i in count():
            pulled = i + 1
            if pulled > FRAMES_BETWEEN_STAGES:
                enough.set()
            yield _frame(i)

    with read_ahead(endless()) as frames:
        assert enough.wait(5)
        next(frames)
    # one in the consumer's hand, the queue, one waiting to enter it, one pulled on the way out
    assert pulled <= FRAMES_BETWEEN_STAGES * 2 + 3


def test_leaving_early_ends_the_thread() -> None:
    with read_ahead(_frame(i) for i in count()) as frames:
        next(frames)
    assert not [t for t in threading.enumerate() if t.name == "read-ahead"]


def test_a_failing_source_fails_the_consumer() -> None:
    def breaks() -> Iterator[Frame]:
        yield _frame(0)
        raise OSError("the disk is gone")

    with (
        pytest.raises(OSError, match="the disk is gone"),
        read_ahead(breaks()) as frames,
    ):
        list(frames)


def test_every_frame_is_written_before_leaving() -> None:
    written: list[int] = []
    with write_behind(lambda frame: written.append(int(frame[0, 0, 0]))) as write:
        for i in range(20):
            write(_frame(i))
    assert written == list(range(20))


def test_a_failing_writer_fails_the_producer() -> None:
    def fails(frame: Frame) -> None:
        raise OSError("the disk is full")

    with (
        pytest.raises(OSError, match="the disk is full"),
        write_behind(fails) as write,
    ):
        for i in range(100):
            write(_frame(i))


def test_a_writer_that_fails_on_the_last_frame_is_noticed() -> None:
    def fails(frame: Frame) -> None:
        raise OSError("the disk is full")

    with (
        pytest.raises(OSError, match="the disk is full"),
        write_behind(fails) as write,
    ):
        write(_frame(0))


def test_the_producers_own_error_wins() -> None:
    with pytest.raises(KeyError), write_behind(lambda _: None) as write:
        write(_frame(0))
        raise KeyError
    assert not [t for t in threading.enumerate() if t.name == "write-behind"]


def test_items_are_worked_on_together_and_given_back_in_order() -> None:
    together = threading.Barrier(2)

    def meet(item: int) -> int:
        together.wait(5)  # breaks unless two threads are here at the same time
        return item + 1

    def begin(item: int, threads: Executor) -> Callable[[], int]:
        return threads.submit(meet, item).result

    with in_order(begin, threads=2) as work:
        pairs = list(work(iter(range(20))))
    assert pairs == [(i, i + 1) for i in range(20)]


def test_no_more_items_are_begun_than_can_be_worked_on() -> None:
    begun: list[int] = []

    def begin(item: int, threads: Executor) -> Callable[[], int]:
        begun.append(item)
        return lambda: item

    with in_order(begin, threads=2) as work:
        next(work(count()))
    assert begun == [0, 1, 2]


def test_failing_work_fails_its_consumer_and_ends_the_threads() -> None:
    def begin(item: int, threads: Executor) -> Callable[[], int]:
        return threads.submit(lambda: 1 // (5 - item)).result

    with pytest.raises(ZeroDivisionError), in_order(begin, threads=2) as work:
        list(work(iter(range(20))))
    assert not [t for t in threading.enumerate() if t.name.startswith("paint")]
