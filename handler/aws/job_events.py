"""EventBridge: the events that artreel sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from handler.aws.errors import translated
from handler.domain.errors import Unavailable
from handler.domain.job_ended import EVENT_SOURCE, JobEnded

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class EventBridgeAnnouncer:
    """``handler.domain.ports.Announcer`` on the account's default event bus."""

    def __init__(self, client: EventBridgeClient) -> None:
        self._events = client

    def announce(self, ended: JobEnded) -> None:
        with translated("announcing the end of a job"):
            answer = self._events.put_events(
                Entries=[
                    {
                        "Source": EVENT_SOURCE,
                        "DetailType": ended.detail_type,
                        "Detail": json.dumps(ended.detail),
                    }
                ]
            )
        if answer["FailedEntryCount"]:
            raise Unavailable("announcing the end of a job failed: EventBridge did not take it")
