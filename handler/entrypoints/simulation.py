"""``artreel plan --simulate``: videos of several lengths on several numbers of workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

from handler.domain.daily_load import a_day_of
from handler.domain.losses import Announcement
from handler.domain.media import VideoFacts
from handler.domain.plan import LONGEST_FUNCTION_SECONDS, Plan, Work, plan_for
from handler.domain.price import LARGEST_MEMORY_MB
from handler.domain.quotas import Quotas, Use
from handler.domain.route import Route
from handler.domain.simulate import Run, simulate
from handler.domain.spread import Fleet, assembling_seconds, likely_result_bytes, spread_plan

MINUTE, HOUR = 60, 3600
LENGTHS = {"15 s": 15, "10 min": 10 * MINUTE, "2 h": 2 * HOUR, "24 h": 24 * HOUR}
WORKERS = (10, 100, 1_000, 10_000)
JOBS_A_DAY = 1_000_000

FRAME_RATE = 25
BYTES_PER_SECOND = 500_000
"""Of the videos that stand for all, and so does their size."""

FUNCTION_DISK_BYTES = LARGEST_MEMORY_MB * 1024**2
"""Lambda's limits on disk and on memory are the same number."""

TOO_LARGE = "†"

WorkOf = Callable[[VideoFacts], Work]


@dataclass(frozen=True)
class Trial:
    """One video on one number of workers.

    Attributes:
        joins_alone: whether one function can put the result together.
    """

    name: str
    workers: int
    plan: Plan
    run: Run
    joins_alone: bool


def reference(seconds: int) -> VideoFacts:
    """A video of 1920x1080 that lasts so long."""
    return VideoFacts(
        width=1920,
        height=1080,
        frame_rate=Fraction(FRAME_RATE),
        frame_count=FRAME_RATE * seconds,
        constant_rate=True,
        sample_aspect_ratio=Fraction(1),
        start=Fraction(0),
        codec="h264",
        pixel_format="yuv420p",
        color_matrix="bt709",
        full_range=False,
        transfer="sdr",
        primaries="bt709",
        interlaced=False,
        transparent=False,
        sound=(),
        subtitles=(),
        size_bytes=BYTES_PER_SECOND * seconds,
        announced=Announcement(
            pictures=FRAME_RATE * seconds,
            first_at=Fraction(0),
            duration=Fraction(seconds),
            ends_at=Fraction(seconds),
            is_broken=False,
            is_gapless=True,
        ),
    )


def references() -> dict[str, VideoFacts]:
    return {name: reference(seconds) for name, seconds in LENGTHS.items()}


def trials(
    videos: Mapping[str, VideoFacts],
    workers: Sequence[int],
    fleet: Fleet,
    route: Route,
    work_of: WorkOf,
    quotas: Quotas,
    seed: int,
) -> Iterator[Trial]:
    """Every video on every number of workers."""
    for name, facts in videos.items():
        work = work_of(facts)
        handled = facts.size_bytes + likely_result_bytes(facts)
        joins_alone = (
            handled <= FUNCTION_DISK_BYTES
            and assembling_seconds(work, facts) <= LONGEST_FUNCTION_SECONDS
        )
        for number in workers:
            of_number = _with(fleet, number)
            plan = spread_plan(of_number, route, work, facts, number)
            run = simulate(plan, of_number, facts, quotas, seed=seed)
            yield Trial(name, number, plan, run, joins_alone)


def a_day(fleet: Fleet, work_of: WorkOf, quotas: Quotas) -> list[Use]:
    """What a million jobs a day take, each of the shortest video."""
    facts = reference(min(LENGTHS.values()))
    work = work_of(facts)
    spread = spread_plan(fleet, Route.STEP_FUNCTIONS, work, facts, fleet.functions)
    return a_day_of(JOBS_A_DAY, facts, plan_for(fleet.function, work), spread, quotas)


def table(found: Sequence[Trial]) -> str:
    """In Markdown, as infra/README.md has it."""
    lines = [
        "| video | workers | chunks | wall clock | USD | at a time | cold starts | "
        "killed, refused | held up most by |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for trial in found:
        run = trial.run
        share = run.path[run.held_up_by] / run.seconds
        mark = "" if trial.joins_alone else f" {TOO_LARGE}"
        held_up = run.error or f"{run.held_up_by}, {share:.0%}"
        lines.append(
            f"| {trial.name} | {trial.workers:,} | {trial.plan.chunks:,} | "
            f"{duration(run.seconds)}{mark} | {run.usd:.4f} | {run.workers:,} | "
            f"{run.cold_starts:,} | {run.killed:,}, {run.throttled:,} | {held_up} |"
        )
    if not all(trial.joins_alone for trial in found):
        lines += ["", f"{TOO_LARGE} {TOO_LARGE_NOTE}"]
    return "\n".join(lines)


TOO_LARGE_NOTE = (
    "More than one function can join, with 10,240 MB of disk and 15 minutes; time and price are as "
    "if it could."
)


def day_table(uses: Sequence[Use]) -> str:
    lines = ["| limit | needed | limit is | share | raised by |", "|---|---|---|---|---|"]
    lines += [
        f"| {use.what} | {_number(use.used)} | {_number(use.limit)} | {_share(use.share)} | "
        f"{use.raised_by} |"
        for use in uses
    ]
    return "\n".join(lines)


def content(found: Sequence[Trial]) -> list[dict[str, Any]]:
    """For programs."""
    return [
        {
            "video": trial.name,
            "workers_asked_for": trial.workers,
            "chunk_frames": trial.plan.chunk_frames,
            "joins_alone": trial.joins_alone,
            **asdict(trial.run),
            "held_up_by": trial.run.held_up_by,
        }
        for trial in found
    ]


def duration(seconds: float) -> str:
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.1f} min"
    return f"{seconds / HOUR:.1f} h"


def _with(fleet: Fleet, workers: int) -> Fleet:
    containers = fleet.containers and replace(fleet.containers, at_once=workers)
    return replace(fleet, functions=workers, containers=containers)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _share(share: float) -> str:
    return f"{share:,.0%}" if share >= 0.01 else f"{share:.1%}"
