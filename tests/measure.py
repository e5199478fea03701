"""What a finished file shows and when it sounds, read independently of the code under test."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from tests.clips import BEAT, FIRST_BEAT

Floats = npt.NDArray[np.float64]

RED_709, BLUE_709 = 0.2126, 0.0722
LOUD = 0.5
"""Of the loudest sample: what rises above it is a beep, what is quieter its echo in a codec."""


@dataclass(frozen=True)
class Seen:
    """Pictures of a file.

    Attributes:
        size: width and height, px.
        shown_at: second at which each frame is shown.
        aspect: width over height of the shown picture.
    """

    size: tuple[int, int]
    shown_at: list[Fraction]
    aspect: Fraction
    codec: str
    codec_tag: str
    pixel_format: str


def seen(video: Path) -> Seen:
    """Look through the pictures without decoding them."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        base = Fraction(stream.time_base or 0)
        size = context.width, context.height
        pixel = Fraction(stream.sample_aspect_ratio or 1)
        times = [p.pts * base for p in container.demux(stream) if p.pts is not None]
        return Seen(
            size,
            sorted(times),
            pixel * size[0] / size[1],
            context.codec.canonical_name,
            context.codec_tag,
            str(context.pix_fmt),
        )


def pictures(video: Path, limit: int | None = None) -> list[Floats]:
    """Frames as RGB 0..255, by the definition of BT.709 in limited-range 4:2:0."""
    with av.open(str(video)) as container:
        return [_rgb(frame) for frame in islice(container.decode(video=0), limit)]


def _rgb(frame: av.VideoFrame) -> Floats:
    assert (frame.format.name, int(frame.colorspace), int(frame.color_range)) == ("yuv420p", 1, 1)
    luma, blue, red = (_plane(plane) for plane in frame.planes)
    luma = (luma - 16) / 219
    blue, red = (
        (np.repeat(np.repeat(chroma, 2, 0), 2, 1)[: luma.shape[0], : luma.shape[1]] - 128) / 224
        for chroma in (blue, red)
    )
    r = luma + 2 * (1 - RED_709) * red
    b = luma + 2 * (1 - BLUE_709) * blue
    g = (luma - RED_709 * r - BLUE_709 * b) / (1 - RED_709 - BLUE_709)
    return np.asarray(255 * np.clip(np.stack((r, g, b), -1), 0, 1))


def _plane(plane: av.video.plane.VideoPlane) -> Floats:
    rows = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
    return np.asarray(rows[:, : plane.width], float)


def beeps(video: Path, track: int = 0) -> list[float]:
    """Seconds from the first picture to each beep of a sound track."""
    first_picture = float(seen(video).shown_at[0])
    samples: list[Floats] = []
    times: list[Floats] = []
    with av.open(str(video)) as container:
        for frame in container.decode(audio=track):
            assert frame.time is not None
            sound = frame.to_ndarray().astype(float)
            if not frame.format.is_planar:
                sound = sound.reshape(-1, frame.layout.nb_channels).T
            samples.append(np.abs(sound - (128 if frame.format.name[:2] == "u8" else 0)).max(0))
            times.append(frame.time + np.arange(frame.samples) / frame.sample_rate)
    if not samples:
        return []
    loudness, when = np.concatenate(samples), np.concatenate(times)
    loud = when[loudness > LOUD * loudness.max()]
    starts = np.diff(loud, prepend=-np.inf) > float(BEAT) / 2
    return [float(time) - first_picture for time in loud[starts]]


def drift(found: list[float], late: Fraction) -> tuple[float, float]:
    """How far the first and the last beep are from a beat, in seconds.

    Args:
        found: seconds from the first picture to each beep.
        late: by how much the sound begins after the picture.
    """
    first = float(late + FIRST_BEAT)
    beats = [(time - first) / float(BEAT) for time in found]
    ends = [(beat - round(beat)) * float(BEAT) for beat in (beats[0], beats[-1])]
    return ends[0], ends[1]


def patch_error(picture: Floats, truth: Floats) -> float:
    """The largest difference of a colour.

    Args:
        picture: RGB 0..255, (height, width, 3).
        truth: the same, not a number where anything may be seen.
    """
    height, width, _ = truth.shape
    return float(np.nanmax(np.abs(picture[:height, :width] - truth)))


def patches(colors: npt.ArrayLike, width: int, height: int) -> Floats:
    """The truth about a picture whose upper half shows two rows of flat colours.

    Only the middle of each patch counts: codecs smear edges.
    """
    truth = np.full((height, width, 3), np.nan)
    for row, line in enumerate(np.asarray(colors, float)):
        for column, color in enumerate(line):
            x, y = width * (2 * column + 1) // 8, height * (2 * row + 1) // 8
            truth[y - 1 : y + 1, x - 1 : x + 1] = color
    return truth
