"""The template at work in an emulated AWS, with a stand-in for the function's code."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.deploy import LocalStack, local_stack

PATIENCE_SECONDS = 30
ALLOWED = {
    "read a video",
    "read a job file",
    "read a mask",
    "read a style",
    "look for a style",
    "list the sources",
    "write a result",
    "remember a job",
    "recall a job",
    "forget a job",
    "read a result",
    "list results",
    "announce an end",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    logs = tmp_path_factory.mktemp("logs")
    with local_stack(logs, image_command="tests.infra.stand_in.handler") as deployed:
        yield deployed


def wait_for(stack: LocalStack, key: str) -> dict[str, Any]:
    """The report that the stand-in wrote into the output bucket."""
    s3 = stack.aws.s3
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            body = s3.get_object(Bucket=stack.output_bucket, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            time.sleep(0.05)
        else:
            report: dict[str, Any] = json.loads(body)
            return report
    pytest.fail(f"{key} was not written; the function says:\n{stack.function_log.read_text()}")


def written(stack: LocalStack) -> set[str]:
    page = stack.aws.s3.list_objects_v2(Bucket=stack.output_bucket)
    return {entry["Key"] for entry in page.get("Contents", [])}


def waiting(stack: LocalStack, queue_url: str) -> int:
    """Messages in a queue, those that are being worked on included."""
    attributes = stack.aws.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
    counts = attributes["Attributes"]
    hidden = counts["ApproximateNumberOfMessagesNotVisible"]
    return int(counts["ApproximateNumberOfMessages"]) + int(hidden)


def test_a_video_reaches_the_function_once_and_its_results_do_not(stack: LocalStack) -> None:
    s3 = stack.aws.s3
    key = "videos/brush/a b+c %20 ü.mp4"
    s3.put_object(Bucket=stack.input_bucket, Key="styles/brush.jpg", Body=b"style")
    s3.put_object(Bucket=stack.output_bucket, Key="videos/painted.mp4", Body=b"result")
    s3.put_object(Bucket=stack.input_bucket, Key=key, Body=b"video")
    assert wait_for(stack, f"{key}.1.json")["key"] == key

    s3.put_object(Bucket=stack.input_bucket, Key="videos/last.mp4", Body=b"video")
    wait_for(stack, "videos/last.mp4.1.json")
    reports = {found for found in written(stack) if found.endswith(".json")}
    assert reports == {f"{key}.1.json", "videos/last.mp4.1.json"}


def test_the_function_may_do_its_work_and_nothing_else(stack: LocalStack) -> None:
    stack.aws.s3.put_object(Bucket=stack.input_bucket, Key="videos/rights.mp4", Body=b"video")
    may = wait_for(stack, "videos/rights.mp4.1.json")["may"]
    assert {name for name, allowed in may.items() if allowed} == ALLOWED
    assert len(may) > len(ALLOWED)


def test_a_job_that_keeps_failing_is_told_to_have_failed_and_kept(stack: LocalStack) -> None:
    stack.aws.s3.put_object(Bucket=stack.input_bucket, Key="videos/brush/fails.mp4", Body=b"video")
    wait_for(stack, "videos/brush/fails.mp4.3.json")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not waiting(stack, stack.dead_letter_queue_url) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert waiting(stack, stack.dead_letter_queue_url) == 1
    assert waiting(stack, stack.job_queue_url) == 0
    assert wait_for(stack, "brush/fails.status.json")["state"] == "failed"
    assert "videos/brush/fails.mp4.4.json" not in written(stack)
