"""The Lambda function: an upload, or a job given directly, becomes a painted video."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from handler import wiring
from handler.aws.events import requests_in, requests_in_text
from handler.domain.errors import Busy, Rejected
from handler.domain.status import State
from handler.pipeline.run_job import Studio, run_job

RETRY_SECONDS = 60
"""Pause before the second attempt; before the third it is twice as long."""

logger = Logger()
messages = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Do every job that the event asks for.

    Args:
        event: SQS records (whose bodies are any of the following), an S3 notification, an
            EventBridge event of S3, or a job such as ``{"video": "videos/clip.mp4",
            "style": "monet"}``.

    Returns:
        For SQS ``{"batchItemFailures": [...]}`` with the messages to deliver again, else
        ``{"jobs": [...]}`` with what became of each.
    """
    studio = wiring.studio(lambda: context.get_remaining_time_in_millis() / 1000)
    if _is_from_queue(event):
        answer: PartialItemFailureResponse = process_partial_response(
            event, partial(_do_message, studio=studio), messages, context
        )
        return cast("dict[str, Any]", answer)
    try:
        requests = requests_in(event, wiring.settings().input_bucket)
    except Rejected as rejection:  # answered, not raised: Lambda would try it again
        return {"jobs": [{"state": State.REJECTED.value, "reason": rejection.reason}]}
    return {"jobs": [run_job(request, studio) for request in requests]}


def _is_from_queue(event: dict[str, Any]) -> bool:
    records = event.get("Records") if isinstance(event, dict) else None
    return isinstance(records, list) and any(
        isinstance(record, dict) and record.get("eventSource") == "aws:sqs" for record in records
    )


def _do_message(record: SQSRecord, studio: Studio) -> None:
    chosen = wiring.settings()
    logger.append_keys(message_id=record.message_id, job_id=None)
    attempt = int(record.attributes.approximate_receive_count or 1)
    try:
        for request in requests_in_text(record.body, chosen.input_bucket):
            outcome = run_job(request, studio, last_attempt=attempt >= chosen.max_receive_count)
            logger.info("job done", extra=outcome)
    except Rejected as rejection:
        logger.error("a message asks for nothing that can be done: %s", rejection)
    except Busy:
        logger.info("another worker is at this job; the message stays hidden until it has ended")
        raise
    except Exception:
        logger.exception("attempt %d of %d failed", attempt, chosen.max_receive_count)
        wiring.job_queue().deliver_again(record.receipt_handle, attempt * RETRY_SECONDS)
        raise
