"""SQS, as far as a worker talks to the queue it is fed from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handler.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsJobQueue:
    """The queue of jobs.

    Args:
        url: of the queue.
    """

    def __init__(self, client: SQSClient, url: str) -> None:
        self._sqs = client
        self._url = url

    def deliver_again(self, receipt_handle: str, seconds: int) -> None:
        """Show a message that failed to the next worker in so many seconds.

        Otherwise it stays hidden for the queue's visibility timeout, which covers the longest job.

        Raises:
            Unavailable, Defect: the queue was not reached, or forbids it.
        """
        with translated("giving a message back"):
            self._sqs.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
