import copy
import json
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from handler import gallery
from handler.domain.claim import Delivery
from handler.domain.errors import Busy, ClaimLost, Defect, Rejected, Unavailable
from handler.domain.job import JOB_METADATA, SOURCE_METADATA, JobRequest, SourceObject
from handler.domain.keyframes import Frames
from handler.domain.plan import PUBLISHING_SECONDS
from handler.domain.ports import Reservation
from handler.domain.status import Outcome, State
from handler.domain.timeline import Look, LookChange, Timeline
from handler.pipeline.attempt import CANCELLED, INTERNAL_FAILURE
from handler.pipeline.run_job import GAVE_UP, NOT_BY_ITSELF, OWN_RESULT, give_up, run_job
from tests.fakes import (
    FACTS,
    FakeAnnouncer,
    FakeJobLedger,
    FakeMedia,
    FakeObjectStore,
    FakeObserver,
    FakePainter,
    FakeSpendCounter,
    accounts,
    studio,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEY = "videos/monet/clip.mp4"
RESULTS = {"monet/clip.mp4", "monet/clip.jpg", "monet/clip.report.json", "monet/clip.status.json"}

PAINTED = 2 + 3
"""Times that the fake painter works for a job: keyframes, and frames that are measured."""


class Bench:
    """A studio of fakes with one style and one video in its bucket."""

    def __init__(self) -> None:
        self.store = FakeObjectStore()
        self.ledger = FakeJobLedger()
        self.announcer = FakeAnnouncer()
        self.media = FakeMedia()
        self.painter = FakePainter()
        self.observer = FakeObserver()
        self.spend = FakeSpendCounter()
        self.studio = studio(
            store=self.store,
            ledger=self.ledger,
            accounts=accounts(self.spend),
            announcer=self.announcer,
            media=self.media,
            painter=lambda: self.painter,
            observer=self.observer,
            now=lambda: NOON,
        )
        self.store.seed("in", "styles/monet.jpg", bytes([100]))
        self.store.seed("in", KEY, b"video")

    def run(self, key: str = KEY, **wishes: Any) -> dict[str, Any]:
        return run_job(JobRequest("in", key, **wishes), self.studio).as_json()

    def deliver(self, message: str = "m1", *, last: bool = False, **wishes: Any) -> Outcome:
        """As the queue does it."""
        delivery = Delivery(message, last_attempt=last, asks_anew=False)
        return run_job(JobRequest("in", KEY, **wishes), self.studio, delivery)

    def give_up(self, message: str = "m1", **wishes: Any) -> Outcome | None:
        delivery = Delivery(message, asks_anew=False)
        return give_up(JobRequest("in", KEY, **wishes), self.studio, delivery)

    def status(self, path: str = "monet/clip") -> dict[str, Any]:
        return self.store.json("out", f"{path}.status.json")

    def events(self) -> list[str]:
        return [ended.outcome.state for ended in self.announcer.ended]

    def watch_statuses(self) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        put: Callable[..., str] = self.store.put_json

        def noting(bucket: str, key: str, content: Any, *, replaces: str | None) -> str:
            etag = put(bucket, key, content, replaces=replaces)
            if key.endswith(".status.json"):
                seen.append(dict(content))
            return etag

        self.store.put_json = noting  # type: ignore[method-assign]
        return seen


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_upload_leaves_video_poster_report_and_status(bench: Bench) -> None:
    outcome = bench.run()
    assert outcome["state"] == "succeeded"
    assert bench.store.keys_of("out") == RESULTS
    assert bench.store.body("out", "monet/clip.mp4") == b"result 5"
    status = bench.status()
    assert status["state"] == "succeeded"
    assert (status["percent"], status["frames_done"], status["frames"]) == (100, 5, 5)
    assert {status["video"], status["poster"], status["report"]} < RESULTS
    assert status["job_id"] == outcome["job_id"]


def test_the_report_says_what_was_done(bench: Bench) -> None:
    bench.run()
    report = bench.store.json("out", "monet/clip.report.json")
    assert report["frames"] == 5
    assert report["source"]["key"] == KEY
    assert report["source"]["frame_rate"] == "25"
    assert report["timeline"] == [
        {"at": 0.0, "fade": 0.0, "style": "monet", "strength": 1.0, "mix": 1.0}
    ]
    assert report["treatment"] == {"keep_colors": False, "style_scale": 1.0, "mask": None}
    assert report["engine"] == {"model": "fake", "engine": "fake", "precision": "exact"}
    assert set(report["seconds"]) == {"fetch", "paint", "total"}
    assert report["cost_usd"] >= 0


def test_no_cost_is_claimed_where_no_function_runs(bench: Bench) -> None:
    bench.studio = replace(bench.studio, accounts=accounts(memory_mb=0))
    bench.run()
    report = bench.store.json("out", "monet/clip.report.json")
    assert report["cost_usd"] is None
    assert report["estimate"]["cost_usd"] is None


def test_a_status_that_can_not_be_written_does_not_stop_the_painting(bench: Bench) -> None:
    put = bench.store.put_json

    def refuses_while_running(bucket: str, key: str, content: Any, **also: Any) -> str:
        if content.get("state") == "running":
            raise Unavailable("slow down")
        return put(bucket, key, content, **also)

    bench.store.put_json = refuses_while_running  # type: ignore[method-assign]
    assert bench.run()["state"] == "succeeded"


def test_the_same_upload_twice_is_painted_once(bench: Bench) -> None:
    first = bench.run()
    assert bench.run() == first
    assert bench.painter.frames_painted == PAINTED


def test_a_new_version_is_painted_again(bench: Bench) -> None:
    first = bench.run()
    bench.store.seed("in", KEY, b"another video")
    assert bench.run()["job_id"] != first["job_id"]
    assert bench.painter.frames_painted == 2 * PAINTED


def test_metadata_and_default_name_a_style(bench: Bench) -> None:
    bench.store.seed("in", "videos/a.mp4", b"video", {"style": "monet"})
    assert bench.run("videos/a.mp4")["state"] == "succeeded"
    bench.store.seed("in", "videos/b.mp4", b"video")
    bench.studio = replace(bench.studio, default_style="monet")
    assert bench.run("videos/b.mp4")["state"] == "succeeded"


def test_a_job_may_bring_its_own_timeline(bench: Bench) -> None:
    bench.store.seed("in", "styles/wave.png", bytes([50]))
    timeline = Timeline(
        (LookChange(Fraction(0), Look.of("monet")), LookChange(Fraction("0.1"), Look.of("wave")))
    )
    assert bench.run(timeline=timeline)["state"] == "succeeded"
    assert [int(frame[0, 0, 0]) for frame in bench.media.written] == [100, 201, 102, 53, 54]


def test_a_job_may_have_every_frame_painted(bench: Bench) -> None:
    assert bench.run(frames=Frames.EVERY)["state"] == "succeeded"
    assert [int(frame[0, 0, 0]) for frame in bench.media.written] == [100, 101, 102, 103, 104]
    assert bench.run()["state"] == "succeeded"
    assert bench.painter.frames_painted == PAINTED + PAINTED + 3


def test_a_built_in_style_needs_no_picture(bench: Bench) -> None:
    bench.store.seed("in", "videos/ink/clip.mp4", b"video")
    assert bench.run("videos/ink/clip.mp4")["state"] == "succeeded"
    (grey,) = {int(frame.mean()) for frame in bench.media.written[:1]}
    assert grey == int(gallery.draw("ink").mean())


def test_a_picture_goes_before_the_built_in_style_of_its_name(bench: Bench) -> None:
    bench.store.seed("in", "styles/ink.jpg", bytes([7]))
    bench.store.seed("in", "videos/ink/clip.mp4", b"video")
    assert bench.run("videos/ink/clip.mp4")["state"] == "succeeded"
    assert int(bench.media.written[0][0, 0, 0]) == 7


def _order(bench: Bench, **fields: Any) -> dict[str, Any]:
    """Upload a job file for the video and run it."""
    body = json.dumps({"video": KEY, **fields}).encode()
    bench.store.seed("in", "jobs/look.json", body)
    return bench.run("jobs/look.json")


def test_a_preview_shows_every_style_there_is(bench: Bench) -> None:
    bench.store.seed("in", "styles/wave.png", bytes([50]))
    for odd in ("styles/notes.txt", "styles/deep/er.jpg", "styles/monet.png"):
        bench.store.seed("in", odd, b"broken")
    outcome = _order(bench, preview=True)
    assert (outcome["state"], outcome["video"]) == ("succeeded", "jobs/look.jpg")
    assert bench.store.keys_of("out") == {
        "jobs/look.jpg",
        "jobs/look.report.json",
        "jobs/look.status.json",
    }
    assert bench.store.body("out", "jobs/look.jpg") == b"sheet"
    assert [row[0].caption for row in bench.media.sheet] == ["original", "monet", "wave"]
    report = bench.store.json("out", "jobs/look.report.json")
    assert report["styles"] == ["monet", "wave"]
    assert report["frames_painted"] == 2 * len(report["shown"])
    assert 0 < report["estimate"]["cost_usd"] < 0.01
    status = bench.status("jobs/look")
    assert (status["state"], status["percent"], status["video"]) == (
        "succeeded",
        100.0,
        "jobs/look.jpg",
    )
    assert bench.spend.settled_usd > 0


def test_a_preview_leaves_out_what_is_no_picture(bench: Bench) -> None:
    bench.store.seed("in", "styles/broken.png", b"broken")
    bench.store.seed("in", "styles/huge.png", b"x" * 101)
    assert _order(bench, preview=True)["state"] == "succeeded"
    report = bench.store.json("out", "jobs/look.report.json")
    assert report["styles"] == ["monet"]
    assert report["unreadable"].keys() == {"broken", "huge"}


def test_a_preview_of_nothing_readable_is_rejected(bench: Bench) -> None:
    bench.store.seed("in", "styles/monet.jpg", b"broken")
    outcome = _order(bench, preview=True)
    assert outcome["state"] == "rejected"
    assert "no style can be shown: the style is not a JPEG" in outcome["reason"]


def test_a_preview_without_pictures_shows_the_gallery(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {style: gallery.STYLES[style] for style in ("ink", "gold")}
    monkeypatch.setattr(gallery, "STYLES", few)
    del bench.store.objects["in", "styles/monet.jpg"]
    assert _order(bench, preview=True)["state"] == "succeeded"
    assert [row[0].caption for row in bench.media.sheet] == ["original", "ink", "gold"]


def test_a_preview_is_painted_once(bench: Bench) -> None:
    _order(bench, preview=True)
    painted = bench.painter.frames_painted
    assert bench.run("jobs/look.json")["state"] == "succeeded"
    bench.ledger.ended.clear()
    del bench.store.objects["out", "jobs/look.status.json"]
    assert bench.run("jobs/look.json")["state"] == "succeeded"
    assert bench.painter.frames_painted == painted
    assert bench.status("jobs/look")["percent"] == 100.0


def test_a_preview_keeps_to_its_budget(bench: Bench) -> None:
    outcome = _order(bench, preview=True, budget_usd=1e-9)
    assert outcome["state"] == "rejected"
    assert "more than its budget" in outcome["reason"]
    assert "jobs/look.jpg" not in bench.store.keys_of("out")


def test_a_job_may_compare_and_leave_a_teaser(bench: Bench) -> None:
    assert _order(bench, compare="side", teaser=True)["state"] == "succeeded"
    assert bench.media.written[0].shape == (24, 64, 3)
    assert bench.store.body("out", "jobs/look.webp").startswith(b"teaser")
    report = bench.store.json("out", "jobs/look.report.json")
    assert (report["compare"], report["teaser"]) == ("side", "jobs/look.webp")
    assert report["result"]["width"] == 64


def test_a_style_is_found_by_its_exact_name(bench: Bench) -> None:
    bench.store.seed("in", "styles/monet.late.jpg", b"broken")
    bench.store.seed("in", "styles/monet.txt", b"broken")
    assert bench.run()["state"] == "succeeded"
    bench.store.seed("in", "videos/monet.late/clip.mp4", b"video")
    assert bench.run("videos/monet.late/clip.mp4")["state"] == "rejected"


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        ("videos/nobody/clip.mp4", b"video", "there is no picture of the style 'nobody'"),
        ("videos/nobody/clip.mp4", b"video", "built in are strokes, "),
        ("videos/clip.mp4", b"video", "no style is named"),
        ("videos/monet/bad.mp4", b"broken", "can't be read as a video"),
        ("videos/monet/big.mp4", b"x" * 1001, "at most 1000 are taken"),
        ("videos/broken/clip.mp4", b"video", "not a JPEG, PNG or WebP picture"),
        ("videos/huge/clip.mp4", b"video", "at most 100 are taken"),
    ],
)
def test_bad_input_is_rejected_with_a_reason_and_nothing_else(
    bench: Bench, key: str, body: bytes, reason: str
) -> None:
    bench.store.seed("in", "styles/broken.png", b"broken")
    bench.store.seed("in", "styles/huge.png", b"x" * 101)
    bench.store.seed("in", key, body)
    outcome = bench.run(key)
    path = key.removeprefix("videos/").removesuffix(".mp4")
    assert outcome["state"] == "rejected"
    assert reason in outcome["reason"]
    assert bench.store.keys_of("out") == {f"{path}.status.json"}
    status = bench.status(path)
    assert (status["state"], status["reason"]) == ("rejected", outcome["reason"])
    assert bench.run(key) == outcome


def test_a_video_that_is_gone_is_rejected(bench: Bench) -> None:
    assert "there is no video" in bench.run("videos/monet/gone.mp4", etag="e")["reason"]


def test_a_result_that_comes_back_is_refused_in_silence(bench: Bench) -> None:
    bench.run()
    for path in ("monet/clip.mp4", "monet/clip.status.json"):
        body = bench.store.body("out", path)
        metadata = bench.store.objects["out", path][-1].metadata
        bench.store.seed("in", f"videos/{path}", body, metadata)
    before, painted = copy.deepcopy(bench.store.objects), bench.painter.frames_painted
    for path in ("monet/clip.mp4", "monet/clip.status.json"):
        outcome = bench.run(f"videos/{path}")
        assert (outcome["state"], outcome["reason"]) == ("rejected", OWN_RESULT)
    assert bench.store.objects == before
    assert bench.painter.frames_painted == painted


def test_a_fetched_result_may_be_uploaded_again(bench: Bench) -> None:
    bench.run()
    bench.store.seed("in", KEY, bench.store.body("out", "monet/clip.mp4"))
    assert bench.run()["state"] == "succeeded"


def test_the_operator_hears_how_each_attempt_ended(bench: Bench) -> None:
    bench.run()
    bench.run()
    bench.store.seed("in", KEY, b"broken")
    bench.run()
    bench.store.seed("in", KEY, b"another video")
    bench.painter.on_paint = _raise(Defect("the model is broken"))
    for last_attempt in (False, True):
        with pytest.raises(Defect):
            bench.deliver(last=last_attempt)
    assert bench.observer.states == ["succeeded", "rejected", "queued", "failed"]
    report = bench.store.json("out", "monet/clip.report.json")
    assert bench.observer.frames == [(5, report["frames_painted"])]


def test_the_operator_hears_which_job_it_is(bench: Bench) -> None:
    outcome = bench.run()
    assert bench.observer.job_ids[-1] == outcome["job_id"]


def test_a_failure_leaves_the_job_free_and_says_that_another_attempt_follows(
    bench: Bench,
) -> None:
    bench.painter.on_paint = _raise(Unavailable("the network is away"))
    with pytest.raises(Unavailable):
        bench.deliver()
    status = bench.status()
    assert status["state"] == "queued"
    assert status["reason"] == "the network is away; another attempt follows"
    assert "monet/clip.mp4" not in bench.store.keys_of("out")
    bench.painter.on_paint = lambda: None
    assert bench.run()["state"] == "succeeded"


def test_the_last_failure_is_final(bench: Bench) -> None:
    bench.painter.on_paint = _raise(Defect("the model is broken"))
    with pytest.raises(Defect):
        bench.run()
    assert (bench.status()["state"], bench.status()["reason"]) == ("failed", "the model is broken")


def test_inner_words_of_an_unexpected_error_are_not_shown(bench: Bench) -> None:
    bench.painter.on_paint = _raise(ZeroDivisionError("secret"))
    with pytest.raises(ZeroDivisionError):
        bench.run()
    assert bench.status()["reason"] == INTERNAL_FAILURE


def test_a_store_that_is_down_is_not_the_users_fault(bench: Bench) -> None:
    bench.store.down = True
    with pytest.raises(Unavailable):
        bench.run()


def test_a_second_worker_keeps_off(bench: Bench) -> None:
    clashes = []

    def meanwhile() -> None:
        bench.painter.on_paint = lambda: None
        with pytest.raises(Busy) as clash:
            bench.run()
        clashes.append(clash)

    bench.painter.on_paint = meanwhile
    assert bench.run()["state"] == "succeeded"
    assert clashes


def test_a_rejection_inside_the_painter_is_the_users(bench: Bench) -> None:
    bench.media.decodable = 0
    assert "not one frame" in bench.run()["reason"]
    assert bench.store.keys_of("out") == {"monet/clip.status.json"}


def _raise(error: BaseException) -> Callable[[], None]:
    def raises() -> None:
        raise error

    return raises


def test_rejected_is_not_raised(bench: Bench) -> None:
    bench.painter.on_paint = _raise(Rejected("no"))
    assert bench.run()["state"] == "rejected"


def _long(bench: Bench, seconds_left: float) -> None:
    bench.media.facts = replace(FACTS, frame_count=300)
    bench.media.decodable = 300
    bench.studio = replace(
        bench.studio, seconds_left=lambda: seconds_left, longest_run_seconds=seconds_left
    )


def test_a_video_that_can_not_be_finished_in_time_is_stopped_early(bench: Bench) -> None:
    _long(bench, seconds_left=PUBLISHING_SECONDS - 1)
    outcome = bench.run()
    assert outcome["state"] == "rejected"
    assert "too long for one function" in outcome["reason"]
    assert bench.painter.frames_painted < 110
    assert bench.store.keys_of("out") == {"monet/clip.status.json"}


def test_a_long_video_that_fits_is_painted(bench: Bench) -> None:
    _long(bench, seconds_left=900.0)
    assert bench.run()["state"] == "succeeded"


def test_a_short_video_is_not_judged(bench: Bench) -> None:
    bench.studio = replace(bench.studio, seconds_left=lambda: PUBLISHING_SECONDS + 1)
    assert bench.run()["state"] == "succeeded"


def test_nothing_is_begun_that_no_worker_could_finish(bench: Bench) -> None:
    _long(bench, seconds_left=PUBLISHING_SECONDS - 1)
    assert bench.run()["state"] == "rejected"
    assert bench.painter.vectors_made == 0


def test_a_worker_that_began_too_late_gives_the_job_to_a_fresh_one(bench: Bench) -> None:
    fresh = bench.studio
    bench.studio = replace(fresh, seconds_left=lambda: PUBLISHING_SECONDS - 1)
    with pytest.raises(Unavailable, match="began too late"):
        bench.deliver()
    assert bench.painter.vectors_made == 0
    bench.studio = fresh
    assert bench.deliver().state is State.SUCCEEDED


def test_a_rejection_is_tried_again_when_it_is_asked_for_again(bench: Bench) -> None:
    bench.store.seed("in", "videos/wave/clip.mp4", b"video")
    assert bench.run("videos/wave/clip.mp4")["state"] == "rejected"
    bench.store.seed("in", "styles/wave.jpg", bytes([7]))
    assert bench.run("videos/wave/clip.mp4")["state"] == "succeeded"


def _raise_of(error: Exception) -> Callable[..., None]:
    def raises(*_: object) -> None:
        raise error

    return raises


def order(bench: Bench, name: str = "night", **fields: Any) -> dict[str, Any]:
    """Upload a job file and do what it asks for."""
    body = json.dumps({"video": KEY, **fields}).encode()
    version = bench.store.seed("in", f"jobs/{name}.json", body)
    return bench.run(f"jobs/{name}.json", version_id=version)


def test_a_job_file_is_painted_under_its_own_name(bench: Bench) -> None:
    outcome = order(bench, style="monet", working_size=64)
    assert outcome["state"] == "succeeded"
    assert bench.store.keys_of("out") == {
        f"jobs/night.{ending}" for ending in ("mp4", "jpg", "report.json", "status.json")
    }
    assert bench.status("jobs/night")["video"] == "jobs/night.mp4"
    report = bench.store.json("out", "jobs/night.report.json")
    assert report["source"]["key"] == KEY


def test_two_job_files_for_one_video_leave_two_videos(bench: Bench) -> None:
    bench.store.seed("in", "styles/wave.png", bytes([50]))
    for name, style in (("a", "monet"), ("b", "wave"), ("c", "wave")):
        assert order(bench, name, style=style)["state"] == "succeeded"
    assert {f"jobs/{name}.mp4" for name in "abc"} < bench.store.keys_of("out")
    assert bench.painter.frames_painted == 3 * PAINTED


def test_a_job_file_delivered_twice_is_painted_once_and_uploaded_twice_twice(bench: Bench) -> None:
    first = order(bench, style="monet")
    assert bench.run("jobs/night.json") == first
    assert bench.painter.frames_painted == PAINTED
    bench.store.seed("in", "styles/monet.jpg", bytes([7]))
    assert order(bench, style="monet")["job_id"] != first["job_id"]
    assert bench.painter.frames_painted == 2 * PAINTED


def test_a_job_file_leaves_the_style_to_the_videos_folder(bench: Bench) -> None:
    assert order(bench)["state"] == "succeeded"
    report = bench.store.json("out", "jobs/night.report.json")
    assert report["timeline"] == [
        {"at": 0.0, "fade": 0.0, "style": "monet", "strength": 1.0, "mix": 1.0}
    ]
    assert report["treatment"] == {"keep_colors": False, "style_scale": 1.0, "mask": None}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"colour": "red"}, "the field 'colour' is unknown"),
        ({"video": "styles/monet.jpg"}, "the field 'video' is wrong"),
        ({"video": "videos/later.mp4"}, "there is no video videos/later.mp4.*the job file again"),
        ({"style": "nobody"}, "no picture of the style 'nobody'"),
        ({"style": "monet", "budget_usd": 1e-6}, "more than its budget of 0.0000"),
    ],
)
def test_a_bad_job_file_is_rejected_beside_its_own_name(
    bench: Bench, fields: dict[str, Any], reason: str
) -> None:
    outcome = order(bench, **fields)
    assert outcome["state"] == "rejected"
    assert re.search(reason, outcome["reason"])
    assert bench.store.keys_of("out") == {"jobs/night.status.json"}
    assert bench.status("jobs/night")["reason"] == outcome["reason"]
    assert bench.painter.frames_painted == 0


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        ("jobs/night.json", b"", "is not JSON"),
        ("jobs/night.json", b"x" * 65_537, "has 65537 bytes; at most 65536"),
        ("jobs/notes.txt", b"{}", "a job file is named jobs/NAME.json"),
    ],
)
def test_what_is_no_job_file_is_rejected(bench: Bench, key: str, body: bytes, reason: str) -> None:
    bench.store.seed("in", key, body)
    assert reason in bench.run(key)["reason"]
    assert bench.store.keys_of("out") == {f"{key.removesuffix('.json')}.status.json"}


def test_a_job_file_that_is_gone_is_rejected(bench: Bench) -> None:
    assert "there is no job file" in bench.run("jobs/gone.json", etag="e")["reason"]


def test_the_report_has_the_estimate_beside_what_it_took(bench: Bench) -> None:
    bench.run()
    report = bench.store.json("out", "monet/clip.report.json")
    assert report["estimate"]["seconds"] == pytest.approx(0.1, abs=1e-3)
    assert report["estimate"]["frames_painted"] == report["frames_painted"] == 2
    assert report["estimate"]["cost_usd"] > 0
    assert report["seconds"]["total"] > 0


def test_what_a_job_took_is_counted_and_nothing_stays_reserved(bench: Bench) -> None:
    bench.run()
    assert bench.spend.reserved_usd == {}
    assert 0 < bench.spend.settled_usd < 0.01


def test_a_month_that_is_used_up_rejects_before_anything_is_painted(bench: Bench) -> None:
    bench.spend.cap_usd = 1e-6
    outcome = bench.run()
    assert (outcome["state"], bench.painter.vectors_made) == ("rejected", 0)
    assert "would cost about" in outcome["reason"]
    assert bench.store.keys_of("out") == {"monet/clip.status.json"}
    bench.spend.cap_usd = 1.0
    assert bench.run()["state"] == "succeeded"


@pytest.mark.parametrize("error", [Unavailable("away"), Defect("broken"), ZeroDivisionError()])
def test_an_attempt_that_fails_is_counted_too(bench: Bench, error: Exception) -> None:
    bench.painter.on_paint = _raise(error)
    with pytest.raises(type(error)):
        bench.run()
    assert bench.spend.reserved_usd == {}
    assert bench.spend.settled_usd > 0


def test_a_killed_worker_leaves_its_reservation_and_the_next_attempt_has_it(bench: Bench) -> None:
    job_id = "dead"

    def dies(reservation: Reservation, usd: float) -> None:
        nonlocal job_id
        job_id = reservation.job_id
        raise KeyboardInterrupt  # passes every `except Exception`, as a kill does

    bench.painter.on_paint = _raise(KeyboardInterrupt())
    settle, bench.spend.settle = bench.spend.settle, dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        bench.run()
    assert set(bench.spend.reserved_usd) == {job_id}
    before = bench.spend.total_usd
    bench.painter.on_paint = lambda: None
    bench.spend.settle = settle  # type: ignore[method-assign]
    bench.spend.cap_usd = before  # nothing is left for another job
    assert bench.run()["state"] == "succeeded"
    assert bench.spend.reserved_usd == {}


def test_a_counter_that_fails_at_the_end_does_not_fail_the_job(bench: Bench) -> None:
    def down() -> None:
        bench.spend.down = True

    bench.painter.on_paint = down
    assert bench.run()["state"] == "succeeded"
    assert len(bench.spend.reserved_usd) == 1


def test_a_counter_that_fails_at_the_beginning_is_an_outage(bench: Bench) -> None:
    bench.spend.down = True
    with pytest.raises(Unavailable):
        bench.run()
    assert bench.painter.frames_painted == 0


def test_a_video_that_can_not_fit_is_rejected_before_anything_is_painted(bench: Bench) -> None:
    bench.media.facts = replace(FACTS, width=3840, height=2160, frame_count=200_000)
    outcome = bench.run()
    assert "too long for one function: painting it takes about" in outcome["reason"]
    assert bench.painter.vectors_made == 0


def test_a_video_for_which_a_fresh_worker_has_the_time_is_left_to_it(bench: Bench) -> None:
    bench.media.facts = replace(FACTS, width=3840, height=2160, frame_count=2_000)
    late = PUBLISHING_SECONDS + 1
    bench.studio = replace(bench.studio, seconds_left=lambda: late, longest_run_seconds=900.0)
    with pytest.raises(Unavailable, match="began too late"):
        bench.deliver()
    bench.studio = replace(bench.studio, longest_run_seconds=late)
    assert bench.deliver().state is State.REJECTED
    assert bench.painter.vectors_made == 0


def test_a_budget_needs_a_bill(bench: Bench) -> None:
    bench.studio = replace(bench.studio, accounts=accounts(memory_mb=0))
    assert "a budget can't be kept" in order(bench, budget_usd=1.0)["reason"]


def test_a_model_that_was_not_measured_is_a_fault_where_money_is_spent(bench: Bench) -> None:
    bench.painter.description = {**FakePainter.description, "model": "unknown"}
    with pytest.raises(Defect, match="artreel bench --calibrate"):
        bench.run()
    bench.studio = replace(bench.studio, accounts=accounts(memory_mb=0))
    assert bench.run()["state"] == "succeeded"
    assert bench.store.json("out", "monet/clip.report.json")["estimate"] is None


def test_a_video_is_looked_at_only_where_an_estimate_can_be_made(bench: Bench) -> None:
    bench.studio = replace(bench.studio, accounts=accounts(memory_mb=0))
    bench.run()
    times_read = bench.media.times_read
    bench.painter.description = {**FakePainter.description, "model": "unknown"}
    bench.store.seed("in", KEY, b"another video")
    bench.run()
    assert bench.media.times_read == times_read + 1 == 3


class TestOnce:
    def test_what_ended_is_not_done_again_for_a_late_message(self, bench: Bench) -> None:
        bench.media.decodable = 0
        first = bench.deliver()
        bench.media.decodable = FACTS.frame_count
        assert first.state is State.REJECTED
        assert bench.deliver("m2") == first
        assert bench.events() == ["rejected"]

    def test_a_duplicate_learns_who_carries_the_job(self, bench: Bench) -> None:
        clashes: list[str] = []

        def meanwhile() -> None:
            bench.painter.on_paint = lambda: None
            with pytest.raises(Busy) as busy:
                bench.deliver("m2")
            clashes.append(busy.value.carrier)

        bench.painter.on_paint = meanwhile
        bench.deliver("m1")
        assert clashes == ["m1"]
        assert bench.painter.frames_painted == PAINTED

    def test_a_killed_workers_job_is_done_by_the_next(self, bench: Bench) -> None:
        bench.painter.on_paint = _raise(KeyboardInterrupt())
        bench.ledger.release = lambda *_: None  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            bench.deliver()
        bench.painter.on_paint = lambda: None
        with pytest.raises(Busy):
            bench.deliver()
        bench.ledger.now = lambda: 1e12
        assert bench.deliver().state is State.SUCCEEDED

    def test_a_worker_that_lost_its_claim_publishes_nothing(self, bench: Bench) -> None:
        def taken_over() -> None:
            bench.painter.on_paint = lambda: None
            (held,) = bench.ledger.held.values()
            held.until = 1.0
            bench.ledger.claim(held.claim.job_id, held.claim.result, held.upload, "m2")

        bench.painter.on_paint = taken_over
        with pytest.raises(ClaimLost):
            bench.deliver(last=True)
        assert bench.store.keys_of("out") <= {"monet/clip.status.json"}
        assert bench.events() == []

    def test_what_was_published_before_a_crash_is_kept_and_finished(self, bench: Bench) -> None:
        bench.announcer.announce = _raise_of(Unavailable("the bus is away"))  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            bench.deliver()
        video = bench.store.objects["out", "monet/clip.mp4"]
        assert bench.status()["state"] == "succeeded"
        del bench.announcer.announce
        outcome = bench.deliver()
        assert outcome.state is State.SUCCEEDED
        assert bench.events() == ["succeeded"]
        assert bench.painter.frames_painted == PAINTED
        assert bench.store.objects["out", "monet/clip.mp4"] == video
        assert (bench.status()["state"], bench.status()["frames_done"]) == ("succeeded", 5)

    @pytest.mark.parametrize("key", ["monet/clip.jpg", "monet/clip.report.json", "monet/clip.mp4"])
    def test_a_crash_while_publishing_is_mended_by_the_next(self, bench: Bench, key: str) -> None:
        put, upload = bench.store.put_json, bench.store.upload

        def breaks(real: Callable[..., Any]) -> Callable[..., Any]:
            def broken(*arguments: Any, **also: Any) -> Any:
                if key in arguments:
                    raise Unavailable("the store is away")
                return real(*arguments, **also)

            return broken

        bench.store.put_json = breaks(put)  # type: ignore[method-assign]
        bench.store.upload = breaks(upload)  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            bench.deliver()
        assert "monet/clip.mp4" not in bench.store.keys_of("out")
        bench.store.put_json, bench.store.upload = put, upload  # type: ignore[method-assign]
        assert bench.deliver().state is State.SUCCEEDED
        assert bench.store.keys_of("out") == RESULTS

    def test_an_upload_whose_answer_got_lost_is_not_repeated(self, bench: Bench) -> None:
        upload = bench.store.upload

        def answer_gets_lost(*arguments: Any, **also: Any) -> None:
            upload(*arguments, **also)
            bench.store.upload = upload  # type: ignore[method-assign]
            raise Unavailable("the answer got lost")

        def on_video(*arguments: Any, **also: Any) -> None:
            (answer_gets_lost if "monet/clip.mp4" in arguments else upload)(*arguments, **also)

        bench.store.upload = on_video  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            bench.deliver()
        bench.deliver()
        assert len(bench.store.objects["out", "monet/clip.mp4"]) == 1
        mark = bench.store.objects["out", "monet/clip.mp4"][0].metadata
        assert mark[JOB_METADATA] == bench.announcer.ended[0].outcome.job_id

    def test_an_upload_that_is_refused_because_of_itself_is_there(self, bench: Bench) -> None:
        upload = bench.store.upload

        def repeats(*arguments: Any, **also: Any) -> None:
            upload(*arguments, **also)
            upload(*arguments, **also)

        bench.store.upload = repeats  # type: ignore[method-assign]
        assert bench.deliver().state is State.SUCCEEDED
        assert len(bench.store.objects["out", "monet/clip.mp4"]) == 1

    @pytest.mark.parametrize("last", [True, False])
    def test_a_rejection_that_was_written_is_not_changed_by_those_who_come_after(
        self, bench: Bench, last: bool
    ) -> None:
        bench.media.decodable = 0
        bench.announcer.announce = _raise_of(Unavailable("the bus is away"))  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            bench.deliver()
        del bench.announcer.announce
        bench.media.decodable = FACTS.frame_count
        outcome = bench.give_up() if last else bench.deliver()
        assert outcome is not None
        assert outcome.state is State.REJECTED
        assert bench.status()["reason"] == outcome.reason
        assert bench.events() == ["rejected"]


@contextmanager
def _workspace() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


class TestNewestWins:
    def test_an_older_upload_that_comes_late_is_not_painted(self, bench: Bench) -> None:
        old = bench.store.objects["in", KEY][0].version_id
        bench.store.seed("in", KEY, b"newer video")
        newer = bench.deliver()
        outcome = bench.deliver("m2", version_id=old)
        assert outcome.state is State.REJECTED
        assert "a newer upload" in str(outcome.reason)
        assert bench.painter.frames_painted == PAINTED
        assert bench.status()["job_id"] == newer.job_id
        assert bench.events() == ["succeeded", "rejected"]

    def test_an_upload_that_is_replaced_while_it_is_painted_is_not_published(
        self, bench: Bench
    ) -> None:
        def replaced() -> None:
            bench.painter.on_paint = lambda: None
            bench.store.seed("in", KEY, b"newer video")

        bench.painter.on_paint = replaced
        older = bench.deliver()
        assert older.state is State.REJECTED
        assert "monet/clip.mp4" not in bench.store.keys_of("out")
        newer = bench.deliver("m2")
        assert newer.state is State.SUCCEEDED
        assert newer.job_id != older.job_id

    def test_the_newer_upload_takes_over_at_once(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The real one keeps one folder a process; here one process plays two workers.
        monkeypatch.setattr("handler.pipeline.run_job.workspace", _workspace)
        newer: list[Outcome] = []

        def replaced() -> None:
            bench.painter.on_paint = lambda: None
            bench.store.seed("in", KEY, b"newer video")
            bench.studio = replace(bench.studio, media=FakeMedia())
            newer.append(bench.deliver("m2"))

        bench.painter.on_paint = replaced
        older = bench.deliver("m1")
        assert [newer[0].state, older.state] == [State.SUCCEEDED, State.REJECTED]
        assert bench.status()["job_id"] == newer[0].job_id
        (video,) = bench.store.objects["out", "monet/clip.mp4"]
        assert video.metadata[JOB_METADATA] == newer[0].job_id

    def test_an_event_without_a_version_is_known_by_its_etag(self, bench: Bench) -> None:
        old = bench.store.objects["in", KEY][0].etag
        bench.store.seed("in", KEY, b"newer video")
        assert bench.deliver(etag=old).state is State.REJECTED
        new = bench.store.objects["in", KEY][1].etag
        assert bench.deliver(etag=new).state is State.SUCCEEDED

    def test_deleting_the_upload_does_not_stop_its_painting(self, bench: Bench) -> None:
        version = bench.store.objects["in", KEY][0].version_id
        facts = bench.store.facts

        def deleted(bucket: str, key: str, version_id: str | None = None) -> Any:
            return None if (key, version_id) == (KEY, None) else facts(bucket, key, version_id)

        bench.store.facts = deleted  # type: ignore[method-assign]
        assert bench.deliver(version_id=version).state is State.SUCCEEDED


class TestStatus:
    def test_it_says_that_the_job_runs_and_how_it_ended(self, bench: Bench) -> None:
        seen = bench.watch_statuses()
        bench.run()
        assert [status["state"] for status in seen] in (["running", "succeeded"], ["succeeded"])
        assert seen[-1]["cost_usd"] >= 0

    def test_a_running_job_is_written_without_being_asked(self, bench: Bench) -> None:
        bench.studio = replace(bench.studio, status_interval_seconds=0.001)
        seen = bench.watch_statuses()
        written = threading.Event()

        def wait_for_a_status() -> None:
            while not any(status["frames_done"] == 0 for status in seen):
                written.wait(0.001)

        bench.painter.on_paint = wait_for_a_status
        bench.run()
        assert seen[0]["state"] == "running"
        assert seen[-1]["state"] == "succeeded"

    def test_a_store_that_hangs_on_it_holds_nothing_up(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handler.pipeline.report.PATIENCE_SECONDS", 0.0)
        put, freed = bench.store.put_json, threading.Event()
        late: list[BaseException] = []

        def hangs(bucket: str, key: str, content: Any, *, replaces: str | None) -> str:
            if content.get("state") == "running":
                freed.wait()
            try:
                return put(bucket, key, content, replaces=replaces)
            except Unavailable as error:
                late.append(error)
                raise

        bench.store.put_json = hangs  # type: ignore[method-assign]
        assert bench.run()["state"] == "succeeded"
        freed.set()
        for thread in threading.enumerate():
            if thread.name == "status":
                thread.join()
        assert bench.status()["state"] == "succeeded"

    def test_what_was_lost_is_said_also_by_the_attempt_that_only_finishes(
        self, bench: Bench
    ) -> None:
        bench.media.decodable = 3
        bench.announcer.announce = _raise_of(Unavailable("the bus is away"))  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            bench.deliver()
        lost = bench.status()["lost"]
        assert lost == "2 of 5 frames of the source could not be read"
        del bench.store.objects["out", "monet/clip.status.json"]
        with pytest.raises(Unavailable):
            bench.deliver()
        assert bench.status()["lost"] == lost
        del bench.announcer.announce
        assert bench.deliver().state is State.SUCCEEDED
        assert (bench.status()["lost"], bench.painter.frames_painted) == (lost, PAINTED - 1)

    def test_an_end_that_can_not_be_written_is_said_by_the_next_attempt(self, bench: Bench) -> None:
        put = bench.store.put_json

        def refuses_the_end(bucket: str, key: str, content: Any, **also: Any) -> str:
            if content.get("state") == "succeeded":
                raise Unavailable("slow down")
            return put(bucket, key, content, **also)

        bench.store.put_json = refuses_the_end  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            bench.deliver()
        assert bench.events() == []
        bench.store.put_json = put  # type: ignore[method-assign]
        assert bench.deliver().state is State.SUCCEEDED
        assert bench.status()["state"] == "succeeded"
        assert bench.painter.frames_painted == PAINTED


class TestGivingUp:
    def test_a_job_whose_workers_were_killed_has_failed(self, bench: Bench) -> None:
        bench.painter.on_paint = _raise(KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            bench.deliver()
        outcome = bench.give_up()
        assert outcome is not None
        assert (outcome.state, outcome.reason) == (State.FAILED, GAVE_UP)
        assert (bench.status()["state"], bench.status()["reason"]) == ("failed", GAVE_UP)
        assert bench.events() == ["failed"]
        assert bench.give_up() == outcome
        assert bench.events() == ["failed"]

    def test_the_last_known_reason_is_given(self, bench: Bench) -> None:
        bench.painter.on_paint = _raise(Unavailable("the network is away"))
        with pytest.raises(Unavailable):
            bench.deliver()
        outcome = bench.give_up()
        assert outcome is not None
        assert outcome.reason == "the network is away"

    def test_a_job_that_was_never_begun_has_failed_too(self, bench: Bench) -> None:
        outcome = bench.give_up()
        assert outcome is not None
        assert bench.status()["state"] == "failed"

    def test_a_job_that_ended_stays_as_it_is(self, bench: Bench) -> None:
        done = bench.deliver()
        assert bench.give_up() == done
        assert bench.events() == ["succeeded"]

    def test_a_job_that_another_message_carries_is_left_to_it(self, bench: Bench) -> None:
        bench.painter.on_paint = _raise(Unavailable("the network is away"))
        with pytest.raises(Unavailable):
            bench.deliver("m1")
        assert bench.give_up("m2") is None
        assert bench.status()["state"] == "queued"

    def test_a_job_that_is_being_painted_is_waited_for(self, bench: Bench) -> None:
        waited = []

        def meanwhile() -> None:
            bench.painter.on_paint = lambda: None
            with pytest.raises(Busy):
                bench.give_up("m1")
            waited.append(True)

        bench.painter.on_paint = meanwhile
        bench.deliver("m1")
        assert waited
        assert bench.events() == ["succeeded"]

    def test_a_published_video_is_no_failure(self, bench: Bench) -> None:
        bench.announcer.announce = _raise_of(Unavailable("the bus is away"))  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            bench.deliver()
        del bench.announcer.announce
        outcome = bench.give_up()
        assert outcome is not None
        assert outcome.state is State.SUCCEEDED

    def test_a_redriven_job_is_tried_again_and_may_fail_again(self, bench: Bench) -> None:
        bench.give_up()
        bench.painter.on_paint = _raise(KeyboardInterrupt())
        redriven = Delivery("m9", last_attempt=False, asks_anew=True)
        with pytest.raises(KeyboardInterrupt):
            run_job(JobRequest("in", KEY), bench.studio, redriven)
        bench.give_up("m9")
        assert bench.events() == ["failed", "failed"]
        assert bench.status()["state"] == "failed"
        bench.painter.on_paint = lambda: None
        assert run_job(JobRequest("in", KEY), bench.studio, redriven).state is State.SUCCEEDED


class TestJobFiles:
    """What is claimed, told and looked at again is the job file, not the video that it names."""

    KEY = "jobs/night.json"

    @pytest.fixture
    def version(self, bench: Bench) -> str:
        return bench.store.seed("in", self.KEY, json.dumps({"video": KEY}).encode())

    def test_a_job_that_was_given_up_fails_beside_its_own_name(
        self, bench: Bench, version: str
    ) -> None:
        request = JobRequest("in", self.KEY, version)
        outcome = give_up(request, bench.studio, Delivery("m1", asks_anew=False))
        assert outcome is not None
        assert outcome.state is State.FAILED
        assert bench.store.keys_of("out") == {"jobs/night.status.json"}
        assert bench.status("jobs/night")["state"] == "failed"
        (ended,) = bench.announcer.ended
        assert (ended.upload.key, ended.upload.version) == (self.KEY, version)
        assert ended.results.status == "jobs/night.status.json"

    def test_a_job_file_that_was_replaced_is_not_painted(self, bench: Bench, version: str) -> None:
        bench.store.seed("in", self.KEY, json.dumps({"video": KEY, "working_size": 64}).encode())
        request = JobRequest("in", self.KEY, version)
        outcome = run_job(request, bench.studio, Delivery("m1", asks_anew=False))
        assert outcome.state is State.REJECTED
        assert outcome.reason == f"a newer upload of {self.KEY} replaced this one"
        assert bench.store.keys_of("out") == set()
        assert bench.painter.frames_painted == 0

    def test_a_video_that_is_uploaded_anew_does_not_stop_the_job_that_names_it(
        self, bench: Bench, version: str
    ) -> None:
        def replaced() -> None:
            bench.painter.on_paint = lambda: None
            bench.store.seed("in", KEY, b"newer video")

        bench.painter.on_paint = replaced
        request = JobRequest("in", self.KEY, version)
        outcome = run_job(request, bench.studio, Delivery("m1", asks_anew=False))
        assert outcome.state is State.SUCCEEDED
        assert bench.status("jobs/night")["video"] == "jobs/night.mp4"

    def test_a_key_that_is_none_is_refused_without_looking_it_up(self, bench: Bench) -> None:
        bench.store.seed("in", "jobs/notes.txt", b"{}")
        outcome = bench.run("jobs/notes.txt", etag="e")
        assert "a job file is named" in str(outcome["reason"])
        assert bench.status("jobs/notes.txt")["state"] == "rejected"


class TestCancelling:
    """A tag on the version that is asked for; it wins until the painted video is published."""

    def cancel(self, bench: Bench, key: str = KEY) -> None:
        bench.store.cancel(SourceObject("in", key, ""))

    def test_a_job_that_has_not_begun_is_not_begun(self, bench: Bench) -> None:
        self.cancel(bench)
        outcome = bench.deliver()
        assert (outcome.state, outcome.reason) == (State.CANCELLED, CANCELLED)
        assert bench.store.keys_of("out") == {"monet/clip.status.json"}
        assert (bench.status()["state"], bench.status()["reason"]) == ("cancelled", CANCELLED)
        assert bench.painter.vectors_made == 0
        assert bench.spend.total_usd == 0
        assert (bench.events(), bench.observer.states) == (["cancelled"], ["cancelled"])

    def test_however_often_it_comes_it_ends_once(self, bench: Bench) -> None:
        self.cancel(bench)
        first = bench.deliver()
        self.cancel(bench)
        assert bench.deliver("m2") == bench.give_up() == first
        assert bench.events() == ["cancelled"]

    def test_a_worker_sees_it_while_it_paints(self, bench: Bench) -> None:
        bench.studio = replace(bench.studio, lease_seconds=0.003)
        bench.ledger.lease_seconds = 60.0
        real, seen = bench.store.tags, threading.Event()

        def looked_at(source: SourceObject) -> Any:
            tags = real(source)
            if tags and threading.current_thread().name == "claim":
                seen.set()
            return tags

        def cancelled() -> None:
            bench.painter.on_paint = lambda: None
            self.cancel(bench)
            assert seen.wait(10)

        bench.store.tags = looked_at  # type: ignore[method-assign]
        bench.painter.on_paint = cancelled
        assert bench.deliver().state is State.CANCELLED
        assert "monet/clip.mp4" not in bench.store.keys_of("out")
        assert bench.spend.settled_usd > 0
        assert bench.spend.reserved_usd == {}

    @pytest.mark.parametrize(
        ("at", "end"),
        [
            ("monet/clip.jpg", State.CANCELLED),
            ("monet/clip.report.json", State.CANCELLED),
            ("monet/clip.mp4", State.SUCCEEDED),
        ],
    )
    def test_it_wins_until_the_video_is_put(self, bench: Bench, at: str, end: State) -> None:
        """The mark comes when the worker has looked for the last time before it puts ``at``."""
        put, upload = bench.store.put_json, bench.store.upload

        def cancelling(real: Callable[..., Any]) -> Callable[..., Any]:
            def cancels(*arguments: Any, **also: Any) -> Any:
                if at in arguments:
                    self.cancel(bench)
                return real(*arguments, **also)

            return cancels

        bench.store.put_json = cancelling(put)  # type: ignore[method-assign]
        bench.store.upload = cancelling(upload)  # type: ignore[method-assign]
        assert bench.deliver().state is end
        is_published = "monet/clip.mp4" in bench.store.keys_of("out")
        assert is_published is (end is State.SUCCEEDED)
        assert (bench.status()["state"], bench.events()) == (end, [end])
        assert bench.deliver("late").state is end

    def test_a_video_that_was_published_before_a_crash_wins(self, bench: Bench) -> None:
        bench.announcer.announce = _raise_of(Unavailable("the bus is away"))  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            bench.deliver()
        del bench.store.objects["out", "monet/clip.status.json"]
        del bench.announcer.announce
        self.cancel(bench)
        assert bench.deliver().state is State.SUCCEEDED
        assert bench.events() == ["succeeded"]

    def test_a_killed_workers_job_ends_as_cancelled_with_the_next(self, bench: Bench) -> None:
        bench.painter.on_paint = _raise(KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            bench.deliver()
        self.cancel(bench)
        assert bench.deliver().state is State.CANCELLED

    def test_it_did_not_fail_when_nobody_tries_it_again(self, bench: Bench) -> None:
        bench.painter.on_paint = _raise(Unavailable("the network is away"))
        with pytest.raises(Unavailable):
            bench.deliver()
        self.cancel(bench)
        outcome = bench.give_up()
        assert outcome is not None
        assert outcome.state is State.CANCELLED
        assert bench.status()["state"] == "cancelled"

    def test_a_last_attempt_that_failed_before_it_was_seen_has_failed(self, bench: Bench) -> None:
        def cancelled() -> None:
            self.cancel(bench)
            raise Defect("the model is broken")

        bench.painter.on_paint = cancelled
        with pytest.raises(Defect):
            bench.deliver(last=True)
        assert bench.status()["state"] == "failed"

    def test_an_end_before_it_stays(self, bench: Bench) -> None:
        done = bench.deliver()
        self.cancel(bench)
        assert bench.deliver("m2") == done
        assert bench.status()["state"] == "succeeded"

    def test_who_asks_anew_has_to_upload_anew(self, bench: Bench) -> None:
        self.cancel(bench)
        assert bench.run()["state"] == bench.run()["state"] == "cancelled"
        bench.store.seed("in", KEY, b"video")
        assert bench.run()["state"] == "succeeded"

    def test_one_job_of_a_video_and_not_the_others(self, bench: Bench) -> None:
        bench.store.seed("in", "jobs/night.json", json.dumps({"video": KEY}).encode())
        self.cancel(bench, "jobs/night.json")
        assert bench.run("jobs/night.json")["state"] == "cancelled"
        assert bench.run()["state"] == "succeeded"

    def test_tags_that_can_not_be_read_are_an_outage(self, bench: Bench) -> None:
        bench.store.tags = _raise_of(Unavailable("slow down"))  # type: ignore[assignment]
        with pytest.raises(Unavailable):
            bench.deliver()
        assert bench.status()["state"] == "queued"
        assert bench.painter.frames_painted == 0


class TestSources:
    """Videos that are uploaded for a job file to name."""

    @pytest.fixture
    def version(self, bench: Bench) -> str:
        return bench.store.seed("in", KEY, b"video", SOURCE_METADATA)

    def test_their_upload_asks_for_nothing(self, bench: Bench, version: str) -> None:
        outcome = bench.deliver(version_id=version)
        assert (outcome.state, outcome.reason) == (State.QUEUED, NOT_BY_ITSELF)
        assert bench.give_up(version_id=version) == outcome
        assert bench.store.keys_of("out") == set()
        assert (bench.events(), bench.observer.states) == ([], [])

    def test_nor_where_the_event_knows_the_etag_alone(self, bench: Bench) -> None:
        bench.store.seed("in", KEY, b"video", SOURCE_METADATA)
        etag = bench.store.objects["in", KEY][-1].etag
        assert bench.deliver(etag=etag).state is State.QUEUED

    def test_a_job_file_paints_them(self, bench: Bench, version: str) -> None:
        assert order(bench)["state"] == "succeeded"
        assert bench.status("jobs/night")["upload"] == "jobs/night.json"

    def test_and_so_does_who_asks_directly(self, bench: Bench, version: str) -> None:
        assert bench.run()["state"] == "succeeded"


def test_a_status_tells_which_version_of_which_upload_it_answers(bench: Bench) -> None:
    bench.run()
    version = bench.store.objects["in", KEY][-1].version_id
    assert (bench.status()["upload"], bench.status()["version"]) == (KEY, version)


def test_a_job_file_asks_for_fades_mixes_and_a_mask(bench: Bench) -> None:
    bench.store.seed("in", "styles/wave.png", bytes([50]))
    bench.store.seed("in", "masks/subject.png", bytes([255]))
    bench.media.facts = replace(FACTS, width=8, height=8)
    outcome = order(
        bench,
        timeline=[
            {"at": 0, "style": None},
            {"at": 0.04, "style": {"monet": 3, "wave": 1}, "strength": 0.5, "fade": 0.08},
        ],
        mask="masks/subject.png",
        outside_style="wave",
    )
    assert outcome["state"] == "succeeded"
    report = bench.store.json("out", "jobs/night.report.json")
    assert report["timeline"][1] == {
        "at": 0.04,
        "fade": 0.08,
        "style": {"monet": 0.75, "wave": 0.25},
        "strength": 0.5,
        "mix": 1.0,
    }
    assert report["treatment"]["mask"]["name"] == "masks/subject.png"
    assert report["treatment"]["mask"]["outside"]["style"] == "wave"
    assert report["frames_painted"] == report["estimate"]["frames_painted"] == 2 + 2


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"mask": "masks/none.png"}, "'mask' is wrong: there is no masks/none.png"),
        ({"mask": "masks/small.png"}, "'mask' is wrong: the mask is 8x8, the video 32x24"),
        ({"mask": "masks/huge.png"}, "'mask' is wrong: masks/huge.png has 101 bytes"),
        ({"mask": "masks/small.png", "outside_style": "nobody"}, "no picture of the style"),
        ({"style": {"monet": 1, "nobody": 1}}, "there is no picture of the style 'nobody'"),
    ],
)
def test_what_a_job_file_names_must_be_there(
    bench: Bench, fields: dict[str, Any], reason: str
) -> None:
    bench.store.seed("in", "masks/small.png", bytes([255]))
    bench.store.seed("in", "masks/huge.png", b"x" * 101)
    outcome = order(bench, **{"style": "monet", **fields})
    assert outcome["state"] == "rejected"
    assert reason in outcome["reason"]


def test_the_folders_style_takes_the_jobs_strength(bench: Bench) -> None:
    assert order(bench, strength=0.5, mix=0.25)["state"] == "succeeded"
    (look,) = bench.store.json("out", "jobs/night.report.json")["timeline"]
    assert (look["style"], look["strength"], look["mix"]) == ("monet", 0.5, 0.25)
