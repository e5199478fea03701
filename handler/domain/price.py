"""What a run costs, from AWS's list prices."""

from __future__ import annotations

from dataclasses import dataclass

VCPU_MB = 1769
"""Memory, MB, for which Lambda gives a function the time of one processor.

Source: docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

LARGEST_MEMORY_MB = 10_240


@dataclass(frozen=True)
class PriceTable:
    """List prices of one region in US dollars, first tier, without any free allowance.

    Attributes:
        as_of: year and month in which the prices were looked up.
        sources: AWS's public pages that hold them.
        lambda_gb_second, fargate_vcpu_second, fargate_gb_second: by processor architecture as
            ``platform.machine()`` spells it.
        fargate_spot: share of the price that Spot costs; AWS promises "up to 70 %" off, and the
            price moves with what is spare.
    """

    region: str
    as_of: str
    sources: tuple[str, ...]
    lambda_gb_second: dict[str, float]
    lambda_request: float
    s3_write: float
    s3_read: float
    dynamodb_write: float
    dynamodb_read: float
    sqs_request: float
    step_functions_transition: float
    fargate_vcpu_second: dict[str, float]
    fargate_gb_second: dict[str, float]
    fargate_spot: float


PRICES = PriceTable(
    region="us-east-1",
    as_of="2026-06",
    sources=(
        "https://aws.amazon.com/lambda/pricing/",
        "https://aws.amazon.com/s3/pricing/",
        "https://aws.amazon.com/dynamodb/pricing/on-demand/",
        "https://aws.amazon.com/sqs/pricing/",
        "https://aws.amazon.com/step-functions/pricing/",
        "https://aws.amazon.com/fargate/pricing/",
    ),
    lambda_gb_second={"x86_64": 0.0000166667, "aarch64": 0.0000133334},
    lambda_request=0.20 / 1e6,
    s3_write=0.005 / 1e3,
    s3_read=0.0004 / 1e3,
    dynamodb_write=0.625 / 1e6,
    dynamodb_read=0.125 / 1e6,
    sqs_request=0.40 / 1e6,
    step_functions_transition=0.025 / 1e3,
    fargate_vcpu_second={"x86_64": 0.04048 / 3600, "aarch64": 0.03238 / 3600},
    fargate_gb_second={"x86_64": 0.004445 / 3600, "aarch64": 0.00356 / 3600},
    fargate_spot=0.3,
)

REQUESTS_USD = (
    PRICES.lambda_request
    + 8 * PRICES.s3_write
    + 8 * PRICES.s3_read
    + 6 * PRICES.dynamodb_write
    + 2 * PRICES.dynamodb_read
    + 4 * PRICES.sqs_request
)
"""All requests of a job of one style, rounded up; a hundredth of a cent, whatever its length."""

CHUNK_USD = (
    PRICES.lambda_request
    + 5 * PRICES.s3_write
    + 8 * PRICES.s3_read
    + 3 * PRICES.step_functions_transition
)
"""Requests of one chunk of a job that many workers paint, rounded up."""


def function_usd(seconds: float, memory_mb: int, machine: str) -> float:
    """Price of a job in one Lambda function, US dollars, its requests included.

    Not counted: storage, traffic to the internet, logs and the function's own disk, together well
    below a hundredth of the rest for a video of a minute.

    Args:
        machine: ``x86_64`` or ``aarch64``.
    """
    gb_seconds = seconds * memory_mb / 1024
    return gb_seconds * PRICES.lambda_gb_second[machine] + REQUESTS_USD


SHORTEST_CONTAINER_SECONDS = 60.0
"""That Fargate bills for any container."""


def container_usd(
    seconds: float, vcpus: float, memory_mb: int, machine: str, *, spot: bool
) -> float:
    """Price of one container of Fargate, US dollars; a minute at least. Batch itself is free.

    Args:
        seconds: from the fetch of its image to its end.
        machine: ``x86_64`` or ``aarch64``.
    """
    rate = (
        vcpus * PRICES.fargate_vcpu_second[machine]
        + memory_mb / 1024 * PRICES.fargate_gb_second[machine]
    )
    share = PRICES.fargate_spot if spot else 1.0
    return max(seconds, SHORTEST_CONTAINER_SECONDS) * rate * share
