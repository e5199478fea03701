"""Where jobs are painted."""

from __future__ import annotations

from enum import StrEnum


class Route(StrEnum):
    """In one Lambda function, in many that a state machine starts, or in AWS Batch's containers."""

    LAMBDA = "lambda"
    STEP_FUNCTIONS = "step-functions"
    BATCH = "batch"
