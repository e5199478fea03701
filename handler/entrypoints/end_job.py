"""The Lambda function that says of a job that its workers could not finish it.

The state machine calls it where it catches an error. Where it is stopped or runs out of time it
catches none; EventBridge then tells of its end.
"""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from handler import wiring
from handler.aws.events import ASKS_ANEW, message_of
from handler.domain.errors import ClaimLost
from handler.domain.job import SourceObject
from handler.pipeline.long_job import end_unfinished

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """End a job, and keep its upload among the dead letters, to be tried again from there.

    Args:
        event: ``{"job": job id, "execution": name of the execution, "error": {"Error": ...}}``,
            or EventBridge's of an execution's end.
    """
    job_id, execution, error = _asked(event)
    studio = wiring.studio(lambda: context.get_remaining_time_in_millis() / 1000)
    try:
        outcome = end_unfinished(job_id, execution, error, studio, _keep)
    except ClaimLost:
        logger.info("the job has ended, or a newer upload took its place", extra={"job": job_id})
        return {}
    logger.info("job done", extra=outcome.as_json())
    return outcome.as_json()


def _keep(upload: SourceObject) -> None:
    wiring.dead_letter_queue().send(message_of(upload), {ASKS_ANEW: "yes"})


def _asked(event: dict[str, Any]) -> tuple[str, str, str]:
    """Id of the job, name of the execution, and what is known of the error."""
    if "detail" not in event:
        return event["job"], event["execution"], event["error"]["Error"]
    detail = event["detail"]
    return json.loads(detail["input"])["job"], detail["name"], detail["status"]
