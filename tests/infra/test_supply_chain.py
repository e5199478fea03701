"""What is installed is what was pinned, and can be listed and looked up."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra import audit

ROOT = Path(__file__).parents[2]
HASH = "    --hash=sha256:" + "0" * 64


def pinned(lock: Path) -> dict[str, int]:
    """``name==version`` -> number of hashes."""
    found: dict[str, int] = {}
    for line in lock.read_text().splitlines():
        if requirement := re.match(r"([\w.-]+==[\w.+!-]+)", line):
            package = requirement[1]
            found[package] = 0
        elif "--hash=sha256:" in line:
            found[package] += 1
        else:
            pytest.fail(f"{lock.name} holds more than pinned packages: {line}")
    return found


def test_every_package_is_pinned_with_its_hashes() -> None:
    for lock in audit.LOCKS:
        packages = pinned(ROOT / lock)
        assert packages
        assert min(packages.values()) > 0, lock


def test_no_lock_is_forgotten() -> None:
    known = subprocess.run(
        ["git", "ls-files", "*.lock"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(known.stdout.split()) <= set(audit.LOCKS)


@pytest.mark.parametrize("file", ["Makefile", "container/Dockerfile", "infra/local/ministack.py"])
def test_hashes_are_required_wherever_a_lock_is_installed(file: str) -> None:
    text = (ROOT / file).read_text().replace("\\\n", " ")
    installing = [line for line in text.splitlines() if re.search(r"pip\b.* \"?-r\b", line)]
    assert installing
    for line in installing:
        assert "--require-hashes" in line, line


def test_the_bill_of_materials_is_what_the_image_installs() -> None:
    make = ["make", "--old-file=install", "--silent", "sbom"]
    subprocess.run(make, cwd=ROOT, check=True, capture_output=True, timeout=120)
    bill = json.loads((ROOT / "build" / "sbom.cdx.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    listed = {f"{part['name']}=={part['version']}" for part in bill["components"]}
    assert listed == pinned(ROOT / "container" / "runtime.lock").keys()
    for part in bill["components"]:
        assert part["purl"].startswith("pkg:pypi/")
        hashes = [entry for found in part["externalReferences"] for entry in found["hashes"]]
        assert {entry["alg"] for entry in hashes} == {"SHA-256"}


@contextmanager
def advisories(vulnerable: str) -> Iterator[str]:
    """The address of a database that knows one vulnerability, of the package of that name."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(self.known(asked["package"]["name"])).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def known(self, name: str) -> dict[str, Any]:
            if name != vulnerable:
                return {}
            ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.0"}]}]
            package = {"name": name, "ecosystem": "PyPI"}
            return {
                "vulns": [
                    {
                        "id": "PYSEC-2026-1",
                        "summary": "It can be attacked.",
                        "affected": [{"package": package, "ranges": ranges}],
                    }
                ]
            }

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name there)
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "some.lock"
    path.write_text("".join(f"{name}==1.0 \\\n{HASH}\n" for name in ("good", "bad")))
    return path


def test_a_known_vulnerability_is_told(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with advisories(vulnerable="bad") as address:
        assert audit.main([lock], address) == audit.EXIT_VULNERABLE
    told = capsys.readouterr().out
    assert "2 packages, 1 with known vulnerabilities" in told
    assert "bad 1.0: PYSEC-2026-1, fixed in 9.0" in told


def test_no_known_vulnerability_is_told(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with advisories(vulnerable="another") as address:
        assert audit.main([lock, lock], address) == 0
    assert capsys.readouterr().out.count("2 packages, 0 with known vulnerabilities") == 2


def test_silence_is_no_clean_bill(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main([lock], "http://127.0.0.1:9") == os.EX_UNAVAILABLE
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("some.lock was not audited, the advisory database")
    assert len(told.err.splitlines()) == 1
