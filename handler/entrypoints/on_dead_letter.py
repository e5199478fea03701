"""The Lambda function at the end of the line: a job whose attempts are used up has failed.

A worker that is killed can't say so itself. What failed is then kept for the operator in the
dead-letter queue; what has ended otherwise meanwhile is not.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from handler import wiring
from handler.aws.events import ASKS_ANEW, requests_in_text
from handler.domain.claim import Delivery
from handler.domain.errors import Busy, Rejected
from handler.domain.status import State
from handler.pipeline.run_job import give_up
from handler.pipeline.studio import Studio

logger = Logger()
messages = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """End every job that the messages ask for.

    Args:
        event: SQS records whose bodies are what ``on_upload`` takes.

    Returns:
        ``{"batchItemFailures": [...]}`` with the messages to deliver again.
    """
    studio = wiring.studio(lambda: context.get_remaining_time_in_millis() / 1000)
    end = partial(_end_message, studio=studio)
    return cast("dict[str, Any]", process_partial_response(event, end, messages, context))


def _end_message(record: SQSRecord, studio: Studio) -> None:
    queue, chosen = wiring.job_queue(), wiring.settings()
    logger.append_keys(message_id=record.message_id, job_id=None)
    keep = partial(queue.hide, record.receipt_handle, chosen.hidden_seconds)
    delivery = Delivery(message=record.message_id, asks_anew=False, keep=keep)
    try:
        requests = requests_in_text(record.body, chosen.input_bucket)
        outcomes = [give_up(request, studio, delivery) for request in requests]
    except Rejected as rejection:
        logger.error("a message asks for nothing that can be done: %s", rejection)
        return
    except Busy as busy:
        logger.info("a worker is still at this job; the message waits for %.0f s", busy.seconds)
        queue.hide(record.receipt_handle, busy.seconds)
        raise
    except Exception:
        logger.exception("a job could not be ended")
        queue.hide(record.receipt_handle, chosen.retry_seconds)
        raise
    if any(outcome and outcome.state is State.FAILED for outcome in outcomes):
        wiring.dead_letter_queue().send(record.body, {ASKS_ANEW: "yes"})
