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
from handler.aws.events import ASKS_ANEW, requests_in, requests_in_text
from handler.domain.claim import Delivery
from handler.domain.errors import Busy, Rejected
from handler.domain.job import JobRequest
from handler.domain.status import State
from handler.pipeline.run_job import run_job
from handler.pipeline.studio import Studio

CLOCK_SKEW_SECONDS = 2.0
"""How far the clocks of two workers may be apart."""

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
    return {"jobs": [run_job(request, studio).as_json() for request in requests]}


def _is_from_queue(event: dict[str, Any]) -> bool:
    records = event.get("Records") if isinstance(event, dict) else None
    return isinstance(records, list) and any(
        isinstance(record, dict) and record.get("eventSource") == "aws:sqs" for record in records
    )


def _do_message(record: SQSRecord, studio: Studio) -> None:
    chosen = wiring.settings()
    logger.append_keys(message_id=record.message_id, job_id=None)
    queue = wiring.job_queue()
    attempt = int(record.attributes.approximate_receive_count or 1)
    delivery = Delivery(
        message=record.message_id,
        last_attempt=attempt >= chosen.max_receive_count,
        asks_anew=ASKS_ANEW in record.message_attributes,
        keep=partial(queue.hide, record.receipt_handle, chosen.hidden_seconds),
    )
    delivery.keep()
    try:
        for request in requests_in_text(record.body, chosen.input_bucket):
            _do_request(request, studio, delivery)
    except Rejected as rejection:
        logger.error("a message asks for nothing that can be done: %s", rejection)
    except Busy as busy:
        logger.info("another worker is at this job; the message waits for %.0f s", busy.seconds)
        queue.hide(record.receipt_handle, busy.seconds + CLOCK_SKEW_SECONDS)
        raise
    except Exception:
        logger.exception("attempt %d of %d failed", attempt, chosen.max_receive_count)
        pause = 0 if delivery.last_attempt else attempt * chosen.retry_seconds
        queue.hide(record.receipt_handle, pause)
        raise


def _do_request(request: JobRequest, studio: Studio, delivery: Delivery) -> None:
    try:
        outcome = run_job(request, studio, delivery)
    except Busy as busy:
        if busy.carrier in ("", delivery.message):
            raise
        logger.info("message %s carries this job already; this one is dropped", busy.carrier)
    else:
        logger.info("job done", extra=outcome.as_json())
