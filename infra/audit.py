"""``make audit``: does anything that is pinned have a known vulnerability?

Exit codes: 0 nothing has, 1 something has, 69 (``EX_UNAVAILABLE`` of sysexits.h) nobody could say.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = (
    "requirements.lock",
    "container/build.lock",
    "container/model.lock",
    "container/runtime.lock",
    "infra/checkov.lock",
    "infra/local/requirements.lock",
    "tests/hub.lock",
    "tests/measure.lock",
)
ADVISORIES = "https://api.osv.dev/v1/query"
"""OSV, which holds PyPI's own advisories and GitHub's."""

AUDIT_SECONDS = 900
LONGEST_CAUSE = 150
EXIT_VULNERABLE = 1


class NotAudited(Exception):
    """The advisory database gave no answer; the message says so in one sentence."""


def main(locks: Sequence[Path], advisories: str = ADVISORIES) -> int:
    """Ask about each lock, print what is known of it."""
    vulnerable = False
    for lock in locks:
        try:
            dependencies = audit(lock, advisories)
        except NotAudited as silence:
            print(silence, file=sys.stderr)
            return os.EX_UNAVAILABLE
        found = [dependency for dependency in dependencies if dependency["vulns"]]
        print(f"{lock.name}: {len(dependencies)} packages, {len(found)} with known vulnerabilities")
        for dependency in found:
            for vulnerability in dependency["vulns"]:
                fixed = ", ".join(vulnerability["fix_versions"]) or "no version"
                print(
                    f"  {dependency['name']} {dependency['version']}: "
                    f"{vulnerability['id']}, fixed in {fixed}"
                )
        vulnerable |= bool(found)
    return EXIT_VULNERABLE if vulnerable else 0


def audit(lock: Path, advisories: str) -> list[dict[str, Any]]:
    """Every package of a lock with its ``vulns``, as pip-audit reports them.

    Raises:
        NotAudited: there is no answer for some package.
    """
    with tempfile.TemporaryDirectory() as cache:  # of its own, so that no answer is an old one
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip_audit", "--requirement", str(lock)),
                *("--require-hashes", "--disable-pip", "--progress-spinner", "off"),
                *("--vulnerability-service", "osv", "--osv-url", advisories),
                *("--cache-dir", cache, "--format", "json"),
            ],
            capture_output=True,
            text=True,
            timeout=AUDIT_SECONDS,
            check=False,
        )
    try:
        dependencies: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        why = (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
        raise NotAudited(
            f"{lock.name} was not audited, the advisory database {advisories} gave no answer: "
            f"{textwrap.shorten(why, LONGEST_CAUSE)}"
        ) from None
    if skipped := [found["name"] for found in dependencies if "vulns" not in found]:
        raise NotAudited(f"{lock.name} was not audited: nothing is known about {skipped}")
    return dependencies


if __name__ == "__main__":
    sys.exit(main([ROOT / lock for lock in LOCKS]))
