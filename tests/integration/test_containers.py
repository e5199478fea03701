"""Containers of AWS Batch as processes of their own: told to stop, killed, and tried again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import pytest
from moto.core.base_backend import BackendDict
from moto.server import ThreadedMotoServer

from handler import wiring
from handler.domain.claim import Delivery
from handler.domain.job import JobRequest
from handler.domain.route import Route
from handler.domain.status import State
from handler.entrypoints.batch_job import EXIT_DEFECT, EXIT_REJECTED, EXIT_TRY_AGAIN
from handler.pipeline.run_job import run_job
from tests import clips
from tests.cloud import IN, OUT, TABLE, Cloud, png
from tests.fakes import FakeLauncher
from tests.fast_painter import FastPainter
from tests.processes import descendants

WORK = "artreel-work"
FRAMES = 70
"""Two chunks: one of 60 frames, one of 10."""


@dataclass(frozen=True)
class Batch:
    """A job that was handed over, and what starts its containers.

    Attributes:
        disk: the temporary folder of all containers.
    """

    cloud: Cloud
    job_id: str
    disk: Path

    def start(
        self, *command: str, index: int = 0, attempt: int = 1, gate: str = "nowhere"
    ) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "TMPDIR": str(self.disk),
            "AWS_BATCH_JOB_ARRAY_INDEX": str(index),
            "AWS_BATCH_JOB_ATTEMPT": str(attempt),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "tests.gated_container", gate, *command],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @contextlib.contextmanager
    def stopped_at(self, gate: str) -> Iterator[subprocess.Popen[str]]:
        """The container of the first chunk, until it is let through its gate."""
        with self.start("paint", self.job_id, gate=gate) as container:
            assert container.stdout
            while container.stdout.readline() != "here\n":
                assert container.poll() is None
            yield container
            container.communicate("go\n")

    def run(self, *command: str, index: int = 0, attempt: int = 1) -> int:
        with self.start(*command, index=index, attempt=attempt) as container:
            container.communicate()
        return container.returncode

    def painted(self) -> dict[str, str]:
        """Version of everything that is done, by its key."""
        page = self.cloud.s3.list_object_versions(Bucket=WORK, Prefix=self.job_id)
        return {
            found["Key"]: found["VersionId"]
            for found in page.get("Versions", [])
            if "/done/" in found["Key"]
        }


@pytest.fixture
def batch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Batch]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "ARTREEL_INPUT_BUCKET": IN,
        "ARTREEL_OUTPUT_BUCKET": OUT,
        "ARTREEL_WORK_BUCKET": WORK,
        "ARTREEL_JOB_TABLE": TABLE,
        "ARTREEL_BATCH_VCPUS": "1",
        "ARTREEL_BATCH_MAX_VCPUS": "10",
    }.items():
        monkeypatch.setenv(name, value)
    wiring.forget()
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        yield _handed_over(disk, tmp_path)
    finally:
        BackendDict.reset()
        server.stop()
        wiring.forget()


def _handed_over(disk: Path, folder: Path) -> Batch:
    cloud = Cloud()
    place: dict[str, str] = {"LocationConstraint": "eu-central-1"}
    cloud.s3.create_bucket(Bucket=WORK, CreateBucketConfiguration=place)  # type: ignore[arg-type]
    cloud.s3.put_bucket_versioning(Bucket=WORK, VersioningConfiguration={"Status": "Enabled"})
    cloud.upload("styles/waves.png", png("waves"))
    clip = clips.plain(folder, frames=FRAMES)
    cloud.upload("videos/waves/clip.mp4", clip.read_bytes())
    studio = replace(
        wiring.studio(lambda: 900.0),
        painter=FastPainter,
        launcher=FakeLauncher(),
        workers=10,
        batch_disk_bytes=10**12,
    )
    request = JobRequest(IN, "videos/waves/clip.mp4", run_on=Route.BATCH)
    outcome = run_job(request, studio, Delivery("m1"))
    assert outcome.state is State.RUNNING
    return Batch(cloud, outcome.job_id, disk)


def test_nothing_is_lost_doubled_or_left_whatever_happens_to_a_container(batch: Batch) -> None:
    with batch.stopped_at("paint") as container:
        children = descendants(container.pid)
        assert children
        container.send_signal(signal.SIGTERM)
    assert container.returncode == EXIT_TRY_AGAIN
    assert not [pid for pid in children if Path("/proc", str(pid)).exists()]
    assert list(batch.disk.iterdir()) == []
    assert batch.painted() == {}

    with batch.stopped_at("frame") as container:
        container.kill()
    assert container.returncode == -signal.SIGKILL
    assert batch.painted() == {}

    with batch.stopped_at("frame") as container:
        container.send_signal(signal.SIGTERM)  # ten of sixty frames are left
    assert container.returncode == 0
    assert list(batch.disk.iterdir()) == []
    first = batch.painted()
    assert len(first) == 1

    assert batch.run("paint", batch.job_id, index=1) == 0
    assert batch.run("paint", batch.job_id, index=0, attempt=2) == 0
    both = batch.painted()
    assert len(both) == 2
    assert both.items() > first.items()  # the first was not painted again

    assert batch.run("assemble", batch.job_id, f"execution/{batch.job_id}") == 0
    assert batch.cloud.status("waves/clip")["state"] == "succeeded"
    result = batch.disk / "result.mp4"
    result.write_bytes(batch.cloud.read("waves/clip.mp4"))
    with av.open(str(result)) as video:
        assert len(list(video.decode(video=0))) == FRAMES


def test_a_chunk_that_nobody_wants_is_not_tried_again(batch: Batch) -> None:
    batch.cloud.upload("videos/waves/clip.mp4", b"newer")
    assert batch.run("paint", batch.job_id) == EXIT_REJECTED


def test_a_fault_of_ours_is_tried_again_once(batch: Batch) -> None:
    assert batch.run("paint", batch.job_id, index=2) == EXIT_TRY_AGAIN
    assert batch.run("paint", batch.job_id, index=2, attempt=2) == EXIT_DEFECT
