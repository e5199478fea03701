"""Folders of clips: what is painted, what was there, what failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from handler.domain.compare import Compare
from handler.domain.errors import Rejected, Unavailable
from handler.domain.timeline import Timeline
from handler.entrypoints.folder import paint_folder
from handler.pipeline.paint_video import Painting, PaintOrder, paint_video
from tests.fakes import FakeMedia, FakeMotion, FakePainter

ENGINE = {"model": "fake"}


class Folder:
    def __init__(self, path: Path) -> None:
        (path / "in").mkdir()
        self.clips, self.results = path / "in", path / "out"
        for name in ("b.mp4", "a.mov", "notes.txt", ".hidden.mp4"):
            (self.clips / name).write_bytes(b"video")
        (path / "monet").write_bytes(bytes([100]))
        self.order = PaintOrder(
            source=self.clips,
            styles={"monet": path / "monet"},
            timeline=Timeline.of_style("monet"),
            working_size_px=None,
            result=self.results,
        )
        self.painted: list[str] = []
        self.on_paint: Callable[[], None] = lambda: None

    def paint(self, order: PaintOrder) -> Painting:
        self.on_paint()
        painting = paint_video(order, FakeMedia(), FakePainter(), FakeMotion())
        self.painted.append(order.source.name)
        return painting

    def run(self, **changes: object) -> int:
        self.painted = []
        order = replace(self.order, **changes)  # type: ignore[arg-type]
        return paint_folder(order, ENGINE, self.paint)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_every_clip_is_painted(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert folder.run() == 0
    assert folder.painted == ["a.mov", "b.mp4"]
    assert (folder.results / "a.mp4").read_text() == "result 5"
    table = capsys.readouterr().out
    assert "a.mov" in table
    assert "2 painted" in table


def test_what_is_there_is_left(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.run()
    (folder.clips / "c.mp4").write_bytes(b"video")
    assert folder.run() == 0
    assert folder.painted == ["c.mp4"]
    assert "1 painted, 2 there already" in capsys.readouterr().out


def test_another_wish_is_painted_anew(folder: Folder, tmp_path: Path) -> None:
    folder.run()
    for changes in (
        {"working_size_px": 512},
        {"keyframe_interval": 7},
        {"compare": Compare.SPLIT},
        {"timeline": Timeline.of_style("ink")},
    ):
        folder.run(**changes)
        assert folder.painted == ["a.mov", "b.mp4"], changes
        folder.run(**changes)
        assert folder.painted == []
    folder.run()
    (tmp_path / "monet").write_bytes(bytes([50]))
    folder.run()
    assert folder.painted == ["a.mov", "b.mp4"]


def test_a_changed_clip_and_a_replaced_result_are_painted_anew(folder: Folder) -> None:
    folder.run()
    (folder.clips / "b.mp4").write_bytes(b"another video")
    (folder.results / "a.mp4").write_text("something else")
    folder.run()
    assert folder.painted == ["a.mov", "b.mp4"]


def test_a_result_without_its_note_is_painted_anew(folder: Folder) -> None:
    folder.run()
    (folder.results / ".a.mp4.artreel").unlink()
    folder.run()
    assert folder.painted == ["a.mov"]


@pytest.mark.parametrize(
    ("failure", "code"), [(Unavailable("no disk"), 70), (ZeroDivisionError(), 70)]
)
def test_a_fault_does_not_stop_the_others(
    folder: Folder, failure: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    failures = iter([failure])

    def fail_once() -> None:
        for error in failures:
            raise error

    folder.on_paint = fail_once
    assert folder.run() == code
    assert folder.painted == ["b.mp4"]
    assert "1 painted, 1 failed" in capsys.readouterr().out
    assert folder.run() == 0
    assert folder.painted == ["a.mov"]


def test_a_clip_that_is_none_does_not_stop_the_others(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder.clips / "a.mov").write_bytes(b"broken")
    assert folder.run() == 2
    assert folder.painted == ["b.mp4"]
    assert "can't be read as a video" in " ".join(capsys.readouterr().out.split())


def test_a_stop_tells_how_far_it_came(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    def stop() -> None:
        if folder.painted:
            raise KeyboardInterrupt

    folder.on_paint = stop
    with pytest.raises(KeyboardInterrupt):
        folder.run()
    assert "1 painted, 1 not reached" in capsys.readouterr().out


def test_two_clips_of_one_stem_keep_apart(folder: Folder) -> None:
    for name in ("A.mp4", "a.mov.mp4"):
        (folder.clips / name).write_bytes(b"video")
    folder.run()
    names = {path.name for path in folder.results.iterdir() if not path.name.startswith(".")}
    assert names == {"A.mp4.mp4", "a.mov.mp4", "a.mov.mp4.mp4", "b.mp4"}


def test_there_must_be_clips_and_a_place_for_results(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for changes, reason in (
        ({"source": tmp_path / "empty"}, "there is no video in"),
        ({"result": folder.clips}, "among the clips"),
        ({"result": tmp_path / "o.mp4"}, "go to a folder"),
    ):
        with pytest.raises(Rejected, match=reason):
            folder.run(**changes)
