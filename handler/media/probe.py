"""Asks a process of its own what a video is; the file's bytes never reach this process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

from handler.domain.errors import Rejected, Unavailable
from handler.domain.media import SoundTrack, VideoFacts
from handler.media.process import BARE_ENVIRONMENT

TIME_LIMIT_SECONDS = 120
"""Reading every packet of hours of video takes seconds; only a hostile file takes this long."""

MAX_SIDE_PX = 16384
MAX_PIXELS = 8192 * 4320
MAX_FRAME_RATE = 1000


def probe(video: Path) -> VideoFacts:
    """Look into a video.

    Raises:
        Rejected: it is empty, unreadable, without pictures, or beyond the limits.
        Unavailable: the look itself could not be taken, or was killed.
    """
    size_bytes = video.stat().st_size
    if not size_bytes:
        raise Rejected("the video is an empty file")
    try:
        run = subprocess.run(
            [sys.executable, "-I", "-m", "handler.media.probe_worker", str(video.absolute())],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=TIME_LIMIT_SECONDS,
            env=BARE_ENVIRONMENT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Rejected(
            f"the video could not be looked through in {TIME_LIMIT_SECONDS} seconds"
        ) from error
    except OSError as error:
        raise Unavailable(f"no process could be started to look into the video: {error}") from error
    if run.returncode == -signal.SIGKILL:
        raise Unavailable("the look into the video was killed, perhaps for want of memory")
    if run.returncode != 0:
        raise Rejected("the file can't be read as a video (it breaks the reader)")
    answer = json.loads(run.stdout)
    if "rejected" in answer:
        raise Rejected(answer["rejected"])
    return _within_limits(_facts(answer["facts"], size_bytes))


def _facts(found: dict[str, Any], size_bytes: int) -> VideoFacts:
    sound = tuple(
        SoundTrack(
            index=track["index"],
            codec=track["codec"],
            channels=track["channels"],
            sample_rate_hz=track["sample_rate_hz"],
            start=Fraction(track["start"]),
            first_packet=Fraction(track["first_packet"]),
            packets=track["packets"],
        )
        for track in found["sound"]
    )
    exact = {name: Fraction(found[name]) for name in ("frame_rate", "sample_aspect_ratio", "start")}
    subtitles = tuple(found["subtitles"])
    return VideoFacts(
        **{**found, **exact, "sound": sound, "subtitles": subtitles, "size_bytes": size_bytes}
    )


def _within_limits(facts: VideoFacts) -> VideoFacts:
    if max(facts.width, facts.height) > MAX_SIDE_PX or facts.width * facts.height > MAX_PIXELS:
        raise Rejected(f"the video claims {facts.width}x{facts.height} pixels, which is too large")
    if facts.frame_rate > MAX_FRAME_RATE:
        raise Rejected(
            f"the video claims {float(facts.frame_rate):.0f} frames per second, which is too many"
        )
    return facts
