"""What a job leaves in the function's log, read as CloudWatch reads it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.metrics import Metrics

from handler import wiring
from handler.aws.object_store import S3ObjectStore
from handler.aws.telemetry import NAMESPACE
from handler.domain.errors import Unavailable
from handler.domain.job import SourceObject
from handler.domain.status import State
from tests import clips
from tests.cloud import IN, Cloud
from tests.cloudwatch import OF_FUNCTIONS
from tests.integration.test_on_upload import handle, queued, uploaded

KEY = "videos/waves/clip.mp4"
SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIASECRETSECRET0000",
    "AWS_SECRET_ACCESS_KEY": "secret/secret/secret/secret/secret/secret0",
    "AWS_SESSION_TOKEN": "token-token-token-token-token",
}
PRIVATE = "words-that-a-user-sends-along"
SIGNATURES = ("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "AWS4-HMAC-SHA256")


@pytest.fixture(autouse=True)
def stack(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A function that starts anew, in a stack of that name: a logger keeps its first stream."""
    name = f"artreel-{request.node.name}"
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", name)
    monkeypatch.delitem(sys.modules, "handler.entrypoints.on_upload", raising=False)
    for variable, secret in SECRETS.items():
        monkeypatch.setenv(variable, secret)
    Metrics().provider.clear_metrics()
    wiring.forget()
    yield name
    ours = logging.getLogger("handler")
    ours.handlers, ours.propagate = [], True


class Log:
    """Lines that were written to standard output, apart by what CloudWatch makes of them."""

    def __init__(self, text: str) -> None:
        lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
        self.events = [line for line in lines if "_aws" not in line]
        self.metrics = [line for line in lines if "_aws" in line]


def run(
    cloud: Cloud,
    body: bytes,
    capsys: pytest.CaptureFixture[str],
    received: int = 1,
    *,
    cancelled: bool = False,
) -> Log:
    version = cloud.upload(KEY, body)
    if cancelled:
        S3ObjectStore(cloud.s3).cancel(SourceObject(IN, KEY, version, version))
    event = queued(uploaded(KEY, version), received=received)
    cloud.sqs.send_message(QueueUrl=cloud.queue_url, MessageBody=event["Records"][0]["body"])
    (message,) = cloud.sqs.receive_message(QueueUrl=cloud.queue_url)["Messages"]
    event["Records"][0]["receiptHandle"] = message["ReceiptHandle"]
    handle(event)
    written = capsys.readouterr()
    assert written.err == ""
    return Log(written.out)


def values(line: dict[str, Any]) -> dict[str, float]:
    """Name -> value of every metric that CloudWatch takes from a line."""
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: line[metric["Name"]][0] for metric in directive["Metrics"]}


def test_a_painted_job_is_measured(
    cloud: Cloud, stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = clips.bunny_cut(tmp_path, frames=3).read_bytes()
    (line,) = run(cloud, clip, capsys).metrics
    measured = values(line)
    assert measured["JobsSucceeded"] == measured["ColdStarts"] == 1
    report = json.loads(cloud.read("waves/clip.report.json"))
    assert measured["Frames"] == report["frames"] == 3
    assert measured["FramesPainted"] == report["frames_painted"]
    assert measured["PaintSeconds"] == pytest.approx(report["seconds"]["paint"], abs=1e-3)
    assert measured["CostUSD"] == report["cost_usd"]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == (NAMESPACE, [["service"]])
    assert (line["service"], line["job_id"]) == (stack, report["job_id"])
    (again,) = run(cloud, b"no video", capsys).metrics
    assert values(again) == {"JobsRejected": 1}


def test_these_metrics_are_sent_and_no_others(
    cloud: Cloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    painted = run(cloud, clips.plain(tmp_path, frames=3).read_bytes(), capsys)
    rejected = run(cloud, b"no video", capsys)
    cancelled = run(cloud, b"video", capsys, cancelled=True)
    _break_downloads(monkeypatch)
    logs = (
        painted,
        rejected,
        cancelled,
        *(run(cloud, b"any", capsys, received) for received in (1, 3)),
    )
    assert {name for log in logs for line in log.metrics for name in values(line)} == OF_FUNCTIONS


def test_every_line_of_a_job_is_json_and_names_it(
    cloud: Cloud,
    stack: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _break_downloads(monkeypatch)
    for received, state in ((1, "JobsRetried"), (3, "JobsFailed")):
        log = run(cloud, b"any", capsys, received)
        job_id = cloud.status("waves/clip")["job_id"]
        assert [values(line).keys() - {"ColdStarts"} for line in log.metrics] == [{state}]
        assert log.events
        for line in (*log.events, *log.metrics):
            assert line["job_id"] == job_id
            assert line["service"] == stack
        for line in log.events:
            assert line["message_id"] == "message-0"
            assert line["function_request_id"] == "request"


def test_modules_below_the_handler_speak_json_too(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    log = run(cloud, b"no video", capsys)
    (rejection,) = [line for line in log.events if State.REJECTED in line["message"]]
    assert rejection["location"].startswith("_once:")
    assert rejection["job_id"] == cloud.status("waves/clip")["job_id"]


@pytest.mark.parametrize("outcome", ["succeeded", "rejected", "queued"])
def test_no_secret_is_logged_and_nothing_of_the_user_but_keys(
    cloud: Cloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    outcome: str,
) -> None:
    """Even when the whole process logs whatever it can, as a careless operator may ask for."""
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "DEBUG")
    wiring.forget()
    if outcome == "queued":
        _break_downloads(monkeypatch)
    body = b"x" if outcome == "rejected" else clips.plain(tmp_path, frames=3).read_bytes()
    event = queued(uploaded(KEY, cloud.upload(KEY, body, note=PRIVATE)))
    event["Records"][0]["receiptHandle"] = "AQEB-a-handle-that-deletes-messages"
    handle(event)
    assert cloud.status("waves/clip")["state"] == outcome
    written = "".join(capfd.readouterr())
    assert "job_id" in written
    for secret in (*SECRETS.values(), *SIGNATURES, "AQEB-a-handle", PRIVATE):
        assert secret not in written


def _break_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(*_: object) -> None:
        raise Unavailable("the store is down")

    monkeypatch.setattr(S3ObjectStore, "download", download)
