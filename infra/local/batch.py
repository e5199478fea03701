"""A small AWS Batch: the containers of one submitted job as processes of this machine.

Emulated, after AWS's user guide ("Array jobs", "Automated job retries", "Job timeouts"): the index
of a child and the number of its attempt in the environment, parameters in the command, a retry
strategy with its conditions, the time limit of an attempt with SIGTERM and, half a minute later,
SIGKILL, and a job that fails where one of its children does, once all have ended. Not emulated:
queues, placement, spot capacity, dependencies between jobs.

It is one function for each job definition (``infra.local.batch_template``), which ends when its job
does, as the state machine's ``submitJob.sync`` waits for that. So a job has a function's time here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

DEFINITION = "LOCAL_BATCH_DEFINITION"
"""Variable that holds the job definition, JSON."""

OF_THE_FUNCTION = ("AWS_LAMBDA_", "_HANDLER", "_X_AMZN_", DEFINITION)
"""Beginnings of variables that a container does not have."""

STOP_SECONDS = 30.0
SIGNALLED = 128
EXITED = "Essential container in task exited"
TIMED_OUT = "Job attempt duration exceeded timeout"
FIRST_ATTEMPT = 1


@dataclass(frozen=True)
class Definition:
    """A job definition, as far as it matters here.

    Attributes:
        program: module that the image's ``batch`` starts.
        command: of the container, with ``Ref::name`` for parameters.
        conditions: of the retry strategy, ``EvaluateOnExit``.
        attempt_seconds: that an attempt may take.
    """

    program: str
    command: Sequence[str]
    attempts: int
    conditions: Sequence[Mapping[str, str]]
    attempt_seconds: float

    def argv(self, parameters: Mapping[str, str]) -> list[str]:
        """The command of a job with these parameters, for this machine."""
        _, *words = self.command
        given = [parameters[word[5:]] if word.startswith("Ref::") else word for word in words]
        return [sys.executable, "-m", self.program, *given]


@dataclass(frozen=True)
class Exit:
    """How an attempt ended, in AWS Batch's words.

    Attributes:
        code: of its process, 128 and the signal's number where that ended it.
    """

    code: int
    status_reason: str = EXITED
    reason: str = ""


class TaskFailed(Exception):
    """A child of the job failed for good."""


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Run one submitted job to its end.

    Args:
        event: parameters of ``SubmitJob``, as the state machine gives them.
    """
    definition = Definition(**json.loads(os.environ[DEFINITION]))
    size = event.get("ArrayProperties", {}).get("Size")
    children: list[int | None] = [None] if size is None else list(range(size))
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(OF_THE_FUNCTION)
    }
    run = partial(run_child, definition, event["Parameters"], environment)
    with ThreadPoolExecutor(os.cpu_count()) as processors:
        ends = list(processors.map(run, children))
    failed = [f"{index}: {end}" for index, end in zip(children, ends, strict=True) if end.code]
    if failed:
        raise TaskFailed("; ".join(failed))
    return {"JobName": event["JobName"], "Status": "SUCCEEDED"}


def run_child(
    definition: Definition,
    parameters: Mapping[str, str],
    environment: Mapping[str, str],
    index: int | None,
) -> Exit:
    """Run one child as often as its retry strategy says; how its last attempt ended.

    Args:
        index: in the array; None for a job that is none.
    """
    place = {} if index is None else {"AWS_BATCH_JOB_ARRAY_INDEX": str(index)}
    for attempt in range(FIRST_ATTEMPT, definition.attempts + FIRST_ATTEMPT):
        own = {**place, "AWS_BATCH_JOB_ATTEMPT": str(attempt)}
        end = _attempt(definition, definition.argv(parameters), {**environment, **own})
        if not end.code or end.status_reason == TIMED_OUT or not is_tried_again(definition, end):
            break
    return end


def is_tried_again(definition: Definition, end: Exit) -> bool:
    """The first condition of which every pattern matches decides; where none does, it is."""
    said = {
        "OnExitCode": str(end.code),
        "OnReason": end.reason,
        "OnStatusReason": end.status_reason,
    }
    for condition in definition.conditions:
        if all(_matches(said[name], condition[name]) for name in said if name in condition):
            return condition["Action"].upper() == "RETRY"
    return True


def _matches(said: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return said.startswith(pattern[:-1])
    return said == pattern


def _attempt(definition: Definition, argv: Sequence[str], environment: Mapping[str, str]) -> Exit:
    process = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL)
    try:
        code = process.wait(definition.attempt_seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        process.kill()
        process.wait()
        return Exit(SIGNALLED + signal.SIGKILL, TIMED_OUT)
    return Exit(SIGNALLED - code if code < 0 else code)
