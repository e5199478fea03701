from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.domain.errors import Rejected
from handler.domain.media import PRESETS, Codec, Encoding, nearest_rate, working_dimensions
from tests.fakes import FACTS

SIDES = st.integers(1, 16384)


@pytest.mark.parametrize(
    ("measured", "meant"),
    [
        ("25", "25"),
        ("29.97", "30000/1001"),
        ("29.971", "30000/1001"),
        ("23.976", "24000/1001"),
        ("24.0004", "24"),
        ("59.94", "60000/1001"),
        ("12.5", "12.5"),
        ("14.3333333", "14.333"),
        ("1000", "60"),
        ("0.00001", "0.001"),
    ],
)
def test_a_measured_rate_becomes_the_one_that_was_meant(measured: str, meant: str) -> None:
    assert nearest_rate(Fraction(measured)) == Fraction(meant)


@given(st.fractions(min_value="1/1000", max_value=1000))
def test_an_evened_rate_is_near_and_bounded(measured: Fraction) -> None:
    rate = nearest_rate(measured)
    assert 0 < rate <= 60
    assert abs(rate - min(measured, Fraction(60))) <= max(rate / 1000, Fraction(1, 1000))


def test_a_rate_measured_roughly_may_lead_further_to_a_usual_one() -> None:
    roughly = Fraction(1, 200)
    assert nearest_rate(Fraction("30.1"), tolerance=roughly) == 30
    assert nearest_rate(Fraction("29.95"), tolerance=roughly) == Fraction(30000, 1001)
    assert nearest_rate(Fraction("30.2"), tolerance=roughly) == Fraction("30.2")


def test_working_size_shrinks_in_proportion() -> None:
    assert working_dimensions(1280, 720, 1024, 16, 4) == (1024, 576)
    assert working_dimensions(720, 1280, 1024, 16, 4) == (576, 1024)


def test_a_width_that_shrinks_becomes_a_fast_one() -> None:
    assert working_dimensions(1366, 768, 1000, 16, 4) == (1000, 562)
    assert working_dimensions(768, 1366, 1000, 16, 4) == (564, 1000)
    assert working_dimensions(1366, 768, 2000, 16, 4) == (1366, 768)


def test_working_size_never_enlarges() -> None:
    assert working_dimensions(640, 272, 1024, 16, 4) == (640, 272)
    assert working_dimensions(640, 272, None, 16, 4) == (640, 272)


@given(SIDES, SIDES, st.none() | st.integers(64, 8192))
def test_working_size_stays_in_bounds(width: int, height: int, long_side: int | None) -> None:
    painted = working_dimensions(width, height, long_side, 16, 4)
    assert min(painted) >= 16
    assert max(painted) <= max(16, long_side or 16384) + 2
    for side, source in zip(painted, (width, height), strict=True):
        assert side <= max(16, source)


def test_an_odd_size_gains_what_yuv420_needs() -> None:
    assert replace(FACTS, width=65, height=49).encoded_size == (66, 50)
    assert replace(FACTS, width=64, height=48).encoded_size == (64, 48)


def test_duration_is_exact() -> None:
    assert replace(FACTS, frame_count=30000, frame_rate=Fraction(30000, 1001)).duration == 1001


@pytest.mark.parametrize("codec", list(Codec))
def test_what_is_not_said_of_an_encoding_is_the_codec_s_own(codec: Codec) -> None:
    default = Encoding.of(codec)
    assert Encoding.of(codec, crf=None, preset=None) == default
    assert Encoding.of(codec, crf=30) == replace(default, crf=30)
    assert Encoding.of(codec, preset="slow") == replace(default, preset="slow")


@given(st.integers(), st.sampled_from([*PRESETS, "", "hasty"]))
def test_an_encoding_is_one_that_the_encoder_has(crf: int, preset: str) -> None:
    if 1 <= crf <= 51 and preset in PRESETS:
        assert Encoding(Codec.H264, crf, preset).crf == crf
    else:
        with pytest.raises(Rejected):
            Encoding(Codec.H264, crf, preset)
