"""Stand-ins for the ports; the contract tests hold them to the real adapters' behaviour."""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from handler.domain.chunks import WHOLE, Chunk, SeekMap
from handler.domain.claim import Claim
from handler.domain.errors import Busy, Changed, ClaimLost, Defect, Rejected, Unavailable
from handler.domain.job import CANCELLED_TAG, RESULT_METADATA, SourceObject
from handler.domain.job_ended import JobEnded
from handler.domain.losses import Announcement, Losses
from handler.domain.media import Encoding, SoundTrack, VideoFacts
from handler.domain.plan import Calibration, Worker
from handler.domain.ports import (
    Frame,
    FrameReader,
    FrameWriter,
    GrowingUpload,
    Listed,
    ObjectFacts,
    Reservation,
    StyleVector,
    Tile,
)
from handler.domain.route import Route
from handler.domain.status import Outcome, State
from handler.pipeline.accounts import Accounts
from handler.pipeline.studio import Studio

FACTS = VideoFacts(
    width=32,
    height=24,
    frame_rate=Fraction(25),
    frame_count=5,
    constant_rate=True,
    sample_aspect_ratio=Fraction(1),
    start=Fraction(0),
    codec="h264",
    pixel_format="yuv420p",
    color_matrix="bt709",
    full_range=False,
    transfer="sdr",
    primaries="bt709",
    interlaced=False,
    transparent=False,
    sound=(SoundTrack(0, "aac", 2, 48000, Fraction(0), Fraction(0), 10),),
    subtitles=(),
    size_bytes=1000,
    announced=Announcement(
        5, Fraction(0), Fraction(1, 5), Fraction(1, 5), is_broken=False, is_gapless=False
    ),
)


@dataclass(frozen=True)
class _Stored:
    body: bytes
    version_id: str
    metadata: Mapping[str, str]
    content_type: str
    modified: datetime

    @property
    def etag(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:32]


class FakeGrowingUpload:
    """Sends all at the end, and sees to it that nothing changed that was written before."""

    def __init__(self, path: Path, head_bytes: int, finish: Callable[[str | None], None]) -> None:
        self._path, self._head_bytes, self._finish = path, head_bytes, finish
        self._seen = b""

    def grown(self) -> None:
        now = self._path.read_bytes()[self._head_bytes :] if self._path.exists() else b""
        assert now.startswith(self._seen), "what was sent was written over"
        self._seen = now

    def finish(self, replaces: str | None) -> None:
        self.grown()
        self._finish(replaces)


class FakeObjectStore:
    """Buckets in memory; every bucket keeps versions, and each is put a second after the last."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], list[_Stored]] = {}
        self.tagged: dict[tuple[str, str, str], dict[str, str]] = {}
        self.down = False
        self._seconds = datetime(2026, 1, 1, tzinfo=UTC)
        self._lock = threading.Lock()

    def seed(
        self, bucket: str, key: str, body: bytes, metadata: Mapping[str, str] | None = None
    ) -> str:
        """Put an object as a user would; return its version id."""
        return self._put(bucket, key, body, "binary/octet-stream", metadata or {})

    def body(self, bucket: str, key: str) -> bytes:
        return self.objects[bucket, key][-1].body

    def json(self, bucket: str, key: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body(bucket, key))
        return content

    def keys_of(self, bucket: str) -> set[str]:
        return {key for owner, key in self.objects if owner == bucket}

    def facts(self, bucket: str, key: str, version_id: str | None = None) -> ObjectFacts | None:
        found = self._find(bucket, key, version_id)
        if found is None:
            return None
        return ObjectFacts(
            len(found.body), found.version_id, found.version_id, found.etag, found.metadata
        )

    def keys(self, bucket: str, prefix: str, limit: int) -> list[str]:
        self._reach()
        found = sorted(key for key in self.keys_of(bucket) if key.startswith(prefix))
        return found[:limit]

    def tags(self, source: SourceObject) -> Mapping[str, str]:
        found = self._find(source.bucket, source.key, source.version_id)
        return self.tagged.get((source.bucket, source.key, found.version_id), {}) if found else {}

    def cancel(self, source: SourceObject) -> None:
        found = self._find(source.bucket, source.key, source.version_id)
        if found is None:
            raise Rejected(f"{source.key} is gone from the bucket")
        self.tagged[source.bucket, source.key, found.version_id] = dict([CANCELLED_TAG])

    def listing(self, bucket: str, prefix: str = "") -> Iterator[Listed]:
        for key in self.keys(bucket, prefix, 1_000_000):
            yield Listed(key, self.objects[bucket, key][-1].modified)

    def download(
        self,
        source: SourceObject,
        path: Path,
        part: tuple[int, int] | None = None,
        at: int | None = None,
    ) -> None:
        found = self._find(source.bucket, source.key, source.version_id)
        if found is None:
            raise Rejected(f"{source.key} is gone from the bucket")
        if part is None:
            path.write_bytes(found.body)
            return
        with path.open("r+b") as file:
            file.seek(part[0] if at is None else at)
            file.write(found.body[slice(*part)])

    def read_json(self, bucket: str, key: str) -> tuple[dict[str, Any], str] | None:
        found = self._find(bucket, key, None)
        if found is None:
            return None
        try:
            content = json.loads(found.body)
        except ValueError:
            content = None
        return content if isinstance(content, dict) else {}, found.etag

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
        with self._lock:
            self._check(bucket, key, replaces)
            self._put(bucket, key, path.read_bytes(), content_type, {**RESULT_METADATA, **metadata})

    @contextmanager
    def upload_growing(
        self,
        path: Path,
        bucket: str,
        key: str,
        content_type: str,
        *,
        metadata: Mapping[str, str],
        head_bytes: int,
        most_bytes: int,
    ) -> Iterator[GrowingUpload]:
        def finish(replaces: str | None) -> None:
            self.upload(path, bucket, key, content_type, metadata=metadata, replaces=replaces)

        yield FakeGrowingUpload(path, head_bytes, finish)

    def put_json(
        self, bucket: str, key: str, content: Mapping[str, Any], *, replaces: str | None
    ) -> str:
        with self._lock:
            self._check(bucket, key, replaces)
            self._put(
                bucket, key, json.dumps(content).encode(), "application/json", RESULT_METADATA
            )
            return self.objects[bucket, key][-1].etag

    def _check(self, bucket: str, key: str, replaces: str | None) -> None:
        found = self._find(bucket, key, None)
        if (found.etag if found else None) != replaces:
            raise Changed(f"{key} was changed by another worker")

    def _put(
        self, bucket: str, key: str, body: bytes, content_type: str, metadata: Mapping[str, str]
    ) -> str:
        self._reach()
        versions = self.objects.setdefault((bucket, key), [])
        version_id = hashlib.sha256(body + str(len(versions)).encode()).hexdigest()[:32]
        self._seconds += timedelta(seconds=1)
        stored = _Stored(body, version_id, metadata, content_type, self._seconds)
        versions.append(stored)
        return version_id

    def _find(self, bucket: str, key: str, version_id: str | None) -> _Stored | None:
        self._reach()
        versions = self.objects.get((bucket, key), [])
        wanted = [v for v in versions if version_id in (None, v.version_id)]
        return wanted[-1] if wanted else None

    def _reach(self) -> None:
        if self.down:
            raise Unavailable("the store is down")


@dataclass
class _Held:
    claim: Claim
    until: float
    upload: SourceObject
    carrier: str


class FakeJobLedger:
    """Remembers in memory; every claim is made one millisecond after the one before.

    Args:
        now: seconds since 1970, as leases see it.
    """

    def __init__(self, lease_seconds: float = 60.0, now: Callable[[], float] = time.time) -> None:
        self.lease_seconds = lease_seconds
        self.now = now
        self.ended: dict[str, Outcome] = {}
        self.held: dict[str, _Held] = {}
        self.reasons: dict[str, str] = {}
        self._tokens = itertools.count(1)
        self._lock = threading.Lock()

    def outcome(self, job_id: str) -> Outcome | None:
        return self.ended.get(job_id)

    def carrier(self, job_id: str, result: str) -> str:
        held = self.held.get(result)
        return held.carrier if held and held.claim.job_id == job_id else ""

    def claim(self, job_id: str, result: str, upload: SourceObject, carrier: str) -> Claim:
        with self._lock:
            now, held = self.now(), self.held.get(result)
            if held and held.until > now:
                replaced = held.upload.key == upload.key and held.upload.version != upload.version
                if not replaced:
                    same_job = held.claim.job_id == job_id
                    raise Busy(held.until - now, held.carrier if same_job else "")
            token = next(self._tokens)
            reason = self.reasons.get(job_id, "")
            claim = Claim(job_id, result, f"owner {token}", token, reason)
            self.held[result] = _Held(claim, now + self.lease_seconds, upload, carrier)
            return claim

    def renew(self, claim: Claim) -> None:
        held = self.held.get(claim.result)
        if not held or held.claim.owner != claim.owner or not held.until:
            raise ClaimLost("another worker took this job over")
        held.until = self.now() + self.lease_seconds

    def hand_over(self, claim: Claim, carrier: str, seconds: float) -> None:
        self.renew(claim)
        self.held[claim.result].until = self.now() + seconds
        self.held[claim.result].carrier = carrier

    def adopt(self, job_id: str, result: str, carrier: str) -> Claim:
        held = self.held.get(result)
        if not held or held.claim.job_id != job_id or not held.until:
            raise ClaimLost("another worker took this job over")
        if held.carrier != carrier:
            raise Unavailable("the job was not handed over yet")
        return held.claim

    def release(self, claim: Claim, reason: str = "") -> None:
        held = self.held.get(claim.result)
        if held and held.claim.owner == claim.owner and held.until:
            held.until = 0.0
            if reason:
                self.reasons[claim.job_id] = reason

    def record(self, outcome: Outcome) -> None:
        known = self.ended.get(outcome.job_id)
        if not known or known.state is not State.SUCCEEDED:
            self.ended[outcome.job_id] = outcome

    def forget(self, job_id: str) -> None:
        self.ended.pop(job_id, None)


class FakeLauncher:
    """Notes what it is told to start."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str, int, int, Route]] = []

    def start(self, job_id: str, chunks_key: str, chunks: int, workers: int, route: Route) -> str:
        self.started.append((job_id, chunks_key, chunks, workers, route))
        return f"execution/{job_id}"


class FakeAnnouncer:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.ended: list[JobEnded] = []

    def announce(self, ended: JobEnded) -> None:
        self.ended.append(ended)


class FakeReader:
    """Flat grey frames, of which some may be missing at the end."""

    def __init__(
        self, facts: VideoFacts, size: tuple[int, int], decodable: int, *, still: bool
    ) -> None:
        width, height = size
        self.losses = Losses(facts.frame_count, max(0, facts.frame_count - decodable))
        self._frames = (
            np.full((height, width, 3), 0 if still else index % 256, np.uint8)
            for index in range(decodable)
        )

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        return next(self._frames)


class FakeSpendCounter:
    """Counts one month in memory."""

    def __init__(self, cap_usd: float = 0.0) -> None:
        self.cap_usd = cap_usd
        self.settled_usd = 0.0
        self.reserved_usd: dict[str, float] = {}
        self.down = False

    @property
    def total_usd(self) -> float:
        return self.settled_usd + sum(self.reserved_usd.values())

    def reserve(self, job_id: str, usd: float) -> Reservation:
        self._reach()
        if job_id not in self.reserved_usd:
            if self.cap_usd and self.total_usd + usd > self.cap_usd:
                left = max(0.0, self.cap_usd - self.total_usd)
                raise Rejected(f"{left:.4f} are left, and the job would cost about {usd:.4f}")
            self.reserved_usd[job_id] = usd
        return Reservation(job_id, "2026-01", round(self.reserved_usd[job_id] * 1e6))

    def settle(self, reservation: Reservation, usd: float) -> None:
        self._reach()
        if self.reserved_usd.pop(reservation.job_id, None) is not None:
            self.settled_usd += usd

    def _reach(self) -> None:
        if self.down:
            raise Unavailable("the counter is down")


CALIBRATION = Calibration(
    "2026-01-01", "fake", 1, 0.1, 0.1, 1.0, 1e-3, 5e-4, {"fake": {"exact": 2e-3}}
)


def accounts(spend: FakeSpendCounter | None = None, memory_mb: int = 1769) -> Accounts:
    """Those of a function with one processor."""
    worker = Worker(1.0, memory_mb, "x86_64")
    return Accounts(worker, CALIBRATION, spend or FakeSpendCounter())


class FakeMedia:
    """Videos whose frame ``i`` is a flat grey of ``i``; a file is its facts' stand-in.

    A file that holds ``broken`` can't be read; a result holds its number of frames.
    """

    def __init__(self, facts: VideoFacts = FACTS) -> None:
        self.facts = facts
        self.decodable = facts.frame_count
        self.times_read = 0
        self.still = False
        self.loses_on_write = 0
        self.written: list[Frame] = []
        self.encoding = Encoding.of()
        self.sheet: Sequence[Sequence[Tile]] = ()
        self._shape: tuple[int, ...] = ()
        self._result_size = facts.encoded_size

    def probe(self, video: Path, *, is_ours: bool = False) -> VideoFacts:
        content = video.read_bytes()
        if content == b"broken":
            raise Rejected("the file can't be read as a video")
        if content.startswith(b"result "):
            width, height = self._result_size
            return replace(
                self.facts,
                width=width,
                height=height,
                frame_count=int(content.split()[1]),
                codec=self.encoding.codec.value,
            )
        return self.facts

    def ready_to_probe(self) -> AbstractContextManager[None]:
        return nullcontext()

    def seek_map(self, video: Path, facts: VideoFacts) -> SeekMap | None:
        return None

    @contextmanager
    def read_frames(
        self,
        video: Path,
        facts: VideoFacts,
        size: tuple[int, int] | None = None,
        chunk: Chunk = WHOLE,
    ) -> Iterator[FrameReader]:
        if not self.decodable:
            raise Rejected("not one frame of the video can be decoded")
        self.times_read += 1
        reader = FakeReader(facts, size or facts.size, self.decodable, still=self.still)
        for _ in range(min(chunk.begin, self.decodable)):
            next(reader)
        yield reader

    @contextmanager
    def write_video(
        self,
        video: Path,
        facts: VideoFacts,
        sound_from: Path,
        encoding: Encoding,
        size: tuple[int, int] | None = None,
    ) -> Iterator[FrameWriter]:
        width, height = size or facts.size
        self._shape = height, width, 3
        self._result_size = facts.encoded_size
        self.written = []
        self.encoding = encoding
        yield self
        video.write_text(f"result {len(self.written) - self.loses_on_write}")

    @contextmanager
    def write_chunk(
        self, part: Path, facts: VideoFacts, encoding: Encoding, size: tuple[int, int] | None = None
    ) -> Iterator[FrameWriter]:
        with self.write_video(part, facts, part, encoding, size) as writer:
            yield writer

    def join(
        self,
        parts: Iterable[tuple[int, Path]],
        video: Path,
        facts: VideoFacts,
        sound_from: Path,
        encoding: Encoding,
        index_bytes: int,
    ) -> int:
        frames = sum(int(part.read_bytes().split()[1]) for _, part in parts)
        video.write_text(f"result {frames}")
        return frames

    def write(self, frame: Frame) -> None:
        if frame.shape != self._shape:
            raise Defect(f"a frame of shape {frame.shape}")
        self.written.append(frame)

    def read_picture(self, picture: Path) -> Frame:
        content = picture.read_bytes()
        if content == b"broken":
            raise Rejected("the style is not a JPEG, PNG or WebP picture")
        return np.full((8, 8, 3), content[0], np.uint8)

    def glimpse(
        self,
        video: Path,
        facts: VideoFacts,
        index: int,
        size: tuple[int, int],
        frames: int = 1,
        *,
        roughly: bool = False,
    ) -> list[Frame]:
        with self.read_frames(video, facts, size) as reader:
            return list(itertools.islice(reader, index, index + frames))

    def write_teaser(self, picture: Path, frames: Sequence[Frame], frame_seconds: Fraction) -> None:
        picture.write_text(f"teaser {len(frames)}")

    def write_sheet(self, picture: Path, rows: Sequence[Sequence[Tile]]) -> None:
        self.sheet = rows
        picture.write_bytes(b"sheet")

    def write_poster(self, picture: Path, before: Frame, after: Frame) -> None:
        both = np.concatenate([before, after], axis=1)
        picture.write_bytes(bytes([both[0, 0, 0], both[0, -1, 0]]))


class FakePainter:
    """Adds the style's grey to the frame."""

    description: Mapping[str, str] = {"model": "fake", "engine": "fake", "precision": "exact"}
    smallest_side = 16
    frames_at_once = 2
    width_multiple = 4

    def __init__(self) -> None:
        self.vectors_made = 0
        self.frames_painted = 0
        self.sizes: set[tuple[int, ...]] = set()
        self.on_paint: Callable[[], None] = lambda: None

    def prepare(self, width: int, height: int) -> None:
        """There is nothing to get ready."""

    def style_vector(self, picture: Frame, scale: float = 1.0) -> StyleVector:
        self.vectors_made += 1
        return np.full(100, picture.mean(), np.float32)

    def paint(self, frame: Frame, style: StyleVector) -> Frame:
        self.on_paint()
        self.frames_painted += 1
        self.sizes.add(frame.shape)
        painted: Frame = frame + np.uint8(style[0])
        return painted


class FakeMotion:
    """Carries paint by adding 200 to a frame; cuts are where they are said to be, by grey."""

    def __init__(self) -> None:
        self.cuts: set[int] = set()
        self.fails = False
        self.morphs: list[bool] = []
        self.on_given: Callable[[], None] = lambda: None

    def is_cut(self, before: Frame, after: Frame) -> bool:
        return int(after[0, 0, 0]) in self.cuts

    def propagate(
        self,
        frames: Sequence[Frame],
        paint: Callable[[int], Frame],
        *,
        morphs: bool = False,
    ) -> Iterator[Frame]:
        if self.fails:
            raise ZeroDivisionError
        self.morphs.append(morphs)
        return self._given(frames[1:-1])

    def _given(self, frames: Sequence[Frame]) -> Iterator[Frame]:
        for frame in frames:
            yield frame + np.uint8(200)
            self.on_given()


class FakeObserver:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.job_ids: list[str] = []
        self.frames: list[tuple[int, int]] = []
        self.states: list[State] = []
        self.containers_usd: list[float] = []

    def began(self, job_id: str) -> None:
        self.job_ids.append(job_id)

    def painted(
        self, frames: int, frames_painted: int, paint_seconds: float, cost_usd: float | None
    ) -> None:
        self.frames.append((frames, frames_painted))

    def container_ended(self, cost_usd: float) -> None:
        self.containers_usd.append(cost_usd)

    def ended(self, state: State) -> None:
        self.states.append(state)


def studio(**parts: Any) -> Studio:
    """Everything that a job needs, faked but for the parts that are given."""
    fakes: dict[str, Any] = {
        "store": FakeObjectStore(),
        "ledger": FakeJobLedger(),
        "accounts": accounts(),
        "announcer": FakeAnnouncer(),
        "media": FakeMedia(),
        "painter": FakePainter,
        "motion": FakeMotion,
        "observer": FakeObserver(),
        "input_bucket": "in",
        "output_bucket": "out",
        "default_style": "",
        "working_size_px": 1024,
        "max_source_bytes": 1000,
        "max_style_bytes": 100,
        "status_interval_seconds": 1000.0,
        "seconds_left": lambda: 900.0,
        "longest_run_seconds": 900.0,
        "lease_seconds": 60.0,
    }
    return Studio(**{**fakes, **parts})
