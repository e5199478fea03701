"""A job of many workers, played through."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.domain.media import VideoFacts
from handler.domain.plan import Plan, Work, Worker
from handler.domain.price import CHUNK_USD, PRICES
from handler.domain.quotas import Bucket, Quotas, Rate
from handler.domain.route import Route
from handler.domain.simulate import COLD_START_SECONDS, Chances, Run, simulate
from handler.domain.spread import (
    CHILDREN_PER_SECOND,
    CONTAINER_START_SECONDS,
    Containers,
    Fleet,
    assembling_seconds,
    planning_seconds,
    spread_plan,
)
from tests.unit.test_spread import film

FUNCTION = Worker.function(10_240)
FLEET = Fleet(FUNCTION, 880.0, 10_000, Containers(Worker(4.0, 8192, "x86_64"), 10_000, True))
CERTAIN = Chances(spread=0.0, killed=0.0)
ROUTES = st.sampled_from([Route.STEP_FUNCTIONS, Route.BATCH])


def played(
    clip: tuple[Work, VideoFacts],
    workers: int,
    chances: Chances = CERTAIN,
    quotas: Quotas | None = None,
    seed: int = 0,
    route: Route = Route.STEP_FUNCTIONS,
) -> tuple[Plan, Run]:
    plan = spread_plan(FLEET, route, *clip, workers)
    return plan, simulate(plan, FLEET, clip[1], quotas or Quotas(), chances, seed)


def before_and_after(clip: tuple[Work, VideoFacts]) -> float:
    """Seconds before the first chunk and after the last."""
    return 2 * COLD_START_SECONDS + planning_seconds(*clip) + assembling_seconds(*clip)


FILMS = st.builds(
    lambda frames, per_frame: film(frames, frames * per_frame),
    st.integers(1, 20_000),
    st.floats(1e-3, 2),
)
CHANCES = st.builds(Chances, spread=st.floats(0, 1), killed=st.floats(0, 0.3))
RATES = st.builds(Rate, per_second=st.floats(5, 1000), at_once=st.floats(1, 100))
QUOTAS = st.builds(
    Quotas,
    functions=st.integers(50, 1000),
    environments=RATES,
    children=RATES,
    children_at_once=st.integers(1, 10_000),
    containers=RATES,
    reads=RATES,
    writes=RATES,
)
ANY_RUN = {
    "clip": FILMS,
    "workers": st.integers(1, 300),
    "chances": CHANCES,
    "quotas": QUOTAS,
    "seed": st.integers(0, 99),
    "route": ROUTES,
}


@settings(max_examples=60)
@given(**ANY_RUN)
def test_every_chunk_is_left_once_or_the_job_fails(
    clip: tuple[Work, VideoFacts],
    workers: int,
    chances: Chances,
    quotas: Quotas,
    seed: int,
    route: Route,
) -> None:
    _, run = played(clip, workers, chances, quotas, seed, route)
    if run.error:
        assert "its time was over" in run.error or "killed" in run.error
        assert run.frames < clip[0].frames
    else:
        assert run.frames == clip[0].frames
    assert run.workers <= workers
    assert run.workers <= quotas.children_at_once


@settings(max_examples=60)
@given(**ANY_RUN)
def test_wall_clock_and_cost_are_no_less_than_the_work(
    clip: tuple[Work, VideoFacts],
    workers: int,
    chances: Chances,
    quotas: Quotas,
    seed: int,
    route: Route,
) -> None:
    plan, run = played(clip, workers, chances, quotas, seed, route)
    if run.error:
        return
    assert run.seconds == pytest.approx(sum(run.path.values()))
    assert run.seconds >= before_and_after(clip) + run.worked_seconds / plan.workers
    least_rate = {
        Route.STEP_FUNCTIONS: 10 * PRICES.lambda_gb_second["x86_64"],
        Route.BATCH: 4 * PRICES.fargate_vcpu_second["x86_64"] * PRICES.fargate_spot,
    }[route]
    assert run.usd >= run.worked_seconds * least_rate + plan.chunks * CHUNK_USD


@settings(max_examples=40)
@given(**ANY_RUN)
def test_the_same_seed_gives_the_same_run(
    clip: tuple[Work, VideoFacts],
    workers: int,
    chances: Chances,
    quotas: Quotas,
    seed: int,
    route: Route,
) -> None:
    once, again = (played(clip, workers, chances, quotas, seed, route)[1] for _ in range(2))
    assert once == again


@settings(max_examples=60)
@given(
    clip=FILMS,
    workers=st.integers(1, 300),
    name=st.sampled_from(["children", "environments", "reads", "writes"]),
    rate=RATES,
    seed=st.integers(0, 99),
)
def test_a_tighter_limit_is_never_faster_than_a_warm_environment_saves(
    clip: tuple[Work, VideoFacts], workers: int, name: str, rate: Rate, seed: int
) -> None:
    free = Quotas()
    loose = getattr(free, name)
    tight = Rate(min(rate.per_second, loose.per_second), min(rate.at_once, loose.at_once))
    stragglers = Chances(spread=0.44, killed=0.0)
    _, freely = played(clip, workers, stragglers, free, seed)
    changed: dict[str, Any] = {name: tight}
    _, tightly = played(clip, workers, stragglers, replace(free, **changed), seed)
    if not tightly.error:
        assert tightly.seconds >= freely.seconds - COLD_START_SECONDS - 1e-6


def test_a_run_without_chance_takes_what_it_must() -> None:
    clip = film(6000, 6000 * FUNCTION.vcpus)
    plan, run = played(clip, 100)
    assert plan.chunks == run.workers == run.cold_starts == 100
    last_starts = 100 / CHILDREN_PER_SECOND
    assert run.seconds == pytest.approx(
        before_and_after(clip) + last_starts + COLD_START_SECONDS + 1 + 61, abs=0.05
    )
    assert run.held_up_by == "painting"
    assert plan.seconds == pytest.approx(run.seconds, rel=0.06)


def test_more_chunks_than_workers_take_turns() -> None:
    plan, run = played(film(12_000, 12_000 * FUNCTION.vcpus), 4)
    assert plan.chunks > plan.workers == run.workers == run.cold_starts == 4
    assert run.held_up_by == "waiting for a worker"


def test_a_straggler_holds_all_up() -> None:
    clip = film(6000, 6000 * FUNCTION.vcpus)
    _, even = played(clip, 100)
    _, uneven = played(clip, 100, Chances(spread=0.44, killed=0.0))
    assert uneven.seconds > even.seconds + 20
    assert uneven.usd == pytest.approx(even.usd, rel=0.15)


def test_killed_workers_are_tried_again_and_paid_for() -> None:
    clip = film(6000, 6000 * FUNCTION.vcpus)
    _, well = played(clip, 100)
    _, badly = played(clip, 100, Chances(spread=0.0, killed=0.3))
    assert badly.killed > 10
    assert badly.error is None
    assert badly.seconds > well.seconds
    assert badly.usd > well.usd
    _, hopeless = played(clip, 100, Chances(spread=0.0, killed=1.0))
    assert "killed 5 times" in str(hopeless.error)


def test_an_account_that_is_full_refuses_and_is_asked_again() -> None:
    clip = film(6000, 6000 * FUNCTION.vcpus)
    _, run = played(clip, 100, quotas=Quotas(functions=50))
    assert run.workers == 50
    assert run.throttled > 50
    assert run.path["account's concurrency"] > 0


def test_more_workers_than_the_account_has_functions_hold_no_job_up_for_good() -> None:
    """Chunks of four minutes, and one function for ten workers."""
    long = film(60_000, 24_000 * FUNCTION.vcpus)
    plan, run = played(long, 100, quotas=Quotas(functions=10))
    assert (plan.chunks, run.error) == (100, None)
    assert run.seconds > 10 * 240
    _, stuck = played(long, 100, quotas=Quotas(functions=1))
    assert "its time was over" in str(stuck.error)


def test_standard_children_start_a_hundred_a_second() -> None:
    _, run = played(film(500_000, 50_000), 2000)
    assert run.path["starting workers"] == pytest.approx(20, rel=0.1)


def test_containers_start_slowly_and_cost_less() -> None:
    clip = film(60_000, 60_000 * FUNCTION.vcpus)
    _, functions = played(clip, 300)
    plan, containers = played(clip, 300, route=Route.BATCH)
    started = CONTAINER_START_SECONDS + COLD_START_SECONDS
    assert containers.path["cold starts"] == pytest.approx(started)
    assert containers.path["starting workers"] == pytest.approx((plan.workers - 100) / 20, abs=0.1)
    assert containers.seconds > functions.seconds
    assert containers.usd < functions.usd / 3


@given(RATES, st.lists(st.floats(0, 0.1), min_size=1, max_size=200))
def test_a_bucket_grants_no_more_than_its_rate(rate: Rate, pauses: list[float]) -> None:
    bucket, now, granted = Bucket(rate), 0.0, []
    for pause in pauses:
        now += pause
        granted.append(bucket.take(now))
        assert granted[-1] >= now
    assert granted == sorted(granted)
    allowed = max(1.0, rate.at_once) + rate.per_second * granted[-1]
    assert len(granted) <= allowed + 1e-6
