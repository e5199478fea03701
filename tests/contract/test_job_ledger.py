"""One suite for the DynamoDB table (moto) and for the fake that the unit tests use."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handler.aws.job_ledger import DynamoDbJobLedger
from handler.domain.errors import Busy, Rejected, Unavailable
from handler.domain.ports import JobLedger
from tests.fakes import FakeJobLedger

DONE = {"state": "succeeded", "reason": None}


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def _table() -> Any:
    client = boto3.client("dynamodb")
    client.create_table(
        TableName="jobs",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


@pytest.fixture(params=["dynamodb", "fake"])
def ledger(request: pytest.FixtureRequest) -> Iterator[JobLedger]:
    if request.param == "fake":
        yield FakeJobLedger()
        return
    with mock_aws():
        yield DynamoDbJobLedger(_table(), "jobs", seconds_left=lambda: 900.0)


class Work:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> dict[str, Any]:
        self.times += 1
        return DONE


def test_work_is_done_once(ledger: JobLedger) -> None:
    work = Work()
    assert ledger.once("a", work) == DONE
    assert ledger.once("a", work) == DONE
    assert work.times == 1


def test_jobs_do_not_mind_each_other(ledger: JobLedger) -> None:
    work = Work()
    ledger.once("a", work)
    ledger.once("b", work)
    assert work.times == 2


def test_failed_work_may_be_tried_again(ledger: JobLedger) -> None:
    def fails() -> dict[str, Any]:
        raise Rejected("no")

    with pytest.raises(Rejected, match="no"):
        ledger.once("a", fails)
    assert ledger.once("a", Work()) == DONE


def test_the_same_job_is_not_done_twice_at_a_time(ledger: JobLedger) -> None:
    inner = Work()

    def outer() -> dict[str, Any]:
        with pytest.raises(Busy, match="another worker"):
            ledger.once("a", inner)
        return DONE

    assert ledger.once("a", outer) == DONE
    assert inner.times == 0


@mock_aws
def test_a_killed_workers_claim_lapses() -> None:
    client = _table()
    killed = DynamoDbJobLedger(client, "jobs", seconds_left=lambda: -1.0)

    def dies() -> dict[str, Any]:
        raise KeyboardInterrupt  # passes every `except Exception`, as a kill does

    with pytest.raises(KeyboardInterrupt):
        killed.once("a", dies)
    work = Work()
    assert DynamoDbJobLedger(client, "jobs", lambda: 900.0).once("a", work) == DONE
    assert work.times == 1


@mock_aws
def test_a_table_that_is_missing_is_retried_later() -> None:
    ledger = DynamoDbJobLedger(boto3.client("dynamodb"), "nowhere", lambda: 900.0)
    work = Work()
    with pytest.raises(Unavailable, match="job table"):
        ledger.once("a", work)
    assert work.times == 0
