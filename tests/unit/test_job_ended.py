"""What is said of a job's end, held to the published schema."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from handler.domain.job import ResultKeys, SourceObject
from handler.domain.job_ended import JobEnded
from handler.domain.status import Outcome, State

SCHEMA = Path(__file__).parents[2] / "infra" / "events" / "job-ended.schema.json"
VALIDATOR = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
JOB_ID = "0f" * 32


def ended(outcome: Outcome, key: str = "videos/monet/clip.mp4") -> JobEnded:
    upload = SourceObject("in", key, "v1", "v1")
    results = ResultKeys.for_upload(key)
    return JobEnded(outcome, upload, "out", results, "2026-01-01T12:00:00.000+00:00")


OUTCOMES = [
    (Outcome(JOB_ID, State.SUCCEEDED, video="monet/clip.mp4"), "Job Succeeded"),
    (Outcome(JOB_ID, State.REJECTED, "the video is empty"), "Job Rejected"),
    (Outcome(JOB_ID, State.FAILED, "the disk is full"), "Job Failed"),
    (Outcome(JOB_ID, State.CANCELLED, "its owner cancelled it"), "Job Cancelled"),
]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(VALIDATOR.schema)


@pytest.mark.parametrize(("outcome", "detail_type"), OUTCOMES)
def test_every_end_fits_the_schema(outcome: Outcome, detail_type: str) -> None:
    event = ended(outcome)
    assert event.detail_type == detail_type
    VALIDATOR.validate(json.loads(json.dumps(event.detail)))


@given(st.text(min_size=1, max_size=50), st.text(min_size=1))
def test_whatever_the_key_and_the_reason_hold(name: str, reason: str) -> None:
    event = ended(Outcome(JOB_ID, State.REJECTED, reason), f"videos/{name}.mp4")
    VALIDATOR.validate(event.detail)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "running"},
        {"reason": "but it succeeded"},
        {"job_id": "short"},
        {"colour": "red"},
        {"results": {"bucket": "out", "status": "s", "video": None, "poster": "p", "report": "r"}},
    ],
)
def test_the_schema_refuses_what_is_never_sent(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VALIDATOR.validate({**ended(OUTCOMES[0][0]).detail, **change})


@pytest.mark.parametrize(
    ("outcome", "summary"),
    [
        (OUTCOMES[0][0], "is painted: monet/clip.mp4 is in the bucket out."),
        (OUTCOMES[1][0], "was rejected: the video is empty."),
        (OUTCOMES[2][0], "could not be painted: the disk is full."),
        (OUTCOMES[3][0], "was cancelled: its owner cancelled it."),
    ],
)
def test_the_summary_is_a_sentence(outcome: Outcome, summary: str) -> None:
    assert ended(outcome).summary == f"videos/monet/clip.mp4 {summary}"
