"""The job table: Powertools' idempotency over DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
)

from handler.domain.errors import Busy, Unavailable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

REMEMBERED_SECONDS = 90 * 24 * 3600
"""Longer than any queue keeps a message; DynamoDB's time to live removes the record later."""


class DynamoDbJobLedger:
    """``handler.domain.ports.JobLedger`` on one DynamoDB table.

    Args:
        seconds_left: how long this worker can still work; afterwards its claim on a job lapses,
            so that a killed worker blocks nobody.
    """

    def __init__(
        self, client: DynamoDBClient, table: str, seconds_left: Callable[[], float]
    ) -> None:
        self._records = DynamoDBPersistenceLayer(table_name=table, boto3_client=client)
        self._config = IdempotencyConfig(
            expires_after_seconds=REMEMBERED_SECONDS, hash_function="sha256"
        )
        self._config.register_lambda_context(cast("LambdaContext", _Deadline(seconds_left)))

    def once(self, job_id: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        remembered = idempotent_function(
            lambda job_id: work(),  # noqa: ARG005 (Powertools reads the key from the argument)
            data_keyword_argument="job_id",
            config=self._config,
            persistence_store=self._records,
            key_prefix="job",
        )
        try:
            return cast("dict[str, Any]", remembered(job_id=job_id))
        except IdempotencyAlreadyInProgressError as error:
            raise Busy("another worker is painting this job") from error
        except (IdempotencyPersistenceLayerError, IdempotencyInconsistentStateError) as error:
            raise Unavailable("the job table could not be read or written") from error


class _Deadline:
    """The one method of a Lambda context that Powertools asks."""

    def __init__(self, seconds_left: Callable[[], float]) -> None:
        self._seconds_left = seconds_left

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds_left() * 1000)
