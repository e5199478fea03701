"""Style pictures as people have them, and posters."""

import contextlib
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handler.domain.errors import Rejected
from handler.media.pictures import POSTER_WIDTH_PX, read_picture, write_poster

RED = (200, 30, 40)


def _near_red(picture: np.ndarray, size: tuple[int, int]) -> None:
    assert picture.shape == (*size, 3)
    assert picture.dtype == np.uint8
    assert np.abs(picture[size[0] // 2, size[1] // 2].astype(int) - RED).max() < 12


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_every_promised_format_is_read(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"red.{ending}"
    Image.new("RGB", (30, 20), RED).save(path)
    _near_red(read_picture(path), (20, 30))


def test_cmyk_is_read(tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), RED).convert("CMYK").save(tmp_path / "red.jpg")
    _near_red(read_picture(tmp_path / "red.jpg"), (20, 30))


def test_grey_is_read(tmp_path: Path) -> None:
    Image.new("L", (30, 20), 77).save(tmp_path / "grey.png")
    assert (read_picture(tmp_path / "grey.png") == 77).all()


def test_deep_grey_keeps_its_shades(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[np.newaxis].repeat(4, axis=0)
    Image.fromarray(ramp).save(tmp_path / "deep.png")
    read = read_picture(tmp_path / "deep.png")[0, :, 0].astype(int)
    assert np.abs(read - np.arange(256)).max() <= 1


def test_broken_exif_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "broken-exif.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "description"
    Image.new("RGB", (30, 20), RED).save(path, exif=exif)
    whole = path.read_bytes()
    start = whole.index(b"Exif")
    random = np.random.default_rng(0)
    for _ in range(300):
        broken = bytearray(whole)
        for place in random.integers(start + 6, start + 60, 4):
            broken[place] = random.integers(256)
        path.write_bytes(broken)
        with warnings.catch_warnings(), contextlib.suppress(Rejected):
            warnings.simplefilter("ignore")
            read_picture(path)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (30, 20), (*RED, 0))
    picture.paste((*RED, 255), (0, 0, 15, 20))
    picture.save(tmp_path / "half.png")
    read = read_picture(tmp_path / "half.png")
    assert (read[:, :15] == RED).all()
    assert (read[:, 15:] == 255).all()


def test_exif_turns_the_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise
    Image.new("RGB", (30, 20), RED).save(tmp_path / "turned.jpg", exif=exif)
    _near_red(read_picture(tmp_path / "turned.jpg"), (30, 20))


def test_an_animation_gives_its_first_picture(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (30, 20), RED), Image.new("RGB", (30, 20), "blue")
    first.save(tmp_path / "moving.webp", save_all=True, append_images=[second], lossless=True)
    _near_red(read_picture(tmp_path / "moving.webp"), (20, 30))


def test_a_claim_of_too_many_pixels_is_refused_before_decoding(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 10_000)).save(path)  # 200 megapixels in a few kilobytes
    assert path.stat().st_size < 100_000
    with pytest.raises(Rejected, match="megapixels"):
        read_picture(path)


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>"]
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "style.jpg").write_bytes(content)
    with pytest.raises(Rejected, match="not a JPEG, PNG or WebP"):
        read_picture(tmp_path / "style.jpg")


def test_a_picture_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(Rejected, match="can't be read"):
        read_picture(path)


@pytest.mark.parametrize("size", [(720, 1280), (1920, 1080), (48, 64)])
def test_a_poster_shows_both_halves_and_stays_small(tmp_path: Path, size: tuple[int, int]) -> None:
    before = np.full((*size, 3), 10, np.uint8)
    after = np.full((*size, 3), 240, np.uint8)
    write_poster(tmp_path / "poster.jpg", before, after)
    with Image.open(tmp_path / "poster.jpg") as poster:
        assert poster.width <= POSTER_WIDTH_PX
        assert poster.width / poster.height == pytest.approx(2 * size[1] / size[0], rel=0.01)
        left, right = poster.getpixel((2, 2)), poster.getpixel((poster.width - 3, 2))
    assert left == (10, 10, 10)
    assert right == (240, 240, 240)
