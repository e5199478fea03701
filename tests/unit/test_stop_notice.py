"""What SIGTERM does: told by a real signal to a handler that never sleeps."""

import signal
from collections.abc import Iterator

import pytest

from handler.domain.status import Progress
from handler.entrypoints.stop_notice import (
    FINISHED_WITHIN_SECONDS,
    KILLED_AFTER_SECONDS,
    NEARLY_DONE_SECONDS,
    StopNotice,
    Stopped,
)


@pytest.fixture
def notice() -> Iterator[StopNotice]:
    notice = StopNotice()
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGALRM)]
    signal.signal(signal.SIGTERM, notice)
    yield notice
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.parametrize(
    "progress", [None, Progress(0, 100, 5.0), Progress(50, 100, NEARLY_DONE_SECONDS + 1)]
)
def test_what_has_long_to_go_is_given_back(notice: StopNotice, progress: Progress | None) -> None:
    if progress:
        notice.listen(progress)
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("progress", [Progress(90, 100, 9.0), Progress(100, 100, 900.0)])
def test_what_is_nearly_done_goes_on_for_as_long_as_it_may(
    notice: StopNotice, progress: Progress
) -> None:
    notice.listen(progress)
    signal.raise_signal(signal.SIGTERM)
    left, _ = signal.getitimer(signal.ITIMER_REAL)
    assert 0 < left <= FINISHED_WITHIN_SECONDS < KILLED_AFTER_SECONDS
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGALRM)
