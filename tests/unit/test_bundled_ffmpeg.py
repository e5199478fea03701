"""Where ffmpeg is found."""

import os
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import pytest

from handler.media import bundled
from handler.media.bundled import bundled_ffmpeg


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMAGEIO_FFMPEG_EXE", raising=False)


def test_it_is_the_one_that_would_be_found_by_running_it() -> None:
    assert bundled_ffmpeg() == imageio_ffmpeg.get_ffmpeg_exe()
    assert os.access(bundled_ffmpeg(), os.X_OK)


def test_nothing_is_run_to_find_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", run)
    bundled_ffmpeg()


def test_one_that_the_user_names_goes_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", sys.executable)
    assert bundled_ffmpeg() == sys.executable


def test_where_it_is_missing_another_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bare:
        origin = str(tmp_path / "__init__.py")

    monkeypatch.setattr(bundled, "find_spec", lambda _: Bare)
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: "ffmpeg of the system")
    assert bundled_ffmpeg() == "ffmpeg of the system"
