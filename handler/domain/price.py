"""What a run costs."""

from __future__ import annotations

LAMBDA_USD_PER_GB_SECOND = 0.0000166667
"""AWS Lambda, x86, us-east-1, first tier; list price as of 2025-06. Other regions cost more."""


def lambda_cost_usd(seconds: float, memory_mb: int) -> float:
    """Price of one invocation, US dollars, without the free tier, requests and storage."""
    return round(seconds * memory_mb / 1024 * LAMBDA_USD_PER_GB_SECOND, 6)
