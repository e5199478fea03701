"""How the demo follows a job, and how it gives up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from infra.local import demo
from infra.local.demo import DemoError, Status, follow, progress_bar, tail

RUNNING = Status("running", 40.0, 12.4, None)
SUCCEEDED = Status("succeeded", 100.0, 0.0, None)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "POLL_SECONDS", 0.0)


def one_after_the_other(*statuses: Status | None) -> Callable[[], Status | None]:
    """Reads each status once, and the last one for ever."""

    def read() -> Iterator[Status | None]:
        yield from statuses
        while True:
            yield statuses[-1]

    return read().__next__


def test_every_status_is_shown_until_the_job_succeeded() -> None:
    shown: list[Status | None] = []
    follow(one_after_the_other(None, RUNNING, SUCCEEDED), shown.append)
    assert shown == [None, RUNNING, SUCCEEDED]


@pytest.mark.parametrize("state", ["rejected", "failed", "queued"])
def test_a_job_that_is_not_painted_for_a_reason_ends_the_demo(state: str) -> None:
    stopped = Status(state, 0.0, None, "it has no picture")
    with pytest.raises(DemoError, match=f"it is {state} \\(it has no picture\\)"):
        follow(one_after_the_other(RUNNING, stopped), lambda _: None)


def test_silence_ends_the_demo() -> None:
    with pytest.raises(DemoError, match="said nothing"):
        follow(one_after_the_other(None), lambda _: None, first_within=0.01)


def test_a_job_that_takes_too_long_ends_the_demo() -> None:
    with pytest.raises(DemoError, match="not painted within"):
        follow(one_after_the_other(RUNNING), lambda _: None, done_within=0.01)


def test_a_status_is_read_as_the_handler_writes_it() -> None:
    content = {
        "job_id": "0f",
        "state": "running",
        "percent": 12.5,
        "frames_done": 1,
        "frames": 8,
        "frames_per_second": 2.0,
        "seconds_left": 3.5,
        "reason": None,
        "video": None,
        "poster": None,
        "report": None,
        "updated_at": "2026-11-22T17:22:01.003+00:00",
    }
    assert Status.from_json(json.dumps(content)) == Status("running", 12.5, 3.5, None)


def test_the_progress_bar_says_what_the_status_says() -> None:
    console = Console(width=100, record=True, force_terminal=True)
    with progress_bar(console) as show:
        show(None)
        show(RUNNING)
    text = console.export_text()
    assert "running, 12 s left" in text
    assert "40%" in text


def test_the_sample_video_is_there() -> None:
    assert demo.big_buck_bunny().stat().st_size > 1_000_000


def test_the_tail_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert tail(log) == "(empty)"
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    assert tail(log).splitlines()[-1] == "line 99"
    assert len(tail(log).splitlines()) == demo.TAIL_LINES
