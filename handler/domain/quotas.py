"""What AWS lets one account do in us-east-1, unless it is asked for more.

Sources, all docs.aws.amazon.com:
    lambda/latest/dg/gettingstarted-limits.html            concurrency
    lambda/latest/dg/scaling-behavior.html                 new environments
    lambda/latest/dg/services-sqs-scaling.html             event sources
    step-functions/latest/dg/service-quotas.html           executions, Map Runs, transitions
    AmazonECS/latest/userguide/throttling.html             Fargate's launches
    AmazonS3/latest/userguide/optimizing-performance.html  requests
    amazondynamodb/latest/developerguide/ServiceQuotas.html, .../bp-partition-key-design.html
    AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
    eventbridge/latest/userguide/eb-quota.html
    AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""

from __future__ import annotations

from dataclasses import dataclass

from handler.domain.spread import CHILDREN_PER_SECOND, CONTAINERS_AT_ONCE, CONTAINERS_PER_SECOND


@dataclass(frozen=True)
class Rate:
    """A token bucket: so many at once, then so many a second."""

    per_second: float
    at_once: float


class Bucket:
    """Grants what a rate allows, in the order in which it is asked; time does not go back."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._tokens = rate.at_once
        self._filled_at = 0.0

    def take(self, now: float, tokens: int = 1) -> float:
        """When so many are granted."""
        self._fill(now)
        self._tokens -= tokens
        return now + max(0.0, -self._tokens / self._rate.per_second)

    def has(self, now: float) -> bool:
        self._fill(now)
        return self._tokens >= 1

    def _fill(self, now: float) -> None:
        grown = (now - self._filled_at) * self._rate.per_second
        self._tokens = min(self._rate.at_once, self._tokens + grown)
        self._filled_at = now


@dataclass(frozen=True)
class Quotas:
    """Those that one job can meet.

    Attributes:
        functions: of the account that run at a time.
        environments: of one function that Lambda adds, 1,000 every ten seconds; it refuses more.
        children: that one Distributed Map starts.
        children_at_once: of one Map Run.
        transitions: of all state machines.
        containers: that Fargate starts.
        reads, writes: of S3, in one prefix.
    """

    functions: int = 1_000
    environments: Rate = Rate(100.0, 1_000.0)
    children: Rate = Rate(CHILDREN_PER_SECOND, 1.0)
    children_at_once: int = 10_000
    transitions: Rate = Rate(5_000.0, 5_000.0)
    containers: Rate = Rate(CONTAINERS_PER_SECOND, CONTAINERS_AT_ONCE)
    reads: Rate = Rate(5_500.0, 5_500.0)
    writes: Rate = Rate(3_500.0, 3_500.0)


NEW_ACCOUNT = Quotas()


@dataclass(frozen=True)
class Use:
    """How much of a limit something takes.

    Attributes:
        raised_by: what to do to have more.
    """

    what: str
    used: float
    limit: float
    raised_by: str

    @property
    def share(self) -> float:
        return self.used / self.limit
