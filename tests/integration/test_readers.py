"""Processes that read files, started before there is a file to read."""

import sys
from pathlib import Path

import pytest
from PIL import Image

from handler.domain.errors import Rejected, Unavailable
from handler.media.pictures import read_picture
from handler.media.reader import Worker, at_hand
from tests.processes import child_dies_with, none_left


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a name\nof two lines.png"
    Image.new("RGB", (3, 2), (1, 2, 3)).save(path)
    return path


def test_a_reader_takes_the_process_that_is_at_hand(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: Worker) -> None:
        raise Unavailable("another process was started")

    with none_left(), at_hand("picture_worker"):
        monkeypatch.setattr(Worker, "start", start)
        assert read_picture(picture).tolist() == [[[1, 2, 3]] * 3] * 2
        with pytest.raises(Unavailable, match="another"):
            read_picture(picture)


def test_without_one_at_hand_it_starts_its_own(picture: Path) -> None:
    with none_left(), at_hand("probe_worker"):
        assert read_picture(picture).shape == (2, 3, 3)


def test_one_that_was_at_hand_refuses_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "none.png").write_bytes(b"no picture")
    with none_left(), at_hand("picture_worker"), pytest.raises(Rejected, match="not a JPEG"):
        read_picture(tmp_path / "none.png")


def test_what_nobody_needed_is_ended() -> None:
    with none_left(), pytest.raises(KeyError), at_hand("picture_worker", "probe_worker"):
        raise KeyError


def test_what_can_not_be_started_ahead_is_left_to_its_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with at_hand("picture_worker"):
        pass


def test_a_worker_that_is_told_of_no_file_ends() -> None:
    with Worker("picture_worker") as worker:
        pass
    assert worker.exit_code == 0


def test_a_waiting_worker_dies_with_its_parent() -> None:
    assert child_dies_with(PARENT)


PARENT = """
import os, time
from pathlib import Path
from handler.media.reader import at_hand
with at_hand("picture_worker"):
    print(Path(f"/proc/self/task/{os.getpid()}/children").read_text(), flush=True)
    time.sleep(1000)
"""
