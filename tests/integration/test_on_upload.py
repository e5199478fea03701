"""The function's handler in process: moto's S3 and DynamoDB, the real ffmpeg and networks."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote_plus

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from PIL import Image

from handler import wiring
from handler.aws.job_queue import SqsJobQueue
from handler.aws.object_store import S3ObjectStore
from handler.domain.errors import Unavailable
from handler.domain.ports import ObjectFacts
from handler.media.ffmpeg import FfmpegMedia
from tests import clips
from tests.cloud import Cloud
from tests.packets import packet_hashes

EVENTS = Path(__file__).parents[1] / "events"
CONTEXT = cast(
    "LambdaContext",
    SimpleNamespace(
        function_name="on-upload",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:eu-central-1:111122223333:function:on-upload",
        aws_request_id="request",
        get_remaining_time_in_millis=lambda: 900_000,
    ),
)


def handle(event: dict[str, Any]) -> dict[str, Any]:
    from handler.entrypoints.on_upload import handler

    return handler(event, CONTEXT)


def _load(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / name).read_text(encoding="utf-8"))
    return event


def _notification(key: str, version: str) -> dict[str, Any]:
    event = _load("s3_notification.json")
    event["Records"][0]["s3"]["object"].update(key=quote_plus(key, safe="/"), versionId=version)
    return event


def uploaded(key: str, version: str) -> dict[str, Any]:
    event = _load("eventbridge.json")
    event["detail"]["object"].update({"key": key, "version-id": version})
    return event


def queued(*bodies: dict[str, Any] | str, received: int = 1) -> dict[str, Any]:
    template = _load("sqs.json")["Records"][0]
    return {
        "Records": [
            {
                **template,
                "messageId": f"message-{number}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {
                    **template["attributes"],
                    "ApproximateReceiveCount": str(received),
                },
            }
            for number, body in enumerate(bodies)
        ]
    }


def test_an_upload_becomes_a_painted_video_with_its_sound(cloud: Cloud, tmp_path: Path) -> None:
    clip = clips.bunny_cut(tmp_path)
    version = cloud.upload("videos/waves/my clip+1.mp4", clip.read_bytes())
    answer = handle(queued(uploaded("videos/waves/my clip+1.mp4", version)))
    assert answer == {"batchItemFailures": []}
    assert set(cloud.results()) == {
        f"waves/my clip+1.{ending}" for ending in ("mp4", "jpg", "report.json", "status.json")
    }
    result = tmp_path / "result.mp4"
    result.write_bytes(cloud.read("waves/my clip+1.mp4"))
    facts = FfmpegMedia().probe(result)
    assert (facts.width, facts.height, facts.frame_count) == (320, 180, 12)
    assert packet_hashes(result) == packet_hashes(clip)
    status = cloud.status("waves/my clip+1")
    assert (status["state"], status["percent"]) == ("succeeded", 100.0)
    report = json.loads(cloud.read("waves/my clip+1.report.json"))
    assert report["frames"] == 12
    quality = report["quality"]
    assert len(quality["frames"]) == 3
    assert quality["sound_drift_seconds"] == [0.0]
    assert 0 < quality["warping_error"] < 0.1
    assert 0.8 < quality["detail_kept"] < 1.2
    assert 0 < quality["style_distance"] < 0.5
    assert report["cost_usd"] > 0
    assert Image.open(io.BytesIO(cloud.read("waves/my clip+1.jpg"))).size == (640, 180)


def test_both_kinds_of_event_are_the_same_job(cloud: Cloud, tmp_path: Path) -> None:
    key = "videos/waves/clip.mp4"
    version = cloud.upload(key, clips.plain(tmp_path, frames=3).read_bytes())
    (first,) = handle(_notification(key, version))["jobs"]
    results = cloud.results()
    (second,) = handle(uploaded(key, version))["jobs"]
    assert first == second
    assert first["state"] == "succeeded"
    assert handle(queued(_notification(key, version), uploaded(key, version))) == {
        "batchItemFailures": []
    }
    assert cloud.results() == results


def test_a_job_given_directly(cloud: Cloud, tmp_path: Path) -> None:
    cloud.upload("videos/clip.mp4", clips.plain(tmp_path, frames=3).read_bytes())
    (outcome,) = handle({"video": "videos/clip.mp4", "style": "waves"})["jobs"]
    assert (outcome["state"], outcome["video"]) == ("succeeded", "clip.mp4")


def test_a_job_file_is_painted_under_its_own_name(cloud: Cloud, tmp_path: Path) -> None:
    cloud.upload("videos/clip.mp4", clips.plain(tmp_path, frames=3).read_bytes())
    key = "jobs/übung/my job+1.json"
    body = {"video": "videos/clip.mp4", "style": "waves", "working_size": 64, "budget_usd": 1}
    version = cloud.upload(key, json.dumps(body).encode())
    for event in (uploaded(key, version), _notification(key, version)):
        assert handle(queued(event)) == {"batchItemFailures": []}
    results = cloud.results()
    assert set(results) == {
        f"jobs/übung/my job+1.{ending}" for ending in ("mp4", "jpg", "report.json", "status.json")
    }
    report = json.loads(cloud.read("jobs/übung/my job+1.report.json"))
    assert report["estimate"]["seconds"] > 0
    assert 0 < report["estimate"]["cost_usd"] < 1
    assert report["cost_usd"] > 0


def test_a_job_file_may_ask_for_a_preview_then_for_a_comparison(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.upload("videos/clip.mp4", clips.plain(tmp_path, frames=5).read_bytes())
    version = cloud.upload("jobs/look.json", b'{"video": "videos/clip.mp4", "preview": true}')
    assert handle(queued(uploaded("jobs/look.json", version))) == {"batchItemFailures": []}
    assert cloud.status("jobs/look")["state"] == "succeeded"
    assert cloud.status("jobs/look")["video"] == "jobs/look.jpg"
    with Image.open(io.BytesIO(cloud.read("jobs/look.jpg"))) as sheet:
        assert sheet.height > 2 * 200  # the original and the one picture there is
    wish = {"video": "videos/clip.mp4", "style": "ink", "compare": "side", "teaser": True}
    version = cloud.upload("jobs/look.json", json.dumps(wish).encode())
    assert handle(queued(uploaded("jobs/look.json", version))) == {"batchItemFailures": []}
    assert cloud.status("jobs/look")["video"] == "jobs/look.mp4"
    (tmp_path / "look.mp4").write_bytes(cloud.read("jobs/look.mp4"))
    facts = wiring.media().probe(tmp_path / "look.mp4")
    assert (facts.width, facts.frame_count) == (2 * 128, 5)
    with Image.open(io.BytesIO(cloud.read("jobs/look.webp"))) as teaser:
        assert teaser.width == 2 * 128


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"video": "videos/clip.mp4", "fade": 1}', "'fade' is unknown"),
        (b'{"video": "private.txt"}', "must lie under videos/"),
        (b'{"video": "videos/missing.mp4", "style": "waves"}', "the job file again"),
        (b'{"video": "videos/clip.mp4", "style": "waves", "budget_usd": 1e-6}', "its budget"),
    ],
)
def test_a_bad_job_file_leaves_its_reason(
    cloud: Cloud, tmp_path: Path, body: bytes, reason: str
) -> None:
    cloud.upload("videos/clip.mp4", clips.plain(tmp_path, frames=3).read_bytes())
    version = cloud.upload("jobs/night.json", body)
    assert handle(queued(uploaded("jobs/night.json", version))) == {"batchItemFailures": []}
    assert set(cloud.results()) == {"jobs/night.status.json"}
    assert cloud.status("jobs/night")["state"] == "rejected"
    assert reason in cloud.status("jobs/night")["reason"]


def test_a_month_without_money_rejects_and_spends_nothing(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTREEL_MONTHLY_BUDGET_USD", "0.00001")
    wiring.forget()
    cloud.upload("videos/waves/clip.mp4", clips.plain(tmp_path, frames=3).read_bytes())
    (outcome,) = handle({"video": "videos/waves/clip.mp4"})["jobs"]
    assert outcome["state"] == "rejected"
    assert "raise MonthlyBudgetUsd" in outcome["reason"]
    assert set(cloud.results()) == {"waves/clip.status.json"}


def test_a_job_that_makes_no_sense_is_answered_not_raised(cloud: Cloud) -> None:
    (outcome,) = handle({"video": "videos/clip.mp4", "colour": "red"})["jobs"]
    assert outcome["state"] == "rejected"
    assert "colour" in outcome["reason"]


def test_metadata_names_the_style(cloud: Cloud, tmp_path: Path) -> None:
    clip = clips.plain(tmp_path, frames=3).read_bytes()
    version = cloud.upload("videos/clip.mp4", clip, style="waves")
    (outcome,) = handle(_notification("videos/clip.mp4", version))["jobs"]
    assert outcome["state"] == "succeeded"


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        ("videos/waves/empty.mp4", b"", "empty file"),
        ("videos/waves/text.mp4", b"no video" * 100, "can't be read as a video"),
        ("videos/nobody/clip.mp4", b"anything", "no picture of the style"),
        ("videos/text/clip.mp4", b"anything", "can't be read as a video"),
    ],
)
def test_bad_input_is_rejected_once_and_leaves_only_a_status(
    cloud: Cloud, key: str, body: bytes, reason: str
) -> None:
    cloud.upload("styles/text.jpg", b"no picture")
    version = cloud.upload(key, body)
    assert handle(queued(uploaded(key, version))) == {"batchItemFailures": []}
    path = key.removeprefix("videos/").removesuffix(".mp4")
    assert set(cloud.results()) == {f"{path}.status.json"}
    status = cloud.status(path)
    assert status["state"] == "rejected"
    assert reason in status["reason"]


def test_only_the_failing_message_is_delivered_again(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = clips.plain(tmp_path, frames=3).read_bytes()
    good, bad = (
        uploaded(key, cloud.upload(key, clip))
        for key in ("videos/waves/good.mp4", "videos/waves/bad.mp4")
    )
    _break_lookups_of(monkeypatch, "bad.mp4")
    answer = handle(queued(bad, good, "not json", {"Records": [1]}))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert cloud.status("waves/good")["state"] == "succeeded"


def _break_lookups_of(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    real = S3ObjectStore.facts

    def facts(
        store: S3ObjectStore, bucket: str, key: str, version_id: str | None = None
    ) -> ObjectFacts | None:
        if key.endswith(name):
            raise Unavailable("the store is down")
        return real(store, bucket, key, version_id)

    monkeypatch.setattr(S3ObjectStore, "facts", facts)


def test_uploads_to_other_buckets_are_left_alone(cloud: Cloud) -> None:
    foreign = uploaded("videos/waves/clip.mp4", "any")
    foreign["detail"]["bucket"]["name"] = "someone-elses"
    assert handle(queued(foreign)) == {"batchItemFailures": []}
    assert cloud.results() == {}


def test_a_failed_message_comes_back_after_a_minute(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = cloud.upload("videos/waves/bad.mp4", b"any")
    _break_lookups_of(monkeypatch, "bad.mp4")
    cloud.sqs.send_message(
        QueueUrl=cloud.queue_url,
        MessageBody=json.dumps(uploaded("videos/waves/bad.mp4", version)),
    )
    (message,) = cloud.sqs.receive_message(QueueUrl=cloud.queue_url)["Messages"]
    event = queued(message["Body"])
    event["Records"][0]["receiptHandle"] = message["ReceiptHandle"]
    hidden: list[float] = []
    monkeypatch.setattr(SqsJobQueue, "hide", _noting(hidden, SqsJobQueue.hide))
    assert len(handle(event)["batchItemFailures"]) == 1
    assert hidden == [90, 60]


def _noting(
    hidden: list[float], real: Callable[[SqsJobQueue, str, float], None]
) -> Callable[[SqsJobQueue, str, float], None]:
    def noting(queue: SqsJobQueue, receipt_handle: str, seconds: float) -> None:
        real(queue, receipt_handle, seconds)
        hidden.append(seconds)

    return noting


def test_a_fault_of_ours_is_told_and_delivered_again(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTREEL_MODEL_DIR", str(tmp_path))
    wiring.forget()
    version = cloud.upload("videos/waves/clip.mp4", clips.plain(tmp_path, frames=3).read_bytes())
    event = uploaded("videos/waves/clip.mp4", version)
    first = handle(queued(event, received=1))
    assert [failure["itemIdentifier"] for failure in first["batchItemFailures"]] == ["message-0"]
    assert cloud.status("waves/clip")["state"] == "queued"
    last = handle(queued(event, received=3))
    assert len(last["batchItemFailures"]) == 1
    assert cloud.status("waves/clip")["state"] == "failed"
    assert "there is no model" in cloud.status("waves/clip")["reason"]
    assert set(cloud.results()) == {"waves/clip.status.json"}


def test_no_temporary_folder_is_left(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    for name, body in (("good", clips.plain(tmp_path, frames=3).read_bytes()), ("bad", b"x")):
        version = cloud.upload(f"videos/waves/{name}.mp4", body)
        handle(uploaded(f"videos/waves/{name}.mp4", version))
    assert list((tmp_path / "tmp").iterdir()) == []
