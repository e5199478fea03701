from datetime import UTC, datetime
from typing import Any

import pytest

from handler.domain.job import SourceObject
from handler.domain.status import State, Status

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def status(attempt: int, state: State = State.RUNNING) -> Status:
    return Status.of("a", SourceObject("in", "videos/a.mp4", "v1"), attempt, state, NOON)


@pytest.mark.parametrize("written", [{}, {"attempt": "2"}, {"state": "succeeded"}, {"attempt": 1}])
def test_what_is_older_or_no_status_is_replaced(written: dict[str, Any]) -> None:
    assert status(2).may_replace(written)


def test_a_later_attempt_replaces_even_an_end() -> None:
    assert status(2).may_replace(status(1, State.FAILED).as_json())


def test_an_earlier_attempt_replaces_nothing() -> None:
    assert not status(1, State.SUCCEEDED).may_replace(status(2).as_json())


@pytest.mark.parametrize("end", [State.SUCCEEDED, State.REJECTED, State.FAILED, State.QUEUED])
def test_within_an_attempt_what_comes_after_running_is_final(end: State) -> None:
    assert status(1).may_replace(status(1).as_json())
    assert status(1, end).may_replace(status(1, State.RUNNING).as_json())
    assert not status(1, State.RUNNING).may_replace(status(1, end).as_json())
