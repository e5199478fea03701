"""Uploads as someone who means harm would make them, each with the verdict that it deserves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from handler.domain.job_file import JobFile

GOOD_VIDEO, GOOD_STYLE = "videos/monet/clip.mp4", "monet"

REACHING_OUT = st.sampled_from(
    [
        "../styles/monet.jpg",
        "/etc/passwd",
        "videos/../private.txt",
        "videos/./../private.txt",
        "videos//monet/clip.mp4",
        "videos/",
        "videos",
        "VIDEOS/monet/clip.mp4",
        "styles/monet.jpg",
        "jobs/night.json",
        "private.txt",
        "s3://in/videos/monet/clip.mp4",
        "https://in.s3.amazonaws.com/videos/monet/clip.mp4",
        "arn:aws:s3:::in/videos/monet/clip.mp4",
        "file:///etc/passwd",
        " videos/monet/clip.mp4",
        "videos/monet/clip.mp4\n",
        "videos/monet/\x00.mp4",
        "videos/monet/\ud800.mp4",
        "videos/" + "x" * 2000,
        "videos/%2e%2e/%2e%2e/private.txt",
        "${jndi:ldap://a}",
        "",
    ]
)
"""Keys that no job may read; one with percents is a plain name that does not exist."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = ("video", "style", "timeline", "working_size", "frames", "budget_usd", "mask")
FRAMES = ["keyframes", "every"]
NOT_A_STYLE = st.one_of(
    REACHING_OUT.filter(lambda text: "/" in text or not text),
    st.sampled_from(["a" * 201, "x\n", "\x7f", "\ud800", 7, True, [], {}, {"monet": 0}]),
)
NOT_A_SIZE: st.SearchStrategy[Any] = st.sampled_from(
    [0, -1, 63, 8193, 2**70, 64.5, "64", "Source", True, None, [], {}]
)
NOT_A_BUDGET: st.SearchStrategy[Any] = st.sampled_from(
    [0, -1, -0.0, 10_001, 1e300, "1", True, None, [], {}]
)
NOT_A_TIMELINE: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [
            [],
            {},
            None,
            "monet",
            [{"at": 1, "style": "monet"}],
            [{"at": 0, "style": "monet"}, {"at": 0, "style": "monet"}],
            [{"at": 0, "style": "monet"}, {"at": -1, "style": "monet"}],
            [{"at": 0, "style": "monet", "strength": 1.1}],
            [{"at": 0, "style": "monet", "fade": 0.1}],
            [{"at": 0, "style": "monet"}, {"at": 1, "style": None, "fade": -0.1}],
            [{"at": 0, "style": {"monet": 0.5, "wave": 0}}],
            [{"at": 0, "style": "monet", "at ": 0}],
            [{"at": "0", "style": "monet"}],
            [{"at": False, "style": "monet"}],
            [{"at": 0}],
            [{"style": "monet"}],
            [[0, "monet"]],
            [{"at": index, "style": f"s{index}"} for index in range(17)],
            [{"at": index, "style": "monet"} for index in range(1001)],
        ]
    ),
    NOT_A_STYLE.map(lambda style: [{"at": 0, "style": style}]),
)


@dataclass(frozen=True)
class Upload:
    """An upload and its end.

    Attributes:
        blamed: a word that the reason must hold, None where the job is to succeed.
    """

    key: str
    body: bytes
    blamed: str | None


def _written(job: Any) -> bytes:
    return json.dumps(job).encode()


def _job(blamed: str, **fields: Any) -> tuple[bytes, str]:
    return _written({"video": GOOD_VIDEO, **fields}), blamed


@st.composite
def _bad_fields(draw: st.DrawFn) -> tuple[bytes, str]:
    """A job that is right but for one field."""
    wrong = draw(st.sampled_from([*FIELDS, "another"]))
    if wrong == "video":
        given_video = draw(REACHING_OUT | JSON.filter(lambda value: not isinstance(value, str)))
        return _job("video", video=given_video)
    if wrong == "style":
        return _job("style", style=draw(NOT_A_STYLE))
    if wrong == "timeline":
        return _job("", timeline=draw(NOT_A_TIMELINE))
    if wrong == "working_size":
        return _job("working_size", working_size=draw(NOT_A_SIZE))
    if wrong == "frames":
        return _job("frames", frames=draw(JSON.filter(lambda value: value not in FRAMES)))
    if wrong == "mask":
        name = draw(st.sampled_from(["mask", "outside_style", "mask_invert", "mix", "keep_colors"]))
        not_taken: st.SearchStrategy[Any] = st.sampled_from(
            [None, 7, [], "", "videos/monet/clip.mp4", "masks/none.png"]
        )
        return _job("mask" if name == "mask" else name, **{name: draw(REACHING_OUT | not_taken)})
    if wrong == "budget_usd":
        return _job("budget_usd", budget_usd=draw(NOT_A_BUDGET))
    name = draw(st.text(max_size=3000).filter(lambda text: text not in JobFile.model_fields))
    return _job("unknown", **{name: draw(JSON)})


@st.composite
def _bad_bytes(draw: st.DrawFn) -> tuple[bytes, str]:
    """What is no JSON object at all, or a job cut and spliced."""
    whole = _written({"video": GOOD_VIDEO, "style": GOOD_STYLE})
    body = draw(
        st.one_of(
            st.binary(max_size=200),
            JSON.filter(lambda value: not isinstance(value, dict)).map(_written),
            st.integers(0, len(whole) - 1).map(lambda end: whole[:end]),
            st.integers(1, 60_000).map(lambda deep: b"[" * deep),
            st.integers(1, 10_000).map(lambda deep: b'{"video":' * deep),
            st.sampled_from(["utf-16", "utf-32"]).map(whole.decode().encode),
            st.just(whole + whole),
            st.just(whole[:-1] + b', "video": "videos/other.mp4"}'),
            st.just(whole[:-1] + b', "budget_usd": NaN}'),
            st.just(whole[:-1] + b', "budget_usd": 1e400}'),
            st.just(whole[:-1] + b', "budget_usd": ' + b"1" * 5000 + b"}"),
            st.just(whole + b" " * 65_536),
        )
    )
    return body, ""


@st.composite
def _good(draw: st.DrawFn) -> bytes:
    """A job that is to be painted, however oddly it is written."""
    job: dict[str, Any] = {"video": GOOD_VIDEO}
    if draw(st.booleans()):
        job["style"] = GOOD_STYLE
    elif draw(st.booleans()):
        seconds = draw(st.sets(st.floats(0.001, 86_400), max_size=5))
        job["timeline"] = [
            {"at": at, "style": draw(st.sampled_from([GOOD_STYLE, None, {GOOD_STYLE: 2}]))}
            for at in (0, *sorted(seconds))
        ]
    if draw(st.booleans()):
        job |= {"strength": draw(st.floats(0, 1)), "mix": draw(st.floats(0, 1))}
    if draw(st.booleans()):
        job["working_size"] = draw(st.integers(64, 8192) | st.just("source"))
    if draw(st.booleans()):
        job["frames"] = draw(st.sampled_from(FRAMES))
    if draw(st.booleans()):
        job["budget_usd"] = draw(st.floats(0.01, 10_000) | st.integers(1, 10_000))
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    return mark + json.dumps(job, ensure_ascii=draw(st.booleans()), indent=2).encode()


NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=40
).filter(lambda name: name not in (".", ".."))
JOB_KEYS = NAMES.map(lambda name: f"jobs/{name}.json")
NO_JOB_KEYS = st.one_of(
    st.sampled_from(
        ["jobs/../videos/a.json", "jobs/./a.json", "jobs//a.json", "jobs/a.json/b", "jobs/a.JSON"]
    ),
    NAMES.map(lambda name: f"jobs/{name}.json.txt"),
    st.characters(categories=["Cc"]).map(lambda control: f"jobs/{control}.json"),
    st.integers(1015, 1019).map(lambda length: f"jobs/{'x' * length}.json"),
)
NO_VIDEO_KEYS = st.sampled_from(
    [
        "videos/../private.txt",
        "videos/../styles/monet.jpg",
        "videos/monet/../../private.txt",
        "videos//private.txt",
        "videos/monet//clip.mp4",
        "videos/./monet/clip.mp4",
        "videos/monet/\x00.mp4",
        "videos/monet/\r\n.mp4",
        "videos/" + "x" * 1018,
    ]
)

HOSTILE = st.one_of(
    st.builds(lambda key, bad: Upload(key, *bad), JOB_KEYS, _bad_fields()),
    st.builds(lambda key, bad: Upload(key, *bad), JOB_KEYS, _bad_bytes()),
    st.builds(lambda key, body: Upload(key, body, None), JOB_KEYS, _good()),
    st.builds(lambda key, body: Upload(key, body, ""), NO_JOB_KEYS, _good()),
    st.builds(lambda key: Upload(key, b"video", ""), NO_VIDEO_KEYS),
    st.builds(
        lambda style, name: Upload(f"videos/{style}/{name}", b"video", "style"),
        NAMES.filter(lambda style: style != GOOD_STYLE),
        NAMES,
    ),
)
"""Uploads of every kind: one in six is to succeed."""
