"""The emulated AWS as a process: it starts, and it leaves nothing behind."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.local import ministack
from infra.local.certificate import write_certificate
from infra.local.ministack import EmulationError


def test_it_listens_on_loopback_while_it_is_needed_and_no_longer(tmp_path: Path) -> None:
    with ministack.running(tmp_path / "log.txt") as aws:
        address = urlsplit(aws.endpoint_url)
        assert address.hostname == "127.0.0.1"
        assert address.port is not None
        aws.s3.create_bucket(Bucket="some-bucket")
        folder = aws.certificate.parent
        assert folder.exists()
    assert not folder.exists()
    with socket.socket() as probe:
        assert probe.connect_ex((address.hostname, address.port)) != 0
    with ministack.running(tmp_path / "log.txt") as again:
        assert again.s3.list_buckets()["Buckets"] == []


def test_it_is_killed_with_all_it_started_when_the_body_fails(tmp_path: Path) -> None:
    groups = []
    with pytest.raises(ValueError, match="in the body"), ministack.running(tmp_path / "log.txt"):
        groups = [
            int(process.name)
            for process in Path("/proc").iterdir()
            if process.name.isdigit() and _is_child_group(int(process.name))
        ]
        raise ValueError("in the body")
    assert groups
    for group in groups:
        with pytest.raises(ProcessLookupError):
            os.killpg(group, 0)


def _is_child_group(pid: int) -> bool:
    """Whether a process leads a group of its own and was started by this one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    parent, group = int(fields[1]), int(fields[2])
    return parent == os.getpid() and group == pid


def test_a_program_that_stops_at_once_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ministack, "_install", lambda: Path("/bin/false"))
    with (
        pytest.raises(EmulationError, match="exit code 1"),
        ministack.running(tmp_path / "log.txt"),
    ):
        pytest.fail("it must not get this far")


def test_nobody_else_reads_the_key(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    assert b"BEGIN CERTIFICATE" in certificate.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
