"""What so many jobs a day take of each limit, to see which of them breaks first."""

from __future__ import annotations

import math

from handler.domain.media import VideoFacts
from handler.domain.plan import Plan
from handler.domain.quotas import NEW_ACCOUNT, Quotas, Use
from handler.domain.simulate import READS, TRANSITIONS
from handler.domain.spread import (
    assembling_seconds,
    joining_seconds,
    likely_result_bytes,
    planning_seconds,
)

DAY_SECONDS = 86_400.0
MONTH_DAYS = 30

MAX_CONCURRENCY, MONTHLY_BUDGET_USD = 5, 50.0
"""Parameters of template.yaml, unless they are given."""

OPEN_RESERVATION_BYTES = 64 + 8
"""In the month's item of the job table: the job's id, and a number (handler/aws/spend.py)."""

ITEM_BYTES = 400 * 1024
WRITE_UNIT_BYTES = 1024
"""Of DynamoDB: what an item may have, and what one write unit pays for."""

JOB_WRITES = 6
"""Of the job table, beside those for money (``handler.domain.price.REQUESTS_USD``)."""

RENEWAL_SECONDS = 20.0
STATUS_SECONDS = 10.0
"""Between two renewals of a claim, and two writings of a status (template.yaml)."""

RESULTS = 4


def a_day_of(
    jobs: int,
    facts: VideoFacts,
    alone: Plan,
    spread: Plan,
    quotas: Quotas = NEW_ACCOUNT,
) -> list[Use]:
    """What jobs that come evenly over a day take, the scarcest first.

    Args:
        facts: of each job's video.
        alone: its plan in one function.
        spread: its plan for many workers, for what only such jobs take.
    """
    rate = jobs / DAY_SECONDS
    moved = joining_seconds(facts.size_bytes, likely_result_bytes(facts))
    busy = alone.seconds + moved
    at_once = rate * busy
    # Each of them has a reservation there; those of killed workers are taken over by their next.
    month_bytes = at_once * OPEN_RESERVATION_BYTES
    month_writes = 2 * rate * math.ceil(month_bytes / WRITE_UNIT_BYTES)
    job_writes = rate * (JOB_WRITES + busy / RENEWAL_SECONDS)
    children = spread.chunks
    worked = (
        planning_seconds(spread.work, facts)
        + assembling_seconds(spread.work, facts)
        + children * spread.work.start_seconds
        + spread.work.vcpu_seconds / spread.worker.vcpus
    )
    uses = [
        Use("MaxConcurrency, videos at a time", at_once, MAX_CONCURRENCY, "its parameter"),
        Use(
            "MonthlyBudgetUsd, of 30 such days",
            MONTH_DAYS * jobs * (alone.usd or 0.0),
            MONTHLY_BUDGET_USD,
            "its parameter",
        ),
        Use(
            "DynamoDB, write units/s of the month's item",
            month_writes,
            1_000,
            "no quota: reservations as items of their own",
        ),
        Use(
            "DynamoDB, bytes of the month's item",
            month_bytes,
            ITEM_BYTES,
            "no quota: reservations as items of their own",
        ),
        Use(
            "SQS event source, functions at a time",
            at_once,
            1_000,
            "no quota: a second queue, or stack",
        ),
        Use("Lambda, functions at a time", at_once, quotas.functions, "Concurrent executions"),
        Use("SQS, messages in flight", at_once, 120_000, "a request to support"),
        Use("DynamoDB, writes/s to a new table", job_writes, 4_000, "warm throughput"),
        Use(
            "S3, writes/s of results and statuses",
            rate * (RESULTS + busy / STATUS_SECONDS),
            quotas.writes.per_second,
            "more prefixes",
        ),
        Use("S3, reads/s of uploads", rate * READS, quotas.reads.per_second, "more prefixes"),
        Use("EventBridge, invocations/s", 2 * rate, 18_750, "Invocations throttle limit"),
        Use("EventBridge, ends put/s", rate, 10_000, "PutEvents throttle limit"),
        Use(
            "CloudWatch Logs, writes/s, one of each busy function",
            at_once,
            5_000,
            "PutLogEvents throttle limit",
        ),
        Use(
            "all spread: Lambda, functions at a time",
            rate * worked,
            quotas.functions,
            "Concurrent executions",
        ),
        Use(
            "all spread: Step Functions, executions started/s",
            rate,
            300,
            "StartExecution throttle limit",
        ),
        Use(
            "all spread: Step Functions, Map Runs open",
            rate * spread.seconds,
            1_000,
            "no quota: inline Maps for few chunks",
        ),
        Use(
            "all spread: Step Functions, transitions/s",
            rate * TRANSITIONS * (children + 2),
            quotas.transitions.per_second,
            "StateTransition throttle limit",
        ),
        Use(
            "all spread: Step Functions, executions open",
            rate * spread.seconds * (children + 1),
            1_000_000,
            "Open executions",
        ),
    ]
    return sorted(uses, key=lambda use: use.share, reverse=True)
