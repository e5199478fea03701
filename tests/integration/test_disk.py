"""How much of the disk a job takes while it runs."""

import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from handler.pipeline.workspace import SPARE_BYTES
from tests import clips
from tests.cloud import Cloud
from tests.integration.test_on_upload import handle, uploaded


def test_a_job_takes_source_result_and_a_little(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    source = clips.bunny_cut(tmp_path, frames=50).read_bytes()
    version = cloud.upload("videos/waves/clip.mp4", source)
    seen, done = [0], threading.Event()

    def sample() -> None:
        while not done.wait(0.005):
            seen.append(_bytes_in(place))

    sampler = threading.Thread(target=sample)
    sampler.start()
    (outcome,) = handle(uploaded("videos/waves/clip.mp4", version))["jobs"]
    done.set()
    sampler.join()
    assert outcome["state"] == "succeeded"
    result = len(cloud.read("waves/clip.mp4"))
    assert len(source) <= max(seen) <= len(source) + result + SPARE_BYTES


def _bytes_in(folder: Path) -> int:
    """Of what is there; files and folders that go meanwhile count as they are met."""
    total = 0
    for parent, _, names in os.walk(folder):  # which passes over folders that are gone
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(parent, name).lstat().st_size
    return total
