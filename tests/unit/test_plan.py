import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from fractions import Fraction
from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.domain.errors import Defect
from handler.domain.plan import (
    Calibration,
    Work,
    Worker,
    keyframes_and_others,
    plan_for,
    work_of,
)
from handler.domain.price import PRICES, REQUESTS_USD, container_usd, function_usd
from handler.domain.timeline import Look, LookChange, Timeline
from handler.pipeline.segments import WorkFrame, segments
from handler.settings import Settings
from tests.fakes import CALIBRATION, FACTS

CLIP = replace(FACTS, width=1000, height=500, frame_count=100)
MONET = Timeline.of_style("monet")


def timeline(*changes: tuple[Fraction, str | None]) -> Timeline:
    return Timeline(tuple(LookChange(at, Look.of(style)) for at, style in changes))


def prepared(looks: Timeline, rate: Fraction, count: int) -> Iterator[WorkFrame]:
    schedule = looks.in_frames(rate)
    image = np.zeros((1, 1, 3), np.uint8)
    for i in range(count):
        turns = i in schedule.turns
        yield WorkFrame(i, schedule.coat(i), schedule.stretch(i), turns, image, image)


def test_work_grows_with_what_is_decoded_and_what_is_painted() -> None:
    calibration = Calibration("2026-01-01", "any", 2, 1.5, 2.5, 1.0, 0.1, 0.5, {})
    work = work_of(CLIP, [MONET], (500, 250), 1, calibration, paint_seconds=2.0)
    assert work.vcpu_seconds == pytest.approx(50 * 0.1 + 12.5 * 2.0)
    assert work.seconds(1) == pytest.approx(1.5 + 30)
    assert work.seconds(6) == pytest.approx(1.5 + 5)
    carried = work_of(CLIP, [MONET], (320, 160), 8, calibration, paint_seconds=2.0)
    assert (carried.frames_painted, carried.frames_carried) == (14, 86)
    assert carried.vcpu_seconds == pytest.approx(5 + 0.0512 * (14 * 2.0 + 86 * 0.5))
    unsteady = work_of(CLIP, [MONET], (320, 160), 8, calibration, 2.0, repainted_share=0.5)
    assert (unsteady.frames_painted, unsteady.frames_carried) == (57, 43)
    assert unsteady.vcpu_seconds == pytest.approx(5 + 0.0512 * (57 * 2.0 + 86 * 0.5 + 43 * 0.125))
    halved = work_of(CLIP, [MONET], (1000, 500), 8, calibration, paint_seconds=2.0)
    assert halved.vcpu_seconds == pytest.approx(5 + 0.5 * (14 * 2.0 + 86 * 0.5 / 4))
    large = work_of(CLIP, [MONET], (3840, 2160), 8, calibration, paint_seconds=2.0)
    assert (large.frames_painted, large.frames_carried) == (34, 66)
    assert large.vcpu_seconds == pytest.approx(5 + 8.2944 * (34 * 2.0 + 66 * 0.5 / 4))


def test_processors_that_wait_are_paid_for() -> None:
    at_work = replace(CALIBRATION, start_processor_seconds=3.0, busy_share=1.0)
    waiting = replace(at_work, busy_share=0.8)
    always, partly = (
        work_of(CLIP, [MONET], (500, 250), 8, calibration, 2.0, 0.5)
        for calibration in (at_work, waiting)
    )
    assert partly.start_seconds == always.start_seconds
    assert partly.vcpu_seconds == pytest.approx(always.vcpu_seconds / 0.8)
    used = waiting.processor_seconds(partly)
    assert used == at_work.processor_seconds(always) == pytest.approx(3 + always.vcpu_seconds)


def test_the_original_is_decoded_and_not_painted() -> None:
    half = timeline((Fraction(0), None), (Fraction(2), "monet"))
    work = work_of(CLIP, [half], (1000, 500), 1, CALIBRATION, paint_seconds=1.0)
    assert (work.frames, work.frames_painted) == (100, 50)


TIMELINES = st.lists(
    st.tuples(
        st.fractions(0, 8, max_denominator=1001),
        st.sampled_from([None, "a", "b"]),
        st.sampled_from([0, Fraction(1, 2), 1]),
        st.sampled_from([0, Fraction(1, 50), Fraction(1, 3), 1]),
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda look: look[0],
)
"""Second, style, share of the paint, and how much of the time until the next look is faded."""


def faded(drawn: list[tuple[Fraction, str | None, Fraction, Fraction]]) -> Timeline:
    drawn = sorted(drawn)
    starts = [Fraction(0), *(at for at, *_ in drawn[1:]), Fraction(9)]
    return Timeline(
        tuple(
            LookChange(at, Look.of(style, mix=mix), (until - at) * part if at else Fraction(0))
            for (_, style, mix, part), (at, until) in zip(drawn, pairwise(starts), strict=True)
        )
    )


@given(
    TIMELINES,
    st.sampled_from([Fraction(25), Fraction(30000, 1001), Fraction(7, 3)]),
    st.integers(0, 240),
    st.integers(1, 9),
)
def test_frames_are_counted_as_they_will_be_painted(
    drawn: list[tuple[Fraction, str | None, Fraction, Fraction]],
    rate: Fraction,
    count: int,
    interval: int,
) -> None:
    looks = faded(drawn)
    facts = replace(FACTS, frame_rate=rate, frame_count=count)
    painted = carried = 0
    for segment in segments(prepared(looks, rate, count), interval, lambda *_: False):
        if segment.frames[0].coat.is_painted:
            painted += 1
            carried += len(segment.frames) - 1
    assert keyframes_and_others(looks, facts, interval) == (painted, carried)


@given(TIMELINES, st.sampled_from([Fraction(25), Fraction(24000, 1001)]))
def test_within_a_stretch_all_is_painted_or_nothing(
    drawn: list[tuple[Fraction, str | None, Fraction, Fraction]], rate: Fraction
) -> None:
    frames = list(prepared(faded(drawn), rate, 240))
    for _, stretch in groupby(frames, key=lambda frame: frame.stretch):
        assert len({frame.coat.is_painted for frame in stretch}) == 1


def test_a_function_pays_for_its_memory_and_time() -> None:
    plan = plan_for(Worker.function(10_240), Work(10, 10, 0, (4, 4), 1, 0.0, 100.0))
    assert plan.seconds == pytest.approx(100 / (10_240 / 1769))
    assert plan.usd == pytest.approx(
        plan.seconds * 10 * PRICES.lambda_gb_second["x86_64"] + REQUESTS_USD
    )


def test_arm_is_cheaper_and_nobody_bills_a_laptop() -> None:
    assert function_usd(60, 1024, "aarch64") < function_usd(60, 1024, "x86_64")
    assert plan_for(Worker(2, 0, "x86_64"), Work(1, 1, 0, (4, 4), 1, 1.0, 1.0)).usd is None


def test_a_model_is_known_by_precision() -> None:
    calibration = replace(CALIBRATION, paint_seconds={"m": {"bf16": 1.0, "f32": 2.0}})
    assert calibration.seconds_to_paint("m", "bf16") == 1.0
    assert calibration.seconds_to_paint("m", "int8") == 2.0
    assert calibration.seconds_to_paint("other", "bf16") is None


def test_a_newer_measurement_keeps_other_models() -> None:
    older = replace(CALIBRATION, paint_seconds={"m": {"f32": 1.0}, "n": {"f32": 3.0}})
    newer = replace(CALIBRATION, measured_at="2026-02-02", paint_seconds={"m": {"f32": 2.0}})
    both = older.with_model(newer)
    assert both.measured_at == "2026-02-02"
    assert both.paint_seconds == {"m": {"f32": 2.0}, "n": {"f32": 3.0}}


def test_a_calibration_survives_its_file() -> None:
    assert Calibration.from_json(CALIBRATION.as_json()) == CALIBRATION


@pytest.mark.parametrize(
    "change",
    [
        {"codec_seconds": 0},
        {"start_seconds": -1},
        {"busy_share": 1.01},
        {"extra": 1},
        {"paint_seconds": [1]},
    ],
)
def test_a_broken_calibration_is_a_fault_of_the_deployment(change: dict[str, object]) -> None:
    with pytest.raises(Defect, match="calibration"):
        Calibration.from_json(json.dumps({**asdict(CALIBRATION), **change}))


def test_the_calibration_that_is_shipped_knows_the_embedded_model() -> None:
    text = Settings().calibration_file.read_text(encoding="utf-8")
    shipped = Calibration.from_json(text)
    for precision in ("bf16", "f32"):
        assert shipped.seconds_to_paint("magenta-arbitrary-distilled", precision)


def test_a_container_pays_for_a_minute_at_least_and_spot_for_less() -> None:
    hour = container_usd(3600, 2, 4096, "x86_64", spot=False)
    assert hour == pytest.approx(2 * 0.04048 + 4 * 0.004445)
    assert container_usd(3600, 2, 4096, "x86_64", spot=True) == pytest.approx(0.3 * hour)
    assert container_usd(3600, 2, 4096, "aarch64", spot=False) < hour
    assert container_usd(1, 2, 4096, "x86_64", spot=False) == pytest.approx(hour / 60)


def test_prices_say_where_and_when_they_were_found() -> None:
    assert all(source.startswith("https://aws.amazon.com/") for source in PRICES.sources)
    assert PRICES.as_of >= "2026"
