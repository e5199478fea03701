from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler import kernels
from handler.domain.errors import Defect
from handler.kernels import Bytes, Floats, Paint, View
from tests.clips import FFMPEG

MATRICES = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
"""Weights of red and blue in luma, as the recommendations have them."""

Reals = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Pair = tuple[Bytes, Bytes]

sides = st.integers(1, 70)
seeds = st.integers(0, 99)


def scene(shape: tuple[int, int], off: tuple[float, float] = (0, 0), px: float = 1) -> Bytes:
    """Waves in all directions, moved right and down by ``off``; ``px`` long is a pixel."""
    height, width = shape
    x = (np.arange(width) + 0.5) * px - off[0]
    y = (np.arange(height)[:, np.newaxis] + 0.5) * px - off[1]
    random = np.random.default_rng(5)
    drawn = np.full(shape, 128.0)
    for length in (9, 13, 17, 29, 40, 60):
        angle, phase = random.uniform(0, 2 * np.pi, 2)
        ahead = np.cos(angle) * x + np.sin(angle) * y
        drawn += 18 * np.sin(2 * np.pi * ahead / length + phase)
    return np.asarray(np.clip(drawn, 0, 255).round(), np.uint8)


def glances(shape: tuple[int, int], off: tuple[float, float] = (0, 0)) -> Pair:
    """Of one moment, at the size of flow and twice as large."""
    return scene(shape, off), scene((2 * shape[0], 2 * shape[1]), off, px=0.5)


def flow(before: Pair, after: Pair) -> tuple[Floats, Floats]:
    return kernels.flow(before[0], after[0], before[1], after[1])


def noise(shape: tuple[int, ...], seed: int) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def smooth(height: int, width: int, reach: int) -> Bytes:
    """Colours that change gently, over ``reach`` of 255 on their way to the other side."""
    x = np.linspace(0, reach, width)[np.newaxis, :]
    y = np.linspace(0, reach, height)[:, np.newaxis]
    return np.asarray(np.stack([90 + x + 0 * y, 150 - y + 0 * x, 80 + (x + y) / 2], 2), np.uint8)


def seen(paint: Paint, fine: tuple[int, int], trust: float = 1) -> View:
    """Paint that stays where it is."""
    path = np.zeros((3, *paint.grain.shape), np.float32)
    path[2] = trust
    ways, trusts = np.zeros((2, *fine), np.float32), np.full(fine, trust, np.float32)
    return View(paint, path, ways, trusts)


def moved(shape: tuple[int, int], right: float, down: float) -> Floats:
    """A flow or a way that is the same everywhere."""
    return np.stack([np.full(shape, off, np.float32) for off in (right, down)])


# Flow


@pytest.mark.parametrize("off", [(2, 0), (0, -3), (5, 4), (0.5, 0.25), (-1.3, 2.6)])
def test_a_translation_is_found_both_ways(off: tuple[float, float]) -> None:
    shape = (90, 121)
    forward, backward = flow(glances(shape), glances(shape, off))
    middle = (slice(20, -20), slice(20, -20))
    for k in range(2):
        assert np.abs(forward[k][middle] - off[k]).max() < 0.1
        assert np.abs(backward[k][middle] + off[k]).max() < 0.1


@pytest.mark.parametrize("off", [(12, -9), (-12, 9)])
def test_far_motion_is_found_from_coarse_to_fine(off: tuple[int, int]) -> None:
    cells = ((120, 150), (40, 50), (12, 15))
    layers = [
        cv2.resize(noise(count, 1), (600, 480), interpolation=cv2.INTER_CUBIC) for count in cells
    ]
    ground = np.mean(layers, axis=0).astype(np.uint8)

    def cut(right: int, down: int) -> Pair:
        fine = ground[60 - 2 * down : 420 - 2 * down, 60 - 2 * right : 540 - 2 * right].copy()
        small = cv2.resize(fine, (240, 180), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8), np.asarray(fine, np.uint8)

    forward, backward = flow(cut(0, 0), cut(*off))
    middle = (slice(40, -40), slice(40, -40))
    for k in range(2):
        assert np.abs(forward[k][middle] - off[k]).max() < 0.1
        assert np.abs(backward[k][middle] + off[k]).max() < 0.1


def test_identical_pictures_do_not_move() -> None:
    still = glances((57, 82))
    for field in flow(still, still):
        assert np.abs(field).max() < 0.01


def test_what_is_swapped_flows_the_other_way() -> None:
    one, other = glances((60, 75)), glances((60, 75), (1.5, -2))
    forward, backward = flow(one, other)
    again = flow(other, one)
    assert np.array_equal(again[0], backward)
    assert np.array_equal(again[1], forward)


@settings(max_examples=30, deadline=None)
@given(height=st.integers(24, 130), width=st.integers(24, 130), seed=seeds)
def test_flow_of_any_size_and_content_is_finite(height: int, width: int, seed: int) -> None:
    def fine(seed: int) -> Bytes:
        return noise((2 * height + seed % 2, 2 * width - seed % 3), seed)

    one, other = noise((height, width), seed), noise((height, width), seed + 1)
    flat = np.full((height, width), seed, np.uint8)
    for before, after in ((one, other), (one, flat), (flat, flat)):
        for field in kernels.flow(before, after, fine(seed), fine(seed)):
            assert field.shape == (2, height, width)
            assert field.dtype == np.float32
            assert np.isfinite(field).all()


@settings(max_examples=15, deadline=None)
@given(height=st.integers(40, 100), width=st.integers(40, 100))
def test_a_small_motion_is_found_at_any_size(height: int, width: int) -> None:
    forward, _ = flow(glances((height, width)), glances((height, width), (1, 0.5)))
    middle = forward[:, 14:-14, 14:-14]
    assert np.abs(np.median(middle, axis=(1, 2)) - (1, 0.5)).max() < 0.1


def test_threads_beside_each_other_find_the_same() -> None:
    before, after = glances((120, 161)), glances((120, 161), (3.3, -2.1))

    def found(_: int) -> list[bytes]:
        return [field.tobytes() for field in flow(before, after)]

    alone = found(0)
    assert found(0) == alone
    with ThreadPoolExecutor(4) as threads:
        assert all(fields == alone for fields in threads.map(found, range(12)))


# Paths


def test_flows_add_up() -> None:
    shape = (30, 40)
    on = kernels.compose(moved(shape, 2, -1), moved(shape, -2, 1), None)
    path = kernels.compose(moved(shape, 3, 0.5), moved(shape, -3, -0.5), on)
    assert path[0][1:-1, :-6] == pytest.approx(5)
    assert path[1][1:-1, :-6] == pytest.approx(-0.5)
    assert path[2][2:-1, :-6] == pytest.approx(1)


def test_a_path_goes_on_from_where_it_led() -> None:
    shape = (30, 40)
    on = np.zeros((3, *shape), np.float32)
    on[0] = np.arange(40)  # twice as far right as it is
    on[2] = 1
    path = kernels.compose(moved(shape, 2.5, 0), moved(shape, -2.5, 0), on)
    assert path[0][:, :-3] == pytest.approx(np.tile(2.5 + np.arange(37) + 2.5, (30, 1)))


def test_flow_that_does_not_return_is_not_trusted() -> None:
    shape = (30, 40)
    back = moved(shape, -3, 0)
    back[0][:, 20:] = 0
    trust = kernels.compose(moved(shape, 3, 0), back, None)[2]
    assert trust[:, :16] == pytest.approx(1)
    assert trust[:, 18:].max() < 1e-3


def test_trust_falls_with_the_miss() -> None:
    shape = (30, 40)
    missed = [0, 0.3, 0.6, 1.2]
    trust = [kernels.compose(moved(shape, 1, 0), moved(shape, m - 1, 0), None)[2] for m in missed]
    assert [float(t[15, 20]) for t in trust] == pytest.approx(
        [np.exp(-((m / 0.6) ** 2)) for m in missed], abs=5e-3
    )


def test_a_way_out_of_the_picture_is_not_trusted() -> None:
    shape = (30, 40)
    trust = kernels.compose(moved(shape, 8, 0), moved(shape, -8, 0), None)[2]
    assert trust[:, :32] == pytest.approx(1)
    assert trust[:, 33:].max() == 0


def test_trust_of_a_path_is_no_more_than_that_of_its_parts() -> None:
    shape = (30, 40)
    on = np.zeros((3, *shape), np.float32)
    on[2] = 0.25
    path = kernels.compose(moved(shape, 0, 0), moved(shape, 0.6, 0), on)
    assert path[2] == pytest.approx(0.25 * np.exp(-1), abs=2e-3)


# Paint, views, mixing


@settings(max_examples=60, deadline=None)
@given(height=sides, width=sides, passed=st.floats(0, 1), strength=st.floats(0, 2))
def test_paint_that_stays_is_given_back(
    height: int, width: int, passed: float, strength: float
) -> None:
    picture = smooth(height, width, reach=min(60, 2 * min(height, width)))
    paint = kernels.take_apart(picture, (-(-height // 4), -(-width // 4)))
    view = seen(paint, (-(-height // 2), -(-width // 2)))
    mixed = kernels.mix(view, view, passed, strength)
    assert mixed.shape == picture.shape
    assert np.abs(mixed.astype(int) - picture).max() <= 4


@settings(max_examples=40, deadline=None)
@given(height=sides, width=sides, grey=st.integers(0, 255))
def test_flat_grey_stays_what_it_is(height: int, width: int, grey: int) -> None:
    picture = np.full((height, width, 3), grey, np.uint8)
    paint = kernels.take_apart(picture, (-(-height // 4), -(-width // 4)))
    assert not paint.grain.any()
    view = seen(paint, (-(-height // 2), -(-width // 2)))
    assert np.array_equal(kernels.mix(view, view, 0.5, 1.4), picture)


@settings(max_examples=100, deadline=None)
@given(colour=st.tuples(*[st.integers(0, 255)] * 3))
def test_flat_colours_stay_what_they_are(colour: tuple[int, int, int]) -> None:
    picture = np.tile(np.array(colour, np.uint8), (6, 8, 1))
    view = seen(kernels.take_apart(picture, (2, 2)), (3, 4))
    assert np.abs(kernels.mix(view, view, 0.5, 1.4).astype(int) - picture).max() <= 2


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("channel", range(3))
def test_steep_slopes_of_colour_are_even(turned: bool, channel: int) -> None:
    picture = np.full((62, 48, 3), 128, np.uint8)
    picture[..., channel] = 4 * np.arange(62)[:, np.newaxis]
    picture = np.ascontiguousarray(picture.transpose(1, 0, 2)) if turned else picture
    height, width, _ = picture.shape
    view = seen(kernels.take_apart(picture, (height // 4, width // 4)), (height // 2, width // 2))
    off = kernels.mix(view, view, 0.5, 0).astype(int) - picture
    assert np.abs(off[2:-2, 2:-2]).max() <= 2


def test_grain_is_the_difference_from_the_mean_around() -> None:
    luma = noise((48, 64), 3)
    grain = kernels.take_apart(np.repeat(luma[..., np.newaxis], 3, 2), (12, 16)).grain
    around = cv2.blur(luma.astype(np.float64), (3, 3), borderType=cv2.BORDER_REPLICATE)
    cells = cv2.resize(np.abs(luma - around), (16, 12), interpolation=cv2.INTER_AREA)
    wanted = cv2.blur(cells, (5, 5), borderType=cv2.BORDER_REPLICATE)
    assert grain == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(
    ("passed", "trusts", "wanted"),
    [(0, (1, 1), 40), (1, (1, 1), 80), (0.25, (1, 1), 50), (0.5, (1, 0), 41), (0.5, (0, 1), 79)],
)
def test_paint_is_mixed_by_time_and_by_trust(
    passed: float, trusts: tuple[float, float], wanted: float
) -> None:
    dark, light = (
        seen(kernels.take_apart(np.full((37, 51, 3), grey, np.uint8), (10, 13)), (19, 26), trust)
        for grey, trust in zip((40, 80), trusts, strict=True)
    )
    assert kernels.mix(dark, light, passed, 1.4) == pytest.approx(wanted, abs=1)


def test_paint_comes_from_where_the_way_leads() -> None:
    picture = smooth(80, 120, reach=80)
    paint = kernels.take_apart(picture, (20, 30))
    still = np.zeros((40, 60, 4), np.uint8)
    path = np.concatenate([moved((20, 30), 2, -1), np.ones((1, 20, 30), np.float32)])
    view = kernels.view(paint, path, still, still)
    assert view.ways[0] == pytest.approx(4)
    assert view.ways[1] == pytest.approx(-2)
    mixed = kernels.mix(view, view, 0.5, 1)
    off = mixed[8:-8, 12:-12].astype(int) - picture[4:-12, 20:-4]
    assert np.abs(off).max() <= 3


def test_worn_texture_is_given_back() -> None:
    """Two textures that don't match: their mean has less contrast than either."""
    one, other = (
        seen(
            kernels.take_apart(np.repeat(noise((96, 96, 1), k) // 4 + 96, 3, 2), (24, 24)), (48, 48)
        )
        for k in (1, 2)
    )
    plain, strong = (float(kernels.mix(one, other, 0.5, power).std()) for power in (0, 1))
    original = float(kernels.mix(one, one, 0.5, 0).std())
    assert plain < 0.8 * original
    assert strong == pytest.approx(original, rel=0.1)


def compared(then: Bytes, now: Bytes, right: float = 0) -> Floats:
    height, width = now.shape[:2]
    path = np.concatenate([moved((24, 32), right, 0), np.ones((1, 24, 32), np.float32)])
    paint = kernels.take_apart(np.zeros((height, width, 3), np.uint8), (24, 32))
    return kernels.view(paint, path, then, now).trust


@pytest.mark.parametrize("channel", range(3))
def test_trust_is_low_where_colours_differ(channel: int) -> None:
    then = np.full((48, 65, 4), 100, np.uint8)
    now = then.copy()
    now[:, 32:, channel] += 90
    trust = compared(then, now)
    assert trust[:, :24] == pytest.approx(1, abs=0.01)
    assert trust[:, 40:].max() < 0.01


def test_trust_is_gaussian_in_the_difference() -> None:
    then = np.full((48, 64, 4), 100, np.uint8)
    for off in (0, 10, 30, 60):
        trust = compared(then, then + np.uint8(off))
        assert trust == pytest.approx(np.exp(-((off / 30) ** 2)), abs=0.01)


def test_colours_are_compared_where_the_way_leads() -> None:
    wide = np.repeat(scene((48, 72))[..., np.newaxis], 4, 2)
    then, now = wide[:, :64].copy(), wide[:, 4:68].copy()
    assert compared(then, now)[:, 8:-16].mean() < 0.8
    assert compared(then, now, right=2)[:, 8:-16] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("width", [64, 67, 7])
def test_the_fourth_byte_of_a_pixel_is_not_looked_at(width: int) -> None:
    then = noise((48, width, 4), 1)
    now = then.copy()
    now[..., 3] = noise((48, width), 2)
    assert compared(then, now) == pytest.approx(1)


@settings(max_examples=40, deadline=None)
@given(height=sides, width=sides, seed=seeds)
def test_what_is_lost_is_what_neither_shows(height: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    paint = kernels.take_apart(np.zeros((2, 2, 3), np.uint8), (1, 1))
    path = np.zeros((3, 1, 1), np.float32)
    ways = np.zeros((2, height, width), np.float32)
    one, other = random.random((2, height, width), np.float32)
    lost, mean = kernels.lost(View(paint, path, ways, one), View(paint, path, ways, other))
    wanted = np.clip((0.5 - np.maximum(one, other)) / 0.35, 0, 1)
    assert lost == pytest.approx(wanted, abs=1e-5)
    assert mean == pytest.approx(float(wanted.mean()), abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(height=sides, width=sides, way_height=sides, way_width=sides, seed=seeds)
def test_pictures_are_blended_by_shares(
    height: int, width: int, way_height: int, way_width: int, seed: int
) -> None:
    one, other = noise((2, height, width, 3), seed)
    share = np.random.default_rng(seed).random((way_height, way_width), np.float32)
    blended = kernels.blend(one, other, share)
    part = stretched(stretched(share.astype(np.float64), height).T, width).T[..., np.newaxis]
    assert np.abs(blended - (one * part + other * (1 - part))).max() <= 1.01


def stretched(rows: Reals, count: int) -> Reals:
    """So many rows between those that are given, whose borders are repeated."""
    at = np.clip((np.arange(count) + 0.5) * len(rows) / count - 0.5, 0, len(rows) - 1)
    before = at.astype(int)
    share = (at - before)[:, np.newaxis]
    after = rows[np.minimum(before + 1, len(rows) - 1)]
    return np.asarray(rows[before] * (1 - share) + after * share)


def test_the_whole_of_a_picture_is_taken_where_its_share_is_one() -> None:
    one, other = noise((2, 33, 47, 3), 1)
    ones, nought = np.ones((9, 12), np.float32), np.zeros((9, 12), np.float32)
    assert np.array_equal(kernels.blend(one, other, ones), one)
    assert np.array_equal(kernels.blend(one, other, nought), other)


# Video


def planes(picture: Bytes, height: int, width: int) -> list[Bytes]:
    """Luma, blue- and red-difference."""
    half = ((height + 1) // 2, (width + 1) // 2)
    luma, *chroma = np.split(picture, [height * width, height * width + half[0] * half[1]])
    return [luma.reshape(height, width), *(plane.reshape(half) for plane in chroma)]


def widened(chroma: Bytes, height: int, width: int) -> Reals:
    """At luma's size: sited between two rows, and at the left of two columns."""
    count = chroma.shape[0]
    rows = np.clip(np.arange(-1, 2 * count + 1) // 2, 0, count - 1)
    steps = np.repeat(chroma[rows].astype(float), 1, 0)
    near, far = (
        steps[1:-1],
        np.where(np.arange(2 * count)[:, np.newaxis] % 2, steps[2:], steps[:-2]),
    )
    tall = (3 * near + far) / 4
    beyond = np.concatenate([tall[:, 1:], tall[:, -1:]], axis=1)
    wide = np.stack([tall, (tall + beyond) / 2], axis=2).reshape(2 * count, -1)
    return np.asarray(wide[:height, :width])


def rgb_of(picture: Bytes, height: int, width: int, matrix: str, full: bool) -> Reals:
    red, blue = MATRICES[matrix]
    luma, cb, cr = planes(picture, height, width)
    y = luma / 255 if full else (luma.astype(float) - 16) / 219
    pb, pr = ((widened(c, height, width) - 128) / (255 if full else 224) for c in (cb, cr))
    r, b = y + 2 * (1 - red) * pr, y + 2 * (1 - blue) * pb
    g = (y - red * r - blue * b) / (1 - red - blue)
    return np.asarray(np.clip(np.stack([r, g, b], axis=2), 0, 1) * 255)


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("full", [False, True])
@settings(max_examples=25, deadline=None)
@given(height=sides, width=sides, seed=seeds)
def test_video_becomes_rgb_as_recommended(
    matrix: str, full: bool, height: int, width: int, seed: int
) -> None:
    picture = noise((kernels.video_bytes(width, height),), seed)
    rgb = kernels.from_video(picture, (height, width), matrix, full)
    assert np.abs(rgb - rgb_of(picture, height, width, matrix, full)).max() < 0.7


@settings(max_examples=40, deadline=None)
@given(height=sides, width=sides, seed=seeds)
def test_rgb_becomes_video_as_bt709_has_it(height: int, width: int, seed: int) -> None:
    picture = noise((height, width, 3), seed)
    red, blue = MATRICES["bt709"]
    r, g, b = picture.transpose(2, 0, 1) / 255
    y = red * r + (1 - red - blue) * g + blue * b
    luma, cb, cr = planes(kernels.to_video(picture), height, width)
    assert np.abs(luma - (16 + 219 * y)).max() < 0.6
    for plane, difference in ((cb, (b - y) / (1 - blue) / 2), (cr, (r - y) / (1 - red) / 2)):
        even = np.pad(difference, ((0, height % 2), (1, 1 + width % 2)), "edge")
        rows = (even[::2] + even[1::2]) / 2
        sited = (rows[:, :-2:2] + 2 * rows[:, 1:-1:2] + rows[:, 2::2]) / 4
        assert np.abs(plane - (128 + 224 * sited)).max() < 0.6


@settings(max_examples=30, deadline=None)
@given(height=sides, width=sides, seed=seeds)
def test_greys_stay_grey(height: int, width: int, seed: int) -> None:
    grey = np.repeat(noise((height, width, 1), seed), 3, 2)
    video = kernels.to_video(grey)
    assert (video[height * width :] == 128).all()
    for matrix in kernels.LUMA_WEIGHTS:
        back = kernels.from_video(video, (height, width), matrix, False)
        assert np.abs(back.astype(int) - grey).max() <= 1
        assert (back == back[..., :1]).all()


@settings(max_examples=40, deadline=None)
@given(height=sides, width=sides)
def test_a_smooth_picture_comes_back_from_video(height: int, width: int) -> None:
    picture = smooth(height, width, reach=min(height, width) // 2)
    back = kernels.from_video(kernels.to_video(picture), (height, width), "bt709", False)
    assert np.abs(back.astype(int) - picture).max() <= 2


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("full", [False, True])
def test_ffmpeg_reads_the_same_colours(matrix: str, full: bool) -> None:
    height, width = 98, 131
    picture = kernels.to_video(smooth(height, width, reach=80))
    levels = "full" if full else "limited"
    convert = (
        f"scale=in_color_matrix={matrix}:in_range={levels}:out_range=full"
        ":flags=bilinear+accurate_rnd+full_chroma_int+full_chroma_inp,format=rgb24"
    )
    argv = [
        *(FFMPEG, "-hide_banner", "-loglevel", "error", "-f", "rawvideo"),
        *("-pixel_format", "yuv420p", "-video_size", f"{width}x{height}", "-i", "pipe:0"),
        *("-vf", convert, "-f", "rawvideo", "pipe:1"),
    ]
    told = subprocess.run(argv, input=picture.tobytes(), capture_output=True, check=True).stdout
    theirs = np.frombuffer(told, np.uint8).reshape(height, width, 3)
    ours = kernels.from_video(picture, (height, width), matrix, full)
    off = np.abs(ours.astype(int) - theirs)
    assert off.max() <= 2
    assert off.mean() < 0.5


# What is not taken


def a_view(size: tuple[int, int] = (40, 60), **instead: Floats) -> View:
    paint = kernels.take_apart(np.zeros((*size, 3), np.uint8), (10, 15))
    view = seen(paint, (20, 30))
    return View(**{**vars(view), **instead})


FIELD = np.zeros((2, 30, 40), np.float32)
PATH = np.zeros((3, 30, 40), np.float32)
GREY = np.zeros((30, 40), np.uint8)
FINE = np.zeros((60, 80), np.uint8)
PIXELS = np.zeros((60, 80, 4), np.uint8)
RGB = np.zeros((60, 80, 3), np.uint8)
TRUST = np.zeros((20, 30), np.float32)
SMALL = np.zeros((23, 40), np.uint8)

UNFIT: dict[str, Callable[[], object]] = {
    "flow of floats": lambda: kernels.flow(GREY.astype(np.float32), GREY, FINE, FINE),
    "flow of two sizes": lambda: kernels.flow(GREY, GREY[:-1], FINE, FINE),
    "flow of a view of memory": lambda: kernels.flow(FINE[::2, ::2], GREY, FINE, FINE),
    "flow of colours": lambda: kernels.flow(RGB, RGB, RGB, RGB),
    "flow of two fine sizes": lambda: kernels.flow(GREY, GREY, FINE, FINE[:, :-1]),
    "flow of less than patches": lambda: kernels.flow(SMALL, SMALL, FINE, FINE),
    "flow of no fine picture": lambda: kernels.flow(GREY, GREY, FINE[:0], FINE[:0]),
    "compose of one plane": lambda: kernels.compose(FIELD[0], FIELD[0], None),
    "compose of doubles": lambda: kernels.compose(FIELD.astype(np.float64), FIELD, None),
    "compose of two sizes": lambda: kernels.compose(FIELD, FIELD[:, 1:], None),
    "compose of a flow for a path": lambda: kernels.compose(FIELD, FIELD, FIELD),
    "compose of a path for a flow": lambda: kernels.compose(PATH, FIELD, None),
    "compose of rows of another": lambda: kernels.compose(
        FIELD, np.zeros_like(FIELD, order="F"), None
    ),
    "take_apart of four channels": lambda: kernels.take_apart(PIXELS, (10, 15)),
    "take_apart of grey": lambda: kernels.take_apart(FINE, (10, 15)),
    "take_apart of a cut": lambda: kernels.take_apart(RGB[:, 1:], (10, 15)),
    "take_apart of nothing": lambda: kernels.take_apart(RGB[:0], (10, 15)),
    "take_apart for no ways": lambda: kernels.take_apart(RGB, (0, 15)),
    "view of three channels": lambda: kernels.view(a_view().paint, PATH, RGB, RGB),
    "view of two sizes": lambda: kernels.view(a_view().paint, PATH, PIXELS[1:], PIXELS),
    "view along a flow": lambda: kernels.view(a_view().paint, FIELD, PIXELS, PIXELS),
    "lost of two sizes": lambda: kernels.lost(a_view(), a_view(trust=TRUST[1:])),
    "lost of doubles": lambda: kernels.lost(a_view(trust=TRUST.astype(np.float64)), a_view()),
    "mix of two sizes": lambda: kernels.mix(a_view(), a_view((42, 60)), 0.5, 1),
    "mix of one turned": lambda: kernels.mix(a_view(), a_view((60, 40)), 0.5, 1),
    "mix of other trust": lambda: kernels.mix(a_view(), a_view(trust=TRUST[1:]), 0.5, 1),
    "mix of other ways": lambda: kernels.mix(a_view(), a_view(ways=FIELD), 0.5, 1),
    "mix of other paths": lambda: kernels.mix(a_view(path=PATH), a_view(), 0.5, 1),
    "blend of two sizes": lambda: kernels.blend(RGB, RGB[1:], TRUST),
    "blend of four channels": lambda: kernels.blend(PIXELS, PIXELS, TRUST),
    "blend by a row": lambda: kernels.blend(RGB, RGB, TRUST[0]),
    "blend by doubles": lambda: kernels.blend(RGB, RGB, TRUST.astype(np.float64)),
    "from_video of too little": lambda: kernels.from_video(FINE.ravel(), (60, 80), "bt709", False),
    "from_video of rows": lambda: kernels.from_video(FINE, (50, 64), "bt709", False),
    "to_video of floats": lambda: kernels.to_video(RGB.astype(np.float32)),
    "to_video of every other": lambda: kernels.to_video(RGB[:, ::2]),
    "to_video of grey": lambda: kernels.to_video(FINE),
}


@pytest.mark.parametrize("call", UNFIT.values(), ids=UNFIT.keys())
def test_what_does_not_fit_is_not_read(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"wanted|too small|unpack"):
        call()


def test_paint_of_another_size_than_it_says_is_not_read() -> None:
    paint = a_view().paint
    wrong = seen(Paint((400, 600), paint.planes, paint.grain), (20, 30))
    with pytest.raises(ValueError, match="wanted"):
        kernels.mix(wrong, wrong, 0.5, 1)


def test_without_the_library_it_is_said_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Defect, match=r"install artreel again: .*none\.so"):
        kernels.load(tmp_path / "none.so")


def test_what_is_no_library_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "libkernels.so"
    path.write_bytes(b"no library")
    with pytest.raises(Defect, match="install artreel again"):
        kernels.load(path)


def test_only_the_instructions_of_one_kind_of_processor_are_asked_for(tmp_path: Path) -> None:
    assert kernels.missing_instructions(tmp_path / "none", "x86_64") == []
    assert kernels.missing_instructions(machine="aarch64") == []


def test_what_a_processor_lacks_is_named(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("flags : fpu sse2 avx bmi1 fma\n")
    assert kernels.missing_instructions(cpuinfo, "x86_64") == ["avx2", "bmi2"]
