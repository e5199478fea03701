"""What `artreel plan --simulate` says: the tables, and the goals that they have to meet."""

import re
from pathlib import Path

import pytest

from handler.domain.daily_load import MAX_CONCURRENCY, MONTHLY_BUDGET_USD, STATUS_SECONDS
from handler.domain.media import VideoFacts
from handler.domain.plan import Calibration, Work, Worker, work_of
from handler.domain.quotas import Quotas, Use
from handler.domain.route import Route
from handler.domain.spread import Fleet
from handler.domain.timeline import Timeline
from handler.entrypoints.simulation import Trial, a_day, reference, table, trials
from handler.settings import Settings

SHIPPED = Calibration.from_json(Settings().calibration_file.read_text(encoding="utf-8"))
MODEL = "magenta-arbitrary-distilled"


def work(facts: VideoFacts) -> Work:
    paint_seconds = SHIPPED.seconds_to_paint(MODEL, "f32")
    assert paint_seconds
    return work_of(facts, [Timeline.of_style("any")], (1024, 576), 12, SHIPPED, paint_seconds)


def fleet(functions: int) -> Fleet:
    return Fleet(Worker.function(10_240), 880.0, functions)


def tried(seconds: int, workers: int, seed: int = 0) -> Trial:
    video = {"video": reference(seconds)}
    route = Route.STEP_FUNCTIONS
    [trial] = trials(video, [workers], fleet(workers), route, work, Quotas(), seed)
    return trial


@pytest.mark.parametrize(
    ("seconds", "workers", "goal_seconds"), [(15, 10, 30), (15, 500, 30), (600, 500, 120)]
)
@pytest.mark.parametrize("seed", range(5))
def test_the_goals_are_met_by_what_was_measured(
    seconds: int, workers: int, goal_seconds: float, seed: int
) -> None:
    trial = tried(seconds, workers, seed)
    assert trial.joins_alone
    assert trial.run.error is None
    assert trial.run.seconds <= goal_seconds


def test_a_result_that_one_function_can_not_join_is_marked() -> None:
    short, long = tried(15, 10), tried(7200, 100)
    assert (short.joins_alone, long.joins_alone) == (True, False)
    text = table([short, long])
    assert text.count("†") == 2  # at its wall clock, and the note
    assert "†" not in table([short])


def test_more_jobs_take_more_of_every_limit_and_the_scarcest_comes_first() -> None:
    uses = a_day(fleet(100), work, Quotas())
    assert uses == sorted(uses, key=lambda use: -use.share)
    assert {type(use) for use in uses} == {Use}
    assert all(use.used > 0 for use in uses)
    short = {use.what: use.share for use in uses}
    roomy = {use.what: use.share for use in a_day(fleet(100), work, Quotas(functions=10_000))}
    assert roomy["Lambda, functions at a time"] == pytest.approx(
        short["Lambda, functions at a time"] / 10
    )


def test_the_template_has_the_parameters_that_are_compared_with() -> None:
    template = Path("template.yaml").read_text(encoding="utf-8")
    for name, value in {
        "MaxConcurrency": MAX_CONCURRENCY,
        "MonthlyBudgetUsd": MONTHLY_BUDGET_USD,
        "StatusIntervalSeconds": STATUS_SECONDS,
    }.items():
        default = re.search(rf"  {name}:\n    Type: Number\n    Default: (\d+)\n", template)
        assert default
        assert float(default[1]) == value
