"""What AWS tells of an upload -> a job request. An object key is decoded here and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Literal
from urllib.parse import unquote_plus

from aws_lambda_powertools.utilities.data_classes import S3Event, S3EventBridgeNotificationEvent
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from handler.domain.errors import Rejected
from handler.domain.job import VIDEOS, JobRequest, check_video_key
from handler.domain.timeline import Look, LookChange, Timeline

UPLOADED = "Object Created"
LARGEST_WORKING_SIZE_PX = 8192


def requests_in(event: Mapping[str, Any], input_bucket: str) -> list[JobRequest]:
    """The jobs that an event asks for; none for events that are not about new videos.

    Args:
        event: an S3 notification, an EventBridge event of S3, or a job:
            ``{"video": "videos/clip.mp4", "style": "monet"}``.
        input_bucket: the only one whose uploads count.

    Raises:
        Rejected: a job names unknown or ill-formed fields, or the event is of no known kind.
    """
    try:
        return _requests(event, input_bucket)
    except (KeyError, TypeError, AttributeError) as error:
        raise Rejected("the event is of no known kind") from error


def _requests(event: Mapping[str, Any], input_bucket: str) -> list[JobRequest]:
    if "Records" in event:
        return [upload for upload in _notified(event) if _is_video(upload, input_bucket)]
    if "detail-type" in event:
        return [upload for upload in _bridged(event) if _is_video(upload, input_bucket)]
    if event.get("Event") == "s3:TestEvent":
        return []
    return [_given(event, input_bucket)]


def requests_in_text(body: str, input_bucket: str) -> list[JobRequest]:
    """The same for the body of a queue's message."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Rejected("the message is not JSON") from error
    if not isinstance(event, dict):
        raise Rejected("the message is not a JSON object")
    return requests_in(event, input_bucket)


def _is_video(upload: JobRequest, input_bucket: str) -> bool:
    """Folders that a console makes are empty objects with a slash at the end."""
    is_folder = upload.key.endswith("/")
    return upload.bucket == input_bucket and upload.key.startswith(VIDEOS) and not is_folder


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


class _GivenLook(BaseModel):
    model_config = ConfigDict(extra="forbid")

    at: float = Field(ge=0, allow_inf_nan=False)
    style: str | None

    def as_change(self) -> LookChange:
        return LookChange(Fraction(str(self.at)), Look(self.style))


class _GivenJob(BaseModel):
    model_config = ConfigDict(extra="forbid")

    video: str
    style: str | None = None
    timeline: list[_GivenLook] | None = Field(default=None, min_length=1, max_length=1000)
    working_size: int | Literal["source"] | None = Field(
        default=None, ge=64, le=LARGEST_WORKING_SIZE_PX
    )

    @model_validator(mode="after")
    def _style_or_timeline(self) -> _GivenJob:
        if self.style is not None and self.timeline is not None:
            raise ValueError("give either a style or a timeline, not both")
        return self


def _given(event: Mapping[str, Any], input_bucket: str) -> JobRequest:
    try:
        given = _GivenJob.model_validate(event)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Rejected(f"the job is wrong at {where or 'its top'}: {first['msg']}") from error
    check_video_key(given.video)
    timeline = None
    if given.timeline is not None:
        timeline = Timeline(tuple(look.as_change() for look in given.timeline))
    elif given.style is not None:
        timeline = Timeline.of_style(given.style)
    size = LARGEST_WORKING_SIZE_PX if given.working_size == "source" else given.working_size
    return JobRequest(bucket=input_bucket, key=given.video, timeline=timeline, working_size_px=size)
