"""One suite for the networks on OpenVINO and for the fake that the unit tests use."""

import sys
from pathlib import Path

import numpy as np
import pytest

from handler.domain.ports import Frame, Painter
from handler.style.bundle import open_bundle
from handler.style.engine import OpenVinoPainter
from tests.fakes import FakePainter

MODEL = Path(sys.prefix, "share", "artreel", "embedded")


def noise(height: int, width: int, seed: int = 0) -> Frame:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture(scope="module", params=["openvino-f32", "fake"])
def painter(request: pytest.FixtureRequest) -> Painter:
    if request.param == "fake":
        return FakePainter()
    return OpenVinoPainter(open_bundle(MODEL), precision="f32")


@pytest.mark.parametrize("size", [(256, 256), (1, 1), (1, 1000), (300, 17), (1000, 600)])
def test_a_picture_of_any_size_is_a_style(painter: Painter, size: tuple[int, int]) -> None:
    vector = painter.style_vector(noise(*size))
    assert vector.shape == (100,)
    assert vector.dtype == np.float32
    assert np.isfinite(vector).all()


@pytest.mark.parametrize("size", [(16, 16), (17, 16), (18, 33), (19, 64), (48, 64)])
def test_a_painted_frame_keeps_its_size(painter: Painter, size: tuple[int, int]) -> None:
    frame = noise(*size)
    painted = painter.paint(frame, painter.style_vector(noise(64, 64, seed=1)))
    assert painted.shape == frame.shape
    assert painted.dtype == np.uint8


def test_the_smallest_frame_can_be_painted(painter: Painter) -> None:
    side = painter.smallest_side
    painter.paint(noise(side, side), painter.style_vector(noise(64, 64)))


def test_the_same_frame_gives_the_same_paint(painter: Painter) -> None:
    style = painter.style_vector(noise(64, 64, seed=1))
    frame = noise(48, 64)
    assert np.array_equal(painter.paint(frame, style), painter.paint(frame, style))


def test_a_result_belongs_to_the_caller(painter: Painter) -> None:
    style = painter.style_vector(noise(64, 64, seed=1))
    first = painter.paint(noise(48, 64), style)
    kept = first.copy()
    painter.paint(noise(48, 64, seed=2), style)
    assert np.array_equal(first, kept)


def test_the_report_knows_what_painted(painter: Painter) -> None:
    assert {"model", "engine", "precision"} <= set(painter.description)
