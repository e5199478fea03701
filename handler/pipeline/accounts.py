"""Time and money of a job: judged before it is painted, settled afterwards."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from handler.domain.errors import ArtreelError, Defect, Rejected
from handler.domain.job import Job
from handler.domain.media import VideoFacts, working_dimensions
from handler.domain.plan import (
    Calibration,
    Plan,
    Work,
    Worker,
    plan_for,
    spread_plan,
    work_of,
)
from handler.domain.ports import Painter, Reservation, SpendCounter
from handler.domain.price import function_usd
from handler.domain.route import Route
from handler.pipeline.deadline import Deadline

logger = logging.getLogger(__name__)

DOUBT = 1.5
"""How far off an estimate may be: it was measured on another processor. A job is refused for its
time only where it would not fit even so; its first frames tell more."""


@dataclass(frozen=True)
class Accounts:
    """What one worker knows of time and money."""

    worker: Worker
    calibration: Calibration
    spend: SpendCounter

    def cost_usd(self, seconds: float) -> float | None:
        """What this worker costs for so long; None where nobody sends a bill."""
        if not self.worker.memory_mb:
            return None
        return function_usd(seconds, self.worker.memory_mb, self.worker.machine)

    @contextmanager
    def open(self, job: Job) -> Iterator[Account]:
        """Begin an attempt at a job; what it cost is settled on every way out.

        A worker that is killed leaves its reservation, which is the safe side.
        """
        account = Account(self, job)
        try:
            yield account
        finally:
            account.settle()


class Account:
    """The time and money of one attempt.

    Attributes:
        plan: once it was approved, and if the model was measured.
        reservation: of money, until it is settled.
    """

    def __init__(self, accounts: Accounts, job: Job) -> None:
        self._accounts = accounts
        self._job = job
        self._began = time.monotonic()
        self.reservation: Reservation | None = None
        self.plan: Plan | None = None

    @property
    def cost_usd(self) -> float | None:
        """What the attempt cost until now; None where nobody sends a bill."""
        return self._accounts.cost_usd(time.monotonic() - self._began)

    def approve(
        self,
        facts: VideoFacts,
        painter: Painter,
        keyframe_interval: int,
        deadline: Deadline,
        workers: int = 0,
    ) -> None:
        """Let pass a job that this worker, or many, can finish and its budgets can pay.

        Args:
            workers: that paint at a time what this one can't; 0 where there are none.

        Raises:
            Rejected, Defect, Unavailable: as ``approve_work``.
        """
        calibration, job = self._accounts.calibration, self._job
        layers = job.treatment.layers(job.timeline)

        def work(size: tuple[int, int], paint_seconds: float) -> Work:
            return work_of(facts, layers, size, keyframe_interval, calibration, paint_seconds)

        def spread(plan: Plan) -> Plan:
            return self.spread(plan, facts, workers)

        if job.run_on in (Route.STEP_FUNCTIONS, Route.BATCH) and not workers:
            raise Rejected(
                f"it can't be painted on `{job.run_on}`, for its mask, comparison or teaser or "
                "for want of workers; leave `run_on` out"
            )
        self.approve_work(facts, painter, work, deadline, spread if workers else None)

    def approve_work(
        self,
        facts: VideoFacts,
        painter: Painter,
        work_for: Callable[[tuple[int, int], float], Work],
        deadline: Deadline,
        spread: Callable[[Plan], Plan] | None = None,
    ) -> None:
        """The same for work of any kind.

        Args:
            work_for: of a working size, px, and the seconds that painting a megapixel takes.
            spread: plans for many workers what this one can't finish.

        Raises:
            Rejected: it would take too long, or cost too much.
            Defect: a cost must be known, and the model was not measured.
            Unavailable: a fresh worker could finish it, or the month's spending can't be counted.
        """
        accounts, budget = self._accounts, self._job.budget_usd
        description = painter.description
        paint_seconds = accounts.calibration.seconds_to_paint(
            description["model"], description["precision"]
        )
        if budget and not accounts.worker.memory_mb:
            raise Rejected("a budget can't be kept where no function is billed; leave it out")
        if paint_seconds is None:
            if accounts.worker.memory_mb:
                raise Defect(
                    f"the calibration does not know the model {description['model']}; "
                    f"run `artreel bench --calibrate --model DIR`"
                )
            return
        size = working_dimensions(
            facts.width,
            facts.height,
            self._job.working_size_px,
            painter.smallest_side,
            painter.width_multiple,
        )
        self.plan = plan = plan_for(accounts.worker, work_for(size, paint_seconds))
        if spread and not self._fits(plan, deadline):
            plan = spread(plan)
        else:
            deadline.need(plan.seconds, "painting it", DOUBT)
        if plan.usd is None:
            return
        if budget and plan.usd > budget:
            raise Rejected(
                f"the job would cost about {plan.usd:.4f} USD, more than its budget of "
                f"{budget:.4f}: raise `budget_usd`, cut the video, or choose a smaller working size"
            )
        self.reservation = accounts.spend.reserve(self._job.job_id, plan.usd)

    def spread(self, plan: Plan, facts: VideoFacts, workers: int) -> Plan:
        """Plan the same work for many workers."""
        self.plan = spread_plan(plan.worker, plan.work, facts, workers)
        if self._job.run_on is Route.BATCH:
            self.plan = replace(self.plan, route=Route.BATCH)
        return self.plan

    def _fits(self, plan: Plan, deadline: Deadline) -> bool:
        if self._job.run_on is None:
            return deadline.lets(plan.seconds)
        return self._job.run_on is Route.LAMBDA

    def hand_over(self) -> None:
        """Leave the reservation to whoever ends the job."""
        self.reservation = None

    def settle(self) -> None:
        """Count what the attempt cost; where that fails its reservation stands."""
        if self.reservation is None or (cost := self.cost_usd) is None:
            return
        try:
            self._accounts.spend.settle(self.reservation, cost)
        except ArtreelError as error:
            logger.warning("cost of job %s was not settled: %s", self._job.job_id, error)
