"""A job: one video, its looks, and where the results go."""

from __future__ import annotations

import hashlib
import json
import posixpath
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handler.domain.errors import Rejected
from handler.domain.timeline import Timeline

VIDEOS = "videos/"
STYLES = "styles/"
STYLE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
STYLE_METADATA = "style"
RESULT_METADATA = {"artreel": "result"}
"""Metadata of every object that artreel writes (``x-amz-meta-artreel: result``). S3 keeps it when
an object is copied or replicated, so a result that comes back as an upload is recognized."""
JOB_METADATA = "artreel-job"
"""Names, on a painted video, the job that it answers (``x-amz-meta-artreel-job``)."""


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
    """Keys in the output bucket of all that a job leaves."""

    video: str
    poster: str
    report: str
    status: str

    @classmethod
    def for_source(cls, key: str) -> ResultKeys:
        """``videos/monet/clip.mov`` -> ``monet/clip.mp4``, ``monet/clip.jpg``, ..."""
        stem = posixpath.splitext(key.removeprefix(VIDEOS))[0]
        return cls(f"{stem}.mp4", f"{stem}.jpg", f"{stem}.report.json", f"{stem}.status.json")


@dataclass(frozen=True)
class JobRequest:
    """What someone asks for, before anything was looked up.

    Attributes:
        version_id, etag: of the upload, as far as the event tells.
        timeline: None when folder, metadata or the stack's default name the style.
        working_size_px: None for the stack's default.
    """

    bucket: str
    key: str
    version_id: str | None = None
    etag: str | None = None
    timeline: Timeline | None = None
    working_size_px: int | None = None


@dataclass(frozen=True)
class Job:
    """What is to be painted, and how.

    Attributes:
        working_size_px: long side at which frames are painted, px.
    """

    source: SourceObject
    timeline: Timeline
    working_size_px: int

    @property
    def job_id(self) -> str:
        """64 hexadecimal digits, the same for the same upload and the same wishes."""
        return identity(
            self.source,
            {
                "timeline": [[str(c.at), c.look.style] for c in self.timeline.changes],
                "working_size_px": self.working_size_px,
            },
        )

    @property
    def results(self) -> ResultKeys:
        return ResultKeys.for_source(self.source.key)


def identity(source: SourceObject, wishes: Mapping[str, Any]) -> str:
    """sha256, hexadecimal, of one version of one upload and what is wished for it."""
    whole = {"bucket": source.bucket, "key": source.key, "version": source.version, **wishes}
    canonical = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def check_video_key(key: str) -> None:
    """Let pass a key of a video that may be painted.

    Raises:
        Rejected: the key is outside ``videos/`` or holds parts that are no names.
    """
    parts = key.removeprefix(VIDEOS).split("/")
    if not key.startswith(VIDEOS) or any(part in ("", ".", "..") for part in parts):
        raise Rejected(f"a video must lie under {VIDEOS} in the input bucket, not at {key!r}")
    if _holds_controls(key):
        raise Rejected(f"the key {key!r} holds control characters")


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
            "no style is named: upload to videos/STYLE/clip.mp4, "
            "or send the metadata `style`, or give the stack a default style"
        )
    return check_style_name(style)


def is_result(metadata: Mapping[str, str]) -> bool:
    """Whether an object with this metadata was written by artreel itself."""
    return RESULT_METADATA.items() <= metadata.items()


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
    if not style or len(style) > 200 or "/" in style or _holds_controls(style):
        raise Rejected(f"{style!r} is not a style name: use the picture's file name without ending")
    return style
