"""One suite for the month's counter on DynamoDB (moto) and for the fake of the unit tests."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.models import DynamoDBBackend

from handler.aws.spend import DynamoDbSpendCounter
from handler.domain.errors import Rejected, Unavailable
from handler.domain.ports import SpendCounter
from tests.cloud import make_job_table
from tests.fakes import FakeSpendCounter

NOVEMBER = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
A, B = "a" * 64, "b" * 64

Count = Callable[[], float]


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield


def _table() -> Any:
    client = boto3.client("dynamodb")
    make_job_table(client, "jobs")
    return client


def _item(client: Any, month: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get_item(
        TableName="jobs", Key={"id": {"S": f"spend#{month}"}}
    ).get("Item", {})
    return found


def _usd(client: Any, month: str) -> float:
    item = _item(client, month)
    return int(item["micro_usd"]["N"]) / 1e6 if item else 0.0


@pytest.fixture(params=["dynamodb", "fake"])
def counted(request: pytest.FixtureRequest) -> tuple[SpendCounter, Count]:
    """A counter with a cap of one dollar, and what it has counted."""
    if request.param == "fake":
        fake = FakeSpendCounter(cap_usd=1.0)
        return fake, lambda: fake.total_usd
    client = _table()
    counter = DynamoDbSpendCounter(client, "jobs", 1.0, lambda: NOVEMBER)
    return counter, lambda: _usd(client, "2026-11")


def test_what_is_reserved_counts(counted: tuple[SpendCounter, Count]) -> None:
    counter, total = counted
    counter.reserve(A, 0.25)
    counter.reserve(B, 0.5)
    assert total() == pytest.approx(0.75)


def test_the_cap_may_be_reached_and_not_passed(counted: tuple[SpendCounter, Count]) -> None:
    counter, total = counted
    counter.reserve(A, 0.6)
    with pytest.raises(Rejected, match=r"0\.4000 are left.* about 0\.5000"):
        counter.reserve(B, 0.5)
    assert total() == pytest.approx(0.6)
    counter.reserve(B, 0.4)
    assert total() == pytest.approx(1.0)


def test_a_job_that_costs_more_than_a_whole_month_is_refused(
    counted: tuple[SpendCounter, Count],
) -> None:
    counter, total = counted
    with pytest.raises(Rejected, match=r"about 1\.5000"):
        counter.reserve(A, 1.5)
    assert total() == 0


def test_a_job_that_comes_again_is_counted_once(counted: tuple[SpendCounter, Count]) -> None:
    counter, total = counted
    first = counter.reserve(A, 0.7)
    assert counter.reserve(A, 0.7) == first
    assert counter.reserve(A, 0.2) == first
    assert total() == pytest.approx(0.7)


def test_what_it_took_replaces_what_was_reserved(counted: tuple[SpendCounter, Count]) -> None:
    counter, total = counted
    reservation = counter.reserve(A, 0.9)
    counter.settle(reservation, 0.3)
    counter.settle(reservation, 0.3)
    assert total() == pytest.approx(0.3)
    counter.reserve(B, 0.7)
    assert total() == pytest.approx(1.0)


def test_it_may_take_more_than_was_reserved(counted: tuple[SpendCounter, Count]) -> None:
    counter, total = counted
    counter.settle(counter.reserve(A, 0.9), 1.2)
    assert total() == pytest.approx(1.2)
    with pytest.raises(Rejected, match=r"0\.0000 are left"):
        counter.reserve(B, 0.1)


def test_a_job_that_is_done_again_costs_again(counted: tuple[SpendCounter, Count]) -> None:
    counter, total = counted
    for _ in range(2):
        counter.settle(counter.reserve(A, 0.2), 0.1)
    assert total() == pytest.approx(0.2)


def test_each_month_counts_for_itself_and_is_forgotten_after_a_year() -> None:
    client = _table()
    held = DynamoDbSpendCounter(client, "jobs", 1.0, lambda: NOVEMBER).reserve(A, 0.9)
    december = DynamoDbSpendCounter(client, "jobs", 1.0, lambda: DECEMBER)
    december.reserve(B, 0.8)
    december.settle(held, 0.5)
    assert (_usd(client, "2026-11"), _usd(client, "2026-12")) == (0.5, 0.8)
    assert A not in _item(client, "2026-11")
    expires = int(_item(client, "2026-11")["expiration"]["N"])
    assert 365 <= (expires - NOVEMBER.timestamp()) / 86400 <= 400


def test_without_a_cap_it_is_counted_all_the_same() -> None:
    client = _table()
    counter = DynamoDbSpendCounter(client, "jobs", 0.0, lambda: NOVEMBER)
    assert counter.reserve(A, 5000.0) == counter.reserve(A, 5000.0)
    assert _usd(client, "2026-11") == 5000.0


def test_a_refusal_says_what_to_do() -> None:
    counter = DynamoDbSpendCounter(_table(), "jobs", 1.0, lambda: NOVEMBER)
    with pytest.raises(Rejected, match=r"1\.00 USD for November 2026.*raise MonthlyBudgetUsd"):
        counter.reserve(A, 1.5)


@pytest.fixture
def _one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an item of DynamoDB is used; moto's threads would step between condition and update."""
    lock = threading.Lock()

    def locked(call: Callable[..., Any]) -> Callable[..., Any]:
        def call_alone(*args: Any, **kwargs: Any) -> Any:
            with lock:
                return call(*args, **kwargs)

        return call_alone

    for name in ("get_item", "update_item"):
        monkeypatch.setattr(DynamoDBBackend, name, locked(getattr(DynamoDBBackend, name)))


@pytest.mark.usefixtures("_one_call_at_a_time")
def test_reservations_at_the_same_time_never_pass_the_cap() -> None:
    client = _table()
    seen: list[float] = []

    def reserve(number: int) -> bool:
        counter = DynamoDbSpendCounter(client, "jobs", 1.0, lambda: NOVEMBER)
        try:
            counter.reserve(f"{number:064x}", 0.07)
        except Rejected:
            return False
        finally:
            seen.append(_usd(client, "2026-11"))
        return True

    with ThreadPoolExecutor(16) as threads:
        reserved = sum(threads.map(reserve, range(64)))
    assert reserved == 14
    assert _usd(client, "2026-11") == pytest.approx(0.98)
    assert max(seen) <= 1.0


@pytest.mark.usefixtures("_one_call_at_a_time")
def test_the_same_job_at_the_same_time_is_counted_once() -> None:
    client = _table()

    def reserve(_: int) -> None:
        DynamoDbSpendCounter(client, "jobs", 1.0, lambda: NOVEMBER).reserve(A, 0.07)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(reserve, range(32)))
    assert _usd(client, "2026-11") == pytest.approx(0.07)


def test_a_table_that_is_missing_is_retried_later() -> None:
    counter = DynamoDbSpendCounter(boto3.client("dynamodb"), "nowhere", 1.0)
    with pytest.raises(Unavailable, match="reserving a job's cost"):
        counter.reserve(A, 0.1)
