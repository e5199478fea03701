from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.domain.compare import Compare
from handler.domain.errors import Rejected
from handler.domain.job import (
    Job,
    ResultKeys,
    SourceObject,
    check_style_name,
    check_upload_key,
    check_video_key,
    style_of_upload,
)
from handler.domain.timeline import Look, LookChange, Timeline
from handler.domain.treatment import KeepColors, Mask, Treatment

SOURCE = SourceObject("in", "videos/monet/clip.mp4", "v1", "v1")
FADING = Timeline(
    (
        LookChange(Fraction(0), Look.of("monet")),
        LookChange(Fraction(1), Look.of("wave"), Fraction(1, 3)),
    )
)
JOB = Job(SOURCE, 5, Timeline.of_style("monet"), 1024)


def test_results_lie_under_the_same_path() -> None:
    assert ResultKeys.for_upload("videos/monet/clip.mov") == ResultKeys(
        video="monet/clip.mp4",
        poster="monet/clip.jpg",
        teaser="monet/clip.webp",
        report="monet/clip.report.json",
        status="monet/clip.status.json",
    )


def test_the_same_upload_is_the_same_job() -> None:
    assert JOB.job_id == Job(SOURCE, 5, Timeline.of_style("monet"), 1024).job_id
    assert len(JOB.job_id) == 64


@pytest.mark.parametrize(
    "other",
    [
        replace(JOB, source=replace(SOURCE, version="v2")),
        replace(JOB, compare=Compare.SPLIT),
        replace(JOB, teaser=True),
        replace(JOB, preview=True),
        replace(JOB, source=replace(SOURCE, key="videos/monet/clip2.mp4")),
        replace(JOB, source=replace(SOURCE, bucket="other")),
        replace(JOB, timeline=Timeline.of_style("wave")),
        replace(JOB, working_size_px=512),
        replace(JOB, timeline=Timeline.of(Look.of("monet", strength=Fraction(1, 2)))),
        replace(JOB, timeline=Timeline.of(Look.of("monet", mix=Fraction(1, 2)))),
        replace(JOB, timeline=Timeline.of(Look.of({"monet": Fraction(1), "wave": Fraction(2)}))),
        replace(JOB, timeline=FADING),
        replace(JOB, treatment=Treatment(KeepColors.MATCH)),
        replace(JOB, treatment=Treatment(style_scale=Fraction(2))),
        replace(JOB, treatment=Treatment(mask=Mask("masks/a.png"))),
        replace(JOB, treatment=Treatment(mask=Mask("masks/a.png", Look.of("wave")))),
        replace(JOB, treatment=Treatment(mask=Mask("masks/a.png", inverted=True))),
    ],
)
def test_any_other_wish_is_another_job(other: Job) -> None:
    assert other.job_id != JOB.job_id


def test_the_length_of_a_fade_is_part_of_a_wish() -> None:
    longer = replace(FADING.changes[1], fade=Fraction(2, 3))
    others = Timeline((FADING.changes[0], longer))
    assert replace(JOB, timeline=FADING).job_id != replace(JOB, timeline=others).job_id


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
    keys = ResultKeys.for_upload(key)
    assert len({keys.video, keys.poster, keys.report, keys.status}) == 4
    assert all(result.startswith("monet/") for result in (keys.video, keys.status))


def test_results_of_a_job_file_lie_under_its_own_name() -> None:
    assert ResultKeys.for_upload("jobs/2026/night.json") == ResultKeys(
        video="jobs/2026/night.mp4",
        poster="jobs/2026/night.jpg",
        teaser="jobs/2026/night.webp",
        report="jobs/2026/night.report.json",
        status="jobs/2026/night.status.json",
    )


@pytest.mark.parametrize(
    ("key", "video"),
    [
        ("videos/jobs/night.mp4", "videos/jobs/night.mp4"),
        ("videos/videos/jobs/night.mp4", "videos/videos/jobs/night.mp4"),
        ("videos/jobs.mp4", "jobs.mp4"),
    ],
)
def test_a_video_can_not_take_the_place_of_a_job_files_result(key: str, video: str) -> None:
    assert ResultKeys.for_upload(key).video == video


PATHS = st.lists(
    st.sampled_from(["jobs", "videos", "styles", "a", "a~1"]), min_size=1, max_size=5
).map("/".join)


@given(st.sets(st.one_of(PATHS.map("videos/{}.mp4".format), PATHS.map("jobs/{}.json".format))))
def test_no_two_uploads_share_a_result(keys: set[str]) -> None:
    results = [ResultKeys.for_upload(key) for key in keys]
    places = [place for keys in results for place in (keys.video, keys.status, keys.report)]
    assert len(set(places)) == len(places)


@given(st.integers(1, 1017), st.sampled_from(["x", "ü", "🎨"]))
def test_every_key_that_s3_takes_has_results_that_s3_takes(length: int, letter: str) -> None:
    name = letter * (length // len(letter.encode())) or "x"
    for key in (f"videos/{name}", f"videos/{name[:-1]}y"):
        results = ResultKeys.for_upload(key)
        assert all(len(found.encode()) <= 1024 for found in (results.report, results.status))
    assert ResultKeys.for_upload(f"videos/{name}") != ResultKeys.for_upload(f"videos/{name}y")


@pytest.mark.parametrize(
    "key", ["jobs/.json/..", "jobs/notes.txt", "jobs/../night.json", "jobs//n.json", "jobs/\n.json"]
)
def test_a_job_files_key_is_a_plain_name(key: str) -> None:
    with pytest.raises(Rejected):
        check_upload_key(key)


def test_a_key_that_s3_can_not_have_is_refused() -> None:
    check_upload_key("jobs/" + "x" * 1014 + ".json")
    with pytest.raises(Rejected, match="longer than 1024 bytes"):
        check_upload_key("jobs/" + "x" * 1015 + ".json")


def test_a_job_file_makes_a_job_of_its_own_and_a_budget_does_not() -> None:
    ordered = replace(JOB, job_file=SourceObject("in", "jobs/night.json", "v1", "v1"))
    again = replace(JOB, job_file=SourceObject("in", "jobs/night.json", "v2", "v2"))
    other = replace(JOB, job_file=SourceObject("in", "jobs/day.json", "v1", "v1"))
    assert len({job.job_id for job in (JOB, ordered, again, other)}) == 4
    assert replace(ordered, budget_usd=1.0, deadline_seconds=9.0).job_id == ordered.job_id
    assert ordered.results.video == "jobs/night.mp4"
