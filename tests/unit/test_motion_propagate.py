from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler import kernels
from handler.domain.ports import Frame
from handler.kernels import Floats
from handler.motion.flow import Gray
from handler.motion.propagate import propagate


def texture(height: int, width: int, seed: int = 0) -> Frame:
    """Detail of several sizes, as photographs have it."""
    random = np.random.default_rng(seed)
    drawn = np.full((height, width, 3), 128, np.float32)
    for cell, contrast in ((4, 30), (12, 40), (40, 40)):
        shape = (height // cell + 2, width // cell + 2, 3)
        noise = random.uniform(-contrast, contrast, shape).astype(np.float32)
        drawn += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(drawn, 0, 255), np.uint8)


def pan(count: int, step: int = 3, height: int = 96, width: int = 160) -> list[Frame]:
    """A camera that moves ``step`` px to the right with each frame."""
    wide = texture(height, width + step * count)
    return [wide[:, step * i : step * i + width].copy() for i in range(count)]


def inverted(frame: Frame) -> Frame:
    return 255 - frame


def keyframes(first: Frame, last: Frame, count: int) -> Callable[[int], Frame]:
    """Paint of the first and the last of so many frames; they show all of the others."""
    paint = {0: first, count - 1: last}
    return paint.__getitem__


def inverting(frames: list[Frame], asked: list[int]) -> Callable[[int], Frame]:
    """Paint of any frame; notes which were asked for between the keyframes."""

    def paint(at: int) -> Frame:
        if 0 < at < len(frames) - 1:
            asked.append(at)
        return inverted(frames[at])

    return paint


def carried(frames: list[Frame]) -> list[Frame]:
    return list(
        propagate(frames, keyframes(inverted(frames[0]), inverted(frames[-1]), len(frames)))
    )


def test_paint_moves_with_the_picture() -> None:
    frames = pan(7)
    painted = carried(frames)
    assert len(painted) == 5
    for frame, paint in zip(frames[1:-1], painted, strict=True):
        off = np.abs(paint.astype(int) - inverted(frame).astype(int))[8:-8, 12:-12]
        assert off.mean() < 4


def test_without_motion_one_keyframe_fades_into_the_other() -> None:
    source = texture(64, 96)
    frames = [np.clip(source.astype(int) + i, 0, 255).astype(np.uint8) for i in range(5)]
    dark, light = np.full_like(source, 40), np.full_like(source, 80)
    painted = [float(frame.mean()) for frame in propagate(frames, keyframes(dark, light, 5))]
    assert painted == pytest.approx([50, 60, 70], abs=1)


@pytest.mark.parametrize("seed", range(4))
def test_what_no_keyframe_shows_is_painted_anew(seed: int) -> None:
    """A disc is there in the middle frame only, as bright as some of what it hides."""
    frames = [texture(96, 160, seed) for _ in range(5)]
    for number, frame in enumerate(frames):
        frame += np.uint8(number)  # no repeats
    cv2.circle(frames[2], (80, 48), 24, (250, 20, 20), -1)
    asked: list[int] = []
    painted = list(propagate(frames, inverting(frames, asked)))
    assert asked == [2]
    disc = (slice(36, 60), slice(68, 92))
    assert np.abs(painted[1][disc].astype(int) - inverted(frames[2])[disc]).mean() < 3
    rest = np.abs(painted[1][:, :40].astype(int) - inverted(frames[2])[:, :40])
    assert rest.mean() < 4


def test_what_lies_beside_a_moving_disc_stays() -> None:
    ground, other = texture(180, 320), texture(180, 320, seed=1)
    frames = []
    for i in range(9):
        disc = np.zeros(ground.shape[:2], np.uint8)
        cv2.circle(disc, (90 + 6 * i, 90), 40, 1, -1)
        frames.append(np.where(disc[..., np.newaxis], np.roll(other, 6 * i, axis=1), ground))
    beside = np.zeros_like(disc)
    cv2.circle(beside, (90 + 6 * 4, 90), 46, 1, -1)
    cv2.circle(beside, (90 + 6 * 4, 90), 41, 0, -1)
    painted = carried(frames)[3]
    wanted = inverted(frames[4])
    off = np.abs(painted.astype(int) - wanted)
    assert off[beside > 0].mean() < 7
    (still,) = propagate([frames[4]] * 3, keyframes(wanted, wanted, 3), morphs=True)
    off = np.abs(painted.astype(int) - still)  # which has its colours at half size, too
    assert off.mean() < 1


def ways_in_px_of(shape: tuple[int, int], right: Floats, down: Floats) -> Floats:
    """Of a picture of this shape, from a path that is trusted."""
    still = np.zeros((*shape, 4), np.uint8)
    paint = kernels.take_apart(np.zeros((*shape, 3), np.uint8), (right.shape[0], right.shape[1]))
    return kernels.view(paint, np.stack([right, down, np.ones_like(right)]), still, still).ways


def test_ways_of_two_motions_are_not_mixed() -> None:
    still = np.zeros((40, 60), np.float32)
    right, down = still.copy(), still.copy()
    right[:, 30:], down[:, 30:] = 8, 2
    right, down = ways_in_px_of((80, 120), right, down)
    assert right.shape == down.shape == (80, 120)
    assert {*zip(right.ravel().tolist(), down.ravel().tolist(), strict=True)} == {
        (0.0, 0.0),
        (16.0, 4.0),
    }


def test_ways_that_change_gently_are_not_torn() -> None:
    slope = np.tile(np.arange(60, dtype=np.float32) / np.float32(10), (40, 1))
    right, down = ways_in_px_of((80, 120), slope, slope)
    assert np.diff(right, axis=1).max() < 0.11
    assert np.diff(down, axis=1).max() < 0.11


def test_repeats_share_their_paint() -> None:
    moving = pan(3)
    frames = [moving[0], moving[0].copy(), moving[1], moving[1].copy(), moving[2].copy(), moving[2]]
    first, last = inverted(moving[0]), inverted(moving[2])
    painted = list(propagate(frames, keyframes(first, last, 6)))
    assert painted[0] is first
    assert painted[1] is painted[2]
    assert painted[3] is last


def test_a_still_segment_is_its_first_keyframe() -> None:
    frame = texture(64, 64)
    first = inverted(frame)
    painted = list(propagate([frame.copy() for _ in range(6)], keyframes(first, first.copy(), 6)))
    assert all(paint is first for paint in painted)


def test_what_is_painted_anew_is_known_by_its_place_among_repeats() -> None:
    frames = [texture(96, 160) for _ in range(5)]
    for number, frame in enumerate(frames):
        frame += np.uint8(number)
    cv2.circle(frames[2], (80, 48), 24, (250, 20, 20), -1)
    repeated = [frame for frame in frames for _ in range(2)]
    asked: list[int] = []
    list(propagate(repeated, inverting(repeated, asked)))
    assert asked == [4]


def test_a_still_that_morphs_goes_over_frame_by_frame() -> None:
    frame = texture(64, 96)
    dark, light = np.full_like(frame, 40), np.full_like(frame, 80)
    carried = propagate([frame] * 5, keyframes(dark, light, 5), morphs=True)
    assert [float(paint.mean()) for paint in carried] == pytest.approx([50, 60, 70], abs=1)


def test_neighbouring_keyframes_have_nothing_between() -> None:
    assert carried(pan(2)) == []


@pytest.fixture
def threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


@pytest.mark.usefixtures("threads")
def test_threads_don_t_change_a_byte() -> None:
    frames = pan(5, height=288, width=520)
    cv2.circle(frames[2], (200, 140), 60, (250, 20, 20), -1)

    def run(count: int) -> list[bytes]:
        cv2.setNumThreads(count)
        painted = propagate(frames, inverting(frames, []))
        return [frame.tobytes() for frame in painted]

    alone = run(1)
    assert run(2) == alone
    assert run(5) == alone


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(16, 90),
    width=st.integers(16, 90),
    count=st.integers(2, 5),
    seed=st.integers(0, 99),
    related=st.booleans(),
)
def test_frames_of_any_size_and_content(
    height: int, width: int, count: int, seed: int, related: bool
) -> None:
    frames = [texture(height, width, seed if related else seed + i) for i in range(count)]

    painted = list(propagate(frames, inverting(frames, [])))
    assert len(painted) == count - 2
    for frame in painted:
        assert frame.shape == (height, width, 3)
        assert frame.dtype == np.uint8


def test_motion_is_found_before_paint_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = pan(4)
    events: list[str] = []

    def flow(*pictures: Gray) -> tuple[Floats, Floats]:
        events.append("flow")
        return found(*pictures)

    def paint(at: int) -> Frame:
        events.append(f"paint {at}")
        return inverted(frames[at])

    found = kernels.flow
    monkeypatch.setattr(kernels, "flow", flow)
    assert len(list(propagate(frames, paint))) == 2
    assert events == ["flow"] * 3 + ["paint 0", "paint 3"]
