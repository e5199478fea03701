"""Which of the ways to paint a job it takes: by its deadline and its budget."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from handler.domain.errors import Rejected
from handler.domain.media import VideoFacts
from handler.domain.plan import Plan, Work, plan_for
from handler.domain.route import Route
from handler.domain.spread import LONGEST_EXECUTION_SECONDS, Fleet, least_chunk_frames, spread_plan

WORTH_IT = 1.1
"""Money is not spent to be sooner by less than this factor."""

CENTS_FROM_USD = 0.1
"""Prices below are told to a hundredth of a cent."""

SMALLER = "cut the video, or choose a smaller working size"


@dataclass(frozen=True)
class Wish:
    """What a job asks of its plan.

    Attributes:
        run_on: None for whatever is best.
        deadline_seconds: within which the result is wanted.
        budget_usd: what it may cost at most.
        elapsed_seconds: of the deadline, until now.
    """

    run_on: Route | None = None
    deadline_seconds: float | None = None
    budget_usd: float | None = None
    elapsed_seconds: float = 0.0


def choose(fleet: Fleet, work: Work, facts: VideoFacts, wish: Wish) -> Plan:
    """The plan of a job.

    With a deadline the cheapest that keeps it; with a budget alone the fastest that it pays for,
    but none that is hardly faster than a cheaper one; with neither, one function if that can do it,
    else all workers that the stack has.

    Returns:
        A plan that keeps deadline and budget. Only where there is nothing but one function, and no
        deadline, may it take longer than that function has.

    Raises:
        Rejected: no route can do it; the sentence names what comes next to it.
    """
    on = wish.run_on
    one = plan_for(fleet.function, work)
    if on not in (None, Route.LAMBDA) and not fleet.workers(on):
        raise Rejected(
            f"it can't be painted on `{on}`, for its mask, comparison or teaser or for want of "
            f"workers; leave `run_on` out"
        )
    spread = [
        route
        for route in (Route.STEP_FUNCTIONS, Route.BATCH)
        if fleet.workers(route) and on in (None, route)
    ]
    fits = one.seconds <= fleet.longest_seconds
    offers = [one] if on is Route.LAMBDA or (on is None and (fits or not spread)) else []
    if wish.deadline_seconds is None and wish.budget_usd is None:
        return offers[0] if offers else _with_all(fleet, spread[0], work, facts)
    for route in spread:
        offers += _offers(fleet, route, work, facts)
    if not offers:
        return _with_all(fleet, spread[0], work, facts)
    return _best(offers, wish)


def _with_all(fleet: Fleet, route: Route, work: Work, facts: VideoFacts) -> Plan:
    plan = spread_plan(fleet, route, work, facts, fleet.workers(route))
    if plan.seconds > LONGEST_EXECUTION_SECONDS:
        raise Rejected(
            f"it is too long: {plan.workers} workers would take {_duration(plan.seconds)}, and "
            f"have {_duration(LONGEST_EXECUTION_SECONDS)}; {SMALLER}"
        )
    return plan


def _offers(fleet: Fleet, route: Route, work: Work, facts: VideoFacts) -> Iterator[Plan]:
    """Of every number of workers that makes a difference."""
    useful = math.ceil(max(1, work.frames) / least_chunk_frames(work, facts))
    for workers in range(1, min(useful, fleet.workers(route)) + 1):
        plan = spread_plan(fleet, route, work, facts, workers)
        if plan.seconds <= LONGEST_EXECUTION_SECONDS:
            yield plan


def _best(offers: list[Plan], wish: Wish) -> Plan:
    deadline, budget = wish.deadline_seconds, wish.budget_usd
    in_time = [plan for plan in offers if deadline is None or _total(plan, wish) <= deadline]
    if not in_time:
        assert deadline is not None
        raise Rejected(
            f"it can't be painted within {_duration(deadline)}: {_offer(_fastest(offers), wish)} "
            f"is the fastest; give it more time, {SMALLER}"
        )
    payable = [plan for plan in in_time if budget is None or _usd(plan) <= budget]
    if not payable:
        assert budget is not None
        raise Rejected(_too_dear(offers, _cheapest(in_time), wish, budget))
    if deadline is not None:
        return _cheapest(payable)
    soon = _fastest(payable).seconds * WORTH_IT
    return _cheapest(plan for plan in payable if plan.seconds <= soon)


def _too_dear(offers: list[Plan], needed: Plan, wish: Wish, budget: float) -> str:
    payable = [plan for plan in offers if _usd(plan) <= budget]
    cost = f"the job would cost about {_usd(needed):.4f} USD"
    if wish.deadline_seconds is not None and payable:
        return (
            f"{cost} to be painted within {_duration(wish.deadline_seconds)}, more than its budget "
            f"of {budget:.4f}: {_offer(_fastest(payable), wish)} is the fastest that it pays for; "
            f"raise one of both, {SMALLER}"
        )
    return f"{cost}, more than its budget of {budget:.4f}: raise `budget_usd`, {SMALLER}"


def _fastest(plans: Iterable[Plan]) -> Plan:
    return min(plans, key=lambda plan: (plan.seconds, _usd(plan)))


def _cheapest(plans: Iterable[Plan]) -> Plan:
    return min(plans, key=lambda plan: (_usd(plan), plan.seconds))


def _total(plan: Plan, wish: Wish) -> float:
    return wish.elapsed_seconds + plan.seconds


def _usd(plan: Plan) -> float:
    """Where nobody sends a bill it costs nothing."""
    return plan.usd or 0.0


def _offer(plan: Plan, wish: Wish) -> str:
    """Such as "4 minutes for 0.31 USD", rounded up, so that what is offered can be had."""
    if plan.usd is None:
        return _duration(_total(plan, wish))
    digits = 2 if plan.usd >= CENTS_FROM_USD else 4
    price = math.ceil(plan.usd * 10**digits) / 10**digits
    return f"{_duration(_total(plan, wish))} for {price:.{digits}f} USD"


def _duration(seconds: float) -> str:
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{math.ceil(seconds / length)} {unit}"
    return f"{math.ceil(seconds)} second{'s' if seconds > 1 else ''}"
