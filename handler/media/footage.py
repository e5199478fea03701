"""Footage that ffmpeg makes itself, to measure with."""

from __future__ import annotations

import subprocess
from pathlib import Path

from handler.domain.errors import Unavailable
from handler.media.bundled import bundled_ffmpeg
from handler.media.commands import footage_command
from handler.media.process import BARE_ENVIRONMENT

LONGEST_SECONDS = 60.0


def make_footage(video: Path, width: int, height: int, frames: int) -> None:
    """Write a video of a zoom into the Mandelbrot set: fine detail, all of it moving.

    Raises:
        Unavailable: ffmpeg did not make it within a minute.
    """
    argv = footage_command(bundled_ffmpeg(), video, width, height, frames)
    try:
        subprocess.run(
            argv, check=True, capture_output=True, env=BARE_ENVIRONMENT, timeout=LONGEST_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"ffmpeg could not make footage: {error}") from error
