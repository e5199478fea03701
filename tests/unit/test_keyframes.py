"""How large frames are when their motion is estimated, and how many lie between keyframes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.domain.keyframes import (
    KEYFRAME_INTERVAL,
    MAX_KEYFRAME_INTERVAL,
    MOST_PIXELS_BETWEEN,
    bounded_interval,
    flow_scale,
)

sides = st.integers(8, 8192)


@pytest.mark.parametrize(
    ("size", "flow_size"),
    [
        ((200, 100), (200, 100)),
        ((480, 270), (320, 180)),
        ((1024, 576), (512, 288)),
        ((1920, 1080), (960, 540)),
        ((2160, 3840), (540, 960)),
    ],
)
def test_motion_is_estimated_at_half_size_within_bounds(
    size: tuple[int, int], flow_size: tuple[int, int]
) -> None:
    scale = flow_scale(*size)
    assert (round(size[0] * scale), round(size[1] * scale)) == flow_size


def test_up_to_full_hd_keyframes_keep_their_distance() -> None:
    assert bounded_interval(KEYFRAME_INTERVAL, (1920, 1088)) == KEYFRAME_INTERVAL
    assert bounded_interval(MAX_KEYFRAME_INTERVAL, (1024, 576)) == MAX_KEYFRAME_INTERVAL


@given(sides, sides, st.integers(1, MAX_KEYFRAME_INTERVAL))
def test_frames_between_keyframes_are_bounded(width: int, height: int, wanted: int) -> None:
    interval = bounded_interval(wanted, (width, height))
    assert 1 <= interval <= wanted
    assert interval == 1 or interval * width * height <= MOST_PIXELS_BETWEEN
