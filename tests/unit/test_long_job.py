"""A job that many workers paint, with fakes for all that is outside."""

import json
import shutil
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from handler.aws.events import message_of, requests_in_text
from handler.domain.chunks import Chunk, SeekMap, SeekPoint, chunks_of
from handler.domain.claim import Delivery
from handler.domain.errors import (
    Busy,
    Cancelled,
    ClaimLost,
    Defect,
    IndexTooLarge,
    Rejected,
    Superseded,
    TooLong,
    Unavailable,
)
from handler.domain.job import JobRequest, SourceObject
from handler.domain.plan import PUBLISHING_SECONDS, Worker
from handler.domain.route import Route
from handler.domain.spread import Containers
from handler.domain.status import Outcome, State
from handler.pipeline.accounts import Accounts
from handler.pipeline.long_job import assemble, end_unfinished
from handler.pipeline.order import Work
from handler.pipeline.run_chunk import pieces_of, run_chunk
from handler.pipeline.run_job import run_job
from handler.pipeline.workspace import SPARE_BYTES
from tests.fakes import (
    CALIBRATION,
    FACTS,
    FakeAnnouncer,
    FakeJobLedger,
    FakeLauncher,
    FakeMedia,
    FakeObjectStore,
    FakePainter,
    FakeSpendCounter,
    studio,
)

Disk = namedtuple("Disk", "total used free")

KEY = "videos/monet/clip.mp4"
FRAMES = 130
MANY = replace(FACTS, frame_count=FRAMES)
REQUEST = JobRequest("in", KEY, run_on=Route.STEP_FUNCTIONS)


class Bench:
    """Three chunks: frames 0 to 59, 60 to 119, and the rest."""

    def __init__(self) -> None:
        self.store = FakeObjectStore()
        self.ledger = FakeJobLedger()
        self.launcher = FakeLauncher()
        self.announcer = FakeAnnouncer()
        self.spend = FakeSpendCounter()
        self.media = FakeMedia(MANY)
        self.painter = FakePainter()
        self.studio = studio(
            store=self.store,
            ledger=self.ledger,
            launcher=self.launcher,
            announcer=self.announcer,
            media=self.media,
            painter=lambda: self.painter,
            accounts=Accounts(Worker(1.0, 1769, "x86_64"), CALIBRATION, self.spend),
            work_bucket="work",
            workers=10,
            status_interval_seconds=0.001,
        )
        self.store.seed("in", "styles/monet.jpg", bytes([100]))
        self.store.seed("in", KEY, b"video")
        self.kept: list[SourceObject] = []

    def begin(self, **wishes: Any) -> str:
        outcome = run_job(replace(REQUEST, **wishes), self.studio, Delivery("m1"))
        assert outcome.state is State.RUNNING
        return outcome.job_id

    def chunks(self, job_id: str) -> list[Chunk]:
        listed = json.loads(self.store.body("work", f"{job_id}/chunks.json"))
        return [Chunk(**{**chunk, "seek": None, "bytes": None}) for chunk in listed]

    def paint(self, job_id: str, *indices: int) -> None:
        for chunk in self.chunks(job_id):
            if chunk.index in (indices or range(3)):
                run_chunk(job_id, chunk, self.studio)

    def assemble(self, job_id: str) -> Outcome:
        return assemble(job_id, f"execution/{job_id}", self.studio)

    def end(self, job_id: str) -> Outcome:
        return end_unfinished(
            job_id, f"execution/{job_id}", "States.Any", self.studio, self.kept.append
        )

    def status(self) -> dict[str, Any]:
        return self.store.json("out", "monet/clip.status.json")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_many_workers_leave_what_one_does(bench: Bench) -> None:
    job_id = bench.begin()
    chunks = f"{job_id}/chunks.json"
    assert bench.launcher.started == [(job_id, chunks, 3, 3, Route.STEP_FUNCTIONS)]
    assert bench.status()["state"] == "running"
    bench.paint(job_id)
    assert bench.assemble(job_id).state is State.SUCCEEDED
    assert bench.store.body("out", "monet/clip.mp4") == b"result 130"
    assert bench.store.keys_of("out") == {
        f"monet/clip.{name}" for name in ("mp4", "jpg", "report.json", "status.json")
    }
    status = bench.status()
    assert (status["state"], status["percent"], status["frames"]) == ("succeeded", 100, FRAMES)
    report = bench.store.json("out", "monet/clip.report.json")
    assert (report["chunks"], report["frames"], report["lost"]) == (3, FRAMES, None)
    assert report["cost_usd"] > 0
    assert [ended.outcome.state for ended in bench.announcer.ended] == ["succeeded"]


def test_frames_are_painted_as_in_one_run(bench: Bench) -> None:
    job_id = bench.begin()
    written = []
    for chunk in bench.chunks(job_id):
        run_chunk(job_id, chunk, bench.studio)
        written += [int(frame[0, 0, 0]) for frame in bench.media.written]
    one = Bench()
    run_job(JobRequest("in", KEY), one.studio)
    assert written == [int(frame[0, 0, 0]) for frame in one.media.written]


def test_a_chunk_is_painted_once(bench: Bench) -> None:
    job_id = bench.begin()
    bench.paint(job_id, 1)
    painted = bench.painter.frames_painted
    bench.paint(job_id, 1)
    assert bench.painter.frames_painted == painted


def test_a_chunk_whose_file_is_not_the_one_that_was_written_is_painted_again(bench: Bench) -> None:
    job_id = bench.begin()
    bench.paint(job_id, 1)
    (name,) = (key for key in bench.store.keys_of("work") if key.endswith(".mp4"))
    bench.store.seed("work", name, b"something else")
    painted = bench.painter.frames_painted
    bench.paint(job_id, 1)
    assert bench.painter.frames_painted > painted
    assert bench.store.body("work", name) == b"result 60"


def test_the_status_tells_how_far_the_workers_are(bench: Bench) -> None:
    job_id = bench.begin()
    bench.paint(job_id, 0, 2)
    status = bench.status()
    assert (status["state"], status["frames_done"], status["frames"]) == ("running", 120, FRAMES)


def test_a_message_that_comes_again_finds_the_job_in_other_hands(bench: Bench) -> None:
    job_id = bench.begin()
    with pytest.raises(Busy) as busy:
        run_job(REQUEST, bench.studio, Delivery("m2"))
    assert busy.value.carrier == f"execution/{job_id}"


def test_a_worker_that_dies_before_it_handed_the_job_over_is_followed_by_another(
    bench: Bench,
) -> None:
    hand_over = bench.ledger.hand_over
    bench.ledger.hand_over = _raising(Unavailable("away"))  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        run_job(REQUEST, bench.studio, Delivery("m1", last_attempt=False))
    (started, *_) = bench.launcher.started
    bench.paint(started[0])
    with pytest.raises(ClaimLost):
        bench.assemble(started[0])
    bench.ledger.hand_over = hand_over  # type: ignore[method-assign]
    job_id = bench.begin()
    assert [start[0] for start in bench.launcher.started] == [job_id, job_id]
    bench.paint(job_id)
    assert bench.assemble(job_id).state is State.SUCCEEDED


def test_assembling_twice_is_assembling_once(bench: Bench) -> None:
    job_id = bench.begin()
    bench.paint(job_id)
    assert bench.assemble(job_id) == bench.assemble(job_id)
    assert len(bench.announcer.ended) == 1


def test_an_assembler_that_fails_keeps_the_claim_for_the_next(bench: Bench) -> None:
    job_id = bench.begin()
    bench.paint(job_id)
    join = bench.media.join
    bench.media.join = _raising(Unavailable("away"))  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        bench.assemble(job_id)
    bench.media.join = join  # type: ignore[method-assign]
    assert bench.assemble(job_id).state is State.SUCCEEDED


def test_where_the_index_lacks_room_the_chunks_are_joined_again(bench: Bench) -> None:
    job_id = bench.begin()
    bench.paint(job_id)
    join, rooms = bench.media.join, []

    def short_of_ten_bytes(*given: Any) -> int:
        rooms.append(given[-1])
        frames = join(*given)
        if len(rooms) == 1:
            raise IndexTooLarge(10)
        return frames

    bench.media.join = short_of_ten_bytes  # type: ignore[assignment, method-assign]
    assert bench.assemble(job_id).state is State.SUCCEEDED
    assert rooms == [rooms[0], rooms[0] + 10]
    assert bench.store.body("out", "monet/clip.mp4") == b"result 130"


def test_nothing_is_published_of_a_video_that_is_not_what_it_should_be(bench: Bench) -> None:
    job_id = bench.begin()
    bench.paint(job_id)
    join = bench.media.join
    bench.media.join = lambda *given: join(*given) - 1  # type: ignore[method-assign]
    with pytest.raises(Defect, match="the chunks hold 129 frames instead of 130"):
        bench.assemble(job_id)
    assert bench.store.keys_of("out") == {"monet/clip.status.json"}


def test_a_missing_chunk_is_not_joined_over(bench: Bench) -> None:
    job_id = bench.begin()
    bench.paint(job_id, 0, 2)
    with pytest.raises(Defect, match=r"chunk 1 \(frames 60 to 119\) is not painted"):
        bench.assemble(job_id)
    assert "monet/clip.mp4" not in bench.store.keys_of("out")


def test_frames_that_the_source_does_not_have_are_missing_at_its_end_only(bench: Bench) -> None:
    bench.media.decodable = 100
    job_id = bench.begin()
    bench.paint(job_id)
    assert bench.assemble(job_id).state is State.SUCCEEDED
    assert bench.store.body("out", "monet/clip.mp4") == b"result 100"


def test_a_failed_job_names_its_chunk_and_is_kept(bench: Bench) -> None:
    job_id = bench.begin()
    bench.paint(job_id, 0, 2)
    bench.painter.on_paint = _raising(Defect("the engine broke"))
    with pytest.raises(Defect):
        bench.paint(job_id, 1)
    assert bench.end(job_id).state is State.FAILED
    reason = "1 of 3 chunks could not be painted: chunk 1 (frames 60 to 119): the engine broke"
    assert (bench.status()["state"], bench.status()["reason"]) == ("failed", reason)
    assert [upload.key for upload in bench.kept] == [KEY]
    with pytest.raises(ClaimLost):  # the other one who was told
        bench.end(job_id)


def test_a_second_run_paints_only_what_is_missing(bench: Bench) -> None:
    job_id = bench.begin()
    bench.paint(job_id, 0, 2)
    bench.end(job_id)
    (again,) = requests_in_text(message_of(bench.kept[0]), "in")
    assert (again.key, again.version_id) == (KEY, bench.kept[0].version_id)
    assert bench.begin() == job_id
    painted = bench.painter.frames_painted
    bench.paint(job_id)
    assert bench.painter.frames_painted - painted == 6  # of frames 60 to 120 every twelfth
    assert bench.assemble(job_id).state is State.SUCCEEDED


def test_what_nobody_can_paint_is_rejected(bench: Bench) -> None:
    job_id = bench.begin()
    bench.media.decodable = 0
    with pytest.raises(Rejected):
        bench.paint(job_id, 0)
    assert bench.end(job_id).state is State.REJECTED
    assert bench.status()["reason"] == "not one frame of the video can be decoded"
    assert bench.kept == []


def test_a_newer_upload_stops_the_workers_and_their_end_says_nothing(bench: Bench) -> None:
    job_id = bench.begin()
    bench.paint(job_id, 0)
    bench.store.seed("in", KEY, b"newer")
    with pytest.raises(Superseded):
        bench.paint(job_id, 1)
    assert bench.begin() != job_id
    with pytest.raises(ClaimLost):
        bench.end(job_id)
    assert bench.status()["state"] == "running"


def test_a_cancelled_job_is_painted_no_further(bench: Bench) -> None:
    job_id = bench.begin()
    bench.paint(job_id, 0)
    bench.store.cancel(Work(bench.store, "work", job_id).order().upload)
    with pytest.raises(Cancelled):
        bench.paint(job_id, 1)
    assert bench.end(job_id).state is State.CANCELLED
    assert bench.status()["state"] == "cancelled"
    assert bench.kept == []


def test_a_job_that_is_cancelled_at_the_end_is_not_published(bench: Bench) -> None:
    job_id = bench.begin()
    bench.paint(job_id)
    bench.store.cancel(Work(bench.store, "work", job_id).order().upload)
    assert bench.assemble(job_id).state is State.CANCELLED
    assert "monet/clip.mp4" not in bench.store.keys_of("out")


def test_money_is_set_aside_until_the_job_ends(bench: Bench) -> None:
    job_id = bench.begin()
    assert bench.spend.reserved_usd.keys() == {job_id}
    bench.paint(job_id)
    bench.assemble(job_id)
    assert not bench.spend.reserved_usd
    assert bench.spend.settled_usd > 0


def test_a_job_over_its_budget_is_not_begun(bench: Bench) -> None:
    outcome = run_job(replace(REQUEST, budget_usd=1e-9), bench.studio)
    assert outcome.state is State.REJECTED
    assert not bench.launcher.started


def test_a_deadline_that_one_function_misses_is_kept_by_many(bench: Bench) -> None:
    """By this calibration a frame takes a tenth of a second."""
    slow = replace(CALIBRATION, codec_seconds=130.0)
    accounts = replace(bench.studio.accounts, calibration=slow)
    bench.studio = replace(bench.studio, accounts=accounts)
    hurried = replace(REQUEST, run_on=None, deadline_seconds=10.0)
    outcome = run_job(hurried, bench.studio, Delivery("m1"))
    assert outcome.state is State.RUNNING
    [(_, _, _, workers, _)] = bench.launcher.started
    assert workers > 1


CONTAINERS = Containers(Worker(4.0, 8192, "x86_64"), at_once=64, is_spot=True)


def test_a_container_knows_what_it_costs(bench: Bench) -> None:
    accounts = replace(
        bench.studio.accounts, worker=Worker(4.0, 0, "x86_64"), containers=CONTAINERS
    )
    assert accounts.cost_usd(600) is None
    assert replace(accounts, is_container=True).cost_usd(600) == CONTAINERS.usd(600)


def test_a_deadline_that_nobody_keeps_is_refused_before_anything_is_painted(bench: Bench) -> None:
    outcome = run_job(replace(REQUEST, run_on=None, deadline_seconds=0.001), bench.studio)
    assert outcome.state is State.REJECTED
    assert "is the fastest" in str(outcome.reason)
    assert not bench.launcher.started
    assert not bench.painter.frames_painted
    assert not bench.spend.reserved_usd


def test_without_workers_a_job_for_many_is_rejected(bench: Bench) -> None:
    alone = replace(bench.studio, launcher=None)
    outcome = run_job(REQUEST, alone)
    assert outcome.state is State.REJECTED
    assert "leave `run_on` out" in str(outcome.reason)


class TestBatch:
    """A job for AWS Batch's containers."""

    @pytest.fixture
    def bench(self, bench: Bench) -> Bench:
        accounts = replace(bench.studio.accounts, containers=CONTAINERS)
        bench.studio = replace(bench.studio, accounts=accounts, batch_disk_bytes=200 * 10**9)
        return bench

    def test_is_painted_and_put_together_like_any_other(self, bench: Bench) -> None:
        job_id = bench.begin(run_on=Route.BATCH)
        assert bench.launcher.started == [(job_id, f"{job_id}/chunks.json", 3, 3, Route.BATCH)]
        plan = Work(bench.store, "work", job_id).order().plan
        assert (plan.route, plan.worker) == (Route.BATCH, CONTAINERS.worker)
        bench.paint(job_id)
        assert bench.assemble(job_id).state is State.SUCCEEDED

    def test_is_rejected_where_there_is_none(self, bench: Bench) -> None:
        without = replace(bench.studio, batch_disk_bytes=0)
        outcome = run_job(replace(REQUEST, run_on=Route.BATCH), without)
        assert outcome.state is State.REJECTED
        assert "deployed with its parameter BatchSubnets" in str(outcome.reason)
        assert not bench.launcher.started

    def test_can_have_no_mask_or_comparison_either(self, bench: Bench) -> None:
        request = replace(REQUEST, run_on=Route.BATCH, teaser=True)
        outcome = run_job(request, bench.studio)
        assert outcome.state is State.REJECTED
        assert "it can't be painted on `batch`" in str(outcome.reason)

    def test_its_containers_are_paid_for(self, bench: Bench) -> None:
        job_id = bench.begin(run_on=Route.BATCH)
        functions, worker = bench.studio, Worker(4.0, 0, "x86_64")
        accounts = Accounts(worker, CALIBRATION, bench.spend, CONTAINERS, is_container=True)
        bench.studio = replace(functions, accounts=accounts)
        bench.paint(job_id)
        bench.studio = functions
        assert bench.assemble(job_id).state is State.SUCCEEDED
        assert not bench.spend.reserved_usd
        cost = bench.store.json("out", "monet/clip.report.json")["cost_usd"]
        assert cost == pytest.approx(3 * CONTAINERS.usd(0), rel=0.1)  # a minute each


class TestAssembling:
    """What a function's disk can't hold."""

    @pytest.fixture
    def small_disk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(10**9, 0, 10**9))

    @pytest.mark.usefixtures("small_disk")
    def test_is_rejected_before_anything_is_painted(self, bench: Bench) -> None:
        bench.media.facts = replace(MANY, frame_count=180_000, width=1920, height=1080)
        outcome = run_job(REQUEST, replace(bench.studio, workers=100))
        assert outcome.state is State.REJECTED
        assert "too large for this stack's functions" in str(outcome.reason)
        assert "BatchSubnets" in str(outcome.reason)
        assert not bench.launcher.started
        assert not bench.spend.reserved_usd

    def test_is_left_to_batch(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        with_batch = replace(bench.studio, batch_disk_bytes=10**9)
        bench.studio = with_batch
        job_id = bench.begin()
        bench.paint(job_id)
        with monkeypatch.context() as function:
            function.setattr(shutil, "disk_usage", lambda _: Disk(SPARE_BYTES, 0, SPARE_BYTES))
            with pytest.raises(TooLong):
                bench.assemble(job_id)
        assert bench.status()["state"] == "running"
        bench.studio = replace(with_batch, batch_disk_bytes=0)  # as in its container
        assert bench.assemble(job_id).state is State.SUCCEEDED

    def test_has_no_more_chunks_on_its_disk_than_it_counts_on(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handler.pipeline.assembly.AHEAD_BYTES", 0)  # as with large chunks
        join, seen = bench.media.join, []

        def count(parts: Any, video: Path, *given: Any) -> int:
            def counted() -> Any:
                for part in parts:
                    seen.append(len(list(video.parent.glob("chunk-*"))))
                    yield part

            return join(counted(), video, *given)

        bench.media.join = count  # type: ignore[assignment, method-assign]
        job_id = bench.begin()
        bench.paint(job_id)
        assert bench.assemble(job_id).state is State.SUCCEEDED
        assert len(seen) == 3
        assert max(seen) <= 2

    @pytest.mark.usefixtures("small_disk")
    def test_beyond_the_largest_worker_it_is_rejected(self, bench: Bench) -> None:
        bench.media.facts = replace(MANY, frame_count=10_000, width=1920, height=1080)
        outcome = run_job(REQUEST, replace(bench.studio, batch_disk_bytes=10**9))
        assert outcome.state is State.REJECTED
        assert outcome.reason
        assert outcome.reason.startswith("the painted video is too large, putting it together")
        assert not bench.launcher.started


def test_a_chunk_that_takes_long_hears_that_nobody_wants_it_any_more(bench: Bench) -> None:
    bench.studio = replace(bench.studio, lease_seconds=0.0)
    job_id = bench.begin()
    upload = Work(bench.store, "work", job_id).order().upload
    bench.painter.on_paint = lambda *_: bench.store.cancel(upload)
    with pytest.raises(Cancelled):
        bench.paint(job_id, 1)
    assert bench.painter.frames_painted < 6


def test_a_look_that_fails_is_no_harm(bench: Bench) -> None:
    bench.studio = replace(bench.studio, lease_seconds=0.0)
    job_id = bench.begin()
    tags = bench.store.tags

    def once(source: SourceObject) -> Any:
        bench.store.tags = _raising(Unavailable("away"))  # type: ignore[method-assign]
        return tags(source)

    bench.store.tags = once  # type: ignore[method-assign]
    bench.paint(job_id, 1)


@pytest.mark.parametrize(
    ("run_on", "seconds", "is_spread"),
    [(None, 900.0, False), (None, 20.05, True), (Route.LAMBDA, 900.0, False)],
)
def test_what_does_not_fit_into_one_function_is_spread(
    bench: Bench, run_on: Route | None, seconds: float, is_spread: bool
) -> None:
    bench.studio = replace(bench.studio, seconds_left=lambda: seconds, longest_run_seconds=seconds)
    outcome = run_job(replace(REQUEST, run_on=run_on), bench.studio)
    assert outcome.state is (State.RUNNING if is_spread else State.SUCCEEDED)
    assert bool(bench.launcher.started) == is_spread


def test_a_job_that_turns_out_too_slow_is_spread(bench: Bench) -> None:
    """After a hundred frames their speed says that the rest can't be painted in time."""

    def seconds_left() -> float:
        return 900.0 if bench.painter.frames_painted < 8 else PUBLISHING_SECONDS - 5

    bench.studio = replace(bench.studio, seconds_left=seconds_left)
    outcome = run_job(replace(REQUEST, run_on=None), bench.studio, Delivery("m1"))
    assert outcome.state is State.RUNNING
    assert len(bench.launcher.started) == 1


def _raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


class TestPieces:
    """What of a source is fetched for a chunk."""

    def test_a_small_file_is_fetched_whole(self) -> None:
        assert pieces_of(Chunk(0, 0, 60, None, (0, 1_000_000)), 21_000_000, [(0, 24)]) == []

    def test_of_a_large_one_head_index_and_pictures(self) -> None:
        chunk = Chunk(0, 0, 60, None, (500_000_000, 510_000_000))
        pieces = pieces_of(chunk, 10**9, [(0, 48), (999_000_000, 10**9)])
        assert pieces == [(0, 5_000_000), chunk.bytes, (999_000_000, 10**9)]

    def test_an_excerpt_is_index_and_pictures_of_a_small_file_too(self) -> None:
        chunk = Chunk(1, 60, None, None, (2_000, 3_000), zero=Fraction(0))
        assert pieces_of(chunk, 10_000, [(0, 48)]) == [(0, 48), (2_000, 3_000)]

    def test_pieces_do_not_overlap(self) -> None:
        chunk = Chunk(0, 0, 60, None, (5_500_000, 8_000_000))
        assert pieces_of(chunk, 10**9, [(0, 48), (4_000_000, 6_000_000)]) == [(0, 8_000_000)]

    def test_a_file_that_is_decoded_from_its_start_is_fetched_whole(self) -> None:
        assert pieces_of(Chunk(1, 60, 120), 10**9, []) == []


def test_chunks_are_decoded_from_the_point_before_them_and_no_further() -> None:
    facts = replace(FACTS, frame_count=1000, size_bytes=10_000)
    points = tuple(
        SeekPoint(Fraction(frame, 25), frame, frame * 10 + 7) for frame in range(0, 1000, 100)
    )
    ends = tuple((frame, frame * 10 + 9) for frame in range(0, 1000, 10))
    first, second, third, *_, last = chunks_of(facts, 120, SeekMap(points, ends, (), None))
    assert (first.seek, first.bytes) == (None, (0, 1609))
    assert second.seek
    assert (second.seek.frame, second.bytes) == (100, (1007, 2809))
    assert third.seek
    assert (third.seek.frame, third.bytes) == (200, (2007, 4009))
    assert last.seek
    assert (last.seek.frame, last.end, last.bytes) == (900, None, (9007, 10_000))


def test_an_excerpt_ends_with_what_is_looked_at() -> None:
    ends = tuple((frame, frame * 10 + 9) for frame in range(1000))
    seek_map = SeekMap((SeekPoint(Fraction(0), 0, 0),), ends, (), Fraction(0))
    facts = replace(FACTS, frame_count=1000, size_bytes=10_000)
    first = next(iter(chunks_of(facts, 120, seek_map)))
    assert first.bytes == (0, 1209)
    uneven = next(iter(chunks_of(replace(facts, constant_rate=False), 120, seek_map)))
    assert uneven.bytes == (0, 1219)


@pytest.mark.parametrize(("interlaced", "from_frame"), [(True, 0), (False, 60)])
def test_fields_are_taken_apart_with_the_frame_before(interlaced: bool, from_frame: int) -> None:
    points = tuple(SeekPoint(Fraction(frame, 25), frame, frame) for frame in (0, 60))
    facts = replace(FACTS, frame_count=100, interlaced=interlaced)
    second = list(chunks_of(facts, 60, SeekMap(points, (), (), None)))[1]
    assert second.seek
    assert second.seek.frame == from_frame


def test_a_record_that_is_none_is_a_defect(tmp_path: Path) -> None:
    store = FakeObjectStore()
    store.seed("work", "job/plan.json", b"[]")
    with pytest.raises(Defect):
        Work(store, "work", "job").order()
    with pytest.raises(Unavailable):
        Work(store, "work", "other").order()
