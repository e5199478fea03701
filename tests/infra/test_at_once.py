"""One upload, delivered to many workers at the same moment, over real requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Semaphore
from typing import Any

import boto3
import pytest

from handler.aws.job_ledger import DynamoDbJobLedger
from handler.aws.object_store import S3ObjectStore
from handler.domain.claim import Delivery
from handler.domain.errors import Busy
from handler.domain.job import JobRequest
from handler.domain.status import Outcome, State
from handler.pipeline.run_job import run_job
from handler.pipeline.studio import Studio
from infra.local import ministack
from infra.local.deploy import MINISTACK_LOG
from infra.local.ministack import EmulatedAws
from tests.cloud import IN, OUT, TABLE, make_job_table
from tests.fakes import FakeAnnouncer, FakePainter, studio

WORKERS = 10
KEY = "videos/monet/clip.mp4"
PATIENCE_SECONDS = 60


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[EmulatedAws]:
    with ministack.running(tmp_path / MINISTACK_LOG) as emulated:
        for bucket in (IN, OUT):
            emulated.s3.create_bucket(Bucket=bucket)
            emulated.s3.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )
        make_job_table(boto3.client("dynamodb", **emulated.owner))
        emulated.s3.put_object(Bucket=IN, Key="styles/monet.jpg", Body=bytes([100]))
        yield emulated


def worker(aws: EmulatedAws, painter: FakePainter, announcer: FakeAnnouncer) -> Studio:
    """A worker with connections of its own."""
    return studio(
        store=S3ObjectStore(boto3.client("s3", **aws.owner)),
        ledger=DynamoDbJobLedger(boto3.client("dynamodb", **aws.owner), TABLE, lease_seconds=60),
        announcer=announcer,
        painter=lambda: painter,
        input_bucket=IN,
        output_bucket=OUT,
    )


def test_an_upload_that_reaches_ten_workers_at_once_is_painted_once(aws: EmulatedAws) -> None:
    version = aws.s3.put_object(Bucket=IN, Key=KEY, Body=b"video")["VersionId"]
    request = JobRequest(IN, KEY, version)
    painter, announcer = FakePainter(), FakeAnnouncer()
    studios = [worker(aws, painter, announcer) for _ in range(WORKERS)]
    together, refused = Barrier(WORKERS), Semaphore(0)

    def wait_for_the_others() -> None:
        for _ in range(WORKERS - 1):
            assert refused.acquire(timeout=PATIENCE_SECONDS), "more than one worker paints"
        painter.on_paint = lambda: None

    def deliver(number: int) -> Outcome | Busy:
        delivery = Delivery(f"message {number}", last_attempt=False, asks_anew=False)
        together.wait(PATIENCE_SECONDS)
        try:
            return run_job(request, studios[number], delivery)
        except Busy as busy:
            refused.release()
            return busy

    painter.frames_at_once = 1
    painter.on_paint = wait_for_the_others
    with ThreadPoolExecutor(WORKERS) as pool:
        ends = list(pool.map(deliver, range(WORKERS)))

    (winner,) = [number for number, end in enumerate(ends) if isinstance(end, Outcome)]
    carriers = {end.carrier for end in ends if isinstance(end, Busy)}
    assert carriers == {f"message {winner}"}
    assert painter.frames_painted == 2 + 3  # two keyframes, and three frames that are measured
    assert [ended.outcome for ended in announcer.ended] == [ends[winner]]
    assert deliver_late(request, studios) == {ends[winner]}
    assert written(aws) == {"monet/clip.mp4": 1, "monet/clip.jpg": 1, "monet/clip.report.json": 1}
    status = aws.s3.get_object(Bucket=OUT, Key="monet/clip.status.json")["Body"].read()
    assert json.loads(status)["state"] == State.SUCCEEDED
    assert painter.frames_painted == 2 + 3


def deliver_late(request: JobRequest, studios: list[Studio]) -> set[Outcome]:
    late = Delivery("late", last_attempt=False, asks_anew=False)
    return {run_job(request, studio, late) for studio in studios}


def written(aws: EmulatedAws) -> dict[str, int]:
    """How often each result was written, the status aside."""
    versions: list[Any] = aws.s3.list_object_versions(Bucket=OUT)["Versions"]
    keys = [version["Key"] for version in versions if not version["Key"].endswith("status.json")]
    return {key: keys.count(key) for key in keys}
