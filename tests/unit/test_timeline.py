import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.domain.errors import Rejected
from handler.domain.timeline import ORIGINAL, Coat, Look, LookChange, Schedule, Timeline

RATES = st.sampled_from([Fraction(25), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(60)])


def _timeline(*starts: float) -> Timeline:
    return Timeline(
        tuple(LookChange(Fraction(str(at)), Look.of(f"style{at}")) for at in starts),
    )


def test_one_style_lasts_for_ever() -> None:
    schedule = Timeline.of_style("monet").in_frames(Fraction(25))
    assert schedule.coat(0) == schedule.coat(10**9) == Look.of("monet").coat
    assert Timeline.of_style("monet").styles == {"monet"}


def test_a_look_begins_with_the_first_frame_shown_at_its_second() -> None:
    timeline = _timeline(0, 1)
    schedule = timeline.in_frames(Fraction(30000, 1001))
    # frame 29 is shown at 0.9677 s, frame 30 at 1.001 s
    assert schedule.coat(29) == Look.of("style0").coat
    assert schedule.coat(30) == Look.of("style1").coat
    assert timeline.in_frames(Fraction(25)).coat(25) == Look.of("style1").coat
    assert schedule.stretch(29) != schedule.stretch(30)


def test_the_original_needs_no_picture() -> None:
    original = LookChange(Fraction(0), ORIGINAL)
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
    coat = _timeline(*ordered).in_frames(rate).coat(frame)
    begun = [start for start in ordered if Fraction(start) <= frame / rate]
    assert coat == Look.of(f"style{begun[-1]}").coat


NONE, HALF = Fraction(0), Fraction(1, 2)
A, B = Look.of("a"), Look.of("b", strength=HALF)


def _fading(before: Look, after: Look, fade: Fraction = Fraction(1)) -> Schedule:
    """Ten frames a second; it begins with second 1."""
    changes = (LookChange(Fraction(0), before), LookChange(Fraction(1), after, fade))
    return Timeline(changes).in_frames(Fraction(10))


def test_styles_fade_by_their_weights() -> None:
    schedule = _fading(A, B)
    assert [schedule.coat(frame) for frame in (9, 10)] == [A.coat, A.coat]
    assert schedule.coat(15) == Coat((("a", HALF), ("b", HALF / 2)), Fraction(1))
    assert schedule.coat(15).own == HALF / 2
    assert schedule.coat(20) == B.coat == Coat((("b", HALF),), Fraction(1))
    assert schedule.turns == {10, 20}
    assert len({schedule.stretch(frame) for frame in range(30)}) == 1


@pytest.mark.parametrize("fade", [Fraction(1, 100), Fraction(1, 7), Fraction(99, 100)])
def test_a_fade_lies_between_its_turns(fade: Fraction) -> None:
    schedule = _fading(A, B, fade)
    begin, end = sorted(schedule.turns)
    assert schedule.coat(begin) == A.coat != schedule.coat(begin + 1)
    assert schedule.coat(end) == B.coat
    assert schedule.coat(end - 1) != B.coat


def test_paint_dissolves_out_of_the_original_and_into_it() -> None:
    appearing, vanishing = _fading(ORIGINAL, B), _fading(B, ORIGINAL)
    assert not appearing.coat(10).is_painted
    assert appearing.coat(13) == Coat(B.coat.styles, Fraction(3, 10))
    assert vanishing.coat(13) == Coat(B.coat.styles, Fraction(7, 10))
    assert not vanishing.coat(20).is_painted
    for schedule in (appearing, vanishing):
        assert not schedule.turns
    assert list(appearing.painted_stretches(30)) == [range(11, 30)]
    assert list(vanishing.painted_stretches(30)) == [range(20)]
    assert list(vanishing.painted_stretches(15)) == [range(15)]


def test_only_the_share_of_the_paint_changes_without_a_new_stretch() -> None:
    schedule = _fading(A, Look.of("a", mix=HALF), Fraction(0))
    assert [schedule.coat(frame).share for frame in (9, 10)] == [1, HALF]
    assert schedule.stretch(9) == schedule.stretch(10)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([A, B, ORIGINAL, Look.of({"a": HALF, "b": Fraction(3)}, mix=HALF)]),
            st.booleans(),
        ),
        max_size=8,
    ),
    RATES,
)
def test_nothing_jumps_within_a_stretch(looks: list[tuple[Look, bool]], rate: Fraction) -> None:
    """One look a second, faded all the time or not at all."""
    changes = [
        LookChange(Fraction(at), look, Fraction(fades))
        for at, (look, fades) in enumerate([(A, False), *looks])
    ]
    schedule = Timeline(tuple(changes)).in_frames(rate)
    for frame in range(int(9 * rate)):
        one, other = schedule.coat(frame), schedule.coat(frame + 1)
        assert 0 <= one.own <= 1
        if schedule.stretch(frame) == schedule.stretch(frame + 1) and one.is_painted:
            weights, following = dict(one.styles), dict(other.styles)
            for style in ("a", "b"):
                step = weights.get(style, NONE) - following.get(style, NONE)
                assert abs(step) <= 1 / rate


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ([(0, 1)], "timeline[0].fade"),
        ([(0, 0), (1, 3), (3, 0)], "timeline[1].fade"),
        ([(0, 0), (1, 0), (1, 0)], "timeline[2].at"),
        ([(2, 0)], "timeline[0].at"),
    ],
)
def test_a_rejection_names_the_field(changes: list[tuple[int, int]], field: str) -> None:
    with pytest.raises(Rejected, match=re.escape(field)):
        Timeline(tuple(LookChange(Fraction(at), A, Fraction(fade)) for at, fade in changes))


def test_a_fade_may_end_where_the_next_look_begins() -> None:
    Timeline(tuple(LookChange(Fraction(at), A, Fraction(min(at, 1))) for at in range(3)))
