"""A job: one video, its looks, and where the results go."""

from __future__ import annotations

import hashlib
import json
import posixpath
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from handler.domain.compare import Compare
from handler.domain.errors import Rejected
from handler.domain.keyframes import Frames
from handler.domain.route import Route
from handler.domain.timeline import ORIGINAL, Look, Timeline
from handler.domain.treatment import PLAIN, Treatment

VIDEOS = "videos/"
STYLES = "styles/"
JOBS = "jobs/"
MASKS = "masks/"
JOB_SUFFIX = ".json"
STYLE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
STYLE_METADATA = "style"
RESULT_METADATA = {"artreel": "result"}
"""Metadata of every object that artreel writes (``x-amz-meta-artreel: result``). S3 keeps it when
an object is copied or replicated, so a result that comes back as an upload is recognized."""
SOURCE_METADATA = {"artreel": "source"}
"""Metadata of a video that is uploaded for a job file to name, and asks for nothing by itself."""
CANCELLED_TAG = ("artreel", "cancelled")
"""Tag of a version of an upload that its owner does not want painted any more. A tag belongs to
that version alone and can be set while it is painted: a newer upload does not have it."""
JOB_METADATA = "artreel-job"
"""Names, on a painted video, the job that it answers (``x-amz-meta-artreel-job``)."""

LONGEST_KEY_BYTES = 1024
"""S3's own limit, counted in UTF-8."""

LONGEST_RESULT_STEM_BYTES = 1000
"""Leaves room for ``.report.json`` in a result's key."""

SMALLEST_WORKING_SIZE_PX, LARGEST_WORKING_SIZE_PX = 64, 8192
PREVIEW_FRAMES, MOST_PREVIEW_FRAMES = 3, 8
LONGEST_STYLE_NAME = 200
LONGEST_QUOTE = 200
"""Characters of a user's text that a sentence repeats."""


@dataclass(frozen=True)
class Buckets:
    """Those of a stack."""

    input: str
    output: str


@dataclass(frozen=True)
class SourceObject:
    """One version of one uploaded object.

    Attributes:
        version: the version id where the bucket keeps versions, else the ETag; it tells two
            uploads under one key apart.
        version_id: to read exactly that version, where there is one.
    """

    bucket: str
    key: str
    version: str
    version_id: str | None = None


@dataclass(frozen=True)
class ResultKeys:
    """Keys in the output bucket of all that a job leaves.

    Attributes:
        teaser: where it is wished for.
        poster: or the sheet of a preview.
    """

    video: str
    poster: str
    teaser: str
    report: str
    status: str

    @classmethod
    def for_upload(cls, key: str) -> ResultKeys:
        """Where the results of an upload lie, whatever is in it.

        ``videos/monet/clip.mov`` -> ``monet/clip.mp4``, ``monet/clip.jpg``, ...;
        ``jobs/night.json`` -> ``jobs/night.mp4``, ... Two jobs for one video keep apart by the
        names of their files, and a job file that can't be read has a place for its status.
        """
        stem = _within_limit(_result_stem(key))
        endings = (".mp4", ".jpg", ".webp", ".report.json", ".status.json")
        return cls(*(f"{stem}{ending}" for ending in endings))


def _result_stem(key: str) -> str:
    """A video loses its ``videos/``, unless its results would then lie among those of others."""
    if is_job_file(key):
        return key.removesuffix(JOB_SUFFIX)
    stem = posixpath.splitext(key.removeprefix(VIDEOS))[0]
    return f"{VIDEOS}{stem}" if stem.startswith((VIDEOS, JOBS)) else stem


def _within_limit(stem: str) -> str:
    """A stem that is too long for S3 once it has an ending is cut, its hash telling it apart."""
    whole = stem.encode()
    if len(whole) <= LONGEST_RESULT_STEM_BYTES:
        return stem
    tail = f"~{hashlib.sha256(whole).hexdigest()[:16]}"
    return whole[: LONGEST_RESULT_STEM_BYTES - len(tail)].decode(errors="ignore") + tail


@dataclass(frozen=True)
class JobRequest:
    """What someone asks for, before anything was looked up.

    Attributes:
        key: of a video, or of the job file that names one and holds the wishes.
        version_id, etag: of the upload, as far as the event tells.
        timeline: None when folder, metadata or the stack's default name the style.
        base_look: strength and mix of the style that these name.
        treatment: how all of it is painted.
        working_size_px: None for the stack's default.
        frames: how they are painted.
        compare: how the result shows the original beside its paint, if at all.
        teaser: whether an animated picture of the result is wished for.
        preview: whether only a few frames are to be painted, in every style there is.
        budget_usd: what the job may cost at most, US dollars; None for no limit of its own.
        deadline_seconds: within which the result is wanted once a worker has taken the job up.
        run_on: where it is painted; None for wherever it fits.
        job_file: that the request was read from, if any.
    """

    bucket: str
    key: str
    version_id: str | None = None
    etag: str | None = None
    timeline: Timeline | None = None
    base_look: Look = ORIGINAL
    treatment: Treatment = PLAIN
    working_size_px: int | None = None
    frames: Frames = Frames.KEYFRAMES
    compare: Compare | None = None
    teaser: bool = False
    preview: bool = False
    budget_usd: float | None = None
    deadline_seconds: float | None = None
    run_on: Route | None = None
    job_file: SourceObject | None = None

    @property
    def can_be_spread(self) -> bool:
        """As of the ``Job`` that it becomes."""
        return _can_be_spread(self)

    @property
    def is_upload(self) -> bool:
        """Whether an event told of it; a job that somebody asks for directly has no version."""
        return bool(self.version_id or self.etag)


@dataclass(frozen=True)
class Job:
    """What is to be painted, and how.

    Attributes:
        source_bytes: size of the video.
        working_size_px: long side at which frames are painted, px.
        frames, compare, teaser, preview, budget_usd, deadline_seconds, run_on, job_file,
            treatment: as in ``JobRequest``.
    """

    source: SourceObject
    source_bytes: int
    timeline: Timeline
    working_size_px: int
    frames: Frames = Frames.KEYFRAMES
    compare: Compare | None = None
    teaser: bool = False
    preview: bool = False
    budget_usd: float | None = None
    deadline_seconds: float | None = None
    run_on: Route | None = None
    job_file: SourceObject | None = None
    treatment: Treatment = PLAIN

    @property
    def can_be_spread(self) -> bool:
        """Whether many workers can paint it, each a part."""
        return _can_be_spread(self)

    @property
    def styles(self) -> frozenset[str]:
        """Names of all style images that are needed."""
        return self.treatment.styles(self.timeline)

    @property
    def job_id(self) -> str:
        """64 hexadecimal digits, the same for the same upload and the same wishes.

        A job file that is uploaded again asks for the work again. Budget, deadline and route are no
        part of it: a job that is done is not done anew because it may cost more, or be done sooner
        or elsewhere.
        """
        ordered = self.job_file
        return identity(
            self.source,
            {
                "timeline": asdict(self.timeline),
                "treatment": asdict(self.treatment),
                "working_size_px": self.working_size_px,
                "frames": self.frames,
                "compare": self.compare,
                "teaser": self.teaser,
                "preview": self.preview,
                "job_file": [ordered.key, ordered.version] if ordered else None,
            },
        )

    @property
    def results(self) -> ResultKeys:
        return ResultKeys.for_upload((self.job_file or self.source).key)

    @property
    def result(self) -> str:
        """Key of what is published last: where it is, all of the job is."""
        return self.results.poster if self.preview else self.results.video


def _can_be_spread(job: JobRequest | Job) -> bool:
    return not (job.compare or job.teaser or job.preview or job.treatment.mask)


def identity(source: SourceObject, wishes: Mapping[str, Any]) -> str:
    """sha256, hexadecimal, of one version of one upload and what is wished for it."""
    whole = {"bucket": source.bucket, "key": source.key, "version": source.version, **wishes}
    canonical = json.dumps(whole, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def is_job_file(key: str) -> bool:
    """Whether an upload under this key is meant as a job file."""
    return key.startswith(JOBS)


def check_upload_key(key: str) -> None:
    """Let pass a key of a video or a job file; raise Rejected for any other."""
    if is_job_file(key):
        check_job_file_key(key)
    else:
        check_video_key(key)


def check_job_file_key(key: str) -> None:
    """Let pass a key that a job file may have.

    Raises:
        Rejected: it does not end in ``.json``, or holds parts that are no names.
    """
    if not key.endswith(JOB_SUFFIX):
        raise Rejected(f"a job file is named {JOBS}NAME{JOB_SUFFIX}, not {clipped(key)}")
    _check_key("a job file", JOBS, key)


def check_video_key(key: str) -> None:
    """Let pass a key of a video that may be painted.

    Raises:
        Rejected: the key is outside ``videos/`` or holds parts that are no names.
    """
    _check_key("a video", VIDEOS, key)


def check_mask_key(key: str) -> None:
    """Let pass a key of a mask, a picture or a video.

    Raises:
        Rejected: the key is outside ``masks/`` or holds parts that are no names.
    """
    _check_key("a mask", MASKS, key)


def _check_key(what: str, folder: str, key: str) -> None:
    parts = key.removeprefix(folder).split("/")
    if not key.startswith(folder) or any(part in ("", ".", "..") for part in parts):
        raise Rejected(f"{what} must lie under {folder} in the input bucket, not at {clipped(key)}")
    if _holds_controls(key):
        raise Rejected(f"the key {clipped(key)} holds control characters")
    if len(key.encode()) > LONGEST_KEY_BYTES:
        raise Rejected(f"the key {clipped(key)} is longer than {LONGEST_KEY_BYTES} bytes")


def clipped(text: str) -> str:
    """Text of a user's for a sentence: quoted, escaped where it can't be shown, and not long."""
    return repr(text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}...")


def style_of_upload(key: str, metadata_style: str | None, default_style: str) -> str:
    """The style that an upload asks for: its folder, else its metadata, else the stack's default.

    Args:
        key: of the video, ``videos/monet/clip.mp4`` or ``videos/clip.mp4``.
        metadata_style: value of ``x-amz-meta-style``, if it was sent.
        default_style: of the stack, "" for none.

    Raises:
        Rejected: none of the three names a style, or the name can't be one.
    """
    folder, _, _ = key.removeprefix(VIDEOS).rpartition("/")
    style = folder.split("/")[0] or metadata_style or default_style
    if not style:
        raise Rejected(
            "no style is named: upload to videos/STYLE/clip.mp4, or a job file to jobs/NAME.json, "
            "or send the metadata `style`, or give the stack a default style"
        )
    return check_style_name(style)


def is_result(metadata: Mapping[str, str]) -> bool:
    """Whether an object with this metadata was written by artreel itself."""
    return RESULT_METADATA.items() <= metadata.items()


def is_source(metadata: Mapping[str, str]) -> bool:
    """Whether an object with this metadata waits for a job file that names it."""
    return SOURCE_METADATA.items() <= metadata.items()


def _holds_controls(name: str) -> bool:
    """Whether a name holds control characters or halves of characters.

    Other characters that print nothing are common: macOS writes a narrow space into the name of
    each screen recording, and joined emoji hold joiners.
    """
    return any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name)


def check_style_name(style: str) -> str:
    """Let pass the name of a style, the file name of its picture without the ending.

    Raises:
        Rejected: it is empty, too long, or holds a slash or a control character.
    """
    if not style or len(style) > LONGEST_STYLE_NAME or "/" in style or _holds_controls(style):
        raise Rejected(
            f"{clipped(style)} is not a style name: use the picture's file name without ending"
        )
    return style
