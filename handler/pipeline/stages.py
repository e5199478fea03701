"""Decode, paint and encode at the same time: bounded queues between threads."""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from handler.domain.ports import Frame

FRAMES_BETWEEN_STAGES = 3
"""A 1080p frame is 6.2 MB; three hide the jitter of codecs, more only cost memory."""

NICENESS = 5
"""Of the threads that paint, against the codecs' 0."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Failure:
    error: BaseException


_END = object()


@contextmanager
def read_ahead(frames: Iterator[Item]) -> Iterator[Iterator[Item]]:
    """Pull frames in a thread of its own, at most three ahead of the consumer.

    An exception of the source is raised where the consumer would have got the next frame. On
    leaving, the thread has ended; what it had read ahead is dropped.
    """
    waiting: queue.Queue[object] = queue.Queue(FRAMES_BETWEEN_STAGES)
    stop = threading.Event()

    def pull() -> None:
        try:
            for frame in frames:
                if stop.is_set():
                    return
                waiting.put(frame)
            waiting.put(_END)
        except BaseException as error:
            waiting.put(_Failure(error))

    def arrived() -> Iterator[Item]:
        while (item := waiting.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc]

    thread = threading.Thread(target=pull, name="read-ahead", daemon=True)
    thread.start()
    try:
        yield arrived()
    finally:
        stop.set()
        while thread.is_alive():
            _drop_one(waiting)
            thread.join(timeout=0.01)


@contextmanager
def write_behind(write: Callable[[Frame], None]) -> Iterator[Callable[[Frame], None]]:
    """Hand frames to ``write`` in a thread of its own, at most three waiting.

    An exception of ``write`` is raised at the next hand-over or on leaving. Leaving without an
    exception waits until every frame is written.
    """
    waiting: queue.Queue[object] = queue.Queue(FRAMES_BETWEEN_STAGES)
    failures: list[BaseException] = []

    def push() -> None:
        while (item := waiting.get()) is not _END:
            if not failures:
                try:
                    write(item)  # type: ignore[arg-type]
                except BaseException as error:
                    failures.append(error)

    def hand_over(frame: Frame) -> None:
        if failures:
            raise failures[0]
        waiting.put(frame)

    thread = threading.Thread(target=push, name="write-behind", daemon=True)
    thread.start()
    try:
        yield hand_over
    finally:
        waiting.put(_END)
        thread.join()
    if failures:
        raise failures[0]


@contextmanager
def in_order(
    begin: Callable[[Item, Executor], Callable[[], Result]], threads: int
) -> Iterator[Callable[[Iterator[Item]], Iterator[tuple[Item, Result]]]]:
    """Work on several items at a time and give the results back in the order of the items.

    Args:
        begin: starts the work on an item, in threads of the executor that it gets; what it
            returns waits for the result.
        threads: of the executor.

    Yields:
        A function from items to pairs of an item and what became of it. It is at most
        ``threads`` items ahead of its consumer.
    """
    executor = ThreadPoolExecutor(threads, "paint", initializer=_step_back)

    def work_on(items: Iterator[Item]) -> Iterator[tuple[Item, Result]]:
        begun: deque[tuple[Item, Callable[[], Result]]] = deque()
        for item in items:
            begun.append((item, begin(item, executor)))
            if len(begun) > threads:
                source, result = begun.popleft()
                yield source, result()
        for source, result in begun:
            yield source, result()

    try:
        yield work_on
    finally:
        executor.shutdown(cancel_futures=True)


def _step_back() -> None:
    """Let the codecs go first: beside what they do last nothing else is left to be done."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _drop_one(waiting: queue.Queue[object]) -> None:
    try:
        waiting.get_nowait()
    except queue.Empty:
        return
