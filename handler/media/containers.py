"""Which files artreel opens at all, said once for ffmpeg and for PyAV."""

from __future__ import annotations

DEMUXERS = ("mov", "matroska", "avi", "mpegts", "mpeg", "flv", "ogg", "gif")
"""Demuxers of single, self-contained video files: no playlist and no script among them."""

KINDS = "MP4, MOV, MKV, WebM, AVI, MPEG, FLV, Ogg or GIF"
"""The same for people."""

SUFFIXES = frozenset(
    (
        *(".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi", ".flv", ".ogv", ".ogg", ".gif"),
        *(".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts"),
    )
)
"""How files of these kinds are called, in lower case."""

PROTOCOLS = ("file", "pipe")

INPUT_OPTIONS = {
    "protocol_whitelist": ",".join(PROTOCOLS),
    "format_whitelist": ",".join(DEMUXERS),
}
"""Options of libavformat that every opening of an untrusted file gets."""
