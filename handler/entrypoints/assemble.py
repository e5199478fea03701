"""The Lambda function that puts a job's chunks together and publishes the result."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from handler import wiring
from handler.pipeline.long_job import assemble

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """End a job all of whose chunks are painted.

    Args:
        event: ``{"job": job id, "execution": name of the state machine's execution}``.
    """
    studio = wiring.studio(lambda: context.get_remaining_time_in_millis() / 1000)
    outcome = assemble(event["job"], event["execution"], studio)
    logger.info("job done", extra=outcome.as_json())
    return outcome.as_json()
