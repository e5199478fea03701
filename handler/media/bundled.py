"""Where ffmpeg is."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path


def bundled_ffmpeg() -> str:
    """Path of the program that imageio-ffmpeg brings, or of the one that it finds instead.

    imageio-ffmpeg would run the program to see if it does; that is left to its first use.

    Raises:
        RuntimeError: there is none.
    """
    spec = find_spec("imageio_ffmpeg")
    if spec and spec.origin and not os.environ.get("IMAGEIO_FFMPEG_EXE"):
        programs = list(Path(spec.origin).with_name("binaries").glob("ffmpeg-*"))
        if len(programs) == 1 and os.access(programs[0], os.X_OK):
            return str(programs[0])
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())
