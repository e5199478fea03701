"""Whatever is uploaded gets its right answer, and nothing outside the prefixes is touched."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from handler.aws.events import requests_in, requests_in_text
from handler.domain.errors import Rejected
from handler.domain.job import JobRequest, ResultKeys, SourceObject
from handler.domain.ports import ObjectFacts
from handler.pipeline.run_job import run_job
from handler.pipeline.studio import Studio
from tests.fakes import FakeObjectStore, studio
from tests.hostile_jobs import GOOD_VIDEO, HOSTILE, JSON, Upload

READABLE = ("videos/", "styles/", "jobs/", "masks/")


class WatchedStore(FakeObjectStore):
    """Notes every access, and takes no key that S3 would not."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[tuple[str, str]] = []
        self.written: list[tuple[str, str]] = []

    def facts(self, bucket: str, key: str, version_id: str | None = None) -> ObjectFacts | None:
        self._note(self.read, bucket, key)
        return super().facts(bucket, key, version_id)

    def keys(self, bucket: str, prefix: str, limit: int) -> list[str]:
        self._note(self.read, bucket, prefix)
        return super().keys(bucket, prefix, limit)

    def download(
        self,
        source: SourceObject,
        path: Path,
        part: tuple[int, int] | None = None,
        at: int | None = None,
    ) -> None:
        self._note(self.read, source.bucket, source.key)
        super().download(source, path, part, at)

    def read_json(self, bucket: str, key: str) -> tuple[dict[str, Any], str] | None:
        self._note(self.read, bucket, key)
        return super().read_json(bucket, key)

    def upload(
        self,
        path: Path,
        bucket: str,
        key: str,
        content_type: str,
        *,
        metadata: Mapping[str, str],
        replaces: str | None,
    ) -> None:
        self._note(self.written, bucket, key)
        super().upload(path, bucket, key, content_type, metadata=metadata, replaces=replaces)

    def put_json(
        self, bucket: str, key: str, content: Mapping[str, Any], *, replaces: str | None
    ) -> str:
        self._note(self.written, bucket, key)
        json.dumps(content, ensure_ascii=False).encode()  # as the real one writes it
        return super().put_json(bucket, key, content, replaces=replaces)

    @staticmethod
    def _note(accesses: list[tuple[str, str]], bucket: str, key: str) -> None:
        assert len(key.encode()) <= 1024
        accesses.append((bucket, key))


def _studio(store: WatchedStore) -> Studio:
    store.seed("in", "styles/monet.jpg", bytes([100]))
    store.seed("in", GOOD_VIDEO, b"video")
    store.seed("in", "private.txt", b"secret")
    store.read.clear()
    return studio(store=store)


@settings(max_examples=600, deadline=None)
@given(HOSTILE)
def test_every_upload_gets_its_verdict_and_reaches_nothing_else(upload: Upload) -> None:
    store = WatchedStore()
    studio = _studio(store)
    version = store.seed("in", upload.key, upload.body)
    outcome = run_job(JobRequest("in", upload.key, version), studio)
    event(f"{upload.key.partition('/')[0]} {outcome.state}")

    assert outcome.state == ("succeeded" if upload.blamed is None else "rejected")
    if upload.blamed is not None:
        assert outcome.reason is not None
        assert upload.blamed in outcome.reason
        assert len(outcome.reason) < 1500
        assert "\n" not in outcome.reason
    results = ResultKeys.for_upload(upload.key)
    assert store.json("out", results.status)["state"] == outcome.state
    read = [key for bucket, key in store.read if bucket == "in"]
    assert all(key.startswith(READABLE) for key in read)
    assert not any(part in ("", "..", ".") for key in read for part in key.split("/"))
    allowed = {results.video, results.poster, results.report, results.status}
    assert {key for bucket, key in (*store.read, *store.written) if bucket == "out"} <= allowed
    assert all(bucket == "out" for bucket, _ in store.written)


@settings(max_examples=300, deadline=None)
@given(JSON | st.dictionaries(st.sampled_from(["video", "style", "Records", "detail-type"]), JSON))
def test_any_json_as_an_event_is_read_or_rejected(content: Any) -> None:
    text = json.dumps(content)
    try:
        requests = requests_in_text(text, "in")
    except Rejected as rejection:
        rejection.reason.encode()
        return
    assert all(request.key.startswith(("videos/", "jobs/")) for request in requests)


@given(JSON)
def test_any_key_in_an_event_is_read_or_rejected(key: Any) -> None:
    bridged = {
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": "in"}, "object": {"key": key}},
    }
    try:
        requests = requests_in(bridged, "in")
    except Rejected:
        return
    assert all(request.key.startswith(("videos/", "jobs/")) for request in requests)
