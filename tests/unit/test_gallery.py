"""The pictures of the gallery."""

from __future__ import annotations

import numpy as np
import pytest

from handler import gallery
from handler.domain.job import check_style_name
from handler.gallery.canvas import SIDE, cells, grid


@pytest.mark.parametrize("style", gallery.STYLES)
def test_each_is_the_same_square_every_time(style: str) -> None:
    picture = gallery.draw(style)
    assert picture.shape == (SIDE, SIDE, 3)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, gallery.draw(style))
    assert picture.std() > 20


def test_their_names_may_be_folders() -> None:
    assert len(gallery.STYLES) == 12
    for style in gallery.STYLES:
        assert check_style_name(style) == style
        assert style.replace("-", "").isalpha()
        assert style.islower()


def test_cells_are_what_lies_nearest() -> None:
    y, x = grid()
    places = np.random.default_rng(0).uniform(0, 1, (12, 2))
    cell, inside = cells(places)
    distances = np.hypot(x[..., None] - places[:, 0], y[..., None] - places[:, 1])
    own = np.take_along_axis(distances, cell[..., None], axis=-1)[..., 0]
    assert (own - distances.min(axis=-1)).max() < 0.02
    assert inside.max() > 40
    assert inside.min() == 0
