"""``artreel preview`` and ``artreel styles``."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from handler import gallery
from handler.entrypoints.commands import app
from tests import clips


def test_a_preview_is_painted(tmp_path: Path) -> None:
    clip, sheet = clips.bunny_cut(tmp_path), tmp_path / "sheet.jpg"
    words = ["preview", str(clip), "-s", "ink", "-s", "gold", "--strength", "0.5,1"]
    run = CliRunner().invoke(app, [*words, "-o", str(sheet), "--frames", "2"])
    assert run.exit_code == 0, run.stderr
    assert "2 frames in 4 looks, painted at 320x180" in run.stdout
    with Image.open(sheet) as picture:
        assert picture.height > 5 * 200


def test_styles_are_listed_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = CliRunner().invoke(app, ["styles"])
    assert listed.exit_code == 0
    assert "woodcut        Lines cut into a block" in listed.stdout
    monkeypatch.setattr(gallery, "STYLES", {"ink": gallery.STYLES["ink"]})
    sheet, picture = tmp_path / "sheet.jpg", tmp_path / "frame.png"
    Image.new("RGB", (96, 54), (90, 120, 60)).save(picture)
    drawn = CliRunner().invoke(app, ["styles", str(picture), "-o", str(sheet)])
    assert drawn.exit_code == 0, drawn.stderr
    assert sheet.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("preview", "missing.mp4", "-o", "s.jpg"), "there is no video"),
        (("preview", "clip.mp4", "-s", "nobody", "-o", "s.jpg"), "built in are strokes"),
        (("preview", "clip.mp4", "--strength", "much", "-o", "s.jpg"), "--strength takes numbers"),
        (("preview", "clip.mp4", "--strength", "2", "-o", "s.jpg"), "from 0 to 1, not 2"),
        (("preview", "clip.mp4", "-o", "s.png"), "is a .jpg file"),
        (("styles", "clip.mp4"), "say with -o"),
        (("styles", "missing.mp4", "-o", "s.jpg"), "there is no video or picture"),
    ],
)
def test_wrong_words_get_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("clip.mp4").touch()
    run = CliRunner().invoke(app, list(words))
    assert run.exit_code == 2
    assert reason in run.stderr
    assert len(run.stderr.splitlines()) == 1
