"""The job table.

Two kinds of items in one DynamoDB table::

    id = "job/<job id>"      how the job ended: state, reason, video
    id = "result/<its key>"  who holds a result, or held it last: owner, token, job_id, carrier,
                             lease_until (ms), upload_key, upload_version, reason

Powertools' idempotency has neither renewal nor fencing: its lock is taken once for as long as the
function may run, so a worker that is killed early blocks its job for the rest, and one that
outlives its lock never learns of it. Here a claim lasts a minute, is renewed while its worker
lives, and is asked for once more before anything is published.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handler.aws.errors import error_code, translated
from handler.domain.claim import Claim
from handler.domain.errors import Busy, ClaimLost, Unavailable
from handler.domain.job import SourceObject
from handler.domain.status import Outcome, State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REMEMBERED_SECONDS = 90 * 24 * 3600
"""Longer than any queue keeps a message; DynamoDB's time to live removes an item later."""

CONDITION_FAILED = "ConditionalCheckFailedException"

FREE = (
    "attribute_not_exists(id) OR (#token < :token AND "
    "(lease_until <= :now OR (upload_key = :key AND upload_version <> :version)))"
)
HELD = "#owner = :owner AND lease_until > :released"
NAMES = {"#owner": "owner", "#token": "token"}
"""Both are reserved words."""


class DynamoDbJobLedger:
    """``handler.domain.ports.JobLedger`` on one DynamoDB table.

    Workers compare the table's leases with their own clocks. A clock that is wrong lets a claim
    lapse early or late; it can't let two workers publish, which rests on the owner alone.

    Args:
        lease_seconds: for how long a claim holds unless it is renewed.
        now: seconds since 1970.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        lease_seconds: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._dynamodb = client
        self._table = table
        self._lease_ms = int(lease_seconds * 1000)
        self._now = now

    def outcome(self, job_id: str) -> Outcome | None:
        item = self._get(f"job/{job_id}")
        if item is None:
            return None
        reason, video = _text(item, "reason"), _text(item, "video")
        return Outcome(job_id, State(_text(item, "state")), reason or None, video or None)

    def carrier(self, job_id: str, result: str) -> str:
        item = self._get(f"result/{result}")
        return _text(item, "carrier") if item and _text(item, "job_id") == job_id else ""

    def claim(self, job_id: str, result: str, upload: SourceObject, carrier: str) -> Claim:
        owner, now = uuid.uuid4().hex, self._milliseconds()
        values = {
            ":owner": {"S": owner},
            ":token": {"N": str(now)},
            ":until": {"N": str(now + self._lease_ms)},
            ":now": {"N": str(now)},
            ":job": {"S": job_id},
            ":carrier": {"S": carrier},
            ":key": {"S": upload.key},
            ":version": {"S": upload.version},
            ":expiration": self._expiration(),
        }
        update = (
            "SET #owner = :owner, #token = :token, lease_until = :until, job_id = :job, "
            "carrier = :carrier, upload_key = :key, upload_version = :version, "
            "expiration = :expiration"
        )
        done, item = self._update(result, update, values, FREE)
        # A request whose answer got lost is sent again, and refused because of itself.
        if done or _text(item, "owner") == owner:
            was_this_job = _text(item, "reason_job_id") == job_id
            return Claim(job_id, result, owner, now, _text(item, "reason") if was_this_job else "")
        seconds = max(1.0, (int(item["lease_until"]["N"]) - now) / 1000)
        raise Busy(seconds, _text(item, "carrier") if _text(item, "job_id") == job_id else "")

    def renew(self, claim: Claim) -> None:
        until = {"N": str(self._milliseconds() + self._lease_ms)}
        if not self._while_held(claim, "SET lease_until = :until", {":until": until}):
            raise ClaimLost("another worker took this job over")

    def hand_over(self, claim: Claim, carrier: str, seconds: float) -> None:
        values = {
            ":until": {"N": str(self._milliseconds() + int(seconds * 1000))},
            ":carrier": {"S": carrier},
        }
        if not self._while_held(claim, "SET lease_until = :until, carrier = :carrier", values):
            raise ClaimLost("another worker took this job over")

    def adopt(self, job_id: str, result: str, carrier: str) -> Claim:
        item = self._get(f"result/{result}") or {}
        is_held = int(item.get("lease_until", {}).get("N", "0")) > 0
        if _text(item, "job_id") != job_id or not is_held:
            raise ClaimLost("another worker took this job over")
        if _text(item, "carrier") != carrier:
            raise Unavailable("the job was not handed over yet")
        return Claim(job_id, result, _text(item, "owner"), int(item["token"]["N"]))

    def release(self, claim: Claim, reason: str = "") -> None:
        update, values = "SET lease_until = :released", {}
        if reason:
            update += ", reason = :reason, reason_job_id = :job"
            values = {":reason": {"S": reason}, ":job": {"S": claim.job_id}}
        self._while_held(claim, update, values)

    def record(self, outcome: Outcome) -> None:
        fields = {"state": outcome.state, "reason": outcome.reason, "video": outcome.video}
        item = {name: {"S": value or ""} for name, value in fields.items()}
        item |= {"id": {"S": f"job/{outcome.job_id}"}, "expiration": self._expiration()}
        with translated("writing to the job table"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(id) OR #state <> :succeeded",
                    ExpressionAttributeNames={"#state": "state"},
                    ExpressionAttributeValues={":succeeded": {"S": State.SUCCEEDED}},
                )
            except ClientError as error:
                if error_code(error) != CONDITION_FAILED:
                    raise

    def forget(self, job_id: str) -> None:
        with translated("writing to the job table"):
            self._dynamodb.delete_item(TableName=self._table, Key={"id": {"S": f"job/{job_id}"}})

    def _while_held(self, claim: Claim, update: str, values: Mapping[str, Any]) -> bool:
        owned = {":owner": {"S": claim.owner}, ":released": {"N": "0"}}
        done, _ = self._update(claim.result, update, {**values, **owned}, HELD)
        return done

    def _update(
        self, result: str, update: str, values: Mapping[str, Any], condition: str
    ) -> tuple[bool, Mapping[str, Any]]:
        """Update a result's item if the condition holds.

        Returns:
            Whether it did, and the item before.
        """
        names = {name: word for name, word in NAMES.items() if name in update + condition}
        with translated("writing to the job table"):
            try:
                answer = self._dynamodb.update_item(
                    TableName=self._table,
                    Key={"id": {"S": f"result/{result}"}},
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=dict(values),
                    ReturnValues="ALL_OLD",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if error_code(error) != CONDITION_FAILED:
                    raise
                refusing: Mapping[str, Any] = error.response.get("Item", {})  # type: ignore[assignment]
                return False, refusing
        return True, answer.get("Attributes", {})

    def _get(self, item_id: str) -> Mapping[str, Any] | None:
        with translated("reading the job table"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"id": {"S": item_id}}, ConsistentRead=True
            )
        return answer.get("Item")

    def _milliseconds(self) -> int:
        return int(self._now() * 1000)

    def _expiration(self) -> dict[str, str]:
        return {"N": str(int(self._now()) + REMEMBERED_SECONDS)}


def _text(item: Mapping[str, Any], name: str) -> str:
    return str(item.get(name, {}).get("S", ""))
