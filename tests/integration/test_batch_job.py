"""The container's other way in: one job as an argument, its end as an exit code."""

import json
import os
from pathlib import Path

import pytest

from handler import wiring
from handler.entrypoints.batch_job import EXIT_DEFECT, EXIT_REJECTED, EXIT_TRY_AGAIN, main
from tests import clips
from tests.cloud import Cloud

JOB = json.dumps({"video": "videos/clip.mp4", "style": "waves"})


def test_a_job_is_painted(cloud: Cloud, tmp_path: Path) -> None:
    cloud.upload("videos/clip.mp4", clips.plain(tmp_path, frames=3).read_bytes())
    assert main([JOB]) == 0
    assert cloud.status("clip")["state"] == "succeeded"


def test_a_timeline_may_keep_the_original_for_a_while(cloud: Cloud, tmp_path: Path) -> None:
    cloud.upload("videos/clip.mp4", clips.bunny_cut(tmp_path, frames=4).read_bytes())
    timeline = [{"at": 0, "style": None}, {"at": 0.04, "style": "waves"}]
    assert main([json.dumps({"video": "videos/clip.mp4", "timeline": timeline})]) == 0
    report = json.loads(cloud.read("clip.report.json"))
    assert (report["frames"], report["frames_painted"]) == (4, 2)


@pytest.mark.parametrize(
    "argument", ["", "no json", "{}", '{"video": "videos/missing.mp4", "style": "waves"}']
)
def test_a_bad_job_is_rejected(cloud: Cloud, argument: str) -> None:
    assert main([argument]) == EXIT_REJECTED


def test_it_keeps_to_the_processors_that_are_paid_for(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    monkeypatch.setenv("ARTREEL_BATCH_VCPUS", "1")
    wiring.forget()
    before = os.sched_getaffinity(0)
    try:
        assert main(["no json"]) == EXIT_REJECTED
        assert wiring.worker().vcpus == 1
    finally:
        os.sched_setaffinity(0, before)


def test_without_a_job_it_says_how_to_give_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == EXIT_REJECTED
    assert capsys.readouterr().err.startswith("usage: batch_job")


def test_a_broken_deployment_is_our_fault(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.upload("videos/clip.mp4", clips.plain(tmp_path, frames=3).read_bytes())
    monkeypatch.setenv("ARTREEL_OUTPUT_BUCKET", "")
    wiring.forget()
    assert main([JOB]) == EXIT_DEFECT


def test_an_unreachable_table_is_tried_again(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.upload("videos/clip.mp4", clips.plain(tmp_path, frames=3).read_bytes())
    monkeypatch.setenv("ARTREEL_JOB_TABLE", "nowhere")
    wiring.forget()
    assert main([JOB]) == EXIT_TRY_AGAIN
