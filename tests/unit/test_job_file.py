import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.domain.compare import Compare
from handler.domain.errors import Rejected
from handler.domain.job import JobRequest, SourceObject
from handler.domain.job_file import MOST_STYLES, job_in, json_schema, read_json
from handler.domain.keyframes import Frames
from handler.domain.route import Route
from handler.domain.timeline import ORIGINAL, Look, LookChange
from handler.domain.treatment import KeepColors, Mask, Treatment

SCHEMA = Path(__file__).parents[2] / "infra" / "job.schema.json"
VIDEO = {"video": "videos/clip.mp4"}


def parsed(text: str | bytes) -> JobRequest:
    return job_in(read_json(text, "the job file"), "in")


def looks(*looks: Any) -> dict[str, Any]:
    return {**VIDEO, "timeline": list(looks)}


def test_every_field_is_taken() -> None:
    written_in = SourceObject("in", "jobs/night.json", "v1", "v1")
    fields = {
        **looks(
            {"at": 0, "style": None},
            {"at": 0.1, "style": "monet", "strength": 0.9, "fade": 0.3},
            {"at": 9, "style": {"wave": 0.5, "monet": 2}},
        ),
        "mix": 0.5,
        "keep_colors": True,
        "style_scale": 0.25,
        "mask": "masks/a.png",
        "mask_invert": True,
        "mask_feather": 0,
        "outside_style": "sea",
        "working_size": 512,
        "frames": "every",
        "compare": "wipe",
        "teaser": True,
        "budget_usd": 2,
        "deadline_seconds": 90,
    }
    request = job_in(fields, "in", written_in)
    assert (request.bucket, request.key, request.job_file) == ("in", "videos/clip.mp4", written_in)
    assert (request.working_size_px, request.budget_usd) == (512, 2.0)
    assert request.deadline_seconds == 90.0
    assert request.frames is Frames.EVERY
    assert (request.compare, request.teaser) == (Compare.WIPE, True)
    assert request.timeline is not None
    half, fifth = Fraction(1, 2), Fraction(1, 5)
    assert request.timeline.changes == (
        LookChange(Fraction(0), ORIGINAL),
        LookChange(Fraction(1, 10), Look.of("monet", Fraction(9, 10), half), Fraction(3, 10)),
        LookChange(Fraction(9), Look((("monet", 1 - fifth), ("wave", fifth)), Fraction(1), half)),
    )
    assert request.treatment == Treatment(
        KeepColors.LUMINANCE, Fraction(1, 4), Mask("masks/a.png", Look.of("sea", mix=half), True, 0)
    )


def test_a_preview_has_no_looks_of_its_own() -> None:
    fields = {**VIDEO, "preview": True, "working_size": 512, "budget_usd": 0.1}
    assert job_in(fields, "in").preview
    for field, value in (("style", "monet"), ("compare", "side"), ("teaser", False)):
        with pytest.raises(Rejected, match=f"'{field}' says nothing in a preview; leave it out"):
            job_in({**fields, field: value}, "in")
    assert job_in({**VIDEO, "preview": False, "compare": False}, "in") == job_in(VIDEO, "in")


def test_what_is_left_out_is_left_to_the_upload_and_the_stack() -> None:
    assert job_in(VIDEO, "in") == JobRequest("in", "videos/clip.mp4")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "'video' is missing"),
        ({"video": None}, "'video' is wrong"),
        ({"video": "clip.mp4"}, "'video' is wrong: a video must lie under videos/"),
        ({"video": "s3://other/videos/clip.mp4"}, "must lie under videos/"),
        ({"video": "videos/../styles/monet.jpg"}, "must lie under videos/"),
        ({"video": "videos/" + "x" * 1018}, "'video' is wrong"),
        ({"video": "videos/" + "ü" * 509}, "longer than 1024 bytes"),
        ({**VIDEO, "style": ""}, "'style' is wrong"),
        ({**VIDEO, "style": "../videos/monet"}, "'style' is wrong: .* is not a style name"),
        ({**VIDEO, "style": None}, "'style' is wrong: null says nothing here"),
        ({**VIDEO, "style": 7}, "'style' is wrong: it takes text"),
        ({**VIDEO, "style": {}}, "'style' is wrong"),
        ({**VIDEO, "style": {"monet": 0, "wave": 1}}, "'style.monet' is wrong: .* greater than 0"),
        ({**VIDEO, "style": {"monet": -1}}, "'style.monet' is wrong"),
        ({**VIDEO, "style": {"monet": "1"}}, "'style.monet' is wrong: it takes a number"),
        ({**VIDEO, "style": {"a/b": 1}}, "'style.* is wrong: 'a/b' is not a style name"),
        ({**VIDEO, "style": {f"s{i}": 1 for i in range(MOST_STYLES + 1)}}, "'style' is wrong"),
        ({**VIDEO, "strength": 2}, "'strength' is wrong: .* less than or equal to 1"),
        ({**VIDEO, "strength": None}, "'strength' is wrong: it takes a number"),
        ({**VIDEO, "mix": -0.1}, "'mix' is wrong"),
        ({**VIDEO, "mix": True}, "'mix' is wrong: it takes a number"),
        ({**VIDEO, "keep_colors": "yes"}, "'keep_colors' is wrong: it takes true, false"),
        ({**VIDEO, "keep_colors": 1}, "'keep_colors' is wrong: it takes true, false"),
        ({**VIDEO, "keep_colors": None}, "'keep_colors' is wrong: it takes true, false"),
        ({**VIDEO, "style_scale": 0}, "'style_scale' is wrong"),
        ({**VIDEO, "style_scale": float("nan")}, "'style_scale' is wrong"),
        ({**VIDEO, "mask": "styles/a.png"}, "'mask' is wrong: a mask must lie under masks/"),
        ({**VIDEO, "mask": "masks/../a.png"}, "'mask' is wrong: a mask must lie under masks/"),
        ({**VIDEO, "mask": "masks/a", "mask_feather": 0.5}, "'mask_feather' is wrong"),
        ({**VIDEO, "mask": "masks/a", "mask_invert": 1}, "'mask_invert' is wrong: it takes true"),
        ({**VIDEO, "mask_invert": True}, "'mask_invert' says nothing without a `mask`"),
        ({**VIDEO, "outside_style": "a"}, "'outside_style' says nothing without a `mask`"),
        ({**VIDEO, "mask": "masks/a", "outside_style": {"a": 0}}, "'outside_style.a' is wrong"),
        ({**VIDEO, "working_size": None}, "'working_size' is wrong: null"),
        ({**VIDEO, "working_size": "512"}, "'working_size' is wrong: it takes a whole number"),
        ({**VIDEO, "working_size": 512.5}, "'working_size' is wrong: it takes a whole number"),
        ({**VIDEO, "working_size": True}, "'working_size' is wrong: it takes a whole number"),
        ({**VIDEO, "working_size": 8193}, "'working_size' is wrong: it takes a whole number"),
        ({**VIDEO, "frames": "some"}, '\'frames\' is wrong: it takes "keyframes" or "every"'),
        ({**VIDEO, "compare": "beside"}, "'compare' is wrong: it takes false, \"side\""),
        ({**VIDEO, "compare": True}, "'compare' is wrong: it takes false"),
        ({**VIDEO, "compare": 0}, "'compare' is wrong: it takes false"),
        ({**VIDEO, "teaser": 1}, "'teaser' is wrong: it takes true or false"),
        ({**VIDEO, "preview": "yes"}, "'preview' is wrong: it takes true or false"),
        ({**VIDEO, "frames": 1}, "'frames' is wrong: it takes"),
        ({**VIDEO, "budget_usd": 0}, "'budget_usd' is wrong"),
        ({**VIDEO, "budget_usd": float("nan")}, "'budget_usd' is wrong"),
        ({**VIDEO, "budget_usd": "2"}, "'budget_usd' is wrong: it takes a number"),
        ({**VIDEO, "budget_usd": True}, "'budget_usd' is wrong: it takes a number"),
        ({**VIDEO, "deadline_seconds": 0}, "'deadline_seconds' is wrong"),
        ({**VIDEO, "deadline_seconds": 604_801}, "'deadline_seconds' is wrong"),
        ({**VIDEO, "deadline_seconds": "60"}, "'deadline_seconds' is wrong: it takes a number"),
        ({**VIDEO, "deadline_seconds": None}, "null says nothing here"),
        ({**VIDEO, "preview": True, "deadline_seconds": 60}, "says nothing in a preview"),
        ({**VIDEO, "timeline": {}}, "'timeline' is wrong: it takes a list"),
        (looks("monet"), r"'timeline\[0\]' is wrong: it takes an object"),
        (looks({"at": 0}), r"'timeline\[0\].style' is missing"),
        (looks({"at": 0, "style": "a"}, {"at": 1, "style": "b/c"}), r"'timeline\[1\].style'"),
        (looks({"at": -1, "style": "a"}), r"'timeline\[0\].at' is wrong"),
        (looks({"at": 0, "style": "a", "strength": 2}), r"'timeline\[0\].strength' is wrong"),
        (looks({"at": 0, "style": "a", "strength": None}), r"'timeline\[0\].strength' is wrong"),
        (looks({"at": 0, "style": "a", "mix": 1.5}), r"'timeline\[0\].mix' is wrong"),
        (looks({"at": 0, "style": "a", "fade": -1}), r"'timeline\[0\].fade' is wrong"),
        (looks({"at": 0, "style": "a", "fade": 1}), r"'timeline\[0\].fade' is wrong: before"),
        (looks({"at": 0, "style": {"a": 0}}), r"'timeline\[0\].style.a' is wrong"),
        (
            looks(
                {"at": 0, "style": "a"},
                {"at": 1, "style": "b", "fade": 1.5},
                {"at": 2, "style": "a"},
            ),
            r"'timeline\[1\].fade' is wrong: it reaches to second 2.5, and the next look starts",
        ),
        (looks({"at": 86_401, "style": "a"}), r"'timeline\[0\].at' is wrong"),
        (looks({"at": 1, "style": "a"}), "must begin with a look at second 0"),
        (looks({"at": 0, "style": "a"}, {"at": 0, "style": "b"}), "at rising seconds"),
        (looks(*({"at": i, "style": f"s{i}"} for i in range(MOST_STYLES + 1))), "names 17 styles"),
        (looks(*({"at": i, "style": "a"} for i in range(1001))), "'timeline' is wrong"),
        ({**VIDEO, "x" * 10_000: 1}, "'x{200}...' is unknown"),
        ({**VIDEO, "{video}\ud800": 1}, "the job is wrong"),
    ],
)
def test_a_wrong_field_is_named_with_a_reason(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Rejected, match=reason) as rejection:
        job_in(fields, "in")
    assert len(rejection.value.reason) < 500
    rejection.value.reason.encode()


@pytest.mark.parametrize(
    "field",
    ["crf", "preset", "codec"],
)
def test_what_is_not_built_is_unknown_rather_than_ignored(field: str) -> None:
    with pytest.raises(
        Rejected, match=f"the field '{field}' is unknown; known are style, timeline"
    ):
        job_in({**VIDEO, field: 1}, "in")


def test_so_it_is_in_a_look() -> None:
    with pytest.raises(Rejected, match=r"'timeline\[0\].mask' is unknown; known are at, style"):
        job_in(looks({"at": 0, "style": "a", "mask": 0.5}), "in")


def test_strength_and_mix_are_also_those_of_a_style_named_elsewhere() -> None:
    request = job_in({**VIDEO, "strength": 0.5, "mix": 0.25}, "in")
    assert request.timeline is None
    assert request.base_look == Look(strength=Fraction(1, 2), mix=Fraction(1, 4))


@pytest.mark.parametrize(
    ("given", "route"),
    [
        ({}, None),
        ({"run_on": "auto"}, None),
        ({"run_on": "lambda"}, Route.LAMBDA),
        ({"run_on": "step-functions"}, Route.STEP_FUNCTIONS),
        ({"run_on": "batch"}, Route.BATCH),
    ],
)
def test_a_job_may_say_where_it_is_painted(given: dict[str, str], route: Route | None) -> None:
    assert job_in({**VIDEO, **given}, "in").run_on is route


@pytest.mark.parametrize("place", ["moon", "", None, 1])
def test_nowhere_else(place: object) -> None:
    with pytest.raises(Rejected, match=r"run_on.* is wrong"):
        job_in({**VIDEO, "run_on": place}, "in")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "the job file is not JSON: Expecting value at line 1, column 1"),
        (b"{'video': 1}", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b'"videos/clip.mp4"', "is not a JSON object"),
        (b'{"video": "videos/\xff.mp4"}', "is not UTF-8 text"),
        ('{"video": "videos/clip.mp4"}'.encode("utf-16"), "is not UTF-8 text"),
        (b'{"video": "videos/a", "video": "videos/b"}', "the field 'video' is given twice"),
        (b'{"video": "videos/a", "timeline": [{"at": 0, "at": 1}]}', "'at' is given twice"),
        (b'{"video": "videos/a", "budget_usd": NaN}', "'budget_usd' is wrong: .* finite number"),
        (b'{"video": "videos/a", "budget_usd": 1e999}', "'budget_usd' is wrong"),
        (b'{"video": "videos/a", "working_size": -Infinity}', "'working_size' is wrong"),
        (b'{"video": "videos/a", "colour": NaN}', "'colour' is unknown"),
        (b'{"working_size": ' + b"9" * 5000 + b"}", "a number is too long"),
        (b"[" * 60_000, "nested too deep"),
        (b'{"a":' * 12_000, "nested too deep"),
    ],
)
def test_json_is_read_strictly(text: bytes, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        parsed(text)


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parsed(b'\xef\xbb\xbf{"video": "videos/a"}').key == "videos/a"


def test_the_published_schema_is_that_of_the_model() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema(), "run `make schema`"


def test_the_published_schema_is_one_and_takes_its_own_examples() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for example in schema["examples"]:
        jsonschema.validate(example, schema)
        job_in(example, "in")


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10_000),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(
        ["videos/a.mp4", "styles/b", "source", "monet", "masks/a.png", "match", "side", 0.5]
    ),
    st.just({"a": 1}),
    st.lists(
        st.fixed_dictionaries(
            {"at": st.integers(-1, 3)},
            optional={
                "style": st.sampled_from(["a", None, "b/c", 7, {"a": 1, "b": 0.5}, {"a": 0}, {}]),
                "fade": st.sampled_from([0, 0.5, -1, None]),
                "strength": st.sampled_from([0, 0.5, 2, None]),
            },
        ),
        max_size=3,
    ),
)
NAMES = st.sampled_from(
    ["video", "style", "timeline", "working_size", "budget_usd", "compare", "preview", "colour"]
) | st.sampled_from(
    [
        "deadline_seconds",
        "strength",
        "mix",
        "keep_colors",
        "style_scale",
        "mask",
        "mask_invert",
        "outside_style",
    ]
)


@given(st.dictionaries(NAMES, VALUES).flatmap(lambda job: st.sampled_from([job, {**job, **VIDEO}])))
def test_what_the_parser_takes_the_schema_takes(fields: dict[str, Any]) -> None:
    try:
        job_in(fields, "in")
    except Rejected:
        return
    jsonschema.validate(fields, json_schema())
