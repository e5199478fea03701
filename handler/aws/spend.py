"""What a month's jobs cost so far, counted in the job table."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handler.aws.errors import error_code, translated
from handler.domain.errors import Rejected
from handler.domain.ports import Reservation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MICROS = 1_000_000
REMEMBERED = timedelta(days=400)
REFUSED = "ConditionalCheckFailedException"


class DynamoDbSpendCounter:
    """``handler.domain.ports.SpendCounter`` on one item a month.

    The item ``spend#2026-01`` holds the sum in millionths of a dollar, an exact number, and beside
    it, under the job's id, what each job has reserved and not settled yet. One conditional update
    of one item is atomic, so reservations can't pass the cap together, and a job that reserves
    twice is counted once.

    Args:
        cap_usd: of a month, 0 for none; spending is counted all the same.
        now: gives the time, with a zone; months are those of UTC.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        cap_usd: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._dynamodb = client
        self._table = table
        self._cap = round(cap_usd * MICROS)
        self._now = now

    def reserve(self, job_id: str, usd: float) -> Reservation:
        now = self._now()
        month, amount = f"{now:%Y-%m}", math.ceil(usd * MICROS)
        within_cap = " AND (attribute_not_exists(micro_usd) OR micro_usd <= :room)"
        room = {":room": {"N": str(self._cap - amount)}} if self._cap else {}
        if self._cap and amount > self._cap:
            raise self._over_cap(now, 0, usd)
        with translated("reserving a job's cost"):
            try:
                self._dynamodb.update_item(
                    TableName=self._table,
                    Key={"id": {"S": f"spend#{month}"}},
                    UpdateExpression="SET #job = :amount, "
                    "expiration = if_not_exists(expiration, :expiration) ADD micro_usd :amount",
                    ConditionExpression="attribute_not_exists(#job)" + (within_cap if room else ""),
                    ExpressionAttributeNames={"#job": job_id},
                    ExpressionAttributeValues={
                        ":amount": {"N": str(amount)},
                        ":expiration": {"N": str(int((now + REMEMBERED).timestamp()))},
                        **room,
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if error_code(error) != REFUSED:
                    raise
                month_so_far: dict[str, Any] = error.response.get("Item", {})  # type: ignore[assignment]
                if job_id not in month_so_far:
                    spent = int(month_so_far["micro_usd"]["N"])
                    raise self._over_cap(now, spent, usd) from error
                amount = int(month_so_far[job_id]["N"])
        return Reservation(job_id, month, amount)

    def settle(self, reservation: Reservation, usd: float) -> None:
        difference = math.ceil(usd * MICROS) - reservation.micro_usd
        with translated("settling a job's cost"):
            try:
                self._dynamodb.update_item(
                    TableName=self._table,
                    Key={"id": {"S": f"spend#{reservation.month}"}},
                    UpdateExpression="SET micro_usd = micro_usd + :difference REMOVE #job",
                    ConditionExpression="#job = :amount",
                    ExpressionAttributeNames={"#job": reservation.job_id},
                    ExpressionAttributeValues={
                        ":amount": {"N": str(reservation.micro_usd)},
                        ":difference": {"N": str(difference)},
                    },
                )
            except ClientError as error:
                if error_code(error) != REFUSED:
                    raise

    def _over_cap(self, now: datetime, spent: int, usd: float) -> Rejected:
        left = max(0, self._cap - spent) / MICROS
        return Rejected(
            f"of this stack's {self._cap / MICROS:.2f} USD for {now:%B %Y}, {left:.4f} are left, "
            f"and the job would cost about {usd:.4f}: raise MonthlyBudgetUsd, "
            f"or upload it again next month"
        )
