import os
import shutil
import tempfile
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from handler.domain.errors import Rejected, Unavailable
from handler.domain.spread import likely_result_bytes
from handler.pipeline.workspace import SPARE_BYTES, need_room, workspace
from tests.fakes import FACTS

Disk = namedtuple("Disk", "total used free")
NO_PROCESS = 2**22 + 1  # above the largest process id of Linux


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def usage(_: Path) -> Disk:
        return Disk(10 * SPARE_BYTES, 6 * SPARE_BYTES, 4 * SPARE_BYTES)

    monkeypatch.setattr(shutil, "disk_usage", usage)


@pytest.mark.usefixtures("disk")
def test_what_fits_with_room_to_spare_passes(tmp_path: Path) -> None:
    need_room(tmp_path, 3 * SPARE_BYTES, "the video")


@pytest.mark.usefixtures("disk")
def test_what_does_not_fit_at_the_moment_may_come_again(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"the video needs 801 MB .* only 800 MB are free"):
        need_room(tmp_path, 3 * SPARE_BYTES + 1_000_000, "the video")


@pytest.mark.usefixtures("disk")
def test_what_can_never_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"needs 2001 MB .* has 2000 MB in all"):
        need_room(tmp_path, 9 * SPARE_BYTES + 1_000_000, "the video")


def test_a_longer_video_is_expected_to_need_more() -> None:
    longer = replace(FACTS, frame_count=10 * FACTS.frame_count)
    assert likely_result_bytes(longer) == 10 * likely_result_bytes(FACTS)


def test_only_what_dead_workers_left_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = [f"artreel-job-{NO_PROCESS}-a", f"artreel-child-{NO_PROCESS}-a", "artreel-job-x"]
    alive = f"artreel-job-{os.getppid()}-a"
    for name in (*left, alive, "someone-elses"):
        (tmp_path / name).mkdir()
    with workspace() as folder:
        kept = {path.name for path in tmp_path.iterdir()}
        assert kept == {"artreel-job-x", alive, "someone-elses", folder.name}
    assert not folder.exists()
