import json
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.aws.events import requests_in, requests_in_text
from handler.domain.errors import Rejected
from handler.domain.job import JobRequest

EVENTS = Path(__file__).parents[1] / "events"
BUCKET = "artreel-in"
HOSTILE_KEYS = [
    "videos/monet/clip.mp4",
    "videos/monet/my holiday.mp4",
    "videos/monet/1+1=2.mp4",
    "videos/monet/100% sure.mp4",
    "videos/monet/%2e%2e.mp4",
    "videos/Große Welle/Übergang.mp4",
    "videos/monet/🎨 paint.mp4",
    "videos/monet/Screen Recording 2026-01-01 at 3.00.00\u202fPM.mov",
    "videos/monet/👨\u200d👩\u200d👧.mp4",
]


def load(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / name).read_text(encoding="utf-8"))
    return event


def notification(key: str) -> dict[str, Any]:
    event = load("s3_notification.json")
    event["Records"][0]["s3"]["object"]["key"] = quote_plus(key, safe="/")
    return event


def bridged(key: str) -> dict[str, Any]:
    event = load("eventbridge.json")
    event["detail"]["object"]["key"] = key
    return event


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_a_notifications_key_is_decoded_once(key: str) -> None:
    assert [request.key for request in requests_in(notification(key), BUCKET)] == [key]


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_eventbridges_key_is_taken_as_it_is(key: str) -> None:
    assert [request.key for request in requests_in(bridged(key), BUCKET)] == [key]


@given(st.text(min_size=1).filter(lambda name: not name.endswith("/")))
def test_both_ways_of_an_upload_name_the_same_key(name: str) -> None:
    key = f"videos/{name}"
    (told,), (bridge,) = requests_in(notification(key), BUCKET), requests_in(bridged(key), BUCKET)
    assert told.key == bridge.key == key


def test_a_notification_names_one_version() -> None:
    (request,) = requests_in(load("s3_notification.json"), BUCKET)
    assert request == JobRequest(
        bucket=BUCKET,
        key="videos/monet/my holiday.mp4",
        version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
        etag="d41d8cd98f00b204e9800998ecf8427e",
    )


def test_eventbridge_names_one_version() -> None:
    (request,) = requests_in(load("eventbridge.json"), BUCKET)
    assert request == JobRequest(
        bucket=BUCKET,
        key="videos/monet/my holiday.mp4",
        version_id="IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
        etag="b1946ac92492d2347c6235b4d2611184",
    )


@pytest.mark.parametrize("key", ["jobs/night.json", "jobs/a b+c/ü.json", "jobs/notes.txt"])
def test_what_lies_among_the_job_files_asks_for_work(key: str) -> None:
    assert [request.key for request in requests_in(notification(key), BUCKET)] == [key]
    assert [request.key for request in requests_in(bridged(key), BUCKET)] == [key]


@pytest.mark.parametrize("key", ["styles/monet.jpg", "videos/monet/", "jobs/", "other/clip.mp4"])
def test_uploads_that_are_no_videos_ask_for_nothing(key: str) -> None:
    assert requests_in(notification(key), BUCKET) == []
    assert requests_in(bridged(key), BUCKET) == []


def test_uploads_to_other_buckets_ask_for_nothing() -> None:
    assert requests_in(notification("videos/monet/clip.mp4"), "another") == []
    assert requests_in(bridged("videos/monet/clip.mp4"), "another") == []


def test_removals_and_test_events_ask_for_nothing() -> None:
    removed = load("s3_notification.json")
    removed["Records"][0]["eventName"] = "ObjectRemoved:Delete"
    assert requests_in(removed, BUCKET) == []
    deleted = {**load("eventbridge.json"), "detail-type": "Object Deleted"}
    assert requests_in(deleted, BUCKET) == []
    assert requests_in(load("s3_test_event.json"), "in") == []


def test_a_job_given_directly() -> None:
    (request,) = requests_in({"video": "videos/clip.mp4", "style": "monet"}, "in")
    assert request.bucket == "in"
    assert request.timeline is not None
    assert request.timeline.styles == {"monet"}
    assert request.working_size_px is None


def test_a_timeline_given_directly() -> None:
    looks = [{"at": 0, "style": None}, {"at": 0.1, "style": "monet"}]
    (request,) = requests_in({"video": "videos/v", "timeline": looks, "working_size": 512}, "in")
    assert request.timeline is not None
    assert request.timeline.changes[1].at == Fraction(1, 10)
    assert request.working_size_px == 512


@pytest.mark.parametrize(
    ("job", "where"),
    [
        ({}, "video"),
        ({"video": 1}, "video"),
        ({"video": "\ud800"}, "video.*halves of characters"),
        ({"video": "videos/v", "colour": "red"}, "colour"),
        ({"video": "videos/v", "working_size": 3}, "working_size"),
        ({"video": "videos/v", "working_size": "huge"}, "working_size"),
        ({"video": "videos/v", "style": "a", "timeline": [{"at": 0, "style": "b"}]}, "not both"),
        ({"video": "videos/v", "timeline": []}, "timeline"),
        ({"video": "videos/v", "timeline": [{"at": -1, "style": "b"}]}, "timeline"),
        ({"video": "videos/v", "timeline": [{"at": 1, "style": "b"}]}, "second 0"),
    ],
)
def test_a_wrong_job_names_the_field(job: dict[str, Any], where: str) -> None:
    with pytest.raises(Rejected, match=where):
        requests_in(job, "in")


@pytest.mark.parametrize("video", ["", "clip.mp4", "styles/monet.jpg", "videos/../x"])
def test_a_video_elsewhere_is_refused_before_anything_is_looked_up(video: str) -> None:
    with pytest.raises(Rejected, match="must lie under"):
        requests_in({"video": video, "style": "monet"}, "in")


@pytest.mark.parametrize(
    "event",
    [
        {"Records": [{"foo": 1}]},
        {"Records": None},
        {"Records": [1]},
        {"Records": [{"eventName": "ObjectCreated:Put"}]},
        {"detail-type": "Object Created"},
        {"detail-type": "Object Created", "detail": {"object": None}},
    ],
)
def test_an_event_of_no_known_kind_is_rejected(event: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="of no known kind"):
        requests_in(event, "in")


def test_a_message_nested_without_end_is_rejected() -> None:
    with pytest.raises(Rejected, match="not JSON"):
        requests_in_text('{"a":' * 100_000, "in")


@pytest.mark.parametrize("body", ["", "no json", "[]", "7"])
def test_a_message_that_is_no_event_is_rejected(body: str) -> None:
    with pytest.raises(Rejected, match="the message is not"):
        requests_in_text(body, "in")


def test_a_message_carries_any_of_them() -> None:
    body = json.dumps(load("eventbridge.json"))
    assert requests_in_text(body, BUCKET) == requests_in(load("eventbridge.json"), BUCKET)
