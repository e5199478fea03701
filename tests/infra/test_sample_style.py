"""The drawn style picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from infra.local import sample_style
from infra.local.sample_style import Brush


@pytest.fixture(autouse=True)
def _few_strokes(monkeypatch: pytest.MonkeyPatch) -> None:
    few = (Brush(strokes=60, width=40, length=150, bristles=8, load=1.0),)
    monkeypatch.setattr(sample_style, "BRUSHES", few)


def test_the_same_colourful_square_every_time(tmp_path: Path) -> None:
    path = tmp_path / "brush.png"
    sample_style.write(path)
    picture = cv2.imread(str(path))
    assert picture is not None
    assert np.array_equal(picture, sample_style.draw())
    assert picture.shape == (sample_style.SIDE_PX, sample_style.SIDE_PX, 3)
    blue, red = picture[..., 0].astype(int), picture[..., 2].astype(int)
    assert ((blue - red) > 60).mean() > 0.2
    assert ((red - blue) > 60).mean() > 0.1


def test_the_brush_has_one_direction_everywhere() -> None:
    flow = sample_style.flow_field()
    length = np.hypot(flow[..., 0], flow[..., 1])
    assert (abs(length - 1) < 1e-3).mean() > 0.999  # it vanishes in the eye of a whirl
