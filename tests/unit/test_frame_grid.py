"""Times of pictures against an even grid."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from handler.media.probe_worker import farthest_from_grid, meant_rate

TIMES = st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=40).map(sorted)


@given(TIMES, st.fractions(min_value="1/1000000", max_value=1000, max_denominator=10**6))
def test_the_farthest_picture_is_as_far_as_its_time_says(times: list[int], rate: Fraction) -> None:
    away = [abs((time - times[0]) * rate - index) for index, time in enumerate(times)]
    assert farthest_from_grid(times, rate) == max(away)


def test_pauses_do_not_slow_the_rate_that_is_meant() -> None:
    times = [0, 40, 80, 120, 5000, 5040, 5041 + 39, 9000]
    assert meant_rate(times, Fraction(1, 1000)) == 25


def test_pictures_at_one_time_mean_nothing() -> None:
    assert meant_rate([7, 7, 7], Fraction(1, 1000)) == 25
