"""A job that many workers paint: what they all must know, and where they leave what they made.

Everything lies in the bucket of work, below the job's id:

    plan.json              the order; written once, before any worker starts
    chunks.json            the list of chunks, of which the state machine gives one to each worker
    <chunk>.mp4            its pictures, encoded
    done/<chunk>.json      what was done: written last, so a chunk that has it is complete
    failed/<chunk>.json    why its last attempt failed
    poster.jpg

A chunk's name holds a hash of all that its frames depend on: one that was painted for another
order of the same job is not taken for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from handler.domain.chunks import Chunk
from handler.domain.errors import Cancelled, Changed, Defect, Rejected, Unavailable
from handler.domain.job import Job, SourceObject
from handler.domain.losses import Losses
from handler.domain.media import VideoFacts
from handler.domain.plan import Plan
from handler.domain.ports import ObjectStore, Reservation
from handler.domain.status import State
from handler.pipeline.attempt import explain

Record = TypeVar("Record")

DONE, FAILED = "done/", "failed/"


@dataclass(frozen=True)
class Order:
    """What is to be painted by many.

    Attributes:
        upload: that is answered.
        styles: for each style that the timeline names, the version of its picture.
        model: name of the networks.
        plan: in how many chunks.
        index: parts of the source that are needed for every chunk that is not fetched whole.
        reservation: of money, settled when the job ends.
        planning_usd: spent until then; None where nobody sends a bill.
        begun_at: when the job was taken up.
    """

    job: Job
    upload: SourceObject
    facts: VideoFacts
    styles: dict[str, SourceObject]
    model: str
    plan: Plan
    index: tuple[tuple[int, int], ...]
    reservation: Reservation | None
    planning_usd: float | None
    begun_at: datetime

    def name_of(self, chunk: Chunk) -> str:
        depends_on = (
            self.job.job_id,
            self.facts,
            sorted(self.styles.items()),
            self.model,
            chunk.begin,
            chunk.end,
        )
        digest = hashlib.sha256(repr(depends_on).encode()).hexdigest()[:16]
        return f"{chunk.index:05}-{digest}"


@dataclass(frozen=True)
class Done:
    """What became of a chunk.

    Attributes:
        frames: of it; with none there is no file.
        size_bytes, etag: of its file.
        cost_usd: of the worker; None where nobody sends a bill.
    """

    frames: int
    frames_painted: int
    losses: Losses
    seconds: float
    cost_usd: float | None
    size_bytes: int
    etag: str | None
    engine: dict[str, str]


@dataclass(frozen=True)
class Failure:
    """Why a chunk was not painted.

    Attributes:
        state: in which the job ends for it.
    """

    reason: str
    state: State

    @classmethod
    def of(cls, error: Exception) -> Failure:
        return cls(explain(error), state_after(error))


def state_after(error: Exception) -> State:
    """How a job ends that can't get past an error."""
    if isinstance(error, Cancelled):
        return State.CANCELLED
    return State.REJECTED if isinstance(error, Rejected) else State.FAILED


@dataclass(frozen=True)
class Work:
    """One job's part of the bucket of work."""

    store: ObjectStore
    bucket: str
    job_id: str

    def key(self, name: str) -> str:
        return f"{self.job_id}/{name}"

    def write(self, name: str, record: object) -> None:
        """Put a record over whatever is there; whoever does the same at once writes the same."""
        key, content = self.key(name), _adapter(type(record)).dump_python(record, mode="json")
        there = self.store.facts(self.bucket, key)
        with suppress(Changed):
            self.store.put_json(self.bucket, key, content, replaces=there.etag if there else None)

    def upload(self, path: Path, name: str, content_type: str) -> str:
        """Put a file over whatever is there; the ETag of what is there then."""
        key = self.key(name)
        there = self.store.facts(self.bucket, key)
        replaces = there.etag if there else None
        with suppress(Changed):
            self.store.upload(path, self.bucket, key, content_type, metadata={}, replaces=replaces)
        if (written := self.store.facts(self.bucket, key)) is None:
            raise Unavailable(f"{key} is gone from the bucket of work")
        return written.etag

    def read(self, name: str, kind: type[Record]) -> Record | None:
        """A record, None where there is none.

        Raises:
            Defect: something else is there.
        """
        found = self.store.read_json(self.bucket, self.key(name))
        return None if found is None else parsed(kind, found[0])

    def order(self) -> Order:
        """Raises Unavailable while there is none."""
        order = self.read("plan.json", Order)
        if order is None:
            raise Unavailable("the plan of this job is not there (any more)")
        return order

    def write_chunks(self, chunks: Sequence[Chunk], folder: Path) -> None:
        """Put the list of chunks as a Distributed Map reads it: one array."""
        path = folder / "chunks.json"
        path.write_bytes(_adapter(list[Chunk]).dump_json(list(chunks)))
        self.upload(path, "chunks.json", "application/json")

    def chunks(self, folder: Path) -> list[Chunk]:
        """The list of chunks."""
        path = folder / "chunks.json"
        self.store.download(self.source("chunks.json"), path)
        return parsed(list[Chunk], json.loads(path.read_bytes()))

    def chunk(self, index: int, folder: Path) -> Chunk:
        """One of the list; raises Defect where there is none of this index."""
        chunks = self.chunks(folder)
        if not 0 <= index < len(chunks):
            raise Defect(f"there is no chunk {index}, but {len(chunks)} in all")
        return chunks[index]

    def source(self, name: str) -> SourceObject:
        """One of the objects, to be downloaded."""
        return SourceObject(self.bucket, self.key(name), "")


def parsed(kind: type[Record], content: Any) -> Record:
    """A record from JSON; raises Defect where it is none."""
    try:
        record: Record = _adapter(kind).validate_python(content, strict=False)
    except ValidationError as error:
        raise Defect(f"a record of the job can't be read: {error.errors()[0]['msg']}") from error
    return record


def _adapter(kind: type[Record]) -> TypeAdapter[Record]:
    return TypeAdapter(kind)
