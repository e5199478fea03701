"""Results that show the original beside its paint."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from handler.domain.compare import Compare
from handler.domain.errors import Rejected
from handler.domain.ports import Frame
from handler.domain.timeline import Timeline
from handler.pipeline.comparison import Comparison
from handler.pipeline.paint_video import PaintOrder, paint_video
from tests.fakes import FACTS, FakeMedia, FakeMotion, FakePainter

LONG = replace(FACTS, width=640, height=32, frame_count=1000)


def _composed(compare: Compare, index: int = 0) -> Frame:
    comparison = Comparison(compare, LONG)
    original = np.full((32, 640, 3), 10, np.uint8)
    assert next(comparison.keep(iter([original]))) is original
    return comparison.compose(index, np.full((8, 160, 3), 200, np.uint8))


def test_side_by_side_is_twice_as_wide() -> None:
    frame = _composed(Compare.SIDE)
    assert frame.shape == (32, 1280, 3)
    assert (frame[:, :640] == 10).all()
    assert (frame[:, 640:] == 200).all()


def test_split_in_the_middle_by_a_line() -> None:
    frame = _composed(Compare.SPLIT)
    assert frame.shape == (32, 640, 3)
    assert (frame[:, :319] == 10).all()
    assert (frame[:, 319:321] == 255).all()
    assert (frame[:, 321:] == 200).all()


def test_what_would_be_too_large_is_rejected() -> None:
    huge = replace(FACTS, width=7680, height=4320)
    with pytest.raises(Rejected, match="compare them by `split` or `wipe`"):
        Compare.SIDE.shown(huge)
    assert Compare.SPLIT.shown(huge) == huge


@pytest.mark.parametrize(("second", "original"), [(0, 640), (1, 480), (4, 0), (5, 160), (8, 640)])
def test_a_wipe_goes_over_the_picture_and_back(second: int, original: int) -> None:
    frame = _composed(Compare.WIPE, 25 * second)
    assert np.count_nonzero(frame[0, :, 0] == 10) == pytest.approx(original, abs=1)
    assert np.count_nonzero(frame[0, :, 0] == 200) == pytest.approx(640 - original, abs=1)


def test_a_short_wipe_arrives_with_the_last_frame() -> None:
    short = replace(FACTS, frame_count=11)
    assert [Compare.WIPE.line_at(index, short) for index in (0, 5, 10)] == [32, 16, 0]
    assert Compare.WIPE.line_at(0, replace(FACTS, frame_count=1)) == 32
    assert Compare.WIPE.line_at(0, replace(FACTS, frame_rate=Fraction(1, 100))) == 32


@pytest.fixture
def order(tmp_path: Path) -> PaintOrder:
    (tmp_path / "clip").write_bytes(b"video")
    (tmp_path / "monet").write_bytes(bytes([100]))
    return PaintOrder(
        source=tmp_path / "clip",
        styles={"monet": tmp_path / "monet"},
        timeline=Timeline.of_style("monet"),
        working_size_px=16,
        result=tmp_path / "result.mp4",
    )


@pytest.mark.parametrize("interval", [1, 3])
@pytest.mark.parametrize("compare", list(Compare))
def test_each_frame_meets_its_own_paint(order: PaintOrder, compare: Compare, interval: int) -> None:
    """Frames are grey by their index; paint adds 100 to a keyframe and 200 to one between."""
    media = FakeMedia(replace(FACTS, frame_count=30))
    order = replace(order, compare=compare, keyframe_interval=interval)
    painting = paint_video(order, media, FakePainter(), FakeMotion())
    assert painting.frames == len(media.written) == 30
    width = 64 if compare is Compare.SIDE else 32
    assert painting.result.width == width
    for index, frame in enumerate(media.written):
        assert frame.shape == (24, width, 3)
        line = 32 if compare is Compare.SIDE else compare.line_at(index, painting.source)
        if line > 1:
            assert (frame[:, : line - 1] == index).all()
        if line < width:
            assert set(np.unique(frame[:, line + 1 :])) <= {index + 100, index + 200}


def test_frames_are_still_painted_at_working_size(order: PaintOrder) -> None:
    painter, alone = FakePainter(), FakePainter()
    paint_video(replace(order, compare=Compare.SPLIT), FakeMedia(), painter, FakeMotion())
    paint_video(order, FakeMedia(), alone, FakeMotion())
    assert painter.sizes == alone.sizes != {(24, 32, 3)}


def test_a_teaser_shows_the_middle(order: PaintOrder, tmp_path: Path) -> None:
    media = FakeMedia(replace(FACTS, frame_count=1000))
    order = replace(order, teaser=tmp_path / "teaser.webp", keyframe_interval=1)
    paint_video(order, media, FakePainter(), FakeMotion())
    assert (tmp_path / "teaser.webp").read_text() == "teaser 50"
