"""submit, watch, jobs, cancel and fetch, with an emulated account and the real pipeline."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from handler import wiring
from handler.aws.object_store import S3ObjectStore
from handler.domain.job import SOURCE_METADATA, JobRequest, SourceObject
from handler.domain.status import Progress, State, Status
from handler.entrypoints.commands import app
from handler.pipeline.run_job import run_job
from handler.pipeline.studio import Studio
from tests.cloud import IN, OUT, Buckets, png
from tests.fakes import FakeMedia, studio

Pauses = Callable[..., list[None]]
ESCAPE = "\x1b]0;owned\x07"


def artreel(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Buckets]:
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "ARTREEL_INPUT_BUCKET": IN,
        "ARTREEL_OUTPUT_BUCKET": OUT,
    }.items():
        monkeypatch.setenv(name, value)
    wiring.forget()
    with mock_aws():
        cloud = Buckets(wiring.aws("s3"))
        cloud.upload("styles/waves.png", png("waves"))
        yield cloud
    wiring.forget()


def said(result: Result) -> str:
    return result.stdout + result.stderr


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"video")
    return path


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "monet.png"
    path.write_bytes(png("waves"))
    return path


@pytest.fixture
def painters(cloud: Buckets) -> Studio:
    """Workers that paint nothing but lose no step before and after."""
    return studio(
        store=wiring.object_store(),
        input_bucket=IN,
        output_bucket=OUT,
        max_style_bytes=10**6,
    )


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    """Lets these happen, one at each pause of a watcher."""

    def during(*happenings: Callable[[], object]) -> list[None]:
        left, paused = list(happenings), list[None]()

        def pause(_: float) -> None:
            paused.append(None)
            left.pop(0)()

        monkeypatch.setattr("handler.entrypoints.watch_command.time.sleep", pause)
        return paused

    return during


def _interrupt() -> None:
    raise KeyboardInterrupt


def version(cloud: Buckets, key: str) -> str:
    return cloud.s3.head_object(Bucket=IN, Key=key)["VersionId"]


def paint(cloud: Buckets, painters: Studio, key: str) -> State:
    """As a worker does when the event of the newest upload reaches it."""
    return run_job(JobRequest(IN, key, version(cloud, key)), painters).state


def uploads(cloud: Buckets) -> list[str]:
    """The key of every version that was uploaded, in their order."""
    return sorted(found["Key"] for found in cloud.s3.list_object_versions(Bucket=IN)["Versions"])


def write_status(cloud: Buckets, key: str, state: State, **also: Any) -> None:
    upload = SourceObject(IN, key, version(cloud, key))
    status = Status.of("0f" * 32, upload, 1, state, datetime.now(UTC), **also)
    path = key.removeprefix("videos/").rpartition(".")[0]
    cloud.s3.put_object(
        Bucket=OUT, Key=f"{path}.status.json", Body=json.dumps(status.as_json()).encode()
    )


BAD_ORDERS = [
    (("missing.mp4", "-s", "waves"), "there is no video"),
    (("notes.txt", "-s", "waves"), "no video by its name"),
    (("empty.mp4", "-s", "waves"), "is empty"),
    (("clip.mp4",), "--style PICTURE, or --job FILE"),
    (("clip.mp4", "-s", "nobody"), "neither a picture on this disk nor a style"),
    (("clip.mp4", "-s", "notes.txt"), "not a JPEG, PNG or WebP picture"),
    (("clip.mp4", "-s", "a/b"), "is not a style name"),
    (("clip.mp4", "-s", "waves", "--working-size", "9999"), "'working_size' is wrong"),
    (("clip.mp4", "-s", "waves", "--budget-usd", "0"), "'budget_usd' is wrong"),
    (("clip.mp4", "-s", "waves", "--deadline", "-1"), "'deadline_seconds' is wrong"),
    (("clip.mp4", "--job", "notes.txt"), "is not JSON"),
    (("clip.mp4", "--job", "gone.json"), "there is no job file"),
    (("clip.mp4", "--job", "night.json", "-s", "waves"), "--job says it all"),
    (("clip.mp4", "--job", "night.json"), "the style 'nobody', which"),
    (("b\x1bell.mp4", "-s", "waves"), "control characters"),
    (("\udcff.mp4", "-s", "waves"), "control characters"),
    (("x" * 250 + ".mp4", "-s", "waves" * 3), "neither a picture"),
]
"""What is typed, and what the sentence says."""


class TestSubmit:
    def test_a_clip_and_its_picture_are_uploaded(
        self, cloud: Buckets, clip: Path, picture: Path, painters: Studio
    ) -> None:
        done = artreel("submit", clip, "--style", picture)
        assert done.exit_code == 0, said(done)
        assert f"s3://{OUT}/monet/clip.status.json" in done.stdout
        assert uploads(cloud)[1:] == ["styles/waves.png", "videos/monet/clip.mp4"]
        head = cloud.s3.head_object(Bucket=IN, Key="videos/monet/clip.mp4")
        assert (head["ContentType"], head["Metadata"]) == ("video/mp4", {})
        assert paint(cloud, painters, "videos/monet/clip.mp4") is State.SUCCEEDED

    def test_the_same_again_uploads_nothing(
        self, cloud: Buckets, clip: Path, picture: Path, painters: Studio
    ) -> None:
        artreel("submit", clip, "--style", picture)
        before = uploads(cloud)
        for _ in range(2):
            again = artreel("submit", clip, "--style", picture)
            assert again.stdout.count("was there already") == 2
            paint(cloud, painters, "videos/monet/clip.mp4")
        assert uploads(cloud) == before

    @pytest.mark.parametrize("end", [State.REJECTED, State.FAILED, State.CANCELLED])
    def test_what_ended_badly_is_uploaded_again(
        self, cloud: Buckets, clip: Path, end: State
    ) -> None:
        artreel("submit", clip, "--style", "waves")
        write_status(cloud, "videos/waves/clip.mp4", end)
        artreel("submit", clip, "--style", "waves")
        assert uploads(cloud).count("videos/waves/clip.mp4") == 2

    def test_what_was_cancelled_and_waits_is_uploaded_again(
        self, cloud: Buckets, clip: Path
    ) -> None:
        artreel("submit", clip, "--style", "waves")
        assert artreel("cancel", "videos/waves/clip.mp4").exit_code == 0
        artreel("submit", clip, "--style", "waves")
        assert uploads(cloud).count("videos/waves/clip.mp4") == 2

    def test_another_clip_of_the_same_name_replaces_it(self, cloud: Buckets, clip: Path) -> None:
        artreel("submit", clip, "--style", "waves")
        clip.write_bytes(b"another")
        artreel("submit", clip, "--style", "waves")
        assert uploads(cloud).count("videos/waves/clip.mp4") == 2

    def test_another_picture_of_the_same_name_is_not_replaced_unless_told_to(
        self, cloud: Buckets, clip: Path, tmp_path: Path
    ) -> None:
        other = tmp_path / "waves.png"
        other.write_bytes(png("tiles"))
        refused = artreel("submit", clip, "--style", other)
        assert refused.exit_code == 2
        assert "--replace-style" in refused.stderr
        assert uploads(cloud) == ["styles/waves.png"]
        assert artreel("submit", clip, "--style", other, "--replace-style").exit_code == 0
        body = cloud.s3.get_object(Bucket=IN, Key="styles/waves.png")["Body"].read()
        assert body == other.read_bytes()

    def test_a_new_picture_has_the_same_clip_painted_again(
        self, cloud: Buckets, clip: Path, tmp_path: Path
    ) -> None:
        artreel("submit", clip, "--style", "waves")
        other = tmp_path / "waves.png"
        other.write_bytes(png("tiles"))
        artreel("submit", clip, "--style", other, "--replace-style")
        assert uploads(cloud).count("videos/waves/clip.mp4") == 2

    def test_so_does_one_that_somebody_else_put_there(
        self, cloud: Buckets, clip: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for way in ((), ("--working-size", "64")):
            artreel("submit", clip, "--style", "waves", *way)
        assert "waves/clip.mp4 uploaded" not in artreel("submit", clip, "--style", "waves").stdout
        later = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=1)
        monkeypatch.setattr("moto.s3.models.utcnow", lambda: later)
        cloud.upload("styles/waves.png", png("tiles"))
        for way in ((), ("--working-size", "64")):
            artreel("submit", clip, "--style", "waves", *way)
        assert uploads(cloud).count("videos/waves/clip.mp4") == 2
        assert uploads(cloud).count("jobs/waves/clip.json") == 2

    def test_a_picture_that_would_not_be_taken_is_refused(
        self, cloud: Buckets, clip: Path, tmp_path: Path
    ) -> None:
        cloud.upload("styles/late.jpg", b"the first that is looked for")
        late = tmp_path / "late.png"
        late.write_bytes(png("tiles"))
        refused = artreel("submit", clip, "--style", late)
        assert (refused.exit_code, "styles/late.jpg already" in refused.stderr) == (2, True)

    def test_wishes_go_by_a_job_file_behind_a_video_that_asks_for_nothing(
        self, cloud: Buckets, clip: Path, painters: Studio
    ) -> None:
        wishes = ("--working-size", "64", "--frames", "every", "--budget-usd", "1.5")
        done = artreel("submit", clip, "--style", "waves", *wishes, "--deadline", "600")
        assert done.exit_code == 0, said(done)
        job, _, video = uploads(cloud)
        assert job == "jobs/waves/clip.json"
        assert video.startswith("videos/waves/clip.")
        assert cloud.s3.head_object(Bucket=IN, Key=video)["Metadata"] == SOURCE_METADATA
        fields = json.loads(cloud.s3.get_object(Bucket=IN, Key=job)["Body"].read())
        assert fields == {
            "video": video,
            "style": "waves",
            "working_size": 64,
            "frames": "every",
            "budget_usd": 1.5,
            "deadline_seconds": 600.0,
        }
        assert paint(cloud, painters, video) is State.QUEUED
        assert cloud.results() == {}
        assert paint(cloud, painters, job) is State.SUCCEEDED
        assert "jobs/waves/clip.mp4" in cloud.results()

    def test_other_wishes_do_not_upload_the_video_again(self, cloud: Buckets, clip: Path) -> None:
        for size, jobs in (("64", 1), ("64", 1), ("source", 2)):
            artreel("submit", clip, "--style", "waves", "--working-size", size)
            keys = uploads(cloud)
            assert keys.count("jobs/waves/clip.json") == jobs
            assert len([key for key in keys if key.startswith("videos/")]) == 1

    def test_a_job_file_goes_up_as_it_is(
        self, cloud: Buckets, clip: Path, tmp_path: Path, painters: Studio
    ) -> None:
        night = tmp_path / "night.json"
        night.write_text('{"video": "videos/mine.mp4",\n "timeline": [{"at":0, "style":"waves"}]}')
        done = artreel("submit", clip, "--job", night)
        assert done.exit_code == 0, said(done)
        assert uploads(cloud) == ["jobs/night.json", "styles/waves.png", "videos/mine.mp4"]
        body = cloud.s3.get_object(Bucket=IN, Key="jobs/night.json")["Body"].read()
        assert body == night.read_bytes()
        assert paint(cloud, painters, "videos/mine.mp4") is State.QUEUED
        assert paint(cloud, painters, "jobs/night.json") is State.SUCCEEDED

    def test_it_follows_the_job_when_told_to(
        self, cloud: Buckets, clip: Path, painters: Studio, pauses: Pauses
    ) -> None:
        pauses(lambda: paint(cloud, painters, "videos/waves/clip.mp4"))
        done = artreel("submit", clip, "--style", "waves", "--watch")
        assert done.exit_code == 0
        assert "5 frames, succeeded" in done.stdout

    def test_bad_input_is_one_sentence_and_uploads_nothing(
        self, cloud: Buckets, clip: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(clip.parent)
        Path("notes.txt").write_text("no video")
        Path("empty.mp4").touch()
        Path("night.json").write_text('{"video": "videos/a.mp4", "style": "nobody"}')
        for hostile in (b"b\x1bell.mp4", b"\xff.mp4", b"x" * 250 + b".mp4"):
            Path(os.fsdecode(hostile)).write_bytes(b"video")
        for words, reason in BAD_ORDERS:
            refused = artreel("submit", *words)
            assert refused.exit_code == 2, (words, said(refused))
            assert refused.stderr.splitlines()[-1].startswith("artreel: "), words
            assert reason in refused.stderr
            assert "\x1b" not in refused.stderr
        assert uploads(cloud) == ["styles/waves.png"]
        assert "Uploads" not in cloud.s3.list_multipart_uploads(Bucket=IN)

    @pytest.mark.parametrize("name", ["a b+c%20 ü 🎨.mp4", "-s.mp4", "$(touch x).MOV", "#?&.mkv"])
    def test_strange_names_come_back_as_they_were(
        self, cloud: Buckets, tmp_path: Path, painters: Studio, name: str
    ) -> None:
        path = tmp_path / name
        path.write_bytes(b"video")
        assert artreel("submit", path, "--style", "waves").exit_code == 0
        assert f"videos/waves/{name}" in uploads(cloud)
        assert paint(cloud, painters, f"videos/waves/{name}") is State.SUCCEEDED
        into = tmp_path / "into"
        into.mkdir()
        assert artreel("fetch", f"videos/waves/{name}", "-o", into).exit_code == 0
        assert (into / name).with_suffix(".mp4").exists()


class TestWatch:
    KEY = "videos/waves/clip.mp4"

    def test_it_tells_of_the_newest_upload_and_not_of_the_one_before(
        self, cloud: Buckets, painters: Studio, pauses: Pauses
    ) -> None:
        cloud.upload(self.KEY, b"old")
        paint(cloud, painters, self.KEY)
        cloud.upload(self.KEY, b"broken")
        paused = pauses(lambda: None, lambda: paint(cloud, painters, self.KEY))
        done = artreel("watch", self.KEY)
        assert (done.exit_code, len(paused)) == (2, 2)
        assert "rejected" in done.stderr
        assert "can't be read as a video" in done.stderr

    def test_a_running_job_is_shown(self, cloud: Buckets, pauses: Pauses) -> None:
        cloud.upload(self.KEY, b"video")
        progress = Progress(30, 100, 10.0)
        write_status(cloud, self.KEY, State.RUNNING, progress=progress, cost_usd=0.0123)
        pauses(_interrupt)
        stopped = artreel("watch", self.KEY)
        assert stopped.exit_code != 0
        assert "30%" in stopped.stderr
        assert "running, 3.0 frames/s, 23 s left, 0.0123 USD" in stopped.stderr

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            (State.SUCCEEDED, 0),
            (State.REJECTED, 2),
            (State.CANCELLED, 2),
            (State.FAILED, 70),
        ],
    )
    def test_how_it_ends_is_the_exit_code(self, cloud: Buckets, state: State, code: int) -> None:
        cloud.upload(self.KEY, b"video")
        write_status(cloud, self.KEY, state, reason=f"because {ESCAPE}")
        for named in (self.KEY, "waves/clip", "waves/clip.mp4", "0f0f0f0f"):
            done = artreel("watch", named)
            assert done.exit_code == code, named
            assert ESCAPE not in said(done)

    def test_a_job_that_another_upload_replaced_ends(
        self, cloud: Buckets, painters: Studio, pauses: Pauses
    ) -> None:
        cloud.upload(self.KEY, b"old")
        pauses(lambda: cloud.upload(self.KEY, b"new"))
        done = artreel("watch", self.KEY)
        assert done.exit_code == 2
        assert f"a newer upload of {self.KEY} replaced this one" in done.stderr

    def test_a_job_whose_upload_has_expired_is_told_of(self, cloud: Buckets) -> None:
        cloud.upload(self.KEY, b"video")
        write_status(cloud, self.KEY, State.SUCCEEDED)
        cloud.s3.delete_object(Bucket=IN, Key=self.KEY)
        assert artreel("watch", self.KEY).exit_code == 0

    @pytest.mark.parametrize(
        ("command", "named", "reason"),
        [
            ("watch", "videos/gone.mp4", "there is no upload"),
            ("fetch", "monet/gone.mp4", "no job 'monet/gone.mp4' has begun"),
            ("cancel", "abcdef0123", "no job 'abcdef0123' has begun"),
            ("cancel", "jobs/gone.json", "there is no upload"),
            ("fetch", "videos/../x", "must lie under videos/"),
            ("watch", "videos/source.mp4", "is not painted by itself"),
            ("cancel", f"videos/{ESCAPE}.mp4", "control characters"),
            ("watch", "", "no job ''"),
        ],
    )
    def test_what_is_no_job_is_said_to_be_none(
        self, cloud: Buckets, command: str, named: str, reason: str
    ) -> None:
        cloud.upload("videos/source.mp4", b"video", **SOURCE_METADATA)
        cloud.s3.put_object(Bucket=OUT, Key="foreign.status.json", Body=b'{"state": "succeeded"}')
        refused = artreel(command, named)
        assert refused.exit_code == 2, said(refused)
        assert reason in refused.stderr
        assert refused.stderr.count("\n") == 1


class TestJobs:
    def test_every_job_is_listed_and_nothing_else(self, cloud: Buckets, painters: Studio) -> None:
        for name, body in (("done", b"video"), ("bad", b"broken"), ("waits", b"video")):
            cloud.upload(f"videos/waves/{name}.mp4", body)
        cloud.upload("videos/source.mp4", b"video", **SOURCE_METADATA)
        cloud.upload("videos/", b"")
        for name in ("done", "bad"):
            paint(cloud, painters, f"videos/waves/{name}.mp4")
        listed = json.loads(artreel("jobs", "--json").stdout)
        assert {job["upload"]: job["state"] for job in listed} == {
            "videos/waves/done.mp4": "succeeded",
            "videos/waves/bad.mp4": "rejected",
            "videos/waves/waits.mp4": "waiting",
        }
        table = artreel("jobs").stdout
        assert "waiting" in table
        assert "can't be read as a video" in " ".join(table.split())

    def test_a_replaced_upload_waits_once(self, cloud: Buckets, painters: Studio) -> None:
        cloud.upload("videos/waves/clip.mp4", b"old")
        paint(cloud, painters, "videos/waves/clip.mp4")
        cloud.upload("videos/waves/clip.mp4", b"new")
        listed = json.loads(artreel("jobs", "--json").stdout)
        assert [(job["upload"], job["state"]) for job in listed] == [
            ("videos/waves/clip.mp4", "waiting")
        ]

    def test_the_newest_come_first_and_no_more_than_asked_for(self, cloud: Buckets) -> None:
        for number in range(3):
            cloud.upload(f"videos/waves/{number}.mp4", b"video")
            write_status(cloud, f"videos/waves/{number}.mp4", State.RUNNING)
        listed = json.loads(artreel("jobs", "--json", "-n", "2").stdout)
        assert len(listed) == 2

    def test_what_others_wrote_does_nothing_to_the_terminal(self, cloud: Buckets) -> None:
        cloud.upload("videos/waves/[red]x.mp4", b"video")
        write_status(cloud, "videos/waves/[red]x.mp4", State.REJECTED, reason=f"{ESCAPE} [/red]")
        for body in (b"[]", b"{}", b"\xff", b'{"job_id": 1}'):
            cloud.s3.put_object(Bucket=OUT, Key=f"{len(body)}.status.json", Body=body)
        table = artreel("jobs")
        assert table.exit_code == 0, said(table)
        assert "[red]x" in table.stdout
        assert "\x1b" not in table.stdout

    def test_an_empty_stack_has_none(self, cloud: Buckets) -> None:
        assert json.loads(artreel("jobs", "--json").stdout) == []


class TestCancel:
    KEY = "videos/waves/clip.mp4"

    def test_a_job_that_waits_ends_as_cancelled(self, cloud: Buckets, painters: Studio) -> None:
        cloud.upload(self.KEY, b"video")
        for _ in range(2):
            done = artreel("cancel", self.KEY)
            assert done.exit_code == 0
            assert f"{self.KEY} is cancelled" in done.stdout
        assert paint(cloud, painters, self.KEY) is State.CANCELLED
        assert "was cancelled already" in artreel("cancel", "waves/clip").stdout
        assert artreel("watch", self.KEY).exit_code == 2
        assert list(cloud.results()) == ["waves/clip.status.json"]

    def test_a_job_that_runs_does_too(self, cloud: Buckets, painters: Studio) -> None:
        cloud.upload(self.KEY, b"video")
        media = painters.media
        assert isinstance(media, FakeMedia)
        probe = media.probe

        def cancelled(video: Path, *, is_ours: bool = False) -> Any:
            assert artreel("cancel", self.KEY).exit_code == 0
            return probe(video, is_ours=is_ours)

        media.probe = cancelled  # type: ignore[method-assign]
        assert paint(cloud, painters, self.KEY) is State.CANCELLED
        assert "waves/clip.mp4" not in cloud.results()

    def test_what_has_ended_stays(self, cloud: Buckets, painters: Studio) -> None:
        cloud.upload(self.KEY, b"video")
        paint(cloud, painters, self.KEY)
        refused = artreel("cancel", self.KEY)
        assert (refused.exit_code, "it has succeeded" in refused.stderr) == (2, True)
        assert cloud.s3.get_object_tagging(Bucket=IN, Key=self.KEY)["TagSet"] == []

    def test_what_is_gone_can_not_be_told(self, cloud: Buckets) -> None:
        cloud.upload(self.KEY, b"video")
        write_status(cloud, self.KEY, State.RUNNING)
        cloud.s3.delete_object(Bucket=IN, Key=self.KEY)
        assert "is gone from the bucket" in artreel("cancel", self.KEY).stderr


class TestFetch:
    KEY = "videos/waves/clip.mp4"

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "painted").mkdir()
        return tmp_path / "painted"

    def files(self, folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    def test_the_results_arrive_as_they_are(
        self, cloud: Buckets, painters: Studio, folder: Path
    ) -> None:
        cloud.upload(self.KEY, b"video")
        paint(cloud, painters, self.KEY)
        (folder / "clip.mp4").write_bytes(b"an older one")
        done = artreel("fetch", "waves/clip", "-o", folder)
        assert done.exit_code == 0, said(done)
        names = ("clip.mp4", "clip.jpg", "clip.report.json")
        assert self.files(folder) == {name: cloud.read(f"waves/{name}") for name in names}

    @pytest.mark.parametrize(
        ("wishes", "endings"),
        [
            ({"style": "waves", "teaser": True}, ("mp4", "jpg", "report.json", "webp")),
            ({"preview": True}, ("jpg", "report.json")),
        ],
    )
    def test_so_do_teasers_and_previews(
        self,
        cloud: Buckets,
        painters: Studio,
        folder: Path,
        wishes: dict[str, Any],
        endings: tuple[str, ...],
    ) -> None:
        cloud.upload("videos/clip.mp4", b"video")
        cloud.upload("jobs/a.json", json.dumps({"video": "videos/clip.mp4", **wishes}).encode())
        assert paint(cloud, painters, "jobs/a.json") is State.SUCCEEDED
        done = artreel("fetch", "jobs/a.json", "-o", folder)
        assert done.exit_code == 0, said(done)
        names = [f"a.{ending}" for ending in endings]
        assert self.files(folder) == {name: cloud.read(f"jobs/{name}") for name in names}

    def test_half_of_it_is_not_left(self, cloud: Buckets, painters: Studio, folder: Path) -> None:
        cloud.upload(self.KEY, b"video")
        paint(cloud, painters, self.KEY)
        cloud.s3.delete_object(Bucket=OUT, Key="waves/clip.report.json")
        (folder / "clip.mp4").write_bytes(b"an older one")
        refused = artreel("fetch", self.KEY, "-o", folder)
        assert refused.exit_code == 2
        assert "waves/clip.report.json is gone" in refused.stderr
        assert self.files(folder) == {"clip.mp4": b"an older one"}

    def test_what_is_replaced_meanwhile_is_not_mixed(
        self,
        cloud: Buckets,
        painters: Studio,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        cloud.upload(self.KEY, b"video")
        paint(cloud, painters, self.KEY)
        download = S3ObjectStore.download

        def replaced(store: S3ObjectStore, source: SourceObject, path: Path) -> None:
            download(store, source, path)
            if source.key.endswith(".jpg"):
                cloud.s3.put_object(Bucket=OUT, Key="waves/clip.mp4", Body=b"another")

        monkeypatch.setattr(S3ObjectStore, "download", replaced)
        refused = artreel("fetch", self.KEY, "-o", folder)
        assert (refused.exit_code, "being replaced" in refused.stderr) == (70, True)
        assert self.files(folder) == {}
        monkeypatch.undo()

    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            (State.RUNNING, "is running, 0 %"),
            (State.REJECTED, "has no result, it is rejected: no good"),
            (State.SUCCEEDED, "is gone from the bucket"),
        ],
    )
    def test_what_is_not_there_is_said_to_be_missing(
        self, cloud: Buckets, folder: Path, state: State, reason: str
    ) -> None:
        cloud.upload(self.KEY, b"video")
        write_status(cloud, self.KEY, state, reason="no good")
        refused = artreel("fetch", self.KEY, "-o", folder)
        assert (refused.exit_code, reason in refused.stderr) == (2, True)
        assert self.files(folder) == {}

    def test_a_folder_that_is_none_is_refused(self, cloud: Buckets, tmp_path: Path) -> None:
        assert "is no folder" in artreel("fetch", self.KEY, "-o", tmp_path / "no").stderr


class TestStack:
    """Where the buckets are."""

    @pytest.fixture
    def nothing_set(self, cloud: Buckets, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ARTREEL_INPUT_BUCKET")
        monkeypatch.delenv("ARTREEL_OUTPUT_BUCKET")
        wiring.forget()

    @pytest.fixture
    def stacks(self, nothing_set: None) -> None:
        template = {
            "Resources": {"Any": {"Type": "AWS::S3::Bucket"}},
            "Outputs": {"InputBucketName": {"Value": IN}, "OutputBucketName": {"Value": OUT}},
        }
        client = boto3.client("cloudformation")
        client.create_stack(StackName="artreel", TemplateBody=json.dumps(template))
        del template["Outputs"]
        client.create_stack(StackName="other", TemplateBody=json.dumps(template))

    def test_its_outputs_tell(
        self, stacks: None, cloud: Buckets, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cloud.upload("videos/a.mp4", b"video")
        assert "videos/a.mp4" in artreel("jobs", "--stack", "artreel").stdout
        monkeypatch.setenv("ARTREEL_STACK", "artreel")
        wiring.forget()
        assert "videos/a.mp4" in artreel("jobs").stdout

    def test_or_the_buckets_are_named(self, nothing_set: None, cloud: Buckets) -> None:
        cloud.upload("videos/a.mp4", b"video")
        listed = artreel("jobs", "--input-bucket", IN, "--output-bucket", OUT)
        assert "videos/a.mp4" in listed.stdout

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            ((), "say which stack"),
            (("--input-bucket", IN), "say which stack"),
            (("--stack", "nowhere"), "there is no stack 'nowhere' in eu-central-1"),
            (("--stack", "other"), "is none of artreel"),
            (("--input-bucket", "no-such", "--output-bucket", OUT), "there is no such bucket"),
        ],
    )
    def test_one_that_is_none_is_said_to_be(
        self, stacks: None, words: tuple[str, ...], reason: str
    ) -> None:
        refused = artreel("jobs", *words)
        assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
        assert reason in refused.stderr

    def test_without_credentials_nothing_is_asked(
        self, nothing_set: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        boto3.DEFAULT_SESSION = None
        refused = artreel("jobs", "--stack", "artreel")
        assert refused.exit_code == 2
        assert "there are no AWS credentials" in refused.stderr

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("AWS_PROFILE", "nobody", "there is no such AWS profile"),
            ("AWS_DEFAULT_REGION", None, "no AWS region is set"),
        ],
    )
    def test_a_wrong_environment_is_said_to_be_wrong(
        self,
        nothing_set: None,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        value: str | None,
        reason: str,
    ) -> None:
        monkeypatch.delenv(name, raising=False)
        if value:
            monkeypatch.setenv(name, value)
        boto3.DEFAULT_SESSION = None
        refused = artreel("jobs", "--stack", "artreel")
        assert (refused.exit_code, reason in refused.stderr) == (2, True), refused.stderr
        boto3.DEFAULT_SESSION = None


def test_a_local_stack_needs_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed = tmp_path / "site-packages" / "handler" / "__init__.py"
    monkeypatch.setattr("handler.__file__", str(installed))
    refused = artreel("local", "up")
    assert refused.exit_code == 2
    assert "needs a checkout of artreel" in refused.stderr
