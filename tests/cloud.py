"""An emulated account (moto, in process) as template.yaml lays it out."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import boto3
from PIL import Image

from tests.pictures import draw_style

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

IN, OUT, TABLE, QUEUE = "artreel-in", "artreel-out", "artreel-jobs", "artreel-queue"


class Buckets:
    """Both buckets in an emulated account."""

    def __init__(self, s3: S3Client) -> None:
        self.s3 = s3
        place: Any = {"LocationConstraint": "eu-central-1"}
        for bucket in (IN, OUT):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        self.s3.put_bucket_versioning(Bucket=IN, VersioningConfiguration={"Status": "Enabled"})

    def upload(self, key: str, body: bytes, **metadata: str) -> str:
        put = self.s3.put_object(Bucket=IN, Key=key, Body=body, Metadata=metadata)
        return put["VersionId"]

    def results(self) -> dict[str, str]:
        """Key -> ETag of everything in the output bucket."""
        page = self.s3.list_objects_v2(Bucket=OUT)
        return {entry["Key"]: entry["ETag"] for entry in page.get("Contents", [])}

    def read(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=OUT, Key=key)["Body"].read()

    def status(self, path: str) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.read(f"{path}.status.json"))
        return status


class Cloud(Buckets):
    """The same with the job table and the queue."""

    def __init__(self) -> None:
        super().__init__(boto3.client("s3"))
        self.sqs = boto3.client("sqs")
        self.queue_url = self.sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
        make_job_table(boto3.client("dynamodb"))


def make_job_table(dynamodb: DynamoDBClient, name: str = TABLE) -> None:
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def png(style: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(draw_style(style)).save(buffer, "PNG")
    return buffer.getvalue()
