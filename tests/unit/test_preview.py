"""Which frames are shown, and in which looks."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from handler import gallery
from handler.domain.errors import Rejected
from handler.domain.media import VideoFacts
from handler.domain.ports import Frame
from handler.pipeline.gallery_sheet import gallery_sheet, painted_gallery_sheet
from handler.pipeline.preview import PreviewOrder, preview, tile_size
from handler.pipeline.telling_frames import SAMPLES, exposed_detail, telling_frames
from tests.fakes import FACTS, FakeMedia, FakeMotion, FakePainter

STYLES = {"monet": 100, "wave": 50}
LONG = replace(FACTS, frame_count=1600)


class Film(FakeMedia):
    """Shots, each a number of samples long, of frames that show less the further from the middle
    of the whole video they are; ``black`` shots show nothing."""

    def __init__(self, *shots: int, black: frozenset[int] = frozenset()) -> None:
        super().__init__(LONG)
        self.shot_of = [shot for shot, samples in enumerate(shots) for _ in range(samples)]
        self.black = black
        self.glimpsed: list[int] = []

    def glimpse(
        self,
        video: Path,
        facts: VideoFacts,
        index: int,
        size: tuple[int, int],
        frames: int = 1,
        *,
        roughly: bool = False,
    ) -> list[Frame]:
        self.glimpsed.append(index)
        width, height = size
        shot = self.shot_of[index * len(self.shot_of) // facts.frame_count]
        frame = np.zeros((height, width, 3), np.uint8)
        if shot not in self.black:
            frame[:, ::2] = 200 - abs(index - facts.frame_count // 2) // 8
        frame[0, 0, 0] = shot
        return [frame]

    def is_cut(self, before: Frame, after: Frame) -> bool:
        return bool(before[0, 0, 0] != after[0, 0, 0])


def _chosen(film: Film, wanted: int = 3) -> list[int]:
    return telling_frames(Path("clip"), LONG, wanted, film, film.is_cut)


def test_the_best_frame_of_each_of_the_longest_shots_is_taken() -> None:
    film = Film(4, 1, 5, 6)
    chosen = _chosen(film)
    assert [film.shot_of[index // 100] for index in chosen] == [0, 2, 3]
    assert chosen == [350, 750, 1050]  # of each the one nearest to the middle


def test_a_black_shot_is_not_telling() -> None:
    film = Film(4, 8, 4, black=frozenset({1}))
    assert {film.shot_of[index // 100] for index in _chosen(film, 2)} == {0, 2}


def test_few_shots_are_seen_at_several_moments() -> None:
    chosen = _chosen(Film(16))
    assert len(chosen) == 3
    assert min(later - earlier for earlier, later in pairwise(chosen)) > 300


def test_of_a_black_video_a_frame_is_shown_all_the_same() -> None:
    assert len(_chosen(Film(16, black=frozenset({0})))) >= 1


def test_a_long_video_is_looked_at_in_a_few_places() -> None:
    film = Film(16)
    _chosen(film)
    assert len(film.glimpsed) == SAMPLES


def test_a_short_video_is_read_once_and_not_jumped_into() -> None:
    media = FakeMedia(replace(FACTS, frame_count=100))
    media.glimpse = lambda *_: []  # type: ignore[method-assign]
    chosen = telling_frames(Path("clip"), media.facts, 3, media, FakeMotion().is_cut)
    assert len(set(chosen)) == 3


def test_what_can_not_be_decoded_is_rejected() -> None:
    media = FakeMedia()
    media.glimpse = lambda *_: []  # type: ignore[method-assign]
    with pytest.raises(Rejected, match="not one frame"):
        telling_frames(Path("clip"), LONG, 3, media, FakeMotion().is_cut)


def test_a_sharp_frame_shows_more_than_a_soft_or_a_burnt_one() -> None:
    random = np.random.default_rng(0)
    sharp = random.integers(60, 200, (90, 160, 3), np.uint8)
    soft = np.full_like(sharp, 128)
    burnt = np.where(random.random((90, 160, 1)) < 0.8, np.uint8(255), sharp)
    assert exposed_detail(sharp) > 2 * exposed_detail(burnt)
    assert exposed_detail(soft) == 0


@pytest.fixture
def order(tmp_path: Path) -> PreviewOrder:
    (tmp_path / "clip").write_bytes(b"video")
    pictures = {name: np.full((8, 8, 3), grey, np.uint8) for name, grey in STYLES.items()}
    return PreviewOrder(tmp_path / "clip", pictures, tmp_path / "sheet.jpg")


def test_each_look_has_a_row_under_the_original(order: PreviewOrder) -> None:
    media, painter = FakeMedia(), FakePainter()
    done = preview(replace(order, frames=2), media, painter, FakeMotion())
    assert order.sheet.exists()
    original, monet, wave = media.sheet
    assert [row[0].caption for row in (monet, wave)] == ["monet", "wave"]
    greys = [int(tile.image[0, 0, 0]) for tile in original[1:] if tile.image is not None]
    assert greys == list(done.frames)
    assert len(greys) == 2
    for row, added in ((monet, 100), (wave, 50)):
        painted = [int(tile.image[0, 0, 0]) for tile in row[1:] if tile.image is not None]
        assert painted == [grey + added for grey in greys]


def test_a_strength_lies_between_the_frames_own_style_and_the_pictures(order: PreviewOrder) -> None:
    media = FakeMedia()
    media.facts = replace(FACTS, frame_count=1)
    preview(
        replace(order, styles={"monet": order.styles["monet"]}, strengths=(0.0, 0.5, 1.0)),
        media,
        FakePainter(),
        FakeMotion(),
    )
    _, none, half, full = media.sheet
    assert [row[0].caption for row in (none, half, full)] == ["monet, 0", "monet, 0.5", "monet, 1"]
    greys = [int(row[1].image[0, 0, 0]) for row in (none, half, full) if row[1].image is not None]
    assert greys == [0, 50, 100]


def test_frames_are_painted_at_working_size(order: PreviewOrder) -> None:
    painter = FakePainter()
    preview(replace(order, working_size_px=24), FakeMedia(), painter, FakeMotion())
    assert painter.sizes == {(18, 24, 3)}


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"strengths": (0.5, 1.5)}, "from 0 to 1, not 1.5"),
        ({"strengths": (float("nan"),)}, "from 0 to 1, not nan"),
        ({"strengths": tuple(n / 100 for n in range(25))}, "at most 48"),
    ],
)
def test_wishes_are_bounded(order: PreviewOrder, wish: dict[str, object], reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        replace(order, **wish)  # type: ignore[arg-type]


def test_frames_of_every_shape_cover_the_same_area() -> None:
    assert tile_size(1280, 720) == (384, 216)
    assert tile_size(720, 1280) == (216, 384)


def test_the_gallery_is_shown_with_and_without_a_painted_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {style: gallery.STYLES[style] for style in ("ink", "gold")}
    monkeypatch.setattr(gallery, "STYLES", few)
    media = FakeMedia()
    gallery_sheet(tmp_path / "sheet.jpg", media)
    assert [tile.caption for row in media.sheet for tile in row] == list(gallery.STYLES)
    frame = np.full((90, 160, 3), 10, np.uint8)
    painted_gallery_sheet(tmp_path / "sheet.jpg", frame, media, FakePainter())
    tiles = [tile for row in media.sheet for tile in row]
    assert [tile.caption for tile in tiles[::2]] == list(gallery.STYLES)
    for style, tile in zip(gallery.STYLES, tiles[1::2], strict=True):
        assert tile.image is not None
        assert int(tile.image[0, 0, 0]) == 10 + int(gallery.draw(style).mean())
