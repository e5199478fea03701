"""Time and money of a job: judged before it is painted, settled afterwards."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from handler.domain.choice import Wish, choose
from handler.domain.errors import ArtreelError, Defect, Rejected
from handler.domain.job import Job
from handler.domain.media import VideoFacts, working_dimensions
from handler.domain.plan import Calibration, Plan, Work, Worker, work_of
from handler.domain.ports import Painter, Reservation, SpendCounter
from handler.domain.price import function_usd
from handler.domain.route import Route
from handler.domain.spread import Containers, Fleet, spread_plan
from handler.pipeline.deadline import Deadline

logger = logging.getLogger(__name__)

DOUBT = 1.5
"""How far off an estimate may be: it was measured on another processor. A job is refused for its
time only where it would not fit even so; its first frames tell more."""


@dataclass(frozen=True)
class Accounts:
    """What one worker knows of time and money.

    Attributes:
        worker: itself.
        containers: of AWS Batch, that could paint as well; None where the stack has none.
        is_container: whether it is one of these.
    """

    worker: Worker
    calibration: Calibration
    spend: SpendCounter
    containers: Containers | None = None
    is_container: bool = False

    def cost_usd(self, seconds: float) -> float | None:
        """What this worker costs for so long; None where nobody sends a bill."""
        if self.is_container and self.containers:
            return self.containers.usd(seconds)
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
        look: Callable[[], float],
        workers: int = 0,
    ) -> None:
        """Let pass a job that this worker, or many, can finish and its budgets can pay.

        Args:
            look: tells which part of the frames between keyframes is painted anew. It takes a
                second, and is not asked where no estimate can be made.
            workers: that paint at a time what this one can't; 0 where there are none.

        Raises:
            Rejected, Defect, Unavailable: as ``approve_work``.
        """
        calibration, job = self._accounts.calibration, self._job
        layers = job.treatment.layers(job.timeline)

        def work(size: tuple[int, int], paint_seconds: float) -> Work:
            return work_of(
                facts,
                layers,
                size,
                keyframe_interval,
                calibration,
                paint_seconds,
                look(),
            )

        self.approve_work(facts, painter, work, deadline, workers)

    def approve_work(
        self,
        facts: VideoFacts,
        painter: Painter,
        work_for: Callable[[tuple[int, int], float], Work],
        deadline: Deadline,
        workers: int = 0,
    ) -> None:
        """The same for work of any kind.

        Args:
            work_for: of a working size, px, and the seconds that painting a megapixel takes.

        Raises:
            Rejected: it would take too long, or cost too much.
            Defect: cost or duration must be known, and the model was not measured.
            Unavailable: a fresh worker could finish it, or the month's spending can't be counted.
        """
        accounts, job = self._accounts, self._job
        description = painter.description
        paint_seconds = accounts.calibration.seconds_to_paint(
            description["model"], description["precision"]
        )
        if job.budget_usd and not accounts.worker.memory_mb:
            raise Rejected("a budget can't be kept where no function is billed; leave it out")
        if paint_seconds is None:
            if accounts.worker.memory_mb or job.deadline_seconds:
                raise Defect(
                    f"the calibration does not know the model {description['model']}; "
                    f"run `artreel bench --calibrate --model DIR`"
                )
            return
        size = working_dimensions(
            facts.width,
            facts.height,
            job.working_size_px,
            painter.smallest_side,
            painter.width_multiple,
        )
        work = work_for(size, paint_seconds)
        wish = Wish(
            run_on=job.run_on,
            deadline_seconds=job.deadline_seconds,
            budget_usd=job.budget_usd,
            elapsed_seconds=time.monotonic() - self._began,
        )
        fleet = self._fleet(deadline.longest_seconds, workers)
        self.plan = plan = choose(fleet, work, facts, wish)
        if plan.route is Route.LAMBDA:
            deadline.need(plan.seconds, "painting it", DOUBT)
        if plan.usd is not None:
            self.reservation = accounts.spend.reserve(job.job_id, plan.usd)

    def spread(self, plan: Plan, facts: VideoFacts, workers: int) -> Plan:
        """Plan the same work for many workers."""
        fleet = self._fleet(0.0, workers)
        self.plan = spread_plan(fleet, Route.STEP_FUNCTIONS, plan.work, facts, workers)
        return self.plan

    def _fleet(self, longest_seconds: float, workers: int) -> Fleet:
        accounts = self._accounts
        containers = accounts.containers if workers else None
        return Fleet(accounts.worker, longest_seconds, workers, containers)

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
