"""What AWS tells of an upload -> a job request. An object key is decoded here and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools.utilities.data_classes import S3Event, S3EventBridgeNotificationEvent

from handler.domain.errors import Rejected
from handler.domain.job import JOBS, LONGEST_KEY_BYTES, VIDEOS, JobRequest, SourceObject
from handler.domain.job_file import job_in, read_json

UPLOADED = "Object Created"

ASKS_ANEW = "artreel-asks-anew"
"""Attribute of a dead letter. An operator who sends it back to the queue of jobs wants the job to
be tried again, though it has failed; a message without it is an old one that comes late."""


def requests_in(event: Mapping[str, Any], input_bucket: str) -> list[JobRequest]:
    """The jobs that an event asks for; none for events that are not about new videos or job files.

    Args:
        event: an S3 notification, an EventBridge event of S3, or what a job file may hold:
            ``{"video": "videos/clip.mp4", "style": "monet"}``.
        input_bucket: the only one whose uploads count.

    Raises:
        Rejected: a job names unknown or ill-formed fields, or the event is of no known kind.
    """
    try:
        return _requests(event, input_bucket)
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError) as error:
        raise Rejected("the event is of no known kind") from error


def _requests(event: Mapping[str, Any], input_bucket: str) -> list[JobRequest]:
    if "Records" in event:
        return [upload for upload in _notified(event) if _asks_for_work(upload, input_bucket)]
    if "detail-type" in event:
        return [upload for upload in _bridged(event) if _asks_for_work(upload, input_bucket)]
    if event.get("Event") == "s3:TestEvent":
        return []
    return [job_in(event, input_bucket)]


def requests_in_text(body: str, input_bucket: str) -> list[JobRequest]:
    """The same for the body of a queue's message."""
    return requests_in(read_json(body, "the message"), input_bucket)


def _asks_for_work(upload: JobRequest, input_bucket: str) -> bool:
    """Folders that a console makes are empty objects with a slash at the end."""
    if len(upload.key.encode()) > LONGEST_KEY_BYTES:
        raise TypeError("S3 has no such key")
    is_folder = upload.key.endswith("/")
    lies_there = upload.bucket == input_bucket and upload.key.startswith((VIDEOS, JOBS))
    return lies_there and not is_folder


def _notified(event: Mapping[str, Any]) -> Iterator[JobRequest]:
    """S3 writes a key like a form field: a space as ``+``, other bytes as ``%xx`` of UTF-8."""
    for record in S3Event(dict(event)).records:
        if record.event_name.startswith("ObjectCreated:"):
            s3_object = record.s3.get_object
            yield JobRequest(
                bucket=record.s3.bucket.name,
                key=unquote_plus(s3_object["key"]),
                version_id=s3_object.version_id,
                etag=s3_object.etag,
            )


def _bridged(event: Mapping[str, Any]) -> Iterator[JobRequest]:
    """EventBridge carries the key as it is, a ``+`` being a plus.

    Powertools' data class would decode it once more, so its ``key`` is not used.
    """
    notification = S3EventBridgeNotificationEvent(dict(event))
    if notification.detail_type == UPLOADED:
        uploaded = notification.detail.object
        yield JobRequest(
            bucket=notification.detail.bucket.name,
            key=uploaded["key"],
            version_id=uploaded.get("version-id"),
            etag=uploaded.get("etag"),
        )


def message_of(upload: SourceObject) -> str:
    """A message that asks for an upload's job, as EventBridge's own does."""
    uploaded = {"key": upload.key}
    if upload.version_id:
        uploaded["version-id"] = upload.version_id
    else:
        uploaded["etag"] = upload.version
    detail = {"bucket": {"name": upload.bucket}, "object": uploaded}
    return json.dumps({"detail-type": UPLOADED, "source": "aws.s3", "detail": detail})
