"""Many jobs through the emulated stack while everything goes wrong that may.

Real worker processes are killed at random moments; their requests go through an unreliable network;
their events come twice, late and out of order; leases last four seconds. In the end every upload
has had exactly one answer, and the right one.

``make faults`` runs it with 200 uploads, or ``ARTREEL_FAULT_UPLOADS``; ``ARTREEL_FAULT_SEED``
chooses another run.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import pytest

from infra.local import ministack
from infra.local.delivery import unreliable_post
from infra.local.deploy import FUNCTION_LOG, MINISTACK_LOG, LocalStack, deploy
from infra.local.gateway import unreliable
from tests import clips
from tests.cloud import png

SEED = int(os.environ.get("ARTREEL_FAULT_SEED", "1"))
UPLOADS = int(os.environ.get("ARTREEL_FAULT_UPLOADS", "200"))
COMMAND = "tests.infra.fast_worker.handler"
LEASE_SECONDS = 4
HIDDEN_SECONDS = 8
"""Of the queues, until a worker says otherwise; on AWS it is hours, which nobody could wait for."""

KILL_SECONDS = (0.3, 3.0)
"""Between two killings, at least and at most."""

PATIENCE_SECONDS = 1200
QUIET_SECONDS = 2 * HIDDEN_SECONDS
FRAMES = (3, 5, 8)
PLACES = ("clip {}.mp4", "a b+c {} %20.mp4", "Übergang 🎨 {}.mp4", "deep/er/{}.mov")


@dataclass
class Upload:
    """One version of one key.

    Attributes:
        frames: of the video; 0 if it is none.
        is_newest: no other version of the key came after it.
    """

    key: str
    version: str
    frames: int
    has_style: bool
    is_newest: bool = True
    ends: Counter[str] = field(default_factory=Counter)
    job_ids: set[str] = field(default_factory=set)

    @property
    def stem(self) -> str:
        return os.path.splitext(self.key.removeprefix("videos/"))[0]  # noqa: PTH122 (a key)


@dataclass
class Scene:
    """The stack, with what was put in and what came out."""

    stack: LocalStack
    endings_url: str
    uploads: list[Upload]
    bodies: dict[int, bytes]
    chance: random.Random

    def upload(self, number: int) -> None:
        """One of the things that people upload, or the same key once more."""
        kind = self.chance.choices(["video", "again", "garbage", "styleless"], [75, 10, 8, 7])[0]
        keys = Counter(old.key for old in self.uploads)
        earlier = [
            old for old in self.uploads if keys[old.key] == 1 and old.frames and old.has_style
        ]
        if kind == "again" and earlier:
            replaced = self.chance.choice(earlier)
            replaced.is_newest = False
            others = [frames for frames in FRAMES if frames != replaced.frames]
            self.put(replaced.key, self.chance.choice(others), has_style=True)
            return
        style = "nobody" if kind == "styleless" else "waves"
        name = self.chance.choice(PLACES).format(number)
        frames = 0 if kind == "garbage" else self.chance.choice(FRAMES)
        self.put(f"videos/{style}/{name}", frames, has_style=kind != "styleless")

    def put(self, key: str, frames: int, *, has_style: bool) -> None:
        put = self.stack.aws.s3.put_object(
            Bucket=self.stack.input_bucket, Key=key, Body=self.bodies[frames]
        )
        self.uploads.append(Upload(key, put["VersionId"], frames, has_style))

    def collect_ends(self) -> None:
        by_version = {upload.version: upload for upload in self.uploads}
        sqs = self.stack.aws.sqs
        while messages := sqs.receive_message(
            QueueUrl=self.endings_url, MaxNumberOfMessages=10
        ).get("Messages", []):
            for message in messages:
                detail = json.loads(message["Body"])["detail"]
                upload = by_version[detail["upload"]["version"]]
                upload.ends[detail["state"]] += 1
                upload.job_ids.add(detail["job_id"])
                sqs.delete_message(
                    QueueUrl=self.endings_url, ReceiptHandle=message["ReceiptHandle"]
                )

    def waiting(self, url: str) -> int:
        counts = self.stack.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
            "Attributes"
        ]
        hidden = counts["ApproximateNumberOfMessagesNotVisible"]
        return int(counts["ApproximateNumberOfMessages"]) + int(hidden)

    def versions(self) -> dict[str, list[dict[str, Any]]]:
        """Everything ever written into the output bucket, the newest of each key first."""
        pages = self.stack.aws.s3.get_paginator("list_object_versions").paginate(
            Bucket=self.stack.output_bucket
        )
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for page in pages:
            for version in page.get("Versions", []):
                found[version["Key"]].append(dict(version))
        for versions in found.values():
            versions.sort(key=lambda version: not version["IsLatest"])
        return found

    def read(self, key: str, version: str | None = None) -> tuple[bytes, dict[str, str]]:
        which: Any = {"VersionId": version} if version else {}
        answer = self.stack.aws.s3.get_object(Bucket=self.stack.output_bucket, Key=key, **which)
        return answer["Body"].read(), answer["Metadata"]


def wait_until(what: str, is_so: Any, seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"{what} took longer than {seconds} s"
        time.sleep(0.2)


@contextlib.contextmanager
def killing(endpoint_url: str, seed: int, count: int) -> Iterator[Counter[str]]:
    """Kill so many workers behind this endpoint, one at a time, at random moments."""
    chance = random.Random(seed)
    over = threading.Event()
    killed: Counter[str] = Counter()

    def kill() -> None:
        while killed["workers"] < count and not over.wait(chance.uniform(*KILL_SECONDS)):
            workers = list(workers_of(endpoint_url))
            if workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chance.choice(workers), signal.SIGKILL)
                    killed["workers"] += 1

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def workers_of(endpoint_url: str) -> Iterator[int]:
    """Processes that serve a function of this very stack.

    Those that have no socket yet are still at their imports. They are spared: when one of them
    dies, ministack ends all others of its function, and no work would ever be begun.
    """
    wanted = f"AWS_ENDPOINT_URL={endpoint_url}".encode()
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                command = (process / "cmdline").read_bytes()
                environment = (process / "environ").read_bytes().split(b"\0")
                is_ours = b"awslambdaric" in command and wanted in environment
                if is_ours and any(_is_socket(link) for link in (process / "fd").iterdir()):
                    yield int(process.name)


def _is_socket(link: Path) -> bool:
    return str(link.readlink()).startswith("socket:")


@contextlib.contextmanager
def scene(folder: Path, seed: int) -> Iterator[tuple[Scene, Counter[str], str]]:
    """A stack behind an unreliable network, whose ends of jobs are collected."""
    bodies = {0: b"this is no video"}
    for frames in FRAMES:
        bodies[frames] = clips.plain(folder, frames=frames).read_bytes()
    with (
        ministack.running(folder / MINISTACK_LOG) as aws,
        unreliable(aws, seed) as gateway,
    ):
        parameters = {
            "EndpointUrl": gateway.endpoint_url,
            "LeaseSeconds": str(LEASE_SECONDS),
            "RetrySeconds": "1",
            "StatusIntervalSeconds": "1",
            "MaxConcurrency": "3",
        }
        stack = deploy(aws, folder / FUNCTION_LOG, COMMAND, parameters)
        for url in (stack.job_queue_url, stack.abandoned_queue_url):
            aws.sqs.set_queue_attributes(
                QueueUrl=url, Attributes={"VisibilityTimeout": str(HIDDEN_SECONDS)}
            )
        aws.s3.put_bucket_versioning(
            Bucket=stack.output_bucket, VersioningConfiguration={"Status": "Enabled"}
        )
        aws.s3.put_object(Bucket=stack.input_bucket, Key="styles/waves.png", Body=png("waves"))
        endings = aws.sqs.create_queue(QueueName="endings")["QueueUrl"]
        arn = aws.sqs.get_queue_attributes(QueueUrl=endings, AttributeNames=["QueueArn"])
        aws.events.put_rule(Name="ends", EventPattern=json.dumps({"source": ["artreel"]}))
        aws.events.put_targets(
            Rule="ends", Targets=[{"Id": "endings", "Arn": arn["Attributes"]["QueueArn"]}]
        )
        uploads: list[Upload] = []
        chance = random.Random(seed)
        yield (
            Scene(stack, endings, uploads, bodies, chance),
            gateway.happened,
            gateway.endpoint_url,
        )


def run(folder: Path, count: int, seed: int) -> None:
    began = time.monotonic()
    with (
        scene(folder, seed) as (played, network, endpoint_url),
        unreliable_post(played.stack, seed) as post,
        killing(endpoint_url, seed, count // 3) as killed,
    ):
        for number in range(count):
            played.upload(number)
            time.sleep(played.chance.uniform(0, 0.2))
        wait_until("delivering", lambda: post["received"] >= count and not post["pending"])
        queues = (played.stack.job_queue_url, played.stack.abandoned_queue_url)
        wait_until("the work", lambda: not any(played.waiting(url) for url in queues))
        played.collect_ends()
        check(played)
        dead = played.waiting(played.stack.dead_letter_queue_url)
    ends = Counter(state for upload in played.uploads for state in upload.ends)
    print(
        f"seed {seed}: {count} uploads in {time.monotonic() - began:.0f} s; ends {dict(ends)}; "
        f"post {dict(post)}; network {dict(network)}; {killed['workers']} workers killed; "
        f"{dead} dead letters"
    )
    assert killed["workers"] > 0
    assert post["twice"] > 0
    assert all(network[fault] > 0 for fault in ("error", "drop", "lost", "late"))


def check(played: Scene) -> None:
    written = played.versions()
    for upload in played.uploads:
        assert len(upload.ends) == 1, f"{upload} has {len(upload.ends)} different ends"
        assert len(upload.job_ids) == 1, upload
        (state,) = upload.ends
        videos = [
            (version, *played.read(f"{upload.stem}.mp4", version["VersionId"]))
            for version in written.get(f"{upload.stem}.mp4", [])
        ]
        mine = [body for _, body, mark in videos if mark.get("artreel-job") in upload.job_ids]
        # Once, whole, and only by a job that says so.
        assert len(mine) == (1 if state == "succeeded" else 0), (upload, len(mine))
        if mine:
            with av.open(io.BytesIO(mine[0]), "r") as video:
                assert len(list(video.decode(video=0))) == upload.frames
        if not upload.frames or not upload.has_style:
            assert state in ("rejected", "failed")
        elif upload.is_newest:
            assert state in ("succeeded", "failed"), upload
        if upload.is_newest:
            check_newest(played, upload, state, [mark for _, _, mark in videos])
    kept = played.waiting(played.stack.dead_letter_queue_url)
    assert kept >= sum("failed" in upload.ends for upload in played.uploads)


def check_newest(played: Scene, upload: Upload, state: str, marks: list[dict[str, str]]) -> None:
    """What people find under the key tells of this upload alone."""
    (job_id,) = upload.job_ids
    status = json.loads(played.read(f"{upload.stem}.status.json")[0])
    assert (status["job_id"], status["state"]) == (job_id, state), (upload, status)
    if state == "succeeded":
        assert marks[0]["artreel-job"] == job_id
        assert (status["percent"], status["frames"]) == (100, upload.frames)
        report = json.loads(played.read(f"{upload.stem}.report.json")[0])
        assert (report["job_id"], report["frames"]) == (job_id, upload.frames)
        assert played.read(f"{upload.stem}.jpg")[1]["artreel-job"] == job_id
    else:
        assert status["reason"]


def test_every_upload_has_exactly_one_right_end(tmp_path: Path) -> None:
    run(tmp_path, count=12, seed=SEED)


@pytest.mark.faults
def test_many_uploads_have_exactly_one_right_end_each(tmp_path: Path) -> None:
    run(tmp_path, count=UPLOADS, seed=SEED)
