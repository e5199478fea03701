"""The handler as Lambda starts it: awslambdaric under AWS's runtime interface emulator."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import clips
from tests.e2e.stack import (
    OUTPUT_BUCKET,
    Stack,
    function_environment,
    runtime_interface_emulator,
    sample_clip,
)

START_SECONDS = 60
INVOKE_SECONDS = 300
STOP_SECONDS = 10
HANDLER = "handler.entrypoints.on_upload.handler"
PROJECT = Path(__file__).parents[2]


@contextlib.contextmanager
def serving(argv: Sequence[str], port: int, environment: Mapping[str, str]) -> Iterator[int]:
    """Id of a process that listens on a loopback port while the context lasts."""
    process = subprocess.Popen(argv, env=environment, cwd=PROJECT, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not listens(port):
            assert process.poll() is None, f"{argv[0]} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{argv[0]} does not listen"
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@dataclass(frozen=True)
class Function:
    """A function behind the emulator, which takes one invocation at a time."""

    port: int

    def invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=INVOKE_SECONDS)
        with contextlib.closing(connection):
            path = "/2015-03-31/functions/function/invocations"
            connection.request("POST", path, json.dumps(event))
            answer: dict[str, Any] = json.load(connection.getresponse())
        # The emulator answers HTTP 200 for an exception of the handler as well.
        assert "errorType" not in answer, answer
        return answer


@contextlib.contextmanager
def stack_process() -> Iterator[Stack]:
    """The stack in an emulated AWS of its own."""
    (port,) = free_ports(1)
    argv = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with serving(argv, port, {"PATH": "/usr/bin:/bin"}):
        emulated = Stack(f"http://127.0.0.1:{port}")
        with contextlib.closing(emulated):
            emulated.create()
            yield emulated


@contextlib.contextmanager
def function_process(stack: Stack, port: int, api_port: int, home: Path) -> Iterator[None]:
    """The emulator of the runtime interface, which starts the function at its first event."""
    argv = [
        str(runtime_interface_emulator()),
        "--log-level",
        "error",
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{port}",
        "--runtime-api-address",
        f"127.0.0.1:{api_port}",
        sys.executable,
        "-m",
        "awslambdaric",
        HANDLER,
    ]
    environment = {
        **function_environment(stack.endpoint),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(INVOKE_SECONDS),
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
    }
    with serving(argv, port, environment):
        yield


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with stack_process() as emulated:
        yield emulated


@pytest.fixture(scope="module")
def function(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    port, api_port = free_ports(2)
    with function_process(stack, port, api_port, tmp_path_factory.mktemp("home")):
        yield Function(port)


@pytest.fixture(scope="module")
def clip(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    stack.upload_style()
    return sample_clip(tmp_path_factory.mktemp("clips"))


def test_an_upload_comes_back_painted(
    stack: Stack, function: Function, clip: Path, tmp_path: Path
) -> None:
    event = stack.upload(clip, "videos/brush/clip.mp4")

    assert function.invoke(event) == {"batchItemFailures": []}

    stack.assert_painted("brush/clip", clip, tmp_path)
    assert set(stack.results("brush/clip")) == {
        "brush/clip.mp4",
        "brush/clip.jpg",
        "brush/clip.report.json",
        "brush/clip.status.json",
    }


def test_an_event_delivered_twice_is_painted_once(
    stack: Stack, function: Function, clip: Path
) -> None:
    event = stack.upload(clip, "videos/brush/twice.mp4")
    answers = [function.invoke(event)]
    first = stack.s3.head_object(Bucket=OUTPUT_BUCKET, Key="brush/twice.mp4")

    answers.append(function.invoke(event))

    assert answers == [{"batchItemFailures": []}] * 2
    second = stack.s3.head_object(Bucket=OUTPUT_BUCKET, Key="brush/twice.mp4")
    for field in ("ETag", "LastModified", "VersionId"):
        assert second.get(field) == first.get(field)
    assert len(stack.results("brush/twice")["brush/twice.mp4"]) == 1
    assert stack.status("brush/twice")["state"] == "succeeded"


def test_an_unreadable_video_is_rejected_and_not_retried(
    stack: Stack, function: Function, tmp_path: Path
) -> None:
    event = stack.upload(clips.text_named_video(tmp_path), "videos/brush/text.mp4")

    assert function.invoke(event) == {"batchItemFailures": []}

    status = stack.status("brush/text")
    assert status["state"] == "rejected"
    assert status["reason"]
    assert set(stack.results("brush/text")) == {"brush/text.status.json"}
