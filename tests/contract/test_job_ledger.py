"""One suite for the DynamoDB table (moto) and for the fake that the unit tests use."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handler.aws.job_ledger import DynamoDbJobLedger
from handler.domain.claim import Claim
from handler.domain.errors import Busy, ClaimLost, Unavailable
from handler.domain.job import SourceObject
from handler.domain.ports import JobLedger
from handler.domain.status import Outcome, State
from tests.cloud import make_job_table
from tests.fakes import FakeJobLedger

LEASE_SECONDS = 60.0
CLIP = "monet/clip.mp4"
UPLOAD = SourceObject("in", "videos/monet/clip.mp4", "v1", "v1")
NEWER = SourceObject("in", "videos/monet/clip.mp4", "v2", "v2")
OTHER_KEY = SourceObject("in", "videos/monet/clip.mov", "v9", "v9")


class Clock:
    """Goes on by a second whenever it is looked at."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def _table() -> Any:
    client = boto3.client("dynamodb")
    make_job_table(client, "jobs")
    return client


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["dynamodb", "fake"])
def ledger(request: pytest.FixtureRequest, clock: Clock) -> Iterator[JobLedger]:
    if request.param == "fake":
        yield FakeJobLedger(LEASE_SECONDS, clock)
        return
    with mock_aws():
        yield DynamoDbJobLedger(_table(), "jobs", LEASE_SECONDS, clock)


def claim(ledger: JobLedger, job: str = "a", carrier: str = "m1", **also: Any) -> Claim:
    return ledger.claim(job, also.get("result", CLIP), also.get("upload", UPLOAD), carrier)


def test_one_worker_at_a_time_holds_a_result(ledger: JobLedger) -> None:
    claim(ledger)
    with pytest.raises(Busy) as busy:
        claim(ledger, carrier="m2")
    assert 0 < busy.value.seconds <= LEASE_SECONDS
    assert busy.value.carrier == "m1"


def test_results_do_not_mind_each_other(ledger: JobLedger) -> None:
    assert claim(ledger).job_id == claim(ledger, result="other.mp4").job_id == "a"


def test_another_job_for_the_same_result_waits_and_is_not_carried(ledger: JobLedger) -> None:
    claim(ledger)
    with pytest.raises(Busy) as busy:
        claim(ledger, job="b", upload=OTHER_KEY)
    assert busy.value.carrier == ""


def test_a_released_result_is_free(ledger: JobLedger) -> None:
    first = claim(ledger)
    ledger.release(first)
    second = claim(ledger)
    assert second.token > first.token
    assert second.owner != first.owner


def test_a_killed_workers_claim_lapses(ledger: JobLedger, clock: Clock) -> None:
    killed = claim(ledger)
    clock.seconds += LEASE_SECONDS
    assert claim(ledger).token > killed.token
    with pytest.raises(ClaimLost):
        ledger.renew(killed)


def test_a_renewed_claim_does_not_lapse(ledger: JobLedger, clock: Clock) -> None:
    kept = claim(ledger)
    for _ in range(5):
        clock.seconds += LEASE_SECONDS - 5
        ledger.renew(kept)
    with pytest.raises(Busy):
        claim(ledger)


def test_a_lapsed_claim_that_nobody_took_is_renewed(ledger: JobLedger, clock: Clock) -> None:
    kept = claim(ledger)
    clock.seconds += 10 * LEASE_SECONDS
    ledger.renew(kept)
    with pytest.raises(Busy):
        claim(ledger)


def test_a_newer_upload_takes_over_and_the_older_one_cannot_return(ledger: JobLedger) -> None:
    older = claim(ledger)
    newer = claim(ledger, job="b", upload=NEWER)
    assert newer.token > older.token
    with pytest.raises(ClaimLost):
        ledger.renew(older)
    ledger.release(older)
    with pytest.raises(Busy):
        claim(ledger, job="b", upload=NEWER)


def test_a_released_claim_is_not_renewed(ledger: JobLedger) -> None:
    over = claim(ledger)
    ledger.release(over)
    with pytest.raises(ClaimLost):
        ledger.renew(over)
    assert claim(ledger)


def test_the_reason_of_an_attempt_reaches_the_next_of_the_same_job(ledger: JobLedger) -> None:
    assert claim(ledger).last_reason == ""
    ledger.release(claim(ledger, result="other.mp4"), "the disk is full")
    assert claim(ledger, result="other.mp4").last_reason == "the disk is full"
    ledger.release(claim(ledger, result="third.mp4"), "no")
    assert claim(ledger, job="b", result="third.mp4").last_reason == ""


def test_the_carrier_is_the_message_of_the_last_claim(ledger: JobLedger) -> None:
    assert ledger.carrier("a", CLIP) == ""
    ledger.release(claim(ledger, carrier="m1"))
    ledger.release(claim(ledger, carrier="m2"))
    assert ledger.carrier("a", CLIP) == "m2"
    assert ledger.carrier("b", CLIP) == ""


DONE = Outcome("a", State.SUCCEEDED, video=CLIP)
FAILED = Outcome("a", State.FAILED, reason="no")


@pytest.mark.parametrize("outcome", [DONE, FAILED, Outcome("a", State.REJECTED, "a reason")])
def test_an_end_is_remembered(ledger: JobLedger, outcome: Outcome) -> None:
    assert ledger.outcome("a") is None
    ledger.record(outcome)
    assert ledger.outcome("a") == outcome
    assert ledger.outcome("b") is None
    ledger.forget("a")
    assert ledger.outcome("a") is None


def test_success_is_never_overwritten(ledger: JobLedger) -> None:
    ledger.record(FAILED)
    ledger.record(DONE)
    ledger.record(FAILED)
    assert ledger.outcome("a") == DONE


@mock_aws
def test_a_claim_whose_answer_got_lost_is_recognized(clock: Clock) -> None:
    """The client repeats the request, which the first one, done but unanswered, makes fail."""
    client = _table()
    real: Callable[..., Any] = client.update_item

    def answer_gets_lost(**request: Any) -> Any:
        real(**request)
        return real(**request)

    client.update_item = answer_gets_lost
    ledger = DynamoDbJobLedger(client, "jobs", LEASE_SECONDS, clock)
    ledger.renew(claim(ledger))


@mock_aws
def test_items_expire(clock: Clock) -> None:
    client = _table()
    ledger = DynamoDbJobLedger(client, "jobs", LEASE_SECONDS, clock)
    claim(ledger)
    ledger.record(DONE)
    items = client.scan(TableName="jobs")["Items"]
    assert len(items) == 2
    for item in items:
        assert int(item["expiration"]["N"]) > clock.seconds + 14 * 86400


@mock_aws
def test_a_table_that_is_missing_is_retried_later() -> None:
    ledger = DynamoDbJobLedger(boto3.client("dynamodb"), "nowhere", LEASE_SECONDS)
    with pytest.raises(Unavailable, match="job table"):
        claim(ledger)
    with pytest.raises(Unavailable, match="job table"):
        ledger.outcome("a")


def test_a_job_that_was_handed_over_is_adopted_by_what_carries_it(
    ledger: JobLedger, clock: Clock
) -> None:
    first = claim(ledger)
    ledger.hand_over(first, "execution", 10 * LEASE_SECONDS)
    clock.seconds += 5 * LEASE_SECONDS
    with pytest.raises(Busy) as busy:
        claim(ledger, carrier="m2")
    assert busy.value.carrier == "execution"
    adopted = ledger.adopt("a", CLIP, "execution")
    assert (adopted.owner, adopted.token) == (first.owner, first.token)
    ledger.renew(adopted)
    ledger.release(adopted)
    with pytest.raises(ClaimLost):
        ledger.adopt("a", CLIP, "execution")
    claim(ledger)


def test_what_does_not_carry_a_job_waits_for_it(ledger: JobLedger) -> None:
    claim(ledger)
    with pytest.raises(Unavailable):
        ledger.adopt("a", CLIP, "execution")


def test_a_newer_upload_takes_a_job_from_what_carries_it(ledger: JobLedger) -> None:
    ledger.hand_over(claim(ledger), "execution", 10 * LEASE_SECONDS)
    claim(ledger, job="b", upload=NEWER)
    with pytest.raises(ClaimLost):
        ledger.adopt("a", CLIP, "execution")


def test_a_claim_that_was_lost_is_not_handed_over(ledger: JobLedger) -> None:
    lost = claim(ledger)
    ledger.release(lost)
    with pytest.raises(ClaimLost):
        ledger.hand_over(lost, "execution", 60)
