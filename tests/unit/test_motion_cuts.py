from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

from handler.domain.ports import Frame
from handler.motion.cuts import is_cut


def scene(seed: int, height: int = 180, width: int = 320) -> Frame:
    """Shapes of all sizes, smooth enough to be a picture."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 255, (6, 9, 3)).astype(np.float32)
    fine = random.uniform(-40, 40, (height // 8, width // 8, 3)).astype(np.float32)
    size = (width, height)
    drawn = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC) + cv2.resize(fine, size)
    return np.asarray(np.clip(drawn, 0, 255), np.uint8)


@pytest.mark.parametrize("seed", range(5))
def test_another_scene_is_a_cut(seed: int) -> None:
    assert is_cut(scene(seed), scene(seed + 100))


def test_the_same_frame_is_none() -> None:
    assert not is_cut(scene(1), scene(1))


@pytest.mark.parametrize("shift", [(30, 0), (-38, 0), (0, 16), (24, -12)])
def test_a_fast_pan_is_none(shift: tuple[int, int]) -> None:
    wide = scene(2, 300, 500)
    x, y = 80 + shift[0], 50 + shift[1]
    assert not is_cut(wide[50:230, 80:400], wide[y : y + 180, x : x + 320])


@pytest.mark.parametrize("bright", [0, 255])
def test_a_flash_is_none(bright: int) -> None:
    frame = scene(3)
    lit = cv2.addWeighted(frame, 0.4, np.full_like(frame, bright), 0.6, 0)
    assert not is_cut(frame, np.asarray(lit, np.uint8))
    assert not is_cut(np.asarray(lit, np.uint8), frame)


def test_a_fade_to_black_is_none() -> None:
    assert not is_cut(scene(4), np.zeros_like(scene(4)))


@pytest.mark.parametrize("size", [(16, 16), (16, 400), (400, 16), (27, 48), (1080, 1920)])
def test_any_size_is_compared(size: tuple[int, int]) -> None:
    assert not is_cut(scene(5, *size), scene(5, *size))
    assert is_cut(scene(5, *size), scene(105, *size))


STOPPED_OFTEN = """
import signal
import numpy as np
from handler.motion.cuts import is_cut

class Stopped(BaseException):
    pass

def stop(*_):
    raise Stopped

signal.signal(signal.SIGALRM, stop)
frames = np.random.default_rng(1).integers(0, 256, (2, 36, 64, 3)).astype(np.uint8)
for _ in range(10_000):
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-4)
        while True:
            is_cut(*frames)
    except Stopped:
        pass
"""


def test_a_stop_in_the_middle_of_a_look_is_an_exception() -> None:
    """OpenCV crashes where a handler raises while it tries a call's other signatures, as norm's."""
    ended = subprocess.run([sys.executable, "-c", STOPPED_OFTEN], timeout=300)
    assert ended.returncode == 0
