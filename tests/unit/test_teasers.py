"""Animated pictures under 3 MB."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handler.media.teasers import LARGEST_BYTES, WAYS, write_teaser


@pytest.mark.parametrize("ending", [".webp", ".gif"])
def test_it_is_as_fine_as_it_may_be(tmp_path: Path, ending: str) -> None:
    frames = [np.full((90, 160, 3), 40 * i, np.uint8) for i in range(6)]
    teaser = tmp_path / f"t{ending}"
    write_teaser(teaser, frames, Fraction(2, 25))
    with Image.open(teaser) as picture:
        assert (picture.size, getattr(picture, "n_frames", 1)) == ((160, 90), 6)
        assert picture.info["loop"] == 0
        picture.seek(5)
        assert np.abs(np.asarray(picture.convert("RGB")).astype(int) - 200).max() < 8
        assert picture.info["duration"] == 80


def test_noise_of_any_shape_fits(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 480, 480, 3), np.uint8)
    write_teaser(tmp_path / "t.gif", list(noise), Fraction(2, 25))
    assert 0 < (tmp_path / "t.gif").stat().st_size < LARGEST_BYTES
    with Image.open(tmp_path / "t.gif") as picture:
        assert picture.width in {way[0] for way in WAYS[1:]}
