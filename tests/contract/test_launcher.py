"""What starts many workers: Step Functions (moto, which lets an execution run for ever)."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handler.aws.state_machine import StepFunctionsLauncher
from handler.domain.errors import Unavailable
from handler.domain.route import Route

ROLE = "arn:aws:iam::123456789012:role/machine"
JOB = ("job", "job/chunks.json", 9, 7, Route.STEP_FUNCTIONS)
DEFINITION = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield boto3.client("stepfunctions")


@pytest.fixture
def machine(states: Any) -> str:
    answer = states.create_state_machine(
        name="paint-job", definition=json.dumps(DEFINITION), roleArn=ROLE
    )
    return str(answer["stateMachineArn"])


def _runs(states: Any, machine: str) -> dict[str, str]:
    page = states.list_executions(stateMachineArn=machine)["executions"]
    return {execution["name"]: execution["status"] for execution in page}


def _input(states: Any, machine: str) -> Any:
    (execution,) = states.list_executions(stateMachineArn=machine)["executions"]
    return json.loads(states.describe_execution(executionArn=execution["executionArn"])["input"])


def test_a_job_that_runs_is_not_started_again(states: Any, machine: str) -> None:
    launcher = StepFunctionsLauncher(states, machine, "work")
    assert launcher.start(*JOB) == "job"
    assert launcher.start(*JOB) == "job"
    assert _runs(states, machine) == {"job": "RUNNING"}
    assert _input(states, machine) == {
        "job": "job",
        "bucket": "work",
        "chunks": "job/chunks.json",
        "workers": 7,
        "route": "step-functions",
        "array": {"Size": 9},
    }


def test_an_array_of_one_is_none(states: Any, machine: str) -> None:
    StepFunctionsLauncher(states, machine, "work").start("job", "key", 1, 1, Route.BATCH)
    given = _input(states, machine)
    assert (given["route"], given["array"]) == ("batch", {})


def test_one_that_was_stopped_is_begun_anew_under_the_next_name(states: Any, machine: str) -> None:
    launcher = StepFunctionsLauncher(states, machine, "work")
    for name in ("job", "job-2"):
        assert launcher.start(*JOB) == name
        for execution in states.list_executions(stateMachineArn=machine)["executions"]:
            if execution["name"] == name:
                states.stop_execution(executionArn=execution["executionArn"])
    assert launcher.start(*JOB) == "job-3"
    assert launcher.start(*JOB) == "job-3"


def test_a_machine_that_is_gone_is_an_outage(states: Any, machine: str) -> None:
    states.delete_state_machine(stateMachineArn=machine)
    with pytest.raises(Unavailable):
        StepFunctionsLauncher(states, machine, "work").start(*JOB)
