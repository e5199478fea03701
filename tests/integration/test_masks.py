"""Masks that are videos, through real codecs."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handler.domain.errors import Rejected
from handler.domain.ports import Frame
from handler.domain.timeline import ORIGINAL, Look, Timeline
from handler.domain.treatment import Mask, Treatment
from handler.media.ffmpeg import FfmpegMedia
from handler.pipeline.paint_video import PaintOrder, paint_video
from tests.clips import ffmpeg
from tests.fakes import FakeMotion, FakePainter

FRAMES = 10
GREY, STYLE = 100, 50
"""Of the clip, and what the fake painter adds."""


def _video(path: Path, pictures: str, rate: int = 25, frames: int = FRAMES) -> Path:
    ffmpeg(
        *("-f", "lavfi", "-i", f"color=black:size=64x48:rate={rate}", "-vf", pictures),
        *("-frames:v", str(frames), "-c:v", "libx264", "-crf", "1", "-pix_fmt", "yuv444p"),
        str(path),
    )
    return path


@pytest.fixture
def order(tmp_path: Path) -> PaintOrder:
    grey = np.full((16, 16, 3), STYLE, np.uint8)
    style = tmp_path / "style.png"
    Image.fromarray(grey).save(style)
    return PaintOrder(
        source=_video(tmp_path / "clip.mp4", f"geq=lum={16 + GREY * 219 // 255}:cb=128:cr=128"),
        styles={"style": style},
        timeline=Timeline.of_style("style"),
        working_size_px=64,
        result=tmp_path / "result.mp4",
    )


def _masked(order: PaintOrder, mask: Path, outside: Look = ORIGINAL) -> list[Frame]:
    treatment = Treatment(mask=Mask(str(mask), outside, feather_px=0))
    media = FfmpegMedia()
    wish = PaintOrder(**{**vars(order), "treatment": treatment, "mask": mask})
    paint_video(wish, media, FakePainter(), FakeMotion())
    with media.read_frames(order.result, media.probe(order.result)) as frames:
        return [frame.copy() for frame in frames]


def test_a_mask_video_decides_frame_by_frame(order: PaintOrder, tmp_path: Path) -> None:
    # White moves in from the left by four columns with each frame.
    moving = "geq=lum='if(lt(X,4*N),235,16)':cb=128:cr=128"
    frames = _masked(order, _video(tmp_path / "mask.mp4", moving))
    assert len(frames) == FRAMES
    for index, frame in enumerate(frames):
        row = frame[24, :, 1].astype(int)
        edge = 4 * index
        assert np.abs(row[: max(0, edge - 2)] - (GREY + STYLE)).max(initial=0) <= 4
        assert np.abs(row[edge + 2 :] - GREY).max() <= 4


def test_the_last_picture_of_a_short_mask_stays(order: PaintOrder, tmp_path: Path) -> None:
    white = _video(tmp_path / "mask.mp4", "geq=lum=235:cb=128:cr=128", frames=3)
    frames = _masked(order, white)
    assert len(frames) == FRAMES
    assert abs(int(frames[-1][24, 32, 1]) - (GREY + STYLE)) <= 4


def test_a_mask_of_another_rate_is_refused(order: PaintOrder, tmp_path: Path) -> None:
    mask = _video(tmp_path / "mask.mp4", "null", rate=30)
    with pytest.raises(Rejected, match=rf"mask has 30 frames/s, the video {Fraction(25)}"):
        _masked(order, mask)
    assert not order.result.exists()
