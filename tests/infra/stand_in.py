"""A function that stands in for the real one: it says what reached it and what its role may do."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

FORBIDDEN = {"AccessDenied", "AccessDeniedException", "403"}


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Report on one message; a video called ``fails.mp4`` goes back to the queue at once."""
    (record,) = event["Records"]
    key = json.loads(record["body"])["detail"]["object"]["key"]
    output = os.environ["ARTREEL_OUTPUT_BUCKET"]
    report = {"key": key, "may": {name: _may(call) for name, call in _calls(key).items()}}
    attempt = record["attributes"]["ApproximateReceiveCount"]
    boto3.client("s3").put_object(
        Bucket=output, Key=f"{key}.{attempt}.json", Body=json.dumps(report).encode()
    )
    if not key.endswith("fails.mp4"):
        return {"batchItemFailures": []}
    queue_name = record["eventSourceARN"].rpartition(":")[2]
    account = record["eventSourceARN"].split(":")[4]
    boto3.client("sqs").change_message_visibility(
        QueueUrl=f"{os.environ['AWS_ENDPOINT_URL']}/{account}/{queue_name}",
        ReceiptHandle=record["receiptHandle"],
        VisibilityTimeout=0,
    )
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}


def _announce(source: str) -> object:
    entry: Any = {"Source": source, "DetailType": "Job Ended", "Detail": "{}"}
    return boto3.client("events").put_events(Entries=[entry])


def _may(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"] not in FORBIDDEN
    return True


def _calls(key: str) -> dict[str, Callable[[], object]]:
    s3, table = boto3.client("s3"), boto3.client("dynamodb")
    source, output = os.environ["ARTREEL_INPUT_BUCKET"], os.environ["ARTREEL_OUTPUT_BUCKET"]
    jobs = os.environ["ARTREEL_JOB_TABLE"]
    item: Any = {"id": {"S": "job"}}
    return {
        "read a video": lambda: s3.get_object(Bucket=source, Key=key),
        "read a job file": lambda: s3.get_object(Bucket=source, Key="jobs/any.json"),
        "read a style": lambda: s3.get_object(Bucket=source, Key="styles/any.jpg"),
        "read a mask": lambda: s3.get_object(Bucket=source, Key="masks/any.png"),
        "look for a style": lambda: s3.list_objects_v2(Bucket=source, Prefix="styles/any."),
        "write a result": lambda: s3.put_object(Bucket=output, Key="result.mp4", Body=b""),
        "remember a job": lambda: table.put_item(TableName=jobs, Item=item),
        "recall a job": lambda: table.get_item(TableName=jobs, Key=item),
        "read anything else": lambda: s3.get_object(Bucket=source, Key="private.txt"),
        "list the sources": lambda: s3.list_objects_v2(Bucket=source),
        "write a source": lambda: s3.put_object(Bucket=source, Key="videos/new.mp4", Body=b""),
        "delete a source": lambda: s3.delete_object(Bucket=source, Key=key),
        "read a result": lambda: s3.get_object(Bucket=output, Key="result.mp4"),
        "list results": lambda: s3.list_objects_v2(Bucket=output),
        "delete a result": lambda: s3.delete_object(Bucket=output, Key="result.mp4"),
        "forget a job": lambda: table.delete_item(TableName=jobs, Key=item),
        "announce an end": lambda: _announce("artreel"),
        "scan jobs": lambda: table.scan(TableName=jobs),
    }
