"""Clips that are cut short or damaged in the middle: painted as far as they go, and said so."""

from fractions import Fraction
from pathlib import Path

import pytest

from handler.domain.losses import Losses, Stretch
from handler.media.ffmpeg import FfmpegMedia
from handler.media.probe import probe
from handler.pipeline.paint_video import Painting, PaintOrder, paint_video
from tests.clips import ffmpeg
from tests.fakes import FakeMotion, FakePainter
from tests.fuzz.trial import UNPAINTED

TONE = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000")
FRAMES = 100
H264 = ("-c:v", "libx264", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac")
CONTAINERS = {
    "mp4": (*H264, "-movflags", "+faststart"),
    "mkv": H264,
    "ts": H264,
    "flv": H264,
    "mpg": ("-c:v", "mpeg2video", "-c:a", "mp2"),
    "webm": ("-c:v", "libvpx-vp9", "-g", "25", "-deadline", "realtime", "-c:a", "libopus"),
}


def _clip(folder: Path, ending: str) -> bytes:
    path = folder / f"whole.{ending}"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", *TONE, "-t", "4"),
        *(*CONTAINERS[ending], str(path)),
    )
    return path.read_bytes()


def _painted(video: Path) -> Painting:
    order = PaintOrder(video, {}, UNPAINTED, None, video.with_name("result.mp4"))
    return paint_video(order, FfmpegMedia(), FakePainter(), FakeMotion())


@pytest.mark.parametrize("ending", CONTAINERS)
def test_nothing_is_lost_of_a_whole_clip(tmp_path: Path, ending: str) -> None:
    _clip(tmp_path, ending)
    painting = _painted(tmp_path / f"whole.{ending}")
    assert painting.frames == FRAMES
    assert painting.losses.in_words() is None


@pytest.mark.parametrize("ending", CONTAINERS)
def test_a_damaged_middle_is_bridged(tmp_path: Path, ending: str) -> None:
    content = bytearray(_clip(tmp_path, ending))
    begin, end = len(content) * 45 // 100, len(content) * 52 // 100
    content[begin:end] = bytes(end - begin)
    damaged = tmp_path / f"damaged.{ending}"
    damaged.write_bytes(content)
    painting = _painted(damaged)
    assert painting.frames == FRAMES
    losses = painting.losses
    assert 0 < losses.frames < FRAMES // 2
    assert all(1 < stretch.at < 3 for stretch in losses.stretches)
    assert sum(stretch.frames for stretch in losses.stretches) == losses.frames


@pytest.mark.parametrize("ending", ["mp4", "mkv", "flv", "webm"])
def test_a_clip_cut_short_is_painted_as_far_as_it_goes(tmp_path: Path, ending: str) -> None:
    content = _clip(tmp_path, ending)
    cut = tmp_path / f"cut.{ending}"
    cut.write_bytes(content[: len(content) * 6 // 10])
    painting = _painted(cut)
    assert FRAMES // 4 < painting.frames < FRAMES * 3 // 4
    losses = painting.losses
    assert losses.announced == pytest.approx(FRAMES, abs=2)
    assert losses.stretches[-1].at == Fraction(painting.frames, 25)
    words = losses.in_words()
    assert words
    assert f"{losses.frames} of {losses.announced} frames of the source could not be read" in words


@pytest.mark.parametrize("ending", ["flv", "mkv", "webm"])
@pytest.mark.parametrize("place", [0.05, 0.9])
def test_damage_is_heard_of_wherever_the_reader_meets_it(
    tmp_path: Path, ending: str, place: float
) -> None:
    """While it opens the file, too, of which it reads a good part."""
    content = bytearray(_clip(tmp_path, ending))
    assert not probe(tmp_path / f"whole.{ending}").announced.is_broken
    begin = int(len(content) * place)
    del content[begin : begin + 64]
    damaged = tmp_path / f"damaged.{ending}"
    damaged.write_bytes(content)
    assert probe(damaged).announced.is_broken


def test_sound_that_an_edit_list_cuts_away_whole_is_left_out(tmp_path: Path) -> None:
    """It begins where there is none: no sample is heard of a track that holds packets."""
    clip = tmp_path / "clip.mov"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", *TONE, "-t", "1"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le", str(clip)),
    )
    content = bytearray(clip.read_bytes())
    media_time = content.rindex(b"elst") + 16
    content[media_time : media_time + 4] = (2**31 - 1).to_bytes(4, "big")
    clip.write_bytes(content)
    painting = _painted(clip)
    assert painting.frames == 25
    assert painting.result.sound == ()


def test_losses_are_said_in_words_and_numbers() -> None:
    stretches = tuple(Stretch(Fraction(at), 2) for at in range(5))
    assert Losses(100).in_words() is None
    assert Losses(100, 10, stretches, 1, Fraction(1, 2)).in_words() == (
        "10 of 100 frames of the source could not be read (2 from 0.00 s on, 2 from 1.00 s on, "
        "2 from 2.00 s on and elsewhere); 1 frame came damaged, the first at about 0.50 s"
    )


def test_sound_whose_head_is_damaged_is_left_out(tmp_path: Path) -> None:
    whole = tmp_path / "whole.webm"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", *TONE, *TONE, "-t", "1"),
        *("-map", "0", "-map", "1", "-map", "2", "-c:v", "libvpx", "-deadline", "realtime"),
        *("-c:a:0", "libvorbis", "-c:a:1", "libopus", str(whole)),
    )
    content = bytearray(whole.read_bytes())
    setup = content.index(b"\x05vorbis") + 7
    content[setup : setup + 200] = bytes(200)
    damaged = tmp_path / "damaged.webm"
    damaged.write_bytes(content)
    painting = _painted(damaged)
    assert painting.frames == 25
    assert [track.codec for track in painting.result.sound] == ["opus"]
    assert painting.losses.in_words() == "1 sound track can't be read and had to be left out"
