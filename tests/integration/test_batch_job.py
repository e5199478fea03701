"""The container's other way in: one job as an argument, its end as an exit code."""

import json
import os
import platform
from pathlib import Path

import pytest

from handler import wiring
from handler.aws.telemetry import NAMESPACE
from handler.domain.price import container_usd
from handler.entrypoints import batch_job
from handler.entrypoints.batch_job import EXIT_DEFECT, EXIT_REJECTED, EXIT_TRY_AGAIN, main
from handler.entrypoints.stop_notice import Stopped
from tests import clips
from tests.cloud import Cloud
from tests.cloudwatch import OF_CONTAINERS

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


@pytest.mark.parametrize("end", [0, EXIT_REJECTED, EXIT_TRY_AGAIN])
def test_what_it_costs_is_told_however_it_ends(
    cloud: Cloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    end: int,
) -> None:
    cloud.upload("videos/clip.mp4", clips.plain(tmp_path, frames=3).read_bytes())
    vcpus = len(os.sched_getaffinity(0))
    monkeypatch.setenv("ARTREEL_BATCH_VCPUS", str(vcpus))
    monkeypatch.setenv("ARTREEL_BATCH_MEMORY_MB", "2048")
    monkeypatch.setenv("ARTREEL_BATCH_ATTEMPT", "1")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "stack")
    wiring.forget()
    if end == EXIT_TRY_AGAIN:
        monkeypatch.setattr(batch_job, "run_job", _stopped)
    assert main(["no json" if end == EXIT_REJECTED else JOB]) == end
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (told,) = [line for line in lines if OF_CONTAINERS & line.keys()]
    (directive,) = told["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == (NAMESPACE, [["service"]])
    assert told["service"] == "stack"
    least = container_usd(60, vcpus, 2048, platform.machine(), spot=False)
    assert told["ContainersUSD"] == [pytest.approx(least, rel=0.3)]


def _stopped(*_: object) -> None:
    raise Stopped


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
