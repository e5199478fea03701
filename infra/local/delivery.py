"""Events delivered as AWS may: twice, late, out of order, and spelled in either way.

It stands between the rule of uploads and the queue of jobs: the rule sends to a queue of its own,
from which each event is passed on after a while, some of them again after another.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from infra.local.deploy import LocalStack
from infra.local.ministack import EmulationError

RULE = "VideoUploaded"
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Post:
    """How events are delivered.

    Attributes:
        twice: part of the events that come a second time, 0 to 1.
        as_notification: part that comes as S3's own notification, whose keys are encoded.
        late_seconds: longest delay of the first delivery; events overtake each other within it.
        again_seconds: longest delay from the first to the second.
    """

    twice: float = 0.3
    as_notification: float = 0.3
    late_seconds: float = 3.0
    again_seconds: float = 10.0


@contextmanager
def unreliable_post(stack: LocalStack, seed: int, post: Post = Post()) -> Iterator[Counter[str]]:
    """Deliver this stack's uploads unreliably while the context lasts.

    Yields:
        How many events were ``received``, ``delivered`` and still are ``pending``.
    """
    relay = _Relay(stack, random.Random(seed), post)  # noqa: S311 (reproducible, no secret)
    thread = threading.Thread(target=relay.run, name="post", daemon=True)
    thread.start()
    try:
        yield relay.counts
    finally:
        relay.over.set()
        thread.join()


class _Relay:
    def __init__(self, stack: LocalStack, chance: random.Random, post: Post) -> None:
        self._s3 = stack.aws.s3
        self._sqs = stack.aws.sqs
        self._job_queue_url = stack.job_queue_url
        self._chance = chance
        self._post = post
        self._number = itertools.count()
        self._due: list[tuple[float, int, str]] = []
        self.counts: Counter[str] = Counter()
        self.over = threading.Event()
        self._inbox_url = self._sqs.create_queue(QueueName="artreel-unreliable-post")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(
            QueueUrl=self._inbox_url, AttributeNames=["QueueArn"]
        )["Attributes"]
        _redirect(stack, attributes["QueueArn"])

    def run(self) -> None:
        while not self.over.is_set():
            received = self._receive()
            delivered = self._deliver()
            self.counts["pending"] = len(self._due)
            if not received and not delivered:
                self.over.wait(POLL_SECONDS)

    def _receive(self) -> bool:
        page = self._sqs.receive_message(QueueUrl=self._inbox_url, MaxNumberOfMessages=10)
        messages = page.get("Messages", [])
        for message in messages:
            body = self._with_version(message["Body"])
            first = time.monotonic() + self._chance.uniform(0, self._post.late_seconds)
            self._schedule(first, body)
            if self._chance.random() < self._post.twice:
                self.counts["twice"] += 1
                again = first + self._chance.uniform(0, self._post.again_seconds)
                self._schedule(again, body)
            self.counts["pending"] = len(self._due)
            self.counts["received"] += 1
            self._sqs.delete_message(
                QueueUrl=self._inbox_url, ReceiptHandle=message["ReceiptHandle"]
            )
        return bool(messages)

    def _with_version(self, body: str) -> str:
        """The event with the version of the object, which AWS sends and ministack does not."""
        event = json.loads(body)
        bucket, uploaded = event["detail"]["bucket"]["name"], event["detail"]["object"]
        versions = self._s3.list_object_versions(Bucket=bucket, Prefix=uploaded["key"])["Versions"]
        (uploaded["version-id"],) = {
            version["VersionId"]
            for version in versions
            if version["Key"] == uploaded["key"] and version["ETag"].strip('"') == uploaded["etag"]
        }
        return json.dumps(event)

    def _schedule(self, due: float, body: str) -> None:
        if self._chance.random() < self._post.as_notification:
            body = json.dumps(as_notification(json.loads(body)))
        heapq.heappush(self._due, (due, next(self._number), body))

    def _deliver(self) -> bool:
        if not self._due or self._due[0][0] > time.monotonic():
            return False
        _, _, body = heapq.heappop(self._due)
        self._sqs.send_message(QueueUrl=self._job_queue_url, MessageBody=body)
        self.counts["delivered"] += 1
        return True


def as_notification(event: dict[str, Any]) -> dict[str, Any]:
    """EventBridge's event of an upload as S3 itself would notify of it: the key encoded."""
    detail = event["detail"]
    uploaded = detail["object"]
    s3_object = {"key": quote_plus(uploaded["key"], safe="/"), "size": uploaded["size"]}
    for ours, theirs in (("versionId", "version-id"), ("eTag", "etag")):
        if theirs in uploaded:
            s3_object[ours] = uploaded[theirs]
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": event["region"],
                "eventTime": event["time"],
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "bucket": {"name": detail["bucket"]["name"]},
                    "object": s3_object,
                },
            }
        ]
    }


def _redirect(stack: LocalStack, queue_arn: str) -> None:
    """Let the rule of uploads send to another queue than that of jobs."""
    events = stack.aws.events
    for rule in events.list_rules()["Rules"]:
        if RULE in rule["Name"]:
            targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            events.put_targets(
                Rule=rule["Name"], Targets=[{"Id": targets[0]["Id"], "Arn": queue_arn}]
            )
            return
    raise EmulationError("The stack has no rule for uploads.")
