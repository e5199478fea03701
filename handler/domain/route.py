"""Where jobs are painted."""

from __future__ import annotations

from enum import StrEnum


class Route(StrEnum):
    """In one Lambda function, or in many that a state machine starts."""

    LAMBDA = "lambda"
    STEP_FUNCTIONS = "step-functions"
