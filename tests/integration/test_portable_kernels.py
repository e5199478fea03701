"""The kernels, compiled otherwise than they are installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from handler import kernels
from handler.build_hook import library_command
from tests.kernel_calls import call_all, shapes_as_used, shapes_at_random

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "handler/kernels/source").glob("*.c"))

CHECKED = ("-DCHECKED", "-O1", "-fsanitize=undefined,float-cast-overflow", "-Wno-pass-failed")
"""Undefined behaviour, and more room than was made, end the process."""


def compiled(folder: Path, *options: str) -> Path:
    library = folder / "libkernels.so"
    subprocess.run(library_command(SOURCES, library, *options), check=True, timeout=300)
    return library


def test_plain_c_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_installed, portable = (
        kernels.load(kernels.LIBRARY),
        kernels.load(compiled(tmp_path, "-DPORTABLE")),
    )
    random = np.random.default_rng(1)
    shapes = [shapes_as_used(180, 322), shapes_as_used(175, 143)]
    shapes += [shapes_at_random(random) for _ in range(60)]
    for seed, shape in enumerate(shapes):
        monkeypatch.setattr(kernels, "_library", lambda: as_installed)
        ours = call_all(np.random.default_rng(seed), shape)
        monkeypatch.setattr(kernels, "_library", lambda: portable)
        theirs = call_all(np.random.default_rng(seed), shape)
        assert [name for name in ours if ours[name] != theirs[name]] == [], shape


def test_no_kernel_does_what_c_leaves_undefined(tmp_path: Path) -> None:
    argv = [
        sys.executable,
        "-m",
        "tests.kernel_calls",
        str(compiled(tmp_path, *CHECKED)),
        "1",
        "80",
    ]
    run = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (run.returncode, run.stdout) == (0, "all kernels were called\n"), run.stderr
