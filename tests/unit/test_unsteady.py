"""How much of a video has to be painted anew, as a cheap look tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from handler.domain.media import VideoFacts
from handler.domain.ports import Frame
from handler.pipeline.unsteady import MOST_FRAMES_READ, STRETCHES_JUMPED_TO, repainted_share
from tests.fakes import FACTS, FakeMedia

CLIP = Path("clip.mp4")


class Film(FakeMedia):
    """Frames whose colour is their index."""

    def __init__(self, frames: int) -> None:
        super().__init__(replace(FACTS, frame_count=frames))
        self.jumps: list[int] = []

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
        assert roughly
        self.jumps.append(index)
        return [
            np.full((*size[::-1], 3), at % 256, np.uint8) for at in range(index, index + frames)
        ]


class Moves:
    """Frames whose index is a multiple of one number begin a shot, of another are not carried."""

    def __init__(self, cut: int = 255, missed: int = 255) -> None:
        self._cut, self._missed = cut, missed

    def is_cut(self, before: Frame, after: Frame) -> bool:
        return bool(int(after[0, 0, 0]) % self._cut == 0)

    def propagate(
        self,
        frames: Sequence[Frame],
        paint: Callable[[int], Frame],
        *,
        morphs: bool = False,
    ) -> Iterator[Frame]:
        for at, frame in enumerate(frames[1:-1], 1):
            yield paint(at) if int(frame[0, 0, 0]) % self._missed == 0 else frame


@pytest.mark.parametrize(
    ("motion", "share"),
    [
        (Moves(), 0.0),
        (Moves(missed=5), 18 / 88),  # 5 to 95, but not 60, which is a keyframe
        (Moves(cut=18), 8 / 88),  # 17, 18, 35, 53, 54, 71, 89, 90
    ],
)
def test_of_a_short_video_all_frames_are_looked_at(motion: Moves, share: float) -> None:
    film = Film(97)
    assert repainted_share(CLIP, film.facts, 12, film, motion) == pytest.approx(share)
    assert not film.jumps


def test_of_a_long_video_some_stretches_are() -> None:
    film = Film(100_000)
    assert film.facts.frame_count > MOST_FRAMES_READ
    share = repainted_share(CLIP, film.facts, 12, film, Moves(missed=1))
    assert share == 1
    assert len(film.jumps) == STRETCHES_JUMPED_TO
    assert all(jump % 12 == 0 for jump in film.jumps)


def test_where_every_frame_is_painted_there_is_nothing_to_see() -> None:
    film = Film(0)
    assert repainted_share(CLIP, film.facts, 1, film, Moves()) == 0


def test_a_video_of_one_frame_needs_nothing_more() -> None:
    film = Film(1)
    assert repainted_share(CLIP, film.facts, 12, film, Moves()) == 0
