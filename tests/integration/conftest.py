from collections.abc import Iterator

import pytest
from moto import mock_aws

from handler import wiring
from tests.cloud import IN, OUT, TABLE, Cloud, png


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "10240",
        "ARTREEL_INPUT_BUCKET": IN,
        "ARTREEL_OUTPUT_BUCKET": OUT,
        "ARTREEL_JOB_TABLE": TABLE,
        "ARTREEL_STATUS_INTERVAL_SECONDS": "0.001",
    }.items():
        monkeypatch.setenv(name, value)
    wiring.forget()
    with mock_aws():
        cloud = Cloud()
        monkeypatch.setenv("ARTREEL_JOB_QUEUE_URL", cloud.queue_url)
        cloud.upload("styles/waves.png", png("waves"))
        yield cloud
    wiring.forget()
