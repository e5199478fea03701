"""Style pictures as people have them, and posters."""

import contextlib
import warnings
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from handler.domain.errors import Rejected
from handler.media import pictures
from handler.media.picture_worker import Refused, read
from handler.media.pictures import POSTER_WIDTH_PX, read_picture, write_poster
from tests.profiles import adobe_rgb, adobe_rgb_in_srgb, encoded, grey_gamma_one

RED = (200, 30, 40)


def _near_red(picture: np.ndarray, size: tuple[int, int]) -> None:
    assert picture.shape == (*size, 3)
    assert picture.dtype == np.uint8
    assert np.abs(picture[size[0] // 2, size[1] // 2].astype(int) - RED).max() <= 3


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
    shades = read_picture(tmp_path / "deep.png")[0, :, 0].astype(int)
    assert np.abs(shades - np.arange(256)).max() <= 1


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
        with contextlib.suppress(Refused), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert read(str(path)).size in ((20, 30), (30, 20))


def test_deep_colour_keeps_its_shades(tmp_path: Path) -> None:
    _png_of_16_bits(tmp_path / "deep.png", (51400, 7710, 10280))  # RED * 257
    _near_red(read_picture(tmp_path / "deep.png"), (20, 30))


def _png_of_16_bits(path: Path, color: tuple[int, int, int]) -> None:
    """Pillow writes no colour of 16 bits."""
    codec = av.CodecContext.create("png", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt, codec.time_base = 30, 20, "rgb48be", Fraction(1)
    pixels = np.full((20, 30, 3), color, ">u2")
    frame = av.VideoFrame.from_ndarray(pixels.astype(np.uint16), format="rgb48be")
    packets = [*codec.encode(frame), *codec.encode()]
    path.write_bytes(b"".join(bytes(packet) for packet in packets))


COLORS = [(200, 30, 40), (40, 160, 60), (90, 90, 200), (128, 128, 128), (255, 255, 255)]


@pytest.mark.parametrize("ending", ["png", "webp", "jpg"])
@pytest.mark.parametrize("color", COLORS)
def test_a_colour_profile_is_applied(
    tmp_path: Path, ending: str, color: tuple[int, int, int]
) -> None:
    path = tmp_path / f"wide.{ending}"
    exact = {"jpg": {"quality": 100}, "webp": {"lossless": 1}}.get(ending, {})
    Image.new("RGB", (30, 20), color).save(path, icc_profile=adobe_rgb(), **exact)  # type: ignore[arg-type]
    assert np.abs(read_picture(path).mean(axis=(0, 1)) - adobe_rgb_in_srgb(color)).max() <= 3


def test_a_colour_profile_and_transparency_go_together(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (30, 20), (*COLORS[0], 255))
    picture.paste((0, 0, 0, 0), (0, 0, 15, 20))
    picture.save(tmp_path / "wide.png", icc_profile=adobe_rgb())
    read_back = read_picture(tmp_path / "wide.png")
    assert (read_back[:, :15] >= 252).all()
    assert np.abs(read_back[:, 15:] - adobe_rgb_in_srgb(COLORS[0])).max() <= 3


def test_a_profile_of_grey_is_applied(tmp_path: Path) -> None:
    Image.new("L", (30, 20), 128).save(tmp_path / "grey.png", icc_profile=grey_gamma_one())
    wanted = encoded(128 / 255)
    assert np.abs(read_picture(tmp_path / "grey.png") - wanted).max() <= 3


def test_a_broken_profile_is_left_aside(tmp_path: Path) -> None:
    profile = bytearray(adobe_rgb())
    for profile_of in (b"nonsense", bytes(profile[:100]), bytes(profile[:200]), bytes(500)):
        Image.new("RGB", (30, 20), RED).save(tmp_path / "broken.png", icc_profile=profile_of)
        _near_red(read_picture(tmp_path / "broken.png"), (20, 30))


@pytest.mark.parametrize("size", [(1, 1000), (1000, 1), (1, 1), (5184, 3888)])
def test_every_shape_is_read(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", size, RED).save(tmp_path / "shape.jpg", quality=95, subsampling=0)
    _near_red(read_picture(tmp_path / "shape.jpg"), (size[1], size[0]))


def test_the_largest_picture_fits_the_limits(tmp_path: Path) -> None:
    """A hundred megapixels with transparency and a profile: the most that memory must hold."""
    Image.new("RGBA", (10_000, 10_000), (*RED, 255)).save(
        tmp_path / "large.png", icc_profile=adobe_rgb(), compress_level=1
    )
    read_back = read_picture(tmp_path / "large.png")
    assert read_back.shape == (10_000, 10_000, 3)
    assert np.abs(read_back[5000, 5000] - adobe_rgb_in_srgb(RED)).max() <= 3


def test_palette_with_a_transparent_entry(tmp_path: Path) -> None:
    picture = Image.new("P", (30, 20), 0)
    picture.putpalette([*RED, 0, 0, 255])
    picture.paste(1, (0, 0, 15, 20))
    picture.save(tmp_path / "palette.png", transparency=1)
    read_back = read_picture(tmp_path / "palette.png")
    assert (read_back[:, :15] == 255).all()
    _near_red(read_back, (20, 30))


def test_a_picture_that_breaks_its_reader_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.png"
    Image.new("RGB", (4000, 4000)).save(path)
    for starved in (
        replace(pictures.LIMITS, memory_bytes=128 * 2**20),
        replace(pictures.LIMITS, cpu_seconds=0),
    ):
        monkeypatch.setattr(pictures, "LIMITS", starved)
        with pytest.raises(Rejected, match=r"the style picture (can't be|could not be)"):
            read_picture(path)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (30, 20), (*RED, 0))
    picture.paste((*RED, 255), (0, 0, 15, 20))
    picture.save(tmp_path / "half.png")
    half = read_picture(tmp_path / "half.png")
    assert (half[:, :15] == RED).all()
    assert (half[:, 15:] == 255).all()


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
