"""An emulated AWS on loopback: ministack, in an environment and a process group of its own.

It checks signatures, TLS-only policies and the permissions of each function's own role, so what
runs here has the rights that ``template.yaml`` gives it and no others.
"""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from infra.local.certificate import write_certificate

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

ROOT = Path(__file__).resolve().parents[2]
LOCK = Path(__file__).with_name("requirements.lock")
ENVIRONMENT = ROOT / "build" / "ministack"

REGION = "us-east-1"
INSTALL_SECONDS = 300
READY_SECONDS = 30
CLIENT_CONFIG = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 2})


class EmulationError(Exception):
    """The emulated AWS did not do what was asked of it; the message says what, in one sentence."""


@dataclass(frozen=True)
class EmulatedAws:
    """Where the emulated AWS listens, and clients that act as the owner of its account."""

    endpoint_url: str
    certificate: Path

    @cached_property
    def s3(self) -> S3Client:
        """Buckets and objects."""
        return boto3.client("s3", **self.owner)

    @cached_property
    def sqs(self) -> SQSClient:
        """Queues."""
        return boto3.client("sqs", **self.owner)

    @cached_property
    def events(self) -> EventBridgeClient:
        """Rules and their targets."""
        return boto3.client("events", **self.owner)

    @cached_property
    def functions(self) -> LambdaClient:
        """Functions and what feeds them."""
        return boto3.client("lambda", **self.owner)

    @cached_property
    def states(self) -> SFNClient:
        """State machines and their executions."""
        return boto3.client("stepfunctions", **self.owner)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """Stacks."""
        return boto3.client("cloudformation", **self.owner)

    @property
    def owner(self) -> dict[str, Any]:
        """What ``boto3.client`` takes to act as the owner of the account."""
        return {
            "endpoint_url": self.endpoint_url,
            "verify": str(self.certificate),
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            "region_name": REGION,
            "config": CLIENT_CONFIG,
        }


@contextmanager
def running(log: Path) -> Iterator[EmulatedAws]:
    """Start ministack on a free loopback port; kill it and all it started on the way out.

    Its state lives in memory and in a temporary folder, so every run starts from nothing.

    Args:
        log: the file that takes its log; written anew.

    Raises:
        EmulationError: it cannot be installed, or was not ready in time.
    """
    program = _install()
    with tempfile.TemporaryDirectory(prefix="artreel-ministack-") as folder, log.open("wb") as out:
        certificate, key = write_certificate(Path(folder))
        port = _free_port()
        process = subprocess.Popen(
            [program],
            cwd=folder,
            env=_environment(Path(folder), port, certificate, key),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            aws = EmulatedAws(f"https://127.0.0.1:{port}", certificate)
            _wait_until_ready(aws, process)
            yield aws
        finally:
            # The group holds the functions and their ffmpeg as well. Asked politely, ministack
            # waits half a minute for idle TLS connections and has nothing worth saving.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _install() -> Path:
    """Make ministack's environment if the lock changed since; return its program."""
    installed = ENVIRONMENT / "requirements.lock"
    if not installed.exists() or installed.read_bytes() != LOCK.read_bytes():
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", "--quiet"]
        try:
            subprocess.run(
                [*pip, "--require-hashes", "-r", str(LOCK)], check=True, timeout=INSTALL_SECONDS
            )
        except subprocess.SubprocessError as error:
            raise EmulationError(f"ministack could not be installed: {error}.") from error
        installed.write_bytes(LOCK.read_bytes())
    return ENVIRONMENT / "bin" / "ministack"


def _environment(folder: Path, port: int, certificate: Path, key: Path) -> dict[str, str]:
    """All that ministack, and the functions that it starts, get to see of the environment."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        # These two would listen on every interface.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(certificate),
        "MINISTACK_SSL_KEY": str(key),
        # For the functions: boto3 trusts this certificate and no other.
        "AWS_CA_BUNDLE": str(certificate),
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_until_ready(aws: EmulatedAws, process: subprocess.Popen[bytes]) -> None:
    trust = ssl.create_default_context(cafile=str(aws.certificate))
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        # Looked at, not reaped: its process group stays its own until it is killed.
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None:
            raise EmulationError(f"ministack stopped at once, with exit code {ended.si_status}.")
        try:
            health = f"{aws.endpoint_url}/_ministack/health"
            with urllib.request.urlopen(health, timeout=2, context=trust):  # noqa: S310 (loopback)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise EmulationError(f"ministack was not ready within {READY_SECONDS} seconds.")
