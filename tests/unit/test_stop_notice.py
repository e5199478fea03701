"""What SIGTERM does.

The handlers are called, no signal is sent: ``test_containers.py`` does that to processes of their
own. This one it could end: an OpenVINO core that goes after an older one has gone leaves a stack
for signal handlers that is no longer there.
"""

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
    before = signal.getsignal(signal.SIGALRM)
    yield notice
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    "progress", [None, Progress(0, 100, 5.0), Progress(50, 100, NEARLY_DONE_SECONDS + 1)]
)
def test_what_has_long_to_go_is_given_back(notice: StopNotice, progress: Progress | None) -> None:
    if progress:
        notice.listen(progress)
    with pytest.raises(Stopped):
        notice(signal.SIGTERM, None)


@pytest.mark.parametrize("progress", [Progress(90, 100, 9.0), Progress(100, 100, 900.0)])
def test_what_is_nearly_done_goes_on_for_as_long_as_it_may(
    notice: StopNotice, progress: Progress
) -> None:
    notice.listen(progress)
    notice(signal.SIGTERM, None)
    left, _ = signal.getitimer(signal.ITIMER_REAL)
    assert 0 < left <= FINISHED_WITHIN_SECONDS < KILLED_AFTER_SECONDS
    time_is_up = signal.getsignal(signal.SIGALRM)
    assert callable(time_is_up)
    with pytest.raises(Stopped):
        time_is_up(signal.SIGALRM, None)
