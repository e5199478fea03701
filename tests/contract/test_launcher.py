"""What starts many workers: Step Functions (moto, which lets an execution run for ever)."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handler.aws.state_machine import StepFunctionsLauncher
from handler.domain.errors import Unavailable

ROLE = "arn:aws:iam::123456789012:role/machine"
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


def test_a_job_that_runs_is_not_started_again(states: Any, machine: str) -> None:
    launcher = StepFunctionsLauncher(states, machine, "work")
    assert launcher.start("job", "job/chunks.json", 7) == "job"
    assert launcher.start("job", "job/chunks.json", 7) == "job"
    assert _runs(states, machine) == {"job": "RUNNING"}
    arn = states.list_executions(stateMachineArn=machine)["executions"][0]["executionArn"]
    assert json.loads(states.describe_execution(executionArn=arn)["input"]) == {
        "job": "job",
        "bucket": "work",
        "chunks": "job/chunks.json",
        "workers": 7,
    }


def test_one_that_was_stopped_is_begun_anew_under_the_next_name(states: Any, machine: str) -> None:
    launcher = StepFunctionsLauncher(states, machine, "work")
    for name in ("job", "job-2"):
        assert launcher.start("job", "job/chunks.json", 7) == name
        for execution in states.list_executions(stateMachineArn=machine)["executions"]:
            if execution["name"] == name:
                states.stop_execution(executionArn=execution["executionArn"])
    assert launcher.start("job", "job/chunks.json", 7) == "job-3"
    assert launcher.start("job", "job/chunks.json", 7) == "job-3"


def test_a_machine_that_is_gone_is_an_outage(states: Any, machine: str) -> None:
    states.delete_state_machine(stateMachineArn=machine)
    with pytest.raises(Unavailable):
        StepFunctionsLauncher(states, machine, "work").start("job", "job/chunks.json", 7)
