"""SQS, as far as a worker talks to the queue it is fed from."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from handler.aws.errors import translated
from handler.domain.errors import ArtreelError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

logger = logging.getLogger(__name__)

LONGEST_HIDING_SECONDS = 12 * 3600
"""SQS's own limit."""


class SqsJobQueue:
    """The queue of jobs.

    Args:
        url: of the queue.
    """

    def __init__(self, client: SQSClient, url: str) -> None:
        self._sqs = client
        self._url = url

    def hide(self, receipt_handle: str, seconds: float) -> None:
        """Show a message to the next worker in so many seconds, unless it is deleted before.

        Otherwise it stays hidden for the queue's visibility timeout, which covers the longest job.
        That the queue does not answer is no reason to stop: the message then comes too early, and
        finds the job taken, or late.
        """
        try:
            with translated("hiding a message"):
                self._sqs.change_message_visibility(
                    QueueUrl=self._url,
                    ReceiptHandle=receipt_handle,
                    VisibilityTimeout=min(LONGEST_HIDING_SECONDS, math.ceil(seconds)),
                )
        except ArtreelError as error:
            logger.warning("a message keeps its visibility timeout: %s", error)

    def send(self, body: str, attributes: dict[str, str]) -> None:
        """Put a message into the queue.

        Raises:
            Unavailable, Defect: the queue was not reached, or forbids it.
        """
        with translated("sending a message"):
            self._sqs.send_message(
                QueueUrl=self._url,
                MessageBody=body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                },
            )
