"""Uploads that were broken off, over real requests: moto does not tell the checksums of parts."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.aws.uploader import S3Uploader
from handler.domain.digest import MIB, MOST_PARTS, SMALLEST_PART_BYTES, Digest, part_bytes
from handler.domain.errors import Changed, Refused, Rejected, Unavailable
from infra.local import ministack
from infra.local.ministack import ROOT, EmulatedAws

BUCKET = "artreel-in"
KEY = "videos/mo net/clip ü+%.mp4"
PARTS = 3
PATIENCE_SECONDS = 60

DIES = """
import json, os, signal, sys
from pathlib import Path
import boto3
from handler.aws.uploader import S3Uploader

owner, path, bucket, key, parts = json.loads(sys.argv[1])
uploader = S3Uploader(boto3.client("s3", **owner))
digest = uploader.digest(Path(path), lambda _: None)
sent = []

def dies(done):
    sent.append(done)
    if len(sent) == parts:
        os.kill(os.getpid(), signal.SIGKILL)

uploader.upload(
    Path(path), digest, bucket, key, content_type="video/mp4", metadata={"artreel": "source"},
    listen=dies,
)
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedAws]:
    with ministack.running(tmp_path_factory.mktemp("logs") / "ministack.log") as emulated:
        emulated.s3.create_bucket(Bucket=BUCKET)
        emulated.s3.put_bucket_versioning(
            Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"}
        )
        yield emulated


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    path.write_bytes(random.Random(1).randbytes((PARTS - 1) * SMALLEST_PART_BYTES + 12_345))
    return path


class Client:
    """An uploader, and what it sends."""

    def __init__(self, aws: EmulatedAws) -> None:
        s3 = boto3.client("s3", **aws.owner)
        s3.meta.events.register("before-call.s3.UploadPart", self._sends)
        self.uploader = S3Uploader(s3)
        self.sent = 0
        self.heard = 0

    def _sends(self, **_: Any) -> None:
        self.sent += 1

    def listen(self, done: int) -> None:
        self.heard += done

    def digest(self, clip: Path) -> Digest:
        return self.uploader.digest(clip, lambda _: None)

    def upload(self, clip: Path, key: str) -> str:
        return self.uploader.upload(
            clip,
            self.digest(clip),
            BUCKET,
            key,
            content_type="video/mp4",
            metadata={"artreel": "source"},
            listen=self.listen,
        )


@pytest.fixture
def client(aws: EmulatedAws) -> Client:
    return Client(aws)


def begin_and_die(aws: EmulatedAws, clip: Path, key: str, parts: int) -> None:
    """Upload in a process of its own that is killed when so many parts have been sent."""
    owner = {name: value for name, value in aws.owner.items() if name != "config"}
    died = subprocess.run(
        [sys.executable, "-c", DIES, json.dumps([owner, str(clip), BUCKET, key, parts])],
        cwd=ROOT,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL


def _interrupted(_: int) -> None:
    raise KeyboardInterrupt


def unfinished(aws: EmulatedAws, key: str) -> list[str]:
    page = aws.s3.list_multipart_uploads(Bucket=BUCKET, Prefix=key)
    return [upload["UploadId"] for upload in page.get("Uploads", [])]


def stored(aws: EmulatedAws, key: str) -> tuple[str, dict[str, str]]:
    answer = aws.s3.get_object(Bucket=BUCKET, Key=key)
    return hashlib.sha256(answer["Body"].read()).hexdigest(), answer["Metadata"]


def test_an_upload_goes_on_after_a_kill(aws: EmulatedAws, clip: Path, client: Client) -> None:
    begin_and_die(aws, clip, KEY, parts=1)
    (begun,) = unfinished(aws, KEY)
    there = len(aws.s3.list_parts(Bucket=BUCKET, Key=KEY, UploadId=begun)["Parts"])
    assert 1 <= there < PARTS
    version = client.upload(clip, KEY)
    assert client.sent == PARTS - there
    assert client.heard == clip.stat().st_size
    assert unfinished(aws, KEY) == []
    assert aws.s3.head_object(Bucket=BUCKET, Key=KEY)["VersionId"] == version
    content = hashlib.sha256(clip.read_bytes()).hexdigest()
    assert stored(aws, KEY) == (content, {"artreel": "source"})
    assert client.uploader.holds(BUCKET, KEY, client.digest(clip))


def test_one_of_another_content_is_left_alone(
    aws: EmulatedAws, client: Client, tmp_path: Path
) -> None:
    """The file has changed since, or somebody else is uploading to the same key."""
    key = "videos/changed.mp4"
    before, after = tmp_path / "before.mp4", tmp_path / "after.mp4"
    before.write_bytes(b"before")
    after.write_bytes(b"after!")
    where: Any = {"Bucket": BUCKET, "Key": key}
    begun = aws.s3.create_multipart_upload(**where, ChecksumAlgorithm="SHA256")["UploadId"]
    aws.s3.upload_part(
        **where, UploadId=begun, PartNumber=1, Body=b"before", ChecksumAlgorithm="SHA256"
    )
    client.upload(after, key)
    assert (client.sent, unfinished(aws, key)) == (1, [begun])
    assert stored(aws, key)[0] == hashlib.sha256(b"after!").hexdigest()
    assert not client.uploader.holds(BUCKET, key, client.digest(before))
    client.upload(before, key)
    assert (client.sent, unfinished(aws, key)) == (1, [])


def test_two_may_go_on_at_once(aws: EmulatedAws, clip: Path) -> None:
    key = "videos/both.mp4"
    begins = Client(aws)
    begins.listen = _interrupted  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        begins.upload(clip, key)
    assert len(unfinished(aws, key)) == 1
    both, together = [Client(aws), Client(aws)], Barrier(2)

    def upload(client: Client) -> str:
        together.wait(PATIENCE_SECONDS)
        return client.upload(clip, key)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(upload, both))
    assert stored(aws, key)[0] == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert unfinished(aws, key) == []


def test_a_file_that_changes_meanwhile_is_not_taken(
    aws: EmulatedAws, client: Client, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"before")
    digest = client.digest(clip)
    clip.write_bytes(b"after!")
    with pytest.raises(Unavailable, match=r"BadDigest|Checksum|InvalidRequest"):
        client.uploader.upload(
            clip, digest, BUCKET, "c.mp4", content_type="", metadata={}, listen=client.listen
        )
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=BUCKET, Prefix="c.mp4")


def test_an_upload_that_is_aborted_meanwhile_can_be_begun_anew(
    aws: EmulatedAws, clip: Path, client: Client
) -> None:
    key = "videos/aborted.mp4"

    def aborts(done: int) -> None:
        for upload_id in unfinished(aws, key):
            aws.s3.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload_id)

    with pytest.raises(Unavailable, match="run the command again"):
        client.uploader.upload(
            clip,
            client.digest(clip),
            BUCKET,
            key,
            content_type="video/mp4",
            metadata={},
            listen=aborts,
        )
    client.upload(clip, key)
    assert client.uploader.holds(BUCKET, key, client.digest(clip))


def test_an_empty_file_is_no_upload(client: Client, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(Rejected, match="is empty"):
        client.digest(tmp_path / "empty.mp4")


def test_a_file_that_still_grows_is_refused(client: Client, tmp_path: Path) -> None:
    clip = tmp_path / "growing.mp4"
    clip.write_bytes(b"some")

    def grows(_: int) -> None:
        if clip.stat().st_size < 100:
            with clip.open("ab") as file:
                file.write(b" more" * 20)

    with pytest.raises(Rejected, match="changed while it was read"):
        client.uploader.digest(clip, grows)


def test_what_is_to_be_new_replaces_nothing(client: Client) -> None:
    client.uploader.put(b"1", BUCKET, "styles/a.png", content_type="image/png", is_new=True)
    with pytest.raises(Changed):
        client.uploader.put(b"2", BUCKET, "styles/a.png", content_type="image/png", is_new=True)
    client.uploader.put(b"2", BUCKET, "styles/a.png", content_type="image/png")


def test_a_bucket_that_is_missing_is_said_to_be(client: Client, clip: Path) -> None:
    with pytest.raises(Refused, match=r"there is no such bucket \(NoSuchBucket\)"):
        client.uploader.put(b"", "nowhere", "key", content_type="")


@given(st.integers(1, 48 * 1024 * 1024 * MIB))
def test_every_file_has_few_parts_of_a_size_that_s3_takes(size: int) -> None:
    part = part_bytes(size)
    assert part % MIB == 0
    assert 5 * MIB <= part <= 5 * 1024 * MIB
    assert -(-size // part) <= MOST_PARTS
