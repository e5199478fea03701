from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.domain.errors import Rejected
from handler.domain.job import (
    Job,
    ResultKeys,
    SourceObject,
    check_style_name,
    check_video_key,
    style_of_upload,
)
from handler.domain.timeline import Timeline

SOURCE = SourceObject("in", "videos/monet/clip.mp4", "v1", "v1")
JOB = Job(SOURCE, Timeline.of_style("monet"), 1024)


def test_results_lie_under_the_same_path() -> None:
    assert ResultKeys.for_source("videos/monet/clip.mov") == ResultKeys(
        video="monet/clip.mp4",
        poster="monet/clip.jpg",
        report="monet/clip.report.json",
        status="monet/clip.status.json",
    )


def test_the_same_upload_is_the_same_job() -> None:
    assert JOB.job_id == Job(SOURCE, Timeline.of_style("monet"), 1024).job_id
    assert len(JOB.job_id) == 64


@pytest.mark.parametrize(
    "other",
    [
        replace(JOB, source=replace(SOURCE, version="v2")),
        replace(JOB, source=replace(SOURCE, key="videos/monet/clip2.mp4")),
        replace(JOB, source=replace(SOURCE, bucket="other")),
        replace(JOB, timeline=Timeline.of_style("wave")),
        replace(JOB, working_size_px=512),
    ],
)
def test_any_other_wish_is_another_job(other: Job) -> None:
    assert other.job_id != JOB.job_id


def test_the_folder_names_the_style() -> None:
    assert style_of_upload("videos/monet/clip.mp4", "wave", "default") == "monet"
    assert style_of_upload("videos/monet/deep/clip.mp4", None, "") == "monet"


def test_then_metadata_then_the_default() -> None:
    assert style_of_upload("videos/clip.mp4", "wave", "default") == "wave"
    assert style_of_upload("videos/clip.mp4", None, "default") == "default"


def test_no_style_at_all_is_explained() -> None:
    with pytest.raises(Rejected, match="no style is named"):
        style_of_upload("videos/clip.mp4", None, "")


@pytest.mark.parametrize("name", ["", "a/b", "../x", "nul\0", "new\nline", "x" * 201])
def test_a_style_name_is_a_plain_name(name: str) -> None:
    with pytest.raises(Rejected):
        check_style_name(name)


@pytest.mark.parametrize(
    "name", ["monet", "Große Welle", "波", "a.b", "50% +", "narrow\u202fspace", "👨\u200d👩"]
)
def test_a_style_name_may_hold_any_letters(name: str) -> None:
    assert check_style_name(name) == name


@pytest.mark.parametrize(
    "key",
    [
        "styles/monet.jpg",
        "clip.mp4",
        "videos/",
        "videos/../clip.mp4",
        "videos/./clip.mp4",
        "videos//clip.mp4",
        "videos/a/../../b.mp4",
        "videos/nul\0.mp4",
        "videos/line\n.mp4",
    ],
)
def test_keys_outside_the_videos_are_refused(key: str) -> None:
    with pytest.raises(Rejected):
        check_video_key(key)


@pytest.mark.parametrize("key", ["videos/a/3.00\u202fPM.mov", "videos/a/\u3000.mp4"])
def test_names_that_systems_make_are_taken(key: str) -> None:
    check_video_key(key)


@given(st.text(min_size=1).filter(lambda name: name.isprintable() and "/" not in name))
def test_every_accepted_key_has_results_outside_the_inputs_names(name: str) -> None:
    key = f"videos/monet/{name}"
    try:
        check_video_key(key)
    except Rejected:
        assert name in (".", "..")
        return
    keys = ResultKeys.for_source(key)
    assert len({keys.video, keys.poster, keys.report, keys.status}) == 4
    assert all(result.startswith("monet/") for result in (keys.video, keys.status))
