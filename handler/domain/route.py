"""Where jobs are painted."""

from __future__ import annotations

from enum import StrEnum


class Route(StrEnum):
    """One Lambda function, many that a state machine starts, or containers of AWS Batch."""

    LAMBDA = "lambda"
    STEP_FUNCTIONS = "step-functions"
    BATCH = "batch"
