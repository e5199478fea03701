from __future__ import annotations

import cv2
import numpy as np
import pytest

from handler.domain.errors import Rejected
from handler.domain.ports import Frame
from handler.measure.flicker import flicker, visible, warping_error
from handler.measure.flow import Flow, deepflow, farneback
from handler.measure.texture import detail, style_distance

SIZE = (96, 128)


def texture(seed: int = 0, width: int = SIZE[1] + 16) -> Frame:
    random = np.random.default_rng(seed)
    drawn = np.full((SIZE[0], width, 3), 128, np.float32)
    for cell in (4, 12, 32):
        noise = random.uniform(-40, 40, (SIZE[0] // cell + 2, width // cell + 2, 3))
        drawn += cv2.resize(noise.astype(np.float32), (width, SIZE[0]))
    return np.asarray(np.clip(drawn, 0, 255), np.uint8)


def moved(pixels: int) -> Frame:
    """The same scene when the camera has moved to the right by so many px."""
    return np.ascontiguousarray(texture()[:, pixels : pixels + SIZE[1]])


def flow(across: float) -> Flow:
    field = np.zeros((*SIZE, 2), np.float32)
    field[..., 0] = across
    return field


ALL_SEEN = np.ones(SIZE, bool)


def test_still_video_has_no_warping_error() -> None:
    frame = moved(0)
    assert warping_error(frame, frame, flow(0), ALL_SEEN) == 0


def test_warping_error_is_the_mean_square_in_0_to_1() -> None:
    black = np.zeros((*SIZE, 3), np.uint8)
    assert warping_error(black, black + np.uint8(51), flow(0), ALL_SEEN) == pytest.approx(0.04)


def test_paint_that_moves_with_the_scene_has_no_error_and_paint_that_stays_has() -> None:
    seen = visible(flow(-5), flow(5))
    assert warping_error(moved(0), moved(5), flow(-5), seen) == 0
    assert warping_error(moved(0), moved(0), flow(-5), seen) > 0.001


def test_pixels_that_leave_the_picture_are_not_seen() -> None:
    seen = visible(flow(-5), flow(5))
    assert not seen[:, :5].any()
    assert seen[:, 5:].all()


def test_covered_pixels_and_motion_boundaries_are_not_seen() -> None:
    """A square moves right by 8 px over a background that stands still."""
    forward, backward = flow(0), flow(0)
    forward[30:60, 30:60, 0] = 8
    backward[30:60, 38:68, 0] = -8
    seen = visible(forward, backward)
    assert not seen[32:58, 60:68].any()  # covered
    assert not seen[30:60, 29].any()  # boundary
    assert seen[35:55, 35:50].all()
    assert seen[70:, :].all()


def test_flicker_tells_steady_from_restless_paint() -> None:
    source = moved(0), moved(4)
    random = np.random.default_rng(1)

    def boiled(frame: Frame) -> Frame:
        return np.asarray(np.clip(frame + random.normal(0, 25, frame.shape), 0, 255), np.uint8)

    restless = boiled(source[0]), boiled(source[1])
    steady = 255 - source[0], 255 - source[1]
    errors = flicker(source, [source, steady, restless], farneback())
    assert errors is not None
    assert errors[1] == pytest.approx(errors[0], rel=0.05)
    assert errors[2] > 5 * errors[0]


def test_nothing_is_seen_across_a_cut() -> None:
    def lost(one: Frame, other: Frame) -> Flow:
        return (
            np.random.default_rng(int(one[0, 0, 0])).uniform(-9, 9, (*SIZE, 2)).astype(np.float32)
        )

    cut = moved(0), moved(5)[::-1]
    assert flicker(cut, [cut], lost) is None


def test_detail_grows_with_contrast_and_is_none_on_a_plain_wall() -> None:
    frame = moved(0)
    assert detail(np.full_like(frame, 90)) == 0
    half = np.asarray(frame // 2 + 64, np.uint8)
    assert detail(half) == pytest.approx(detail(frame) / 2, rel=0.1)


def test_detail_of_a_ramp_is_its_slope() -> None:
    ramp = np.repeat(np.arange(0, 128, dtype=np.uint8)[np.newaxis, :, np.newaxis], 3, axis=2)
    inner = np.repeat(ramp, 40, axis=0)
    assert detail(inner) == pytest.approx(1, rel=0.02)


def test_style_distance_is_the_cosine_distance() -> None:
    one = np.array([3, 4], np.float32)
    assert style_distance(one, one * 7) == pytest.approx(0, abs=1e-6)
    assert style_distance(one, np.array([-4, 3], np.float32)) == pytest.approx(1)
    assert style_distance(one, np.zeros_like(one)) == 1
    assert style_distance(one, -one) == pytest.approx(2)


@pytest.mark.skipif(hasattr(cv2, "optflow"), reason="OpenCV's contributed modules are here")
def test_without_contributed_modules_the_user_hears_what_to_do() -> None:
    with pytest.raises(Rejected, match="make measure"):
        deepflow()
