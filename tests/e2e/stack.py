"""artreel's buckets, table and queue in an emulated AWS, what goes in and what comes out."""

from __future__ import annotations

import importlib.util
import json
import platform
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import av
import boto3
import cv2
import numpy as np
import numpy.typing as npt

from tests import clips
from tests.packets import packet_hashes
from tests.pictures import draw_style

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EVENTS = Path(__file__).parents[1] / "events"
REGION: Final = "eu-central-1"
INPUT_BUCKET = "artreel-e2e-input"
OUTPUT_BUCKET = "artreel-e2e-output"
JOB_TABLE = "artreel-e2e-jobs"
JOB_QUEUE = "artreel-e2e-queue"
ACCOUNT = "123456789012"
"""Of the emulation."""

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "emulated", "AWS_SECRET_ACCESS_KEY": "emulated"}

CLIP_FRAMES = 12
STYLE = "brush"
LEAST_CHANGE = 10.0
"""Mean absolute difference of 8-bit levels that tells paint from a copy that was encoded again."""


@dataclass(frozen=True)
class Stack:
    """Both buckets, versioned, the job table and the job queue.

    Attributes:
        endpoint: address of the emulated AWS as this process reaches it.
    """

    endpoint: str

    def create(self) -> None:
        for bucket in (INPUT_BUCKET, OUTPUT_BUCKET):
            self.s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
            self.s3.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )
        dynamodb = self._session.client("dynamodb", endpoint_url=self.endpoint)
        dynamodb.create_table(
            TableName=JOB_TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        dynamodb.close()
        sqs = self._session.client("sqs", endpoint_url=self.endpoint)
        sqs.create_queue(QueueName=JOB_QUEUE)
        sqs.close()

    def close(self) -> None:
        self.s3.close()

    @cached_property
    def s3(self) -> S3Client:
        return self._session.client("s3", endpoint_url=self.endpoint)

    @property
    def _session(self) -> boto3.Session:
        return boto3.Session(
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )

    def upload_style(self) -> None:
        """Put the picture of the style ``STYLE`` into the input bucket."""
        _, png = cv2.imencode(".png", draw_style("waves"))
        self.s3.put_object(Bucket=INPUT_BUCKET, Key=f"styles/{STYLE}.png", Body=png.tobytes())

    def upload(self, path: Path, key: str) -> dict[str, Any]:
        """Put a file into the input bucket.

        Returns:
            The event that Lambda gets of it: an SQS record around EventBridge's event.
        """
        put = self.s3.put_object(Bucket=INPUT_BUCKET, Key=key, Body=path.read_bytes())
        created = json.loads((EVENTS / "eventbridge.json").read_text())
        created["detail"]["bucket"]["name"] = INPUT_BUCKET
        created["detail"]["object"] |= {
            "key": key,
            "size": path.stat().st_size,
            "etag": put["ETag"].strip('"'),
            "version-id": put["VersionId"],
        }
        queued: dict[str, Any] = json.loads((EVENTS / "sqs.json").read_text())
        queued["Records"][0] |= {"messageId": str(uuid.uuid4()), "body": json.dumps(created)}
        return queued

    def status(self, stem: str) -> dict[str, Any]:
        """The content of ``STEM.status.json``."""
        answer = self.s3.get_object(Bucket=OUTPUT_BUCKET, Key=f"{stem}.status.json")
        status: dict[str, Any] = json.load(answer["Body"])
        return status

    def results(self, stem: str) -> dict[str, list[str]]:
        """Keys in the output bucket that begin with ``STEM.``, each with all its versions."""
        answer = self.s3.list_object_versions(Bucket=OUTPUT_BUCKET, Prefix=f"{stem}.")
        versions: dict[str, list[str]] = {}
        for version in answer.get("Versions", []):
            versions.setdefault(version["Key"], []).append(version["VersionId"])
        return versions

    def assert_painted(self, stem: str, clip: Path, folder: Path) -> None:
        """``STEM.mp4`` is the clip, painted, with the clip's own sound.

        Args:
            folder: for the files that are looked into.
        """
        status = self.status(stem)
        assert (status["state"], status["percent"]) == ("succeeded", 100), status
        assert status["frames_done"] == status["frames"] == CLIP_FRAMES
        result = folder / "painted.mp4"
        self.s3.download_file(OUTPUT_BUCKET, f"{stem}.mp4", str(result))
        before, after = pictures(clip), pictures(result)
        assert len(after) == CLIP_FRAMES
        assert after[0].shape == before[0].shape
        assert np.abs(after[0].astype(float) - before[0]).mean() > LEAST_CHANGE
        assert packet_hashes(result) == packet_hashes(clip)
        assert packet_hashes(clip), "the sample has no sound"


def sample_clip(folder: Path) -> Path:
    return clips.bunny_cut(folder, frames=CLIP_FRAMES, size="320x180")


def pictures(video: Path) -> list[npt.NDArray[np.uint8]]:
    """Every frame, uint8 (height, width, 3), sRGB."""
    with av.open(str(video)) as container:
        return [
            frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in container.decode(video=0)
        ]


def function_settings(endpoint: str) -> dict[str, str]:
    """The variables of template.yaml's function that name this stack.

    Args:
        endpoint: address of the emulated AWS as the function reaches it.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "ARTREEL_INPUT_BUCKET": INPUT_BUCKET,
        "ARTREEL_OUTPUT_BUCKET": OUTPUT_BUCKET,
        "ARTREEL_JOB_TABLE": JOB_TABLE,
        "ARTREEL_JOB_QUEUE_URL": f"{endpoint}/{ACCOUNT}/{JOB_QUEUE}",
    }


def function_environment(endpoint: str) -> dict[str, str]:
    """The same, with what Lambda itself adds."""
    region = {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
    return {**function_settings(endpoint), **CREDENTIALS, **region}


def runtime_interface_emulator() -> Path:
    """AWS's emulator of the Lambda runtime interface, which the SAM command line brings."""
    architecture = "x86_64" if platform.machine() == "x86_64" else "arm64"
    spec = importlib.util.find_spec("samcli")
    assert spec is not None
    assert spec.origin is not None
    rapid = Path(spec.origin).parent / "local" / "rapid"
    return rapid / f"aws-lambda-rie-{architecture}"
