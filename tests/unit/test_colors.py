import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.domain.ports import Frame
from handler.pipeline.colors import matched, recolored

COLOR = st.tuples(*[st.integers(0, 255)] * 3)


def flat(color: tuple[int, ...], side: int = 4) -> Frame:
    return np.full((side, side, 3), color, np.uint8)


def colorful(seed: int) -> Frame:
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (12, 16, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (160, 120), interpolation=cv2.INTER_CUBIC), np.uint8)


def hsv(frame: Frame) -> npt.NDArray[np.float32]:
    return _converted(frame, cv2.COLOR_RGB2HSV)


def lightness(frame: Frame) -> npt.NDArray[np.float32]:
    return _converted(frame, cv2.COLOR_RGB2Lab)[..., 0]


def _converted(frame: Frame, code: int) -> npt.NDArray[np.float32]:
    scaled = frame.astype(np.float32) / np.float32(255)
    return np.asarray(cv2.cvtColor(scaled, code), np.float32)


def test_what_is_painted_as_it_was_stays_as_it_was() -> None:
    frame = colorful(1)
    assert np.abs(recolored(frame, frame).astype(int) - frame).max() <= 1


def test_hue_is_the_sources_and_lightness_the_paints() -> None:
    source, paint = colorful(2), colorful(3)
    kept = recolored(paint, source)
    before, after = hsv(source), hsv(kept)
    colored = (before[..., 1] > 0.1) & (after[..., 1] > 0.1)
    off = np.abs(before[..., 0] - after[..., 0])[colored]
    assert np.minimum(off, 360 - off).mean() < 3
    assert np.abs(lightness(kept) - lightness(paint)).mean() < 4


@given(COLOR, st.integers(0, 255))
def test_grey_paint_keeps_its_lightness_whatever_the_colour(
    color: tuple[int, ...], grey: int
) -> None:
    """A colour that can't be shown that bright or that dark loses colour, not lightness."""
    kept = recolored(flat((grey,) * 3), flat(color))
    assert lightness(kept).mean() == pytest.approx(lightness(flat((grey,) * 3)).mean(), abs=7)
    if color[0] == color[1] == color[2]:
        assert np.abs(kept.astype(int) - grey).max() <= 1


@given(st.integers(0, 99), st.integers(0, 99))
def test_a_matched_picture_has_mean_and_covariance_of_the_frame(one: int, other: int) -> None:
    # Nothing is cut off, and colours spread differently: else all are rounded to the same side.
    style, frame = colorful(one) // 2 + 64, colorful(other) // 4 + 60
    found = matched(style, frame).reshape(-1, 3)
    wanted = frame.reshape(-1, 3)
    assert found.mean(axis=0) == pytest.approx(wanted.mean(axis=0), abs=0.5)
    assert np.cov(found.T) == pytest.approx(np.cov(wanted.T), abs=4)


@given(COLOR, COLOR)
def test_pictures_of_one_colour_can_be_matched(
    style: tuple[int, ...], frame: tuple[int, ...]
) -> None:
    assert np.abs(matched(flat(style), flat(frame)).astype(int) - flat(frame)).max() <= 1
