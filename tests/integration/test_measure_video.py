from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from handler import motion
from handler.domain.errors import Rejected
from handler.domain.ports import Frame
from handler.entrypoints.commands import app
from handler.measure.flow import farneback
from handler.media.ffmpeg import FfmpegMedia
from handler.pipeline.measure_video import MeasureOrder, measure_video
from tests import clips

FRAMES = 10


def boiling(folder: Path, source: Path) -> Path:
    """The clip with fresh noise on every frame, and its sound 0.1 s late."""
    path = folder / "boiling.mkv"
    clips.ffmpeg(
        *("-i", str(source), "-itsoffset", "0.1", "-i", str(source), "-map", "0:v", "-map", "1:a"),
        *("-vf", "noise=alls=40:allf=t", "-c:v", "ffv1", "-c:a", "copy", str(path)),
    )
    return path


def test_a_boiling_video_beside_its_source(tmp_path: Path) -> None:
    source = clips.bunny_cut(tmp_path, FRAMES)
    order = MeasureOrder(
        source, {"painted": boiling(tmp_path, source), "against": source}, pairs=4, size_px=320
    )
    brightness = lambda frame: float(frame.mean())  # noqa: E731
    heard: list[int] = []
    found = measure_video(
        order,
        FfmpegMedia(),
        motion,
        farneback(),
        brightness,
        lambda progress: heard.append(progress.frames_done),
    )
    painted, against = found.scores["painted"], found.scores["against"]
    assert len(found.warping_errors) == 4
    assert against == found.scores["source"]
    assert painted.frames == against.frames == FRAMES
    assert painted.sound_drift_seconds == pytest.approx([0.1], abs=0.002)
    ratios = painted.ratios_to(against)
    assert ratios["warping_error"] is not None
    assert ratios["warping_error"] > 10
    assert ratios["detail"] is not None
    assert ratios["detail"] > 1.5
    assert ratios["style_distance"] == pytest.approx(1, abs=0.05)
    assert heard[-1] == FRAMES
    assert json.loads(json.dumps(found.as_json()))["ratios"]["painted / against"] == ratios


def test_every_pair_is_measured_but_those_across_a_cut(tmp_path: Path) -> None:
    source = tmp_path / "cut.mkv"
    clips.ffmpeg(
        *("-i", str(clips.BIKES), "-vf", "select=between(n\\,26\\,33)", "-c:v", "ffv1", str(source))
    )
    order = MeasureOrder(source, {"painted": source}, pairs=100, size_px=320)
    found = measure_video(order, FfmpegMedia(), motion, farneback())
    assert list(found.warping_errors) == [0, 1, 2, 4, 5, 6]
    assert found.scores["painted"].style_distance is None


def test_a_shorter_video_is_compared_as_far_as_it_goes(tmp_path: Path) -> None:
    source = clips.bunny_cut(tmp_path, FRAMES)
    short = tmp_path / "short.mp4"
    source.rename(tmp_path / "long.mp4")
    clips.bunny_cut(tmp_path, 6).rename(short)
    order = MeasureOrder(tmp_path / "long.mp4", {"painted": short}, pairs=100, size_px=320)
    found = measure_video(order, FfmpegMedia(), motion, farneback())
    assert {name: score.frames for name, score in found.scores.items()} == {
        "source": FRAMES,
        "painted": 6,
    }
    assert list(found.warping_errors) == [0, 1, 2, 3, 4]


def test_videos_of_two_sizes_are_refused(tmp_path: Path) -> None:
    order = MeasureOrder(
        clips.plain(tmp_path), {"painted": clips.bunny_cut(tmp_path)}, pairs=1, size_px=320
    )
    with pytest.raises(Rejected, match="painted video is 320x180, its source 128x96"):
        measure_video(order, FfmpegMedia(), motion, farneback())


def test_the_row_that_an_odd_size_gained_is_left_out(tmp_path: Path) -> None:
    source = clips.odd_size(tmp_path)
    even = tmp_path / "even.mkv"
    clips.ffmpeg("-i", str(source), "-vf", "pad=iw+1:ih+1:0:0:red", "-c:v", "ffv1", str(even))
    seen: list[tuple[int, ...]] = []

    def shape(frame: Frame) -> float:
        seen.append(frame.shape)
        return 0.0

    order = MeasureOrder(source, {"painted": even}, pairs=1, size_px=1024)
    found = measure_video(order, FfmpegMedia(), motion, farneback(), shape)
    facts = FfmpegMedia().probe(source)
    assert set(seen) == {(facts.height, facts.width, 3)}
    assert found.scores["painted"].detail == pytest.approx(found.scores["source"].detail, rel=0.01)


def test_the_command_names_a_missing_file(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["measure", str(tmp_path / "a.mp4"), str(tmp_path / "b.mp4")])
    assert run.exit_code == 2
    assert "there is no file" in run.stderr


@pytest.mark.skipif(hasattr(cv2, "optflow"), reason="OpenCV's contributed modules are here")
def test_the_command_says_what_it_needs(tmp_path: Path) -> None:
    clip = str(clips.plain(tmp_path))
    run = CliRunner().invoke(app, ["measure", clip, clip, "--quiet"])
    assert run.exit_code == 2
    assert "make measure" in run.stderr


@pytest.mark.skipif(not hasattr(cv2, "optflow"), reason="needs `make measure`")
def test_the_command_prints_a_table_or_json(tmp_path: Path) -> None:
    clip = str(clips.plain(tmp_path, size="96x64"))
    words = ["measure", clip, clip, "--against", clip, "--pairs", "2", "--quiet"]
    table = CliRunner().invoke(app, words)
    assert table.exit_code == 0
    assert "warping error" in table.stdout
    answer = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert answer["ratios"]["painted / against"]["detail"] == 1
    assert np.isfinite(answer["scores"]["painted"]["warping_error"])
