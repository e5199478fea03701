"""Chunks of a video, and what many workers take for them."""

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.domain.chunks import chunks_of
from handler.domain.keyframes import bounded_interval
from handler.domain.media import VideoFacts
from handler.domain.plan import Plan, Work, Worker, work_of
from handler.domain.price import CHUNK_USD, container_usd, function_usd
from handler.domain.route import Route
from handler.domain.spread import (
    LONGEST_CHUNK_SECONDS,
    LONGEST_EXECUTION_SECONDS,
    MOST_CHUNKS,
    Containers,
    Fleet,
    spread_plan,
)
from handler.domain.timeline import Look, Timeline
from tests.fakes import CALIBRATION, FACTS

ONE = Worker.function(1769)
FLEET = Fleet(ONE, 880.0, 10_000, Containers(Worker(1.0, 2048, "x86_64"), 10_000, is_spot=True))
ROUTES = st.sampled_from([Route.STEP_FUNCTIONS, Route.BATCH])


def film(frames: int, vcpu_seconds: float, interval: int = 12) -> tuple[Work, VideoFacts]:
    """Of one processor; it takes a second to start."""
    work = Work(frames, 1, 0, (4, 4), interval, 1.0, vcpu_seconds)
    return work, replace(FACTS, frame_count=frames)


def functions(work: Work, facts: VideoFacts, workers: int) -> Plan:
    return spread_plan(FLEET, Route.STEP_FUNCTIONS, work, facts, workers)


@given(
    route=ROUTES,
    frames=st.integers(1, 3_000_000),
    per_frame=st.floats(1e-4, 10),
    interval=st.integers(1, 32),
    workers=st.integers(1, 10_000),
)
def test_chunks_are_within_their_bounds(
    route: Route, frames: int, per_frame: float, interval: int, workers: int
) -> None:
    work, facts = film(frames, frames * per_frame, interval)
    plan = spread_plan(FLEET, route, work, facts, workers)
    assert plan.chunk_frames % interval == 0
    assert plan.chunk_frames >= 2 * facts.frame_rate
    assert 1 <= plan.chunks <= MOST_CHUNKS
    assert plan.workers == min(workers, plan.chunks)
    assert len(list(chunks_of(facts, plan.chunk_frames))) == plan.chunks


@given(
    frames=st.integers(1, 300_000),
    per_frame=st.floats(1e-3, 1),
    workers=st.integers(1, 2000),
    more=st.integers(1, 2000),
)
def test_more_workers_are_not_slower_than_their_start_and_cost_no_less(
    frames: int, per_frame: float, workers: int, more: int
) -> None:
    work, facts = film(frames, frames * per_frame)
    few, many = (functions(work, facts, n) for n in (workers, workers + more))
    turns = -(-many.chunks // many.workers)
    grid = turns * (work.keyframe_interval * per_frame + work.start_seconds)
    launch = more / 100
    assert many.seconds <= few.seconds + launch + grid
    assert few.usd is not None
    assert many.usd is not None
    if many.chunks >= few.chunks:
        assert many.usd >= few.usd * (1 - 1e-9)


@given(
    seconds=st.floats(1, 1e6),
    times=st.floats(1, 10),
    workers=st.integers(1, 1000),
    route=ROUTES,
)
def test_more_work_takes_longer_and_costs_more(
    seconds: float, times: float, workers: int, route: Route
) -> None:
    less, more = (
        spread_plan(FLEET, route, *film(10_000, work), workers)
        for work in (seconds, seconds * times)
    )
    assert less.usd is not None
    assert more.usd is not None
    assert more.usd >= less.usd * (1 - 1e-9)
    if more.chunks == less.chunks:
        assert more.seconds >= less.seconds * (1 - 1e-9)


def test_chunks_begin_on_the_grid_that_large_frames_are_painted_on() -> None:
    large = replace(FACTS, width=3840, height=2160, frame_count=90_000)
    half = Timeline.of(Look.of("monet", mix=Fraction(1, 2)))  # holds the source's frames
    work = work_of(large, [half], (1024, 576), 12, CALIBRATION, paint_seconds=1.0)
    assert work.keyframe_interval == bounded_interval(12, large.size) == 3
    assert functions(work, large, 1000).chunk_frames % 3 == 0
    monet = Timeline.of_style("monet")
    assert work_of(large, [monet], (1024, 576), 12, CALIBRATION, 1.0).keyframe_interval == 12


def test_there_are_as_many_chunks_as_workers() -> None:
    plan = functions(*film(12_000, 12_000), 50)
    assert (plan.chunks, plan.chunk_frames, plan.workers) == (50, 240, 50)
    launch, joining = 0.5, 2
    assert plan.seconds == pytest.approx(240 + 1 + 1 + launch + joining, abs=0.1)
    busy = 12_000 + 50 + 50 + joining
    assert plan.usd == pytest.approx(function_usd(busy, 1769, "x86_64") + 50 * CHUNK_USD, rel=1e-3)


def test_no_worker_is_planned_to_need_more_than_five_minutes() -> None:
    plan = functions(*film(12_000, 12_000), 2)
    assert (plan.chunk_frames, plan.chunks, plan.workers) == (288, 42, 2)
    assert plan.chunk_frames + 1 + 1 <= LONGEST_CHUNK_SECONDS
    assert plan.seconds == pytest.approx(21 * (288 + 1 + 1) + 2, abs=1)


def test_long_chunks_keep_every_worker_busy_to_the_end() -> None:
    plan = functions(*film(120_000, 120_000), 100)
    assert plan.chunks % plan.workers == 0


def test_containers_take_their_time_to_start_and_pay_by_themselves() -> None:
    work, facts = film(12_000, 12_000)
    plan = spread_plan(FLEET, Route.BATCH, work, facts, 200)
    assert (plan.route, plan.chunks, plan.workers) == (Route.BATCH, 200, 200)
    assert plan.worker.vcpus == 1.0
    launch, joining = 30 + 5, 2
    assert plan.seconds == pytest.approx(60 + 1 + 1 + launch + joining, abs=0.1)
    each = container_usd(30 + 1 + 61, 1.0, 2048, "x86_64", spot=True) + CHUNK_USD
    assert plan.usd == pytest.approx(function_usd(2, 1769, "x86_64") + 200 * each, rel=1e-3)


def test_the_state_machine_stops_when_plans_say() -> None:
    template = Path("template.yaml").read_text()
    machine = template[template.index("  PaintJob:\n") :]
    limit = re.search(r"^        TimeoutSeconds: (\d+)", machine, re.MULTILINE)
    assert limit
    assert float(limit[1]) == LONGEST_EXECUTION_SECONDS
