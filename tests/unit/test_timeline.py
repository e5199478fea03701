from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.domain.errors import Rejected
from handler.domain.timeline import Look, LookChange, Timeline

RATES = st.sampled_from([Fraction(25), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(60)])


def _timeline(*starts: float) -> Timeline:
    return Timeline(
        tuple(LookChange(Fraction(str(at)), Look(f"style{at}")) for at in starts),
    )


def test_one_style_lasts_for_ever() -> None:
    timeline = Timeline.of_style("monet")
    assert timeline.look_at(0, Fraction(25)) == timeline.look_at(10**9, Fraction(25))
    assert timeline.styles == {"monet"}


def test_a_look_begins_with_the_first_frame_shown_at_its_second() -> None:
    timeline = _timeline(0, 1)
    rate = Fraction(30000, 1001)  # frame 29 is shown at 0.9677 s, frame 30 at 1.001 s
    assert timeline.look_at(29, rate).style == "style0"
    assert timeline.look_at(30, rate).style == "style1"
    assert timeline.look_at(25, Fraction(25)).style == "style1"


def test_the_original_needs_no_picture() -> None:
    original = LookChange(Fraction(0), Look(None))
    assert Timeline((original,)).styles == frozenset()


@pytest.mark.parametrize("starts", [(), (1,), (0, 2, 1), (0, 1, 1)])
def test_seconds_must_rise_from_zero(starts: tuple[float, ...]) -> None:
    with pytest.raises(Rejected):
        _timeline(*starts)


@given(
    starts=st.sets(st.integers(1, 100), max_size=8),
    frame=st.integers(0, 10_000),
    rate=RATES,
)
def test_the_look_is_the_latest_that_has_begun(
    starts: set[int], frame: int, rate: Fraction
) -> None:
    ordered = [0, *sorted(starts)]
    look = _timeline(*ordered).look_at(frame, rate)
    begun = [start for start in ordered if Fraction(start) <= frame / rate]
    assert look.style == f"style{begun[-1]}"
