"""The commands of people who submit, with the rights of people who submit, in an emulated AWS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from handler import wiring
from handler.entrypoints.commands import app
from infra.local.deploy import STACK_NAME, LocalStack, local_stack
from infra.local.up import environment
from tests import clips
from tests.cloud import png

PATIENCE_SECONDS = 60
ARTREEL = Path(sys.executable).with_name("artreel")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    logs = tmp_path_factory.mktemp("logs")
    worker = "tests.infra.fast_worker.handler"
    with local_stack(logs, image_command=worker, StatusIntervalSeconds="1") as deployed:
        yield deployed


@pytest.fixture(scope="module")
def submitter(stack: LocalStack) -> dict[str, str]:
    """Credentials of a user who has the policy for submitters and nothing else."""
    described = stack.aws.cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    iam = boto3.client("iam", **stack.aws.owner)
    iam.create_user(UserName="submitter")
    iam.attach_user_policy(UserName="submitter", PolicyArn=outputs["SubmitterPolicyArn"])
    key = iam.create_access_key(UserName="submitter")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


@pytest.fixture(autouse=True)
def _as_submitter(
    stack: LocalStack, submitter: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    for name, value in {**environment(stack), **submitter}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("handler.entrypoints.watch_command.POLL_SECONDS", 0.1)
    boto3.DEFAULT_SESSION = None
    wiring.forget()
    yield
    boto3.DEFAULT_SESSION = None
    wiring.forget()


def artreel(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_clip_is_submitted_followed_listed_and_fetched(tmp_path: Path) -> None:
    clip, picture = clips.plain(tmp_path, frames=5), tmp_path / "monet.png"
    picture.write_bytes(png("waves"))
    painted = artreel("submit", clip, "--style", picture, "--watch")
    assert painted.exit_code == 0, painted.stderr
    assert "5 frames, succeeded" in painted.stdout
    wishes = ("--style", "monet", "--working-size", "64", "--budget-usd", "1")
    by_job_file = artreel("submit", clip, *wishes, "--watch")
    assert by_job_file.exit_code == 0, by_job_file.stderr
    listed = json.loads(artreel("jobs", "--json").stdout)
    states = {job["upload"]: job["state"] for job in listed}
    stem = clip.stem
    assert states == {
        f"videos/monet/{clip.name}": "succeeded",
        f"jobs/monet/{stem}.json": "succeeded",
    }
    into = tmp_path / "painted"
    into.mkdir()
    assert artreel("fetch", f"monet/{stem}", "-o", into).exit_code == 0
    names = {f"{stem}.mp4", f"{stem}.jpg", f"{stem}.report.json"}
    assert {path.name for path in into.iterdir()} == names
    report = json.loads((into / f"{stem}.report.json").read_text())
    assert report["frames"] == 5


def test_a_job_that_waits_is_cancelled(
    stack: LocalStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = clips.plain(tmp_path, frames=5)
    (tmp_path / "tiles.png").write_bytes(png("tiles"))
    mapping = queue_of_jobs(stack)
    stack.aws.functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    assert artreel("submit", clip, "--style", tmp_path / "tiles.png").exit_code == 0
    key = f"videos/tiles/{clip.name}"
    (waiting,) = [j for j in json.loads(artreel("jobs", "--json").stdout) if j["upload"] == key]
    assert waiting["state"] == "waiting"
    assert artreel("cancel", key).exit_code == 0
    stack.aws.functions.update_event_source_mapping(UUID=mapping, Enabled=True)
    ended = artreel("watch", key)
    assert (ended.exit_code, "its owner cancelled it" in ended.stderr) == (2, True), ended.stderr
    refused = artreel("fetch", key, "-o", tmp_path)
    assert (refused.exit_code, "it is cancelled" in refused.stderr) == (2, True)


def queue_of_jobs(stack: LocalStack) -> str:
    """The event source that feeds the painters."""
    queue = stack.job_queue_url.rpartition("/")[2]
    (mapping,) = [
        found["UUID"]
        for found in stack.aws.functions.list_event_source_mappings()["EventSourceMappings"]
        if found["EventSourceArn"].endswith(f":{queue}")
    ]
    return mapping


def test_submitters_may_do_nothing_else(stack: LocalStack, submitter: dict[str, str]) -> None:
    def client(service: str) -> Any:
        given = {name.lower(): value for name, value in submitter.items()}
        return boto3.client(service, **{**stack.aws.owner, **given})  # type: ignore[call-overload]

    s3, source, output = client("s3"), stack.input_bucket, stack.output_bucket
    forbidden: list[Callable[[], object]] = [
        lambda: s3.put_object(Bucket=output, Key="monet/forged.mp4", Body=b""),
        lambda: s3.put_object(Bucket=source, Key="elsewhere", Body=b""),
        lambda: s3.delete_object(Bucket=source, Key="videos/monet/any.mp4"),
        lambda: s3.delete_object(Bucket=output, Key="monet/any.mp4"),
        lambda: s3.put_object_tagging(Bucket=output, Key="any", Tagging={"TagSet": []}),
        lambda: client("dynamodb").list_tables(),
        lambda: client("sqs").purge_queue(QueueUrl=stack.job_queue_url),
    ]
    for call in forbidden:
        with pytest.raises(ClientError, match="AccessDenied"):
            call()
    refused = artreel("jobs", "--stack", "nobody")
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1


def test_a_local_stack_stays_until_it_is_told_to_stop_and_leaves_nothing(tmp_path: Path) -> None:
    with (tmp_path / "said").open("w+") as said:
        running = subprocess.Popen(
            [ARTREEL, "local", "up"],
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=tmp_path,
            env={**os.environ, "TMPDIR": str(tmp_path), "COLUMNS": "200"},
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while "Ctrl-C ends it" not in (text := (tmp_path / "said").read_text()):
                assert running.poll() is None, text
                assert time.monotonic() < deadline, text
                time.sleep(0.1)
            exports = [line.strip() for line in text.splitlines() if "export " in line]
            (folder,) = tmp_path.glob("artreel-ministack-*")
            listed = subprocess.run(
                ["bash", "-c", "\n".join([*exports, f"{ARTREEL} jobs --json"])],
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
                check=True,
            )
            assert json.loads(listed.stdout) == []
        finally:
            running.send_signal(signal.SIGINT)
            code = running.wait(PATIENCE_SECONDS)
    assert code == 0
    assert list(tmp_path.iterdir()) == [tmp_path / "said"]
    assert not [process for process in commands() if str(folder) in process]


def commands() -> list[str]:
    """The environment of every process that this one may look into."""
    found = []
    for process in Path("/proc").glob("[0-9]*/environ"):
        try:
            found.append(process.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return found
