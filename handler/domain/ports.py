"""What the use cases need of the world; adapters and test fakes implement these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from handler.domain.chunks import WHOLE, Chunk, SeekMap
from handler.domain.claim import Claim
from handler.domain.digest import Digest
from handler.domain.job import SourceObject
from handler.domain.job_ended import JobEnded
from handler.domain.losses import Losses
from handler.domain.media import Encoding, VideoFacts
from handler.domain.route import Route
from handler.domain.status import Outcome, State

Frame = npt.NDArray[np.uint8]
"""uint8 (height, width, 3), sRGB, colour order red, green, blue."""

StyleVector = npt.NDArray[np.float32]
"""float32 (N,): the predictor's summary of a style image; 100 numbers in both Magenta models."""


@dataclass(frozen=True)
class Tile:
    """One picture on a sheet, and what is written under it; None leaves its place empty."""

    image: Frame | None
    caption: str = ""


class Painter(Protocol):
    """The two networks; ``paint`` may be called by several threads at a time."""

    @property
    def description(self) -> Mapping[str, str]:
        """What paints, for the report: model, engine, precision."""

    @property
    def smallest_side(self) -> int:
        """The least height or width of a frame that ``paint`` takes, px."""

    @property
    def width_multiple(self) -> int:
        """Frames whose width, px, is a multiple of it are painted fastest."""

    @property
    def frames_at_once(self) -> int:
        """How many threads should paint."""

    def prepare(self, width: int, height: int) -> None:
        """Get ready to paint frames of this size, px; else the first ``paint`` does."""

    def style_vector(self, picture: Frame, scale: float = 1.0) -> StyleVector:
        """Summarize a style image of any size; may be called by several threads at a time.

        Args:
            scale: how large its strokes are shown to the predictor; 2 doubles them.
        """

    def paint(self, frame: Frame, style: StyleVector) -> Frame:
        """Paint one frame.

        Args:
            frame: uint8 (height, width, 3), sRGB, both sides at least ``smallest_side``.
            style: float32 (N,).

        Returns:
            uint8, the same shape, owned by the caller.
        """


class Motion(Protocol):
    """How pictures move; both methods may be called by several threads at a time."""

    def is_cut(self, before: Frame, after: Frame) -> bool:
        """Whether the second of two adjacent frames begins another shot."""

    def propagate(
        self,
        frames: Sequence[Frame],
        paint: Callable[[int], Frame],
        *,
        morphs: bool = False,
    ) -> Iterator[Frame]:
        """Paint the frames between two keyframes with what is painted on those.

        The result depends on nothing but these arguments.

        Args:
            frames: uint8 (height, width, 3), two or more in order, both keyframes included.
            paint: gives the frame of this index painted, of the same shape: the first and the last,
                which are the keyframes, and each that holds too much of what these don't show.
                It may take its time: what can be done without it is done before.
            morphs: whether the keyframes are painted in different looks. Frames that repeat each
                other are painted alike if not, and else as far as their time has passed.

        Yields:
            Two fewer than ``frames``; some may be the same array.
        """


class FrameReader(Iterator[Frame], Protocol):
    """A decoder that is being read."""

    @property
    def losses(self) -> Losses:
        """What the source announced and did not give; complete after the last frame."""


class FrameWriter(Protocol):
    """An encoder that is being fed."""

    def write(self, frame: Frame) -> None:
        """Append a frame of the announced size.

        Raises:
            Defect: the encoder ended.
        """


class Media(Protocol):
    """Reading and writing of videos and pictures on the local disk."""

    def probe(self, video: Path, *, is_ours: bool = False) -> VideoFacts:
        """Facts of a video.

        Args:
            is_ours: whether it was written here, so that less has to be looked at.

        Raises:
            Rejected: the file can't be shown as a video.
        """

    def seek_map(self, video: Path, facts: VideoFacts) -> SeekMap | None:
        """Where the video can be decoded from; None where only its start will do.

        Raises:
            Rejected: the file breaks its reader.
        """

    def read_frames(
        self,
        video: Path,
        facts: VideoFacts,
        size: tuple[int, int] | None = None,
        chunk: Chunk = WHOLE,
    ) -> AbstractContextManager[FrameReader]:
        """Decode every frame in order from the first one of the chunk on, rotation applied.

        The frames are uint8 (height, width, 3) of that width and height, the source's own if not
        given, in BT.709 for an SDR screen, whatever the source is: deinterlaced, tone-mapped, over
        black. Each is owned by the caller. Where frames can't be decoded, the one before them comes
        again, the same object, so that the pictures stay at their times.

        Raises, while iterating:
            Rejected: nothing could be decoded, or it takes senselessly long.
            Unavailable: the decoder was killed.
            SeekMissed: the chunk's place to begin at is none; decode it from the start.
        """

    def ready_to_probe(self) -> AbstractContextManager[None]:
        """Prepare for the next ``probe``, of a video that is not there yet; it is faster then."""

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
        """Some frames in a row as ``read_frames`` gives them, without reading all before them.

        In damaged video, that of a variable rate and containers without times (AVI) they may be
        some nearby; fewer where the video ends. Where nothing can be found that way, all before
        them is read.

        Args:
            roughly: whether frames somewhat before will do, or none, where these take long.

        Raises:
            Rejected: nothing can be decoded.
        """

    def write_video(
        self,
        video: Path,
        facts: VideoFacts,
        sound_from: Path,
        encoding: Encoding,
        size: tuple[int, int] | None = None,
    ) -> AbstractContextManager[FrameWriter]:
        """Encode frames to ``video``, beside them what ``sound_from`` has but pictures.

        The frames come in that width and height, the source's own if not given, and leave in the
        source's. Beside them is sound, text subtitles, chapters and what it says about itself.

        The file is complete once the context is left without an exception, else it is removed.

        Raises:
            Defect: the encoder failed.
        """

    def write_chunk(
        self, part: Path, facts: VideoFacts, encoding: Encoding, size: tuple[int, int] | None = None
    ) -> AbstractContextManager[FrameWriter]:
        """Encode the frames of a chunk, to be joined with others that were encoded likewise.

        The same as ``write_video``, without what lies beside the pictures.
        """

    def join(
        self,
        parts: Iterable[tuple[int, Path]],
        video: Path,
        facts: VideoFacts,
        sound_from: Path,
        encoding: Encoding,
        index_bytes: int,
    ) -> int:
        """Write what ``write_video`` would, from encoded chunks, whose pictures stay as they are.

        Args:
            parts: of each chunk its first frame and its file, in order; one at a time is read.
            index_bytes: at the beginning of the video, of which its index is written last. Behind
                these, and a kilobyte for what stands around them, what is written stays.

        Returns:
            How many frames there are.

        Raises:
            IndexTooLarge: to that.
            Defect: the chunks don't go together, or the muxer failed.
            Rejected: the sound is damaged.
        """

    def read_picture(self, picture: Path) -> Frame:
        """Raises Rejected when the file is no picture."""

    def write_poster(self, picture: Path, before: Frame, after: Frame) -> None:
        """Write both frames side by side as a JPEG."""

    def write_teaser(self, picture: Path, frames: Sequence[Frame], frame_seconds: Fraction) -> None:
        """Write one or more frames as an animated picture of less than 3 MB, WebP or GIF."""

    def write_sheet(self, picture: Path, rows: Sequence[Sequence[Tile]]) -> None:
        """Write labelled pictures in rows as a JPEG."""


@dataclass(frozen=True)
class ObjectFacts:
    """What a bucket knows about an object.

    Attributes:
        etag: of the content, without quotes.
        metadata: of the user, keys in lower case without ``x-amz-meta-``.
    """

    size_bytes: int
    version: str
    version_id: str | None
    etag: str
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Listed:
    """An object as a listing shows it.

    Attributes:
        modified: when this version was put, in UTC, whole seconds.
    """

    key: str
    modified: datetime


class GrowingUpload(Protocol):
    """A file that is sent while it is written.

    Raises, both methods: as ``ObjectStore``.
    """

    def grown(self) -> None:
        """Send what is written by now."""

    def finish(self, replaces: str | None) -> None:
        """The same as ``ObjectStore.upload``, once the file is whole; again where it fails."""


class ObjectStore(Protocol):
    """S3, as far as jobs need it. What is put carries ``handler.domain.job.RESULT_METADATA``.

    Raises, all methods: Unavailable when the service does not answer, Defect when it forbids.
    """

    def facts(self, bucket: str, key: str, version_id: str | None = None) -> ObjectFacts | None:
        """What is known of an object, None where there is none."""

    def keys(self, bucket: str, prefix: str, limit: int) -> list[str]:
        """The first ``limit`` keys that begin with ``prefix``, in the store's order."""

    def tags(self, source: SourceObject) -> Mapping[str, str]:
        """Of that version of the object; none where it is gone."""

    def cancel(self, source: SourceObject) -> None:
        """Tag that version as ``CANCELLED_TAG`` says. Raises Rejected when it is gone."""

    def listing(self, bucket: str, prefix: str = "") -> Iterator[Listed]:
        """Every object whose key begins with ``prefix``, in the store's order."""

    def download(
        self,
        source: SourceObject,
        path: Path,
        part: tuple[int, int] | None = None,
        at: int | None = None,
    ) -> None:
        """Fetch that version of the object. Raises Rejected when it is gone.

        Args:
            part: its first byte and the one after its last; the file is there already and keeps
                what else it holds.
            at: where in the file the part begins; its own place if not given.
        """

    def read_json(self, bucket: str, key: str) -> tuple[dict[str, Any], str] | None:
        """A small JSON object and its ETag, None where there is none; {} for what is none."""

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
        """Put a file; it appears whole or not at all.

        Args:
            replaces: ETag of the object that is there now, None where there is none.

        Raises:
            Changed: something else is there by now.
        """

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
    ) -> AbstractContextManager[GrowingUpload]:
        """Put a file that is written meanwhile; leaving without an end leaves nothing.

        Args:
            head_bytes: at the beginning of the file, that change until it is whole; what is
                written behind them does not.
            most_bytes: that the file may come to have.
        """

    def put_json(
        self, bucket: str, key: str, content: Mapping[str, Any], *, replaces: str | None
    ) -> str:
        """The same as ``upload`` for a small JSON object that no cache may keep.

        Returns its ETag.
        """


class Uploader(Protocol):
    """How files get into the input bucket. ``listen`` is told of bytes that are done.

    Raises, all methods: Unavailable when the service does not answer, Refused when it forbids.
    """

    def digest(self, path: Path, listen: Callable[[int], None]) -> Digest:
        """Read a file through. Raises Rejected when it is empty."""

    def holds(self, bucket: str, key: str, digest: Digest) -> bool:
        """Whether there is an object with this content that was uploaded in the same parts."""

    def upload(
        self,
        path: Path,
        digest: Digest,
        bucket: str,
        key: str,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        listen: Callable[[int], None],
    ) -> str:
        """Upload a file, or go on with an upload that was broken off. Returns the version.

        Args:
            digest: of the file.
            metadata: of an upload that begins; one that was begun keeps its own.
        """

    def put(
        self, body: bytes, bucket: str, key: str, *, content_type: str, is_new: bool = False
    ) -> str:
        """Put a small object. Returns its version.

        Args:
            is_new: nothing may be there.

        Raises:
            Changed: something is.
        """


class JobLedger(Protocol):
    """Knows, over all workers, what became of jobs and who works on which result.

    Raises, all methods: Unavailable when the ledger can't be reached, Defect when it forbids.
    """

    def outcome(self, job_id: str) -> Outcome | None:
        """How the job ended, None if it has not."""

    def carrier(self, job_id: str, result: str) -> str:
        """The message that carries this job, as its last claim says; "" if none is known."""

    def claim(self, job_id: str, result: str, upload: SourceObject, carrier: str) -> Claim:
        """Take a result for a while.

        Args:
            upload: whose answer the result is. A result that is held for another version of the
                same upload is taken over: call this for the newest version only.
            carrier: the message that brings this job back should this worker die; "" for none.

        Raises:
            Busy: another worker holds it.
        """

    def renew(self, claim: Claim) -> None:
        """Hold a claim for another while.

        Raises:
            ClaimLost: another worker has taken the result over, or the claim was released.
        """

    def hand_over(self, claim: Claim, carrier: str, seconds: float) -> None:
        """Leave a claim to whatever is called so, for so long.

        Raises:
            ClaimLost: as ``renew``.
        """

    def adopt(self, job_id: str, result: str, carrier: str) -> Claim:
        """The claim that was left to it, to be used as it is: several may have it.

        Raises:
            ClaimLost: another worker has taken the result over, or the job has ended.
            Unavailable: it was not handed over yet.
        """

    def release(self, claim: Claim, reason: str = "") -> None:
        """Let others claim; does nothing where the claim is lost.

        Args:
            reason: why the job did not end.
        """

    def record(self, outcome: Outcome) -> None:
        """Remember how a job ended. That it succeeded is never forgotten for anything else."""

    def forget(self, job_id: str) -> None:
        """Let the job be done anew."""


class Launcher(Protocol):
    """Has many workers paint one job."""

    def start(self, job_id: str, chunks_key: str, chunks: int, workers: int, route: Route) -> str:
        """Start it, unless it runs already; what ended before it was done is begun anew.

        Args:
            chunks_key: of the list of chunks, in the bucket of work.
            chunks: how many there are.
            workers: at a time, where they are functions.
            route: where they are painted: in functions or in AWS Batch.

        Returns:
            What now carries the job: ``handler.domain.ports.JobLedger.hand_over``.

        Raises:
            Unavailable, Defect: it can't be started.
        """


class Announcer(Protocol):
    """Tells whoever listens that a job ended."""

    def announce(self, ended: JobEnded) -> None:
        """Raises Unavailable or Defect; what was announced may be announced again."""


class Observer(Protocol):
    """Is told what becomes of jobs, for the operator's logs and metrics. Raises nothing."""

    def began(self, job_id: str) -> None:
        """What follows is about this job."""

    def painted(
        self, frames: int, frames_painted: int, paint_seconds: float, cost_usd: float | None
    ) -> None:
        """The video is painted, though not yet published.

        Args:
            frames: in the result.
            frames_painted: times that the transformer ran.
            paint_seconds: from the first frame to the last.
            cost_usd: of the function until now, None where none runs.
        """

    def container_ended(self, cost_usd: float) -> None:
        """A container of AWS Batch is over, however its work ended; this is its price."""

    def ended(self, state: State) -> None:
        """The attempt is over; the job is now in this state, ``QUEUED`` if another one follows."""


@dataclass(frozen=True)
class Reservation:
    """Money that is set aside for a job and not settled yet.

    Attributes:
        month: in which it counts, ``2026-01``.
        micro_usd: millionths of a US dollar.
    """

    job_id: str
    month: str
    micro_usd: int


class SpendCounter(Protocol):
    """What a month's jobs cost, over all workers, held below a cap.

    Raises, both methods: Unavailable when the service does not answer, Defect when it forbids.
    """

    def reserve(self, job_id: str, usd: float) -> Reservation:
        """Set the estimated cost of a job aside, before it is painted.

        A job whose worker died keeps its reservation, and has it again with the next attempt.

        Raises:
            Rejected: the month's cap would be passed.
        """

    def settle(self, reservation: Reservation, usd: float) -> None:
        """Put what the job really cost in the place of its reservation; the second time nothing."""
