"""From files on the own disk to uploads that a stack paints."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from handler import gallery
from handler.domain.digest import Digest
from handler.domain.errors import Changed, Rejected
from handler.domain.job import (
    JOB_SUFFIX,
    JOBS,
    SOURCE_METADATA,
    STYLE_SUFFIXES,
    STYLES,
    VIDEOS,
    Buckets,
    SourceObject,
    check_job_file_key,
    check_style_name,
    check_video_key,
    clipped,
    is_result,
    is_source,
)
from handler.domain.job_file import LARGEST_JOB_FILE_BYTES, job_in, read_json
from handler.domain.ports import ObjectStore, Uploader
from handler.domain.status import State
from handler.pipeline.attempt import is_cancelled
from handler.pipeline.find_job import FoundJob, of_upload
from handler.pipeline.style_key import style_key

Begin = Callable[[str, int], Callable[[int], None]]
"""Told what begins and how many bytes it takes; gives what to tell of bytes that are done."""

NAMED_BY = 16
"""Hexadecimal digits of its content in the name of a video that job files name."""


LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Order:
    """What to have painted.

    Attributes:
        style: a picture, or the name of one that is in the bucket; "" with a job file.
        wishes: fields of a job file besides video and style.
        job_file: says all but where the video lies on this disk.
        replaces_style: a picture in the bucket may be replaced by another of its name.
    """

    clip: Path
    style: str = ""
    wishes: Mapping[str, Any] = field(default_factory=dict)
    job_file: Path | None = None
    replaces_style: bool = False


@dataclass(frozen=True)
class Submitted:
    """What became of an order.

    Attributes:
        uploaded, kept: keys of what was uploaded, and of what was there.
    """

    job: FoundJob
    uploaded: tuple[str, ...]
    kept: tuple[str, ...]


def submit(
    order: Order, store: ObjectStore, uploader: Uploader, buckets: Buckets, begin: Begin
) -> Submitted:
    """Upload what a stack needs to paint a clip, and nothing that is there already.

    A plain wish is a plain upload, ``videos/STYLE/clip.mp4``. Whatever else is wished goes by a job
    file, which follows its video; that is marked, so that it asks for nothing by itself.

    Submitting the same again does nothing, unless that ended badly or a picture is another by now.

    Raises:
        Rejected: the order can't be one.
        Changed: somebody else uploads the same style at this moment.
    """
    return _Submission(order, store, uploader, buckets, begin).run()


class _Submission:
    def __init__(
        self, order: Order, store: ObjectStore, uploader: Uploader, buckets: Buckets, begin: Begin
    ) -> None:
        self._order = order
        self._store = store
        self._uploader = uploader
        self._buckets = buckets
        self._begin = begin
        self._pictures: list[str] = []
        self._uploaded: list[str] = []
        self._kept: list[str] = []

    def run(self) -> Submitted:
        clip, path = self._order.clip, self._order.job_file
        if path:
            job_key = f"{JOBS}{path.stem}{JOB_SUFFIX}"
            check_job_file_key(job_key)
            video_key, job = self._read(path)
            return self._by_job_file(video_key, job_key, job, self._digest())
        style = self._style_name()
        plain_key = f"{VIDEOS}{style}/{clip.name}"
        job_key = f"{JOBS}{style}/{clip.stem}{JOB_SUFFIX}"
        check_job_file_key(job_key)
        fields = {"video": plain_key, "style": style, **self._order.wishes}
        job_in(fields, self._buckets.input)
        self._put_style(style)
        digest = self._digest()
        if not self._order.wishes:
            return self._plainly(plain_key, digest)
        content = digest.whole.hex()[:NAMED_BY]
        fields["video"] = video_key = f"{VIDEOS}{style}/{clip.stem}.{content}{clip.suffix}"
        check_video_key(video_key)
        return self._by_job_file(video_key, job_key, json.dumps(fields, indent=2).encode(), digest)

    def _plainly(self, key: str, digest: Digest) -> Submitted:
        is_there = self._uploader.holds(self._buckets.input, key, digest)
        if is_there and (standing := self._standing(key)):
            self._kept.append(key)
            return self._submitted(standing)
        version = self._upload(key, digest, {})
        return self._submitted(self._new(key, version))

    def _by_job_file(self, video_key: str, job_key: str, job: bytes, digest: Digest) -> Submitted:
        if self._uploader.holds(self._buckets.input, video_key, digest):
            self._kept.append(video_key)
        else:
            self._upload(video_key, digest, SOURCE_METADATA)
        there, _ = self._store.read_json(self._buckets.input, job_key) or (None, None)
        is_there = there == read_json(job, job_key)
        if is_there and (standing := self._standing(job_key)):
            self._kept.append(job_key)
            return self._submitted(standing)
        version = self._uploader.put(
            job, self._buckets.input, job_key, content_type="application/json"
        )
        self._uploaded.append(job_key)
        return self._submitted(self._new(job_key, version))

    def _standing(self, key: str) -> FoundJob | None:
        """The job of an upload that is there; None where it has to be uploaded again."""
        asked_at = self._modified(key)
        if self._uploaded or any(self._modified(picture) > asked_at for picture in self._pictures):
            return None  # it was not painted with what is there now
        facts = self._store.facts(self._buckets.input, key)
        if facts is None or is_source(facts.metadata) or is_result(facts.metadata):
            return None
        job = of_upload(key, self._store, self._buckets)
        ended_badly = job.end and job.end.state is not State.SUCCEEDED
        if ended_badly or not job.newest or is_cancelled(job.newest, self._store):
            return None
        return job

    def _read(self, path: Path) -> tuple[str, bytes]:
        """A job file that asks for what the bucket has: the key of its video, and all of it."""
        if path.stat().st_size > LARGEST_JOB_FILE_BYTES:
            raise Rejected(f"the job file {path} is larger than {LARGEST_JOB_FILE_BYTES} bytes")
        body = path.read_bytes()
        request = job_in(read_json(body, str(path)), self._buckets.input)
        styles = request.treatment.styles(request.timeline) if request.timeline else ()
        for style in sorted(styles):
            picture = style_key(style, self._store, self._buckets.input)
            if picture is None and style in gallery.STYLES:
                continue
            if picture is None:
                raise Rejected(
                    f"there is no picture of the style {clipped(style)}, which {path} names, "
                    f"{gallery.NONE_SUCH}: upload it to {STYLES}"
                )
            self._pictures.append(picture)
        return request.key, body

    def _style_name(self) -> str:
        picture = Path(self._order.style)
        if not picture.is_file():
            return check_style_name(self._order.style)
        if picture.suffix.lower() not in STYLE_SUFFIXES:
            raise Rejected(f"a style is a {', '.join(STYLE_SUFFIXES)}, not {clipped(picture.name)}")
        return check_style_name(picture.stem)

    def _put_style(self, name: str) -> None:
        """See that the style's picture is in the bucket."""
        picture, bucket = Path(self._order.style), self._buckets.input
        taken = style_key(name, self._store, bucket)
        if not picture.is_file():
            if taken is None and name in gallery.STYLES:
                return
            if taken is None:
                raise Rejected(
                    f"{clipped(name)} is neither a picture on this disk nor a style in the bucket, "
                    f"{gallery.NONE_SUCH}"
                )
            self._pictures.append(taken)
            return
        body, key = picture.read_bytes(), f"{STYLES}{picture.name}"
        if taken == key and self._has(key, body):
            self._pictures.append(key)
            self._kept.append(key)
            return
        if taken and taken != key:
            raise Rejected(f"the bucket has {taken} already: give your picture another name")
        if taken and not self._order.replaces_style:
            raise Rejected(
                f"the bucket has another picture {taken}: give yours another name, "
                f"or replace that for everybody with --replace-style"
            )
        try:
            self._uploader.put(
                body, bucket, key, content_type=_content_type(picture), is_new=taken is None
            )
        except Changed:
            if not self._has(key, body):
                raise
        self._uploaded.append(key)

    def _modified(self, key: str) -> datetime:
        """When an object was put, in whole seconds; of none, long ago."""
        found = self._store.listing(self._buckets.input, key)
        return next((entry.modified for entry in found if entry.key == key), LONG_AGO)

    def _has(self, key: str, body: bytes) -> bool:
        facts = self._store.facts(self._buckets.input, key)
        if facts is None or facts.size_bytes != len(body):
            return False
        with TemporaryDirectory() as folder:
            there = Path(folder, "there")
            self._store.download(SourceObject(self._buckets.input, key, facts.version), there)
            return there.read_bytes() == body

    def _digest(self) -> Digest:
        clip = self._order.clip
        advance = self._begin(f"reading {clip.name}", clip.stat().st_size)
        return self._uploader.digest(clip, advance)

    def _upload(self, key: str, digest: Digest, metadata: Mapping[str, str]) -> str:
        clip = self._order.clip
        version = self._uploader.upload(
            clip,
            digest,
            self._buckets.input,
            key,
            content_type=_content_type(clip),
            metadata=metadata,
            listen=self._begin(f"uploading {clip.name}", digest.size_bytes),
        )
        self._uploaded.append(key)
        return version

    def _new(self, key: str, version: str) -> FoundJob:
        """The job of what was uploaded just now."""
        return FoundJob(key, SourceObject(self._buckets.input, key, version), None)

    def _submitted(self, job: FoundJob) -> Submitted:
        return Submitted(job, tuple(self._uploaded), tuple(self._kept))


def _content_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
