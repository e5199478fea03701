"""The same hostile uploads against the real adapter of S3 (moto), every request watched."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from handler import wiring
from handler.aws.object_store import S3ObjectStore
from handler.domain.job import JobRequest, ResultKeys
from handler.pipeline.run_job import run_job
from handler.pipeline.studio import Studio
from tests.cloud import IN, OUT, Cloud
from tests.fakes import FakeJobLedger, studio
from tests.hostile_jobs import GOOD_VIDEO, HOSTILE, Upload

READABLE = ("videos/", "styles/", "jobs/")


@pytest.fixture
def ledger() -> FakeJobLedger:
    """One as long as the buckets: its tokens say which status is newer."""
    return FakeJobLedger()


def _studio(ledger: FakeJobLedger) -> Studio:
    return studio(
        store=S3ObjectStore(wiring.aws("s3")), ledger=ledger, input_bucket=IN, output_bucket=OUT
    )


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(HOSTILE)
def test_every_request_to_s3_stays_where_it_belongs(
    cloud: Cloud, ledger: FakeJobLedger, upload: Upload
) -> None:
    cloud.upload("styles/monet.jpg", bytes([100]))
    cloud.upload(GOOD_VIDEO, b"video")
    exists = len(upload.key.encode()) <= 1024  # S3 refuses longer ones
    version = cloud.upload(upload.key, upload.body) if exists else None
    requests: list[tuple[str, dict[str, Any]]] = []

    def watch(params: dict[str, Any], model: Any, **_: Any) -> None:
        requests.append((model.name, dict(params)))

    events = wiring.aws("s3").meta.events
    events.register("provide-client-params.s3", watch, unique_id="watch")
    try:
        outcome = run_job(JobRequest(IN, upload.key, version), _studio(ledger))
    finally:
        events.unregister("provide-client-params.s3", unique_id="watch")

    assert outcome.state == ("succeeded" if upload.blamed is None else "rejected")
    results = ResultKeys.for_upload(upload.key)
    assert cloud.status(results.status.removesuffix(".status.json"))["state"] == outcome.state
    for operation, params in requests:
        place = params.get("Key", params.get("Prefix", ""))
        if params["Bucket"] == IN:
            assert operation in ("HeadObject", "GetObject", "GetObjectTagging", "ListObjectsV2")
            assert place.startswith(READABLE)
            assert not {"", ".", ".."} & set(place.split("/"))
        else:
            assert params["Bucket"] == OUT
            assert operation in ("HeadObject", "GetObject", "PutObject")
            assert place in (results.video, results.poster, results.report, results.status)
