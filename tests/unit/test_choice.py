"""Which way a job is painted, by deadline and budget."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.domain.choice import Wish, choose
from handler.domain.errors import Rejected
from handler.domain.media import VideoFacts
from handler.domain.plan import LONGEST_FUNCTION_SECONDS, Work, Worker
from handler.domain.route import Route
from handler.domain.spread import Containers, Fleet
from tests.unit.test_spread import film

FUNCTION = Worker.function(10_240)
ALONE = Fleet(FUNCTION, LONGEST_FUNCTION_SECONDS)
MANY = replace(ALONE, functions=100)
CONTAINERS = Containers(Worker(4.0, 8192, "x86_64"), 100, is_spot=True)
ALL = replace(MANY, containers=CONTAINERS)

ANYTHING = Wish()
CLIP = film(375, 100)
FILM = film(12_000, 24_000)
"""Eight minutes; one function would take more than an hour."""


class TestWithoutWishes:
    def test_what_fits_into_a_function_goes_there(self) -> None:
        limit = ALL.longest_seconds * FUNCTION.vcpus
        assert choose(ALL, *film(1000, limit - 10), ANYTHING).route is Route.LAMBDA
        assert choose(ALL, *film(1000, limit + 10), ANYTHING).route is Route.STEP_FUNCTIONS

    def test_all_workers_of_a_stack_paint_what_does_not(self) -> None:
        assert choose(ALL, *FILM, ANYTHING).workers == 100

    def test_without_workers_one_function_is_all_there_is(self) -> None:
        assert choose(ALONE, *FILM, ANYTHING).route is Route.LAMBDA

    @pytest.mark.parametrize("route", list(Route))
    def test_a_route_that_is_named_is_taken(self, route: Route) -> None:
        assert choose(ALL, *CLIP, Wish(run_on=route)).route is route
        assert choose(ALL, *FILM, Wish(run_on=route)).route is route

    @pytest.mark.parametrize("route", [Route.STEP_FUNCTIONS, Route.BATCH])
    def test_a_route_that_the_stack_lacks_is_refused(self, route: Route) -> None:
        with pytest.raises(Rejected, match=rf"on `{route}`.*leave `run_on` out"):
            choose(ALONE, *CLIP, Wish(run_on=route))

    def test_what_outlasts_the_state_machine_is_refused(self) -> None:
        with pytest.raises(Rejected, match=r"100 workers would take \d+ hours, and have 6 hours"):
            choose(MANY, *film(3_000_000, 3e7), ANYTHING)


class TestDeadline:
    def test_time_enough_is_spent_where_it_costs_least(self) -> None:
        assert choose(MANY, *CLIP, Wish(deadline_seconds=600)).route is Route.LAMBDA
        assert choose(ALL, *FILM, Wish(deadline_seconds=7200)).route is Route.BATCH

    def test_the_sooner_the_more_workers(self) -> None:
        soon, later = (choose(MANY, *FILM, Wish(deadline_seconds=s)) for s in (120, 600))
        assert soon.workers > later.workers > 1
        assert soon.usd is not None
        assert later.usd is not None
        assert soon.usd > later.usd

    def test_a_short_clip_is_spread_if_it_must_be(self) -> None:
        assert choose(MANY, *CLIP, Wish(deadline_seconds=12)).route is Route.STEP_FUNCTIONS

    def test_what_nothing_keeps_is_refused_with_the_nearest_offer(self) -> None:
        fastest = choose(MANY, *FILM, ANYTHING)
        with pytest.raises(Rejected) as refusal:
            choose(MANY, *FILM, Wish(deadline_seconds=10))
        assert "can't be painted within 10 seconds" in refusal.value.reason
        assert fastest.usd
        assert f"{math.ceil(fastest.seconds)} seconds for " in refusal.value.reason
        assert "USD is the fastest" in refusal.value.reason

    def test_time_that_has_passed_counts(self) -> None:
        fresh = Wish(deadline_seconds=120)
        late = replace(fresh, elapsed_seconds=40)
        assert choose(MANY, *FILM, late).workers > choose(MANY, *FILM, fresh).workers
        with pytest.raises(Rejected, match="within 2 minutes: 3 minutes for"):
            choose(MANY, *FILM, replace(fresh, elapsed_seconds=115))

    def test_a_route_that_is_named_keeps_it_or_is_refused(self) -> None:
        with pytest.raises(Rejected, match="is the fastest"):
            choose(ALL, *FILM, Wish(Route.LAMBDA, deadline_seconds=600))


class TestBudget:
    def test_the_fastest_that_it_pays_for(self) -> None:
        cheap = choose(MANY, *FILM, Wish(deadline_seconds=3600))
        assert cheap.usd
        modest = choose(MANY, *FILM, Wish(budget_usd=cheap.usd * 1.001))
        rich = choose(MANY, *FILM, Wish(budget_usd=100.0))
        assert modest.seconds > rich.seconds

    def test_money_is_not_spent_for_a_second(self) -> None:
        light = film(12_000, 3000)
        thousands = replace(MANY, functions=10_000)
        rich = choose(thousands, *light, Wish(budget_usd=100.0))
        fastest = choose(thousands, *light, Wish(Route.STEP_FUNCTIONS))
        assert rich.seconds <= fastest.seconds * 1.1
        assert rich.workers < fastest.workers

    def test_what_it_does_not_pay_for_is_refused(self) -> None:
        with pytest.raises(Rejected, match=r"would cost about .* more than its budget of 0\.0001"):
            choose(ALL, *FILM, Wish(budget_usd=0.0001))

    def test_both_wishes_name_what_can_be_had(self) -> None:
        needed = choose(MANY, *FILM, Wish(deadline_seconds=120))
        cheapest = choose(MANY, *FILM, Wish(deadline_seconds=20_000))
        assert needed.usd
        assert cheapest.usd
        between = (needed.usd + cheapest.usd) / 2
        with pytest.raises(Rejected, match=r"within 2 minutes.*is the fastest that it pays for"):
            choose(MANY, *FILM, Wish(deadline_seconds=120, budget_usd=between))


FLEETS = st.builds(
    Fleet,
    function=st.sampled_from([Worker.function(1769), FUNCTION]),
    longest_seconds=st.floats(60, 880),
    functions=st.integers(0, 60),
    containers=st.none() | st.just(CONTAINERS),
)
FILMS = st.builds(
    lambda frames, per_frame: film(frames, frames * per_frame),
    st.integers(1, 100_000),
    st.floats(1e-3, 2),
)
WISHES = st.builds(
    Wish,
    deadline_seconds=st.none() | st.floats(5, 1e5),
    budget_usd=st.none() | st.floats(1e-3, 10),
)


@given(FLEETS, FILMS, WISHES)
def test_what_is_chosen_keeps_every_wish(
    fleet: Fleet, clip: tuple[Work, VideoFacts], wish: Wish
) -> None:
    try:
        chosen = choose(fleet, *clip, wish)
    except Rejected:
        return
    if wish.deadline_seconds is not None:
        assert chosen.seconds <= wish.deadline_seconds
    if wish.budget_usd is not None:
        assert chosen.usd is not None
        assert chosen.usd <= wish.budget_usd
    if chosen.route is not Route.LAMBDA:
        assert chosen.workers <= fleet.workers(chosen.route)


@given(FLEETS, FILMS, st.floats(5, 1e5), st.floats(1, 3))
def test_more_time_never_costs_more(
    fleet: Fleet, clip: tuple[Work, VideoFacts], deadline: float, times: float
) -> None:
    try:
        soon = choose(fleet, *clip, Wish(deadline_seconds=deadline))
    except Rejected:
        return
    later = choose(fleet, *clip, Wish(deadline_seconds=deadline * times))
    assert soon.usd is not None
    assert later.usd is not None
    assert later.usd <= soon.usd


@given(FILMS, st.floats(1e-3, 10), st.integers(1, 60), st.integers(0, 60))
def test_more_workers_keep_every_deadline_that_fewer_keep(
    clip: tuple[Work, VideoFacts], share: float, workers: int, more: int
) -> None:
    few, many = (replace(MANY, functions=n) for n in (workers, workers + more))
    wish = Wish(deadline_seconds=share * clip[0].seconds(FUNCTION.vcpus))
    try:
        kept = choose(few, *clip, wish)
    except Rejected:
        return
    also = choose(many, *clip, wish)
    assert kept.usd is not None
    assert also.usd is not None
    assert also.usd <= kept.usd
