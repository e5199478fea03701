"""A long video through the template's own state machine, in an emulated AWS."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from infra.local.deploy import BATCH_COMMAND, LocalStack, local_stack
from tests import clips
from tests.cloud import png

PATIENCE_SECONDS = 240
FRAMES = int(os.environ.get("ARTREEL_LONG_FRAMES", "180"))
CHUNKS = -(-FRAMES // 60)
"""Each of two seconds, in whole intervals between keyframes."""

CHUNK_TIMEOUT_SECONDS = "6"


class Bench:
    """The stack, and what people and operators do with it."""

    def __init__(self, stack: LocalStack, clip: bytes) -> None:
        self.stack = stack
        self.clip = clip
        self.s3 = stack.aws.s3
        self.s3.put_object(Bucket=stack.input_bucket, Key="styles/waves.png", Body=png("waves"))
        self.misbehave()

    def misbehave(self, *, small_disk: bool = False, **faults: list[int]) -> None:
        chunks = {"killed": [], "hangs": [], "broken": [], **faults}
        wanted = {"small_disk": small_disk, **chunks}
        self.s3.put_object(
            Bucket=self.stack.work_bucket, Key="faults.json", Body=json.dumps(wanted).encode()
        )

    def order(self, name: str, clip: bytes = b"", **fields: Any) -> None:
        key = f"videos/waves/{name}.mp4"
        self.s3.put_object(Bucket=self.stack.input_bucket, Key=key, Body=clip or self.clip)
        body = json.dumps({"video": key, "run_on": "step-functions", **fields})
        self.s3.put_object(
            Bucket=self.stack.input_bucket, Key=f"jobs/{name}.json", Body=body.encode()
        )

    def status(self, path: str) -> dict[str, Any]:
        try:
            body = self.s3.get_object(Bucket=self.stack.output_bucket, Key=f"{path}.status.json")[
                "Body"
            ].read()
        except self.s3.exceptions.NoSuchKey:
            return {}
        status: dict[str, Any] = json.loads(body)
        return status

    def ended(self, path: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            status = self.status(path)
            if status.get("state") in ("succeeded", "failed", "rejected"):
                return status
            time.sleep(0.2)
        log = self.stack.function_log.read_text()[-6000:]
        pytest.fail(f"{path} did not end: {self.status(path)}; functions say:\n{log}")

    def dead_letters(self) -> list[dict[str, Any]]:
        page = self.stack.aws.sqs.receive_message(
            QueueUrl=self.stack.dead_letter_queue_url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            WaitTimeSeconds=1,
        )
        return [dict(message) for message in page.get("Messages", [])]

    def send_back(self, letter: dict[str, Any]) -> None:
        self.stack.aws.sqs.send_message(
            QueueUrl=self.stack.job_queue_url,
            MessageBody=letter["Body"],
            MessageAttributes={
                name: {"DataType": "String", "StringValue": found["StringValue"]}
                for name, found in letter["MessageAttributes"].items()
            },
        )

    def done(self) -> dict[str, Any]:
        """When each chunk was finished, by its key."""
        page = self.s3.list_objects_v2(Bucket=self.stack.work_bucket)
        return {
            entry["Key"]: entry["LastModified"]
            for entry in page.get("Contents", [])
            if "/done/" in entry["Key"]
        }

    def executions(self) -> dict[str, str]:
        """How each has ended; a job's status tells its end a moment before."""
        machine, deadline = self.stack.state_machine_arn, time.monotonic() + PATIENCE_SECONDS
        while True:
            page = self.stack.aws.states.list_executions(stateMachineArn=machine)
            states: dict[str, str] = {
                found["name"]: found["status"] for found in page["executions"]
            }
            if "RUNNING" not in states.values() or time.monotonic() > deadline:
                return states
            time.sleep(0.2)

    def states_of(self, path: str) -> list[str]:
        """Names of the states that the execution of a job went through."""
        job_id, states = self.status(path)["job_id"], self.stack.aws.states
        arn = self.stack.state_machine_arn.replace(":stateMachine:", ":execution:")
        page = states.get_execution_history(executionArn=f"{arn}:{job_id}", maxResults=1000)
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]

    def happened(self, fault: str) -> int:
        page = self.s3.list_objects_v2(Bucket=self.stack.work_bucket, Prefix=f"happened/{fault}/")
        return page["KeyCount"]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("long")
    with local_stack(
        folder,
        image_command="tests.infra.fast_worker.handler",
        commands={
            "handler.entrypoints.paint_chunk.handler": "tests.infra.fast_worker.chunk_handler",
            "handler.entrypoints.assemble.handler": "tests.infra.fast_worker.assemble_handler",
            BATCH_COMMAND: "tests.infra.fast_container",
        },
        ChunkTimeoutSeconds=CHUNK_TIMEOUT_SECONDS,
        StatusIntervalSeconds="1",
        RetrySeconds="1",
    ) as stack:
        yield Bench(stack, _clip(folder, FRAMES))


def _clip(folder: Path, frames: int) -> bytes:
    clip = folder / f"{frames}.mp4"
    clips.ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=size=64x48:rate=25:duration={frames / 25}"),
        *("-f", "lavfi", "-i", f"sine=frequency=440:duration={frames / 25}"),
        *("-c:v", "libx264", "-preset", "veryfast", "-g", "30", str(clip)),
    )
    return clip.read_bytes()


def _video(bench: Bench, path: str) -> tuple[int, int]:
    """Pictures and packets of sound of a result."""
    body = bench.s3.get_object(Bucket=bench.stack.output_bucket, Key=f"{path}.mp4")["Body"].read()
    with av.open(io.BytesIO(body), "r") as video:
        pictures = len(list(video.decode(video=0)))
    with av.open(io.BytesIO(body), "r") as video:
        return pictures, sum(1 for packet in video.demux(audio=0) if packet.size)


def _packets_of_sound(clip: bytes) -> int:
    with av.open(io.BytesIO(clip), "r") as video:
        return sum(1 for packet in video.demux(audio=0) if packet.size)


def test_a_job_survives_workers_that_die_and_hang(bench: Bench) -> None:
    killed, hangs = [*range(0, CHUNKS, 3)], [*range(1, CHUNKS, 20)]  # 30 and 5 % of many
    bench.misbehave(killed=killed, hangs=hangs)
    bench.order("hard")
    status = bench.ended("jobs/hard")
    assert status["state"] == "succeeded", status
    assert (bench.happened("killed"), bench.happened("hangs")) == (len(killed), len(hangs))
    assert _video(bench, "jobs/hard") == (FRAMES, _packets_of_sound(bench.clip))
    report = json.loads(
        bench.s3.get_object(Bucket=bench.stack.output_bucket, Key="jobs/hard.report.json")[
            "Body"
        ].read()
    )
    assert (report["chunks"], report["frames"]) == (CHUNKS, FRAMES)
    assert set(bench.executions().values()) == {"SUCCEEDED"}


def test_a_chunk_that_fails_for_ever_fails_the_job_and_a_second_run_paints_it_alone(
    bench: Bench,
) -> None:
    before = set(bench.done())
    bench.misbehave(broken=[1])
    bench.order("broken")
    status = bench.ended("jobs/broken")
    assert status["state"] == "failed"
    assert (
        f"1 of {CHUNKS} chunks could not be painted: chunk 1 (frames 60 to 119)" in status["reason"]
    )
    first = {key: when for key, when in bench.done().items() if key not in before}
    assert len(first) == CHUNKS - 1
    (letter,) = bench.dead_letters()
    bench.misbehave()
    bench.send_back(letter)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while bench.status("jobs/broken")["state"] == "failed" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert bench.ended("jobs/broken")["state"] == "succeeded"
    second = {key: when for key, when in bench.done().items() if key not in before}
    assert {key: second[key] for key in first} == first  # none was written again
    assert len(second) == CHUNKS
    assert _video(bench, "jobs/broken")[0] == FRAMES
    (job_id,) = {key.split("/")[0] for key in second}
    runs = {name: state for name, state in bench.executions().items() if job_id in name}
    assert runs == {job_id: "FAILED", f"{job_id}-2": "SUCCEEDED"}


class TestBatch:
    """The same state machine, its containers as processes that really die and are tried again."""

    def test_a_container_that_is_killed_is_tried_again(self, bench: Bench) -> None:
        bench.misbehave(killed=[2], small_disk=True)
        before = bench.happened("killed")
        bench.order("contained", run_on="batch")
        status = bench.ended("jobs/contained")
        assert status["state"] == "succeeded", status
        assert bench.happened("killed") == before + 1
        assert _video(bench, "jobs/contained") == (FRAMES, _packets_of_sound(bench.clip))
        assert bench.executions()[status["job_id"]] == "SUCCEEDED"
        assert bench.states_of("jobs/contained") == [
            "Where",
            "PaintChunksOnBatch",
            "Assemble",
            "AssembleOnBatch",
        ]

    def test_one_chunk_is_no_array(self, bench: Bench, tmp_path: Path) -> None:
        bench.misbehave()
        bench.order("short", _clip(tmp_path, 25), run_on="batch")
        assert bench.ended("jobs/short")["state"] == "succeeded"
        assert _video(bench, "jobs/short")[0] == 25

    def test_a_chunk_that_fails_for_ever_is_named(self, bench: Bench) -> None:
        bench.misbehave(broken=[1])
        bench.order("impossible", run_on="batch")
        status = bench.ended("jobs/impossible")
        assert status["state"] == "failed"
        named = f"1 of {CHUNKS} chunks could not be painted: chunk 1 (frames 60 to 119)"
        assert named in status["reason"]
        # As the others were painted, a second run would paint that one alone.
        assert status["frames_done"] == FRAMES - 60
        assert any("jobs/impossible.json" in letter["Body"] for letter in bench.dead_letters())
