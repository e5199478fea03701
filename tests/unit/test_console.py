"""What the commands share."""

from __future__ import annotations

from pathlib import Path

import pytest

from handler.domain.errors import Rejected
from handler.entrypoints.console import keyframe_interval_in, style_pictures


def test_a_style_is_a_file_or_built_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.jpg").touch()
    assert style_pictures(["a.jpg", "ink"]) == {"a.jpg": Path("a.jpg")}
    with pytest.raises(
        Rejected, match=r"no style picture 'b.jpg', and none is built in .* strokes,"
    ):
        style_pictures(["a.jpg", "b.jpg"])


def test_a_file_goes_before_a_built_in_style(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ink").touch()
    assert style_pictures(["ink"]) == {"ink": Path("ink")}


def test_the_interval_of_keyframes_is_a_number_or_left_to_artreel() -> None:
    assert [keyframe_interval_in(given) for given in ("auto", "2", "32")] == [12, 2, 32]
    for given in ("1", "33", "-4", "4.5", "", "many"):
        with pytest.raises(Rejected, match="--keyframe-interval takes `auto` or a number from 2"):
            keyframe_interval_in(given)
