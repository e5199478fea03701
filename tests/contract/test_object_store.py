"""One suite for S3 (moto) and for the fake that the unit tests use."""

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import boto3
import pytest
from botocore.exceptions import IncompleteReadError
from botocore.response import StreamingBody
from moto import mock_aws

from handler.aws import transfer
from handler.aws.object_store import S3ObjectStore
from handler.domain.digest import MIB
from handler.domain.errors import Changed, Defect, Rejected, Unavailable
from handler.domain.job import CANCELLED_TAG, SourceObject, is_result
from handler.domain.ports import GrowingUpload, ObjectStore
from tests.fakes import FakeObjectStore

BUCKET = "artreel"


class Seed(Protocol):
    def __call__(self, key: str, body: bytes, **metadata: str) -> str: ...


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture(params=["s3", "fake"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[ObjectStore, Seed]]:
    if request.param == "fake":
        fake = FakeObjectStore()

        def seed_fake(key: str, body: bytes, **metadata: str) -> str:
            return fake.seed(BUCKET, key, body, metadata)

        yield fake, seed_fake
        return
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

        def seed(key: str, body: bytes, **metadata: str) -> str:
            return s3.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata=metadata)["VersionId"]

        yield S3ObjectStore(s3), seed


def test_facts_of_an_object(both: tuple[ObjectStore, Seed]) -> None:
    store, seed = both
    version = seed("videos/clip.mp4", b"four", style="monet")
    facts = store.facts(BUCKET, "videos/clip.mp4")
    assert facts is not None
    assert (facts.size_bytes, facts.version_id, facts.version) == (4, version, version)
    assert facts.metadata == {"style": "monet"}


def test_facts_of_an_older_version(both: tuple[ObjectStore, Seed]) -> None:
    store, seed = both
    old = seed("clip", b"old")
    seed("clip", b"longer")
    facts = store.facts(BUCKET, "clip", old)
    assert facts is not None
    assert facts.size_bytes == 3


def test_nothing_is_known_of_a_missing_object(both: tuple[ObjectStore, Seed]) -> None:
    store, _ = both
    assert store.facts(BUCKET, "missing") is None


@pytest.mark.parametrize("key", ["a b+c%20.mp4", "Übergang 🎨.mp4"])
def test_a_file_comes_back_as_it_went(
    both: tuple[ObjectStore, Seed], tmp_path: Path, key: str
) -> None:
    store, _ = both
    (tmp_path / "up").write_bytes(b"pixels")
    store.upload(
        tmp_path / "up", BUCKET, key, "video/mp4", metadata={"artreel-job": "0f"}, replaces=None
    )
    facts = store.facts(BUCKET, key)
    assert facts is not None
    assert facts.metadata["artreel-job"] == "0f"
    store.download(SourceObject(BUCKET, key, facts.version, facts.version_id), tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == b"pixels"


def test_what_artreel_writes_is_marked(both: tuple[ObjectStore, Seed], tmp_path: Path) -> None:
    store, seed = both
    (tmp_path / "up").write_bytes(b"pixels")
    store.upload(tmp_path / "up", BUCKET, "result.mp4", "video/mp4", metadata={}, replaces=None)
    store.put_json(BUCKET, "result.status.json", {}, replaces=None)
    seed("upload.mp4", b"pixels", style="monet")
    marked = {
        key: facts is not None and is_result(facts.metadata)
        for key in ("result.mp4", "result.status.json", "upload.mp4")
        for facts in [store.facts(BUCKET, key)]
    }
    assert marked == {"result.mp4": True, "result.status.json": True, "upload.mp4": False}


def test_that_version_is_downloaded(both: tuple[ObjectStore, Seed], tmp_path: Path) -> None:
    store, seed = both
    old = seed("clip", b"old")
    seed("clip", b"new")
    store.download(SourceObject(BUCKET, "clip", old, old), tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == b"old"


def test_a_download_of_nothing_is_rejected(both: tuple[ObjectStore, Seed], tmp_path: Path) -> None:
    store, _ = both
    with pytest.raises(Rejected, match="gone"):
        store.download(SourceObject(BUCKET, "missing", "v"), tmp_path / "down")


def test_keys_begin_with_the_prefix_and_are_bounded(both: tuple[ObjectStore, Seed]) -> None:
    store, seed = both
    for name in ("styles/monet.jpg", "styles/monet.png", "styles/wave.jpg", "videos/monet.mp4"):
        seed(name, b"x")
    assert store.keys(BUCKET, "styles/monet.", 10) == ["styles/monet.jpg", "styles/monet.png"]
    assert store.keys(BUCKET, "styles/", 1) == ["styles/monet.jpg"]
    assert store.keys(BUCKET, "nothing", 10) == []


def test_json_replaces_json(both: tuple[ObjectStore, Seed], tmp_path: Path) -> None:
    store, _ = both
    assert store.read_json(BUCKET, "s.json") is None
    first = store.put_json(BUCKET, "s.json", {"state": "läuft"}, replaces=None)
    second = store.put_json(BUCKET, "s.json", {"state": "fertig"}, replaces=first)
    assert store.read_json(BUCKET, "s.json") == ({"state": "fertig"}, second)
    facts = store.facts(BUCKET, "s.json")
    assert facts is not None
    assert facts.etag == second


def test_only_what_was_seen_is_replaced(both: tuple[ObjectStore, Seed], tmp_path: Path) -> None:
    store, seed = both
    (tmp_path / "new").write_bytes(b"new")

    def put(key: str, replaces: str | None) -> None:
        store.upload(tmp_path / "new", BUCKET, key, "video/mp4", metadata={}, replaces=replaces)

    with pytest.raises(Changed):
        put("gone.mp4", "0123456789abcdef0123456789abcdef")
    with pytest.raises(Changed):
        store.put_json(BUCKET, "gone.json", {}, replaces="0123456789abcdef0123456789abcdef")
    seed("clip.mp4", b"old")
    seed("s.json", b"{}")
    before = store.facts(BUCKET, "clip.mp4")
    assert before is not None
    with pytest.raises(Changed):
        put("clip.mp4", None)
    with pytest.raises(Changed):
        store.put_json(BUCKET, "s.json", {"state": "running"}, replaces=None)
    seed("clip.mp4", b"newer")
    with pytest.raises(Changed):
        put("clip.mp4", before.etag)
    now = store.facts(BUCKET, "clip.mp4")
    assert now is not None
    put("clip.mp4", now.etag)


@pytest.mark.parametrize("body", [b"no json", b"[1]", b"\xff"])
def test_what_is_no_json_object_reads_as_an_empty_one(
    both: tuple[ObjectStore, Seed], body: bytes
) -> None:
    store, seed = both
    seed("s.json", body)
    found = store.read_json(BUCKET, "s.json")
    assert found is not None
    assert found[0] == {}


@mock_aws
def test_a_bucket_that_is_missing_is_our_fault() -> None:
    with pytest.raises(Defect, match="NoSuchBucket"):
        S3ObjectStore(boto3.client("s3")).put_json("nowhere", "key", {}, replaces=None)


@mock_aws
def test_uploading_to_a_bucket_that_is_missing_is_our_fault(tmp_path: Path) -> None:
    (tmp_path / "up").write_bytes(b"x")
    store = S3ObjectStore(boto3.client("s3"))
    with pytest.raises(Defect, match="NoSuchBucket"):
        store.upload(tmp_path / "up", "nowhere", "key", "video/mp4", metadata={}, replaces=None)


def test_a_service_that_does_not_answer_is_nobodys_fault() -> None:
    from botocore.config import Config

    unreachable = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:9",
        config=Config(retries={"max_attempts": 0}, connect_timeout=1),
    )
    with pytest.raises(Unavailable):
        S3ObjectStore(unreachable).facts(BUCKET, "key")
    with pytest.raises(Unavailable):
        S3ObjectStore(unreachable).keys(BUCKET, "key", 1)


@mock_aws
def test_without_versions_the_etag_tells_uploads_apart() -> None:
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="clip", Body=b"x")
    facts = S3ObjectStore(s3).facts(BUCKET, "clip")
    assert facts is not None
    assert facts.version_id is None
    assert facts.version == "9dd4e461268c8034f5c8564e155c67a6"


def test_a_version_that_is_cancelled_is_tagged_and_no_other(
    both: tuple[ObjectStore, Seed],
) -> None:
    store, seed = both
    old, new = (
        SourceObject(BUCKET, "clip", v, v) for v in (seed("clip", b"1"), seed("clip", b"2"))
    )
    assert store.tags(old) == store.tags(new) == {}
    for _ in range(2):
        store.cancel(old)
    assert store.tags(old) == dict([CANCELLED_TAG])
    assert store.tags(new) == {}
    newest = SourceObject(BUCKET, "clip", "")
    store.cancel(newest)
    assert store.tags(newest) == store.tags(new) == dict([CANCELLED_TAG])


def test_what_is_gone_has_no_tags_and_can_not_be_cancelled(both: tuple[ObjectStore, Seed]) -> None:
    store, _ = both
    missing = SourceObject(BUCKET, "missing", "")
    assert store.tags(missing) == {}
    with pytest.raises(Rejected, match="gone"):
        store.cancel(missing)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest that S3 takes on their way up, and smaller ones on their way down."""
    monkeypatch.setattr(transfer, "PART_BYTES", 3 * MIB)


LARGE = bytes(range(256)) * (20 * MIB // 256)
HEAD_BYTES = 1000


def growing(store: ObjectStore, path: Path) -> AbstractContextManager[GrowingUpload]:
    return store.upload_growing(
        path,
        BUCKET,
        "clip.mp4",
        "video/mp4",
        metadata={"artreel-job": "0f"},
        head_bytes=HEAD_BYTES,
        most_bytes=len(LARGE),
    )


def write_bit_by_bit(path: Path, upload: GrowingUpload) -> None:
    """As a muxer does: its index comes last, and lies at the beginning."""
    with path.open("wb") as file:
        file.write(bytes(HEAD_BYTES))
        for begin in range(0, len(LARGE), 5 * MIB):
            file.write(LARGE[max(HEAD_BYTES, begin) : begin + 5 * MIB])
            file.flush()
            upload.grown()
        file.seek(0)
        file.write(LARGE[:HEAD_BYTES])


@pytest.mark.usefixtures("small_parts")
def test_a_file_that_grows_arrives_as_it_is_in_the_end(
    both: tuple[ObjectStore, Seed], tmp_path: Path
) -> None:
    store, _ = both
    with growing(store, tmp_path / "up") as upload:
        write_bit_by_bit(tmp_path / "up", upload)
        assert store.facts(BUCKET, "clip.mp4") is None
        upload.finish(None)
    facts = store.facts(BUCKET, "clip.mp4")
    assert facts is not None
    assert is_result(facts.metadata)
    assert facts.metadata["artreel-job"] == "0f"
    store.download(SourceObject(BUCKET, "clip.mp4", facts.version), tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == LARGE


@pytest.mark.usefixtures("small_parts")
def test_a_file_that_grew_replaces_only_what_was_seen(
    both: tuple[ObjectStore, Seed], tmp_path: Path
) -> None:
    store, seed = both
    with growing(store, tmp_path / "up") as upload:
        write_bit_by_bit(tmp_path / "up", upload)
        seed("clip.mp4", b"somebody else's")
        with pytest.raises(Changed):
            upload.finish(None)
        now = store.facts(BUCKET, "clip.mp4")
        assert now is not None
        assert now.size_bytes == len(b"somebody else's")
        upload.finish(now.etag)
    facts = store.facts(BUCKET, "clip.mp4")
    assert facts is not None
    assert facts.size_bytes == len(LARGE)


def test_a_file_of_one_part_may_grow_as_well(
    both: tuple[ObjectStore, Seed], tmp_path: Path
) -> None:
    store, seed = both
    seed("clip.mp4", b"old")
    old = store.facts(BUCKET, "clip.mp4")
    assert old is not None
    with growing(store, tmp_path / "up") as upload:
        (tmp_path / "up").write_bytes(b"new")
        with pytest.raises(Changed):
            upload.finish(None)
        upload.finish(old.etag)
    store.download(SourceObject(BUCKET, "clip.mp4", ""), tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == b"new"


@mock_aws
@pytest.mark.usefixtures("small_parts")
def test_of_a_file_that_is_not_finished_nothing_stays(tmp_path: Path) -> None:
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    with growing(S3ObjectStore(s3), tmp_path / "up") as upload:
        write_bit_by_bit(tmp_path / "up", upload)
        assert len(s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]) == 1
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("size", [0, 1, 3 * MIB, 3 * MIB + 1, len(LARGE)])
def test_an_object_of_any_size_is_downloaded_whole(
    both: tuple[ObjectStore, Seed], tmp_path: Path, size: int
) -> None:
    store, seed = both
    version = seed("clip", LARGE[:size])
    (tmp_path / "down").write_bytes(b"what was there before")
    store.download(SourceObject(BUCKET, "clip", version, version), tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == LARGE[:size]


class BreaksOff:
    """An S3 whose answers end early, each after so many bytes."""

    def __init__(self, body: bytes, after: int) -> None:
        self.body, self.after, self.asked = body, after, 0

    def get_object(self, Range: str, **_: object) -> dict[str, Any]:  # noqa: N803 (boto3's)
        self.asked += 1
        first, last = (int(number) for number in Range.removeprefix("bytes=").split("-"))
        wanted = self.body[first : last + 1]
        return {"Body": StreamingBody(io.BytesIO(wanted[: self.after]), len(wanted))}


def test_a_download_that_breaks_off_goes_on_where_it_stood(tmp_path: Path) -> None:
    s3: Any = BreaksOff(b"0123456789", after=4)
    transfer.Transfer(s3).download({}, 10, tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == b"0123456789"
    assert s3.asked == 3


def test_a_download_that_never_gets_on_is_given_up(tmp_path: Path) -> None:
    s3: Any = BreaksOff(b"0123456789", after=0)
    with pytest.raises(IncompleteReadError):
        transfer.Transfer(s3).download({}, 10, tmp_path / "down")
    assert s3.asked == transfer.TRIES


def test_a_listing_has_every_key_and_when_it_was_put(both: tuple[ObjectStore, Seed]) -> None:
    store, seed = both
    for name in ("styles/wave.jpg", "videos/b.mp4", "videos/a b+ü.mp4"):
        seed(name, b"x")
    assert [entry.key for entry in store.listing(BUCKET, "videos/")] == [
        "videos/a b+ü.mp4",
        "videos/b.mp4",
    ]
    assert len(list(store.listing(BUCKET))) == 3
    assert all(entry.modified.tzinfo for entry in store.listing(BUCKET))
    assert list(store.listing(BUCKET, "nothing")) == []


@mock_aws
def test_a_listing_goes_on_behind_its_first_page() -> None:
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    s3.meta.events.register(
        "provide-client-params.s3.ListObjectsV2", lambda params, **_: params.update(MaxKeys=1)
    )
    for key in "abc":
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
    assert [entry.key for entry in S3ObjectStore(s3).listing(BUCKET)] == ["a", "b", "c"]


def test_a_part_of_an_object_goes_to_its_place(
    both: tuple[ObjectStore, Seed], tmp_path: Path
) -> None:
    store, seed = both
    version = seed("clip", b"0123456789")
    seed("clip", b"newer")
    path = tmp_path / "down"
    path.write_bytes(b"..........")
    source = SourceObject(BUCKET, "clip", version, version)
    store.download(source, path, (2, 5))
    store.download(source, path, (8, 10))
    assert path.read_bytes() == b"..234...89"
    store.download(source, path, (4, 6), 10)
    assert path.read_bytes() == b"..234...8945"


def test_a_part_of_what_is_gone_is_rejected(both: tuple[ObjectStore, Seed], tmp_path: Path) -> None:
    store, _ = both
    (tmp_path / "down").write_bytes(b"")
    with pytest.raises(Rejected):
        store.download(SourceObject(BUCKET, "clip", ""), tmp_path / "down", (0, 1))


def test_keys_come_in_order_and_no_more_than_asked_for(both: tuple[ObjectStore, Seed]) -> None:
    store, seed = both
    for number in (3, 1, 2):
        seed(f"done/{number}", b"")
    seed("other", b"")
    assert store.keys(BUCKET, "done/", 2) == ["done/1", "done/2"]
    assert store.keys(BUCKET, "done/", 5000) == ["done/1", "done/2", "done/3"]
