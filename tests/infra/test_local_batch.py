"""The small AWS Batch of the emulated stack: what it tries again, and how it ends."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.local import batch
from infra.local.batch import Definition, Exit, TaskFailed, is_tried_again, run_child

PROGRAM = """
import os, signal, sys
index, attempt = (os.environ.get("AWS_BATCH_JOB_" + name) for name in ("ARRAY_INDEX", "ATTEMPT"))
with open(sys.argv[1], "a") as file:
    print(index, attempt, *sys.argv[2:], file=file)
if sys.argv[2] == "hang":
    signal.pause()
if sys.argv[2] == "die":
    os.kill(os.getpid(), signal.SIGKILL)
codes = sys.argv[2].split(",")
sys.exit(int(codes[int(attempt) - 1]))
"""


class Desk:
    """A container's program, and what it noted."""

    def __init__(self, folder: Path, definition: Definition) -> None:
        (folder / "program.py").write_text(PROGRAM)
        self._notes = folder / "notes"
        self.definition = definition
        self.environment = {**os.environ, "PYTHONPATH": str(folder)}

    def parameters(self, orders: str) -> dict[str, str]:
        return {"notes": str(self._notes), "orders": orders}

    def run(self, orders: str, index: int | None = 0) -> Exit:
        return run_child(self.definition, self.parameters(orders), self.environment, index)

    @property
    def notes(self) -> list[str]:
        return self._notes.read_text().splitlines() if self._notes.exists() else []


@pytest.fixture
def desk(tmp_path: Path, template: dict[str, Any]) -> Desk:
    strategy = template["Resources"]["PaintChunkOnBatch"]["Properties"]["RetryStrategy"]
    command = ["batch", "Ref::notes", "Ref::orders"]
    definition = Definition("program", command, 5, strategy["EvaluateOnExit"], 60.0)
    return Desk(tmp_path, definition)


@pytest.mark.parametrize(
    ("end", "again"),
    [
        (Exit(75), True),
        (Exit(137), True),
        (Exit(2), False),
        (Exit(70), False),
        (Exit(1), False),
        (Exit(1, "Your Spot Task was interrupted."), True),
        (Exit(1, "Task failed to start", "CannotPullContainerError: timeout"), True),
        (Exit(1, batch.EXITED, "OutOfMemoryError"), False),
    ],
)
def test_the_templates_own_conditions_decide(desk: Desk, end: Exit, again: bool) -> None:
    assert is_tried_again(desk.definition, end) is again


def test_what_matches_no_condition_is_tried_again(desk: Desk) -> None:
    *but_last, _ = desk.definition.conditions
    assert is_tried_again(replace(desk.definition, conditions=but_last), Exit(2))


def test_a_child_knows_its_place_and_its_attempt(desk: Desk) -> None:
    assert desk.run("75,75,0", index=3) == Exit(0)
    assert desk.notes == ["3 1 75,75,0", "3 2 75,75,0", "3 3 75,75,0"]


def test_a_job_that_is_no_array_has_no_place(desk: Desk) -> None:
    assert desk.run("0", index=None) == Exit(0)
    assert desk.notes == ["None 1 0"]


def test_one_that_is_rejected_is_not_tried_again(desk: Desk) -> None:
    assert desk.run("2,0") == Exit(2)
    assert len(desk.notes) == 1


def test_one_that_is_killed_is_tried_as_often_as_allowed(desk: Desk) -> None:
    assert desk.run("die") == Exit(137)
    assert len(desk.notes) == 5


def test_one_whose_time_is_over_is_stopped_and_not_tried_again(desk: Desk) -> None:
    desk.definition = replace(desk.definition, attempt_seconds=1.0)
    assert desk.run("hang").status_reason == batch.TIMED_OUT
    assert len(desk.notes) <= 1  # none where it did not come to write one


def test_a_job_fails_with_its_children_once_all_have_ended(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", desk.environment["PYTHONPATH"])
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
    monkeypatch.setenv(batch.DEFINITION, json.dumps(vars(desk.definition)))
    submitted = {"JobName": "job", "ArrayProperties": {"Size": 3}}
    with pytest.raises(TaskFailed, match=r"0: .*1: .*2: "):
        batch.handler({**submitted, "Parameters": desk.parameters("2")}, None)
    assert len(desk.notes) == 3
    ended = batch.handler({**submitted, "Parameters": desk.parameters("0")}, None)
    assert ended["Status"] == "SUCCEEDED"
