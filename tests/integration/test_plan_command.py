"""``artreel plan`` and ``artreel bench`` as people type them."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from handler.domain.plan import Calibration
from handler.media.ffmpeg import FfmpegMedia
from handler.media.footage import make_footage
from infra.many_workers import README, split
from tests import clips
from tests.integration.test_command_line import artreel


def planned(*words: str | Path, environment: dict[str, str] | None = None) -> dict[str, Any]:
    run = artreel("plan", *words, "--json", environment=environment)
    assert run.returncode == 0, run.stderr
    plan: dict[str, Any] = json.loads(run.stdout)
    return plan


def job_file(folder: Path, **fields: Any) -> Path:
    path = folder / "job.json"
    path.write_text(json.dumps({"video": "videos/clip.mp4", **fields}))
    return path


def test_a_plan_is_read_in_a_few_lines() -> None:
    run = artreel("plan", clips.BIG_BUCK_BUNNY)
    assert "132 frames, 1280x720, 25 frames/s" in run.stdout
    assert "paint   13 keyframes at 1024x576, carry 119" in run.stdout
    assert "lambda  about" in run.stdout
    assert "USD: 10240 MB, 5.8 vCPUs, f32" in run.stdout


def test_a_plan_for_programs_holds_what_it_rests_on() -> None:
    plan = planned(clips.BIKES)
    assert (plan["frames"], plan["width"], plan["height"]) == (250, 640, 272)
    assert plan["aws"]["route"] == "lambda"
    assert 0 < plan["aws"]["usd"] < 0.01
    assert plan["here"]["usd"] is None
    assert plan["calibration"]["paint_seconds"]
    assert plan["prices"]["region"] == "us-east-1"


def test_less_to_paint_takes_less_and_a_smaller_function_longer() -> None:
    whole = planned(clips.BIG_BUCK_BUNNY)
    small = planned(clips.BIG_BUCK_BUNNY, "--working-size", "256")
    slow = planned(clips.BIG_BUCK_BUNNY, "--memory-mb", "1769")
    assert small["aws"]["seconds"] < whole["aws"]["seconds"] < slow["aws"]["seconds"]


def test_a_job_file_counts(tmp_path: Path) -> None:
    looks = [{"at": 0, "style": None}, {"at": 2, "style": "monet"}]
    job = job_file(tmp_path, timeline=looks, working_size=512, budget_usd=0.00001)
    plan = planned(clips.BIG_BUCK_BUNNY, "--job", job)
    assert plan["aws"]["working_size"] == [512, 288]
    assert plan["aws"]["frames_painted"] + plan["aws"]["frames_carried"] == 132 - 50
    assert plan["is_within_budget"] is False
    run = artreel("plan", clips.BIG_BUCK_BUNNY, "--job", job)
    assert "too little: it would be rejected" in run.stdout


def test_what_one_function_can_not_do_is_said(tmp_path: Path) -> None:
    """A calibration of a very slow machine stands for a very long film."""
    slow = tmp_path / "slow.json"
    shipped = json.loads(Path("handler/calibration.json").read_text())
    slow.write_text(json.dumps({**shipped, "codec_seconds": 1e4}))
    run = artreel("plan", clips.CARPHONE, environment={"ARTREEL_CALIBRATION_FILE": str(slow)})
    assert "step-functions about" in run.stdout
    assert "2 chunks of 60 frames, 2 workers at a time" in run.stdout


def test_a_deadline_is_kept_by_as_many_workers_as_it_takes(tmp_path: Path) -> None:
    constants = {
        "start_seconds": 2.0,
        "busy_share": 1.0,
        "codec_seconds": 0.03,
        "carry_seconds": 0.5,
        "paint_seconds": {"magenta-arbitrary-distilled": {"f32": 0.4, "bf16": 0.2}},
    }
    shipped = json.loads(Path("handler/calibration.json").read_text())
    calibration = tmp_path / "calibration.json"
    calibration.write_text(json.dumps({**shipped, **constants}))
    environment = {"ARTREEL_CALIBRATION_FILE": str(calibration)}

    def within(seconds: int) -> dict[str, Any]:
        wish = ("--memory-mb", "1769", "--deadline", str(seconds))
        return planned(clips.BIG_BUCK_BUNNY, *wish, environment=environment)

    unhurried = within(600)
    assert (unhurried["aws"]["route"], unhurried["is_in_time"]) == ("lambda", True)
    spread = within(15)["aws"]
    assert (spread["route"], spread["workers"] > 1) == ("step-functions", True)
    assert spread["seconds"] <= 15
    assert spread["usd"] > unhurried["aws"]["usd"]


def test_what_can_not_be_kept_is_said_with_the_nearest_offer() -> None:
    run = artreel("plan", clips.BIG_BUCK_BUNNY, "--deadline", "1")
    assert run.returncode == 0
    assert "within  1 s, missed: it would be rejected" in run.stdout
    assert "can't be painted within 1 second: " in run.stdout
    assert "USD is the fastest" in run.stdout


def test_without_a_video_videos_of_all_lengths_are_played_through() -> None:
    run = artreel("plan", "--simulate", "--json")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    lengths, workers = ("15 s", "10 min", "2 h", "24 h"), (10, 100, 1_000, 10_000)
    asked = [(one["video"], one["workers_asked_for"]) for one in found["runs"]]
    assert asked == [(length, number) for length in lengths for number in workers]
    for one in found["runs"]:
        assert one["error"] is None
        assert one["seconds"] == pytest.approx(sum(one["path"].values()))
    shares = [use["used"] / use["limit"] for use in found["day"]]
    assert shares == sorted(shares, reverse=True)


def test_a_video_is_played_through_at_its_own_length() -> None:
    found = json.loads(artreel("plan", clips.CARPHONE, "--simulate", "--json").stdout)
    assert found["day"] == []
    assert {one["video"] for one in found["runs"]} == {"carphone_pristine.mp4"}
    assert {one["chunks"] for one in found["runs"]} == {2}


def test_a_simulation_hangs_on_nothing_but_its_seed(tmp_path: Path) -> None:
    batch = ("--job", job_file(tmp_path, run_on="batch", style="ink"), "--batch-workers", "10")
    runs = [artreel("plan", "--simulate", *batch, "--seed", seed) for seed in ("1", "1", "2")]
    once, again, other = (run.stdout for run in runs)
    assert once == again != other
    assert "| 24 h | 10,000 |" in once


VALUES = ("7", "0", "nan")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "say which video, or --simulate"),
        (("missing.mp4",), "there is no video"),
        (("clip.mp4", "--style", "missing.jpg"), "there is no style picture"),
        (("clip.mp4", "--style", "clip.mp4"), "not a JPEG, PNG or WebP picture"),
        (("clip.mp4", "--job", "missing.json"), "there is no job file"),
        (("clip.mp4", "--job", "job.json"), "the field 'colour' is unknown"),
        (("clip.mp4", "--working-size", "7"), "--working-size takes"),
        (("clip.mp4", "--deadline", "0"), "'deadline_seconds' is wrong"),
        (("clip.mp4", "--budget-usd", "nan"), "'budget_usd' is wrong"),
        (("job.json",), "can't be read as a video"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, words: tuple[str, ...], reason: str) -> None:
    clips.plain(tmp_path, frames=2).rename(tmp_path / "clip.mp4")
    job_file(tmp_path, colour="red")
    run = artreel(
        "plan",
        *(word if word.startswith("--") or word in VALUES else tmp_path / word for word in words),
    )
    assert run.returncode == 2
    assert reason in run.stderr
    assert run.stderr.count("\n") == 1


def test_bench_asks_what_to_measure() -> None:
    run = artreel("bench")
    assert (run.returncode, run.stdout) == (2, "")
    assert "artreel bench --calibrate" in run.stderr


def test_footage_is_what_was_asked_for(tmp_path: Path) -> None:
    video = tmp_path / "footage.mp4"
    make_footage(video, 96, 64, 7)
    facts = FfmpegMedia().probe(video)
    assert (facts.width, facts.height, facts.frame_count, facts.frame_rate) == (
        96,
        64,
        7,
        Fraction(25),
    )


def test_the_shipped_calibration_is_read_from_the_package() -> None:
    shipped = Calibration.from_json(Path("handler/calibration.json").read_text())
    assert planned(clips.CARPHONE)["calibration"]["measured_at"] == shipped.measured_at


def test_the_operators_tables_are_what_the_command_prints() -> None:
    _, written, _ = split(README.read_text(encoding="utf-8"))
    assert written == artreel("plan", "--simulate").stdout, "run `make simulation`"
