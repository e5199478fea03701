"""The command line takes what a job file takes, and refuses what it refuses."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.domain.errors import Rejected
from handler.domain.job_file import job_in
from handler.domain.timeline import ORIGINAL, Look, LookChange, Timeline
from handler.domain.treatment import KeepColors, Mask, Treatment
from handler.entrypoints.look_options import Wish, wish_of

HALF = Fraction(1, 2)


@pytest.fixture(autouse=True)
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files are only looked for."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "b.jpg", "c+d*2.jpg", "8:30@night~1.jpg", "mask.png"):
        (tmp_path / name).touch()
    return tmp_path


def wish(**options: Any) -> Wish:
    given: dict[str, Any] = dict.fromkeys(("style", "looks", "timeline", "mask", "outside_style"))
    return wish_of(**{**given, "mask_invert": False, **options})


def test_looks_are_written_in_short() -> None:
    asked = wish(looks=["0:none", "4:a.jpg@0.9~0.5", "9.25:a.jpg*0.6+b.jpg*0.4"], mix=0.5)
    assert asked.timeline.changes == (
        LookChange(Fraction(0), ORIGINAL),
        LookChange(Fraction(4), Look.of("a.jpg", Fraction(9, 10), HALF), HALF),
        LookChange(
            Fraction(37, 4), Look((("a.jpg", Fraction(3, 5)), ("b.jpg", Fraction(2, 5))), mix=HALF)
        ),
    )
    assert asked.pictures == {"a.jpg": Path("a.jpg"), "b.jpg": Path("b.jpg")}


def test_names_may_hold_the_signs() -> None:
    asked = wish(looks=["0:8:30@night~1.jpg", "1:c+d*2.jpg@0.5"])
    assert [change.look for change in asked.timeline.changes] == [
        Look.of("8:30@night~1.jpg"),
        Look.of("c+d*2.jpg", HALF),
    ]
    assert wish(style="c+d*2.jpg").timeline == Timeline.of_style("c+d*2.jpg")


def test_a_timeline_may_lie_in_a_file(pictures: Path) -> None:
    looks = [{"at": 0, "style": "a.jpg"}, {"at": 1, "style": {"b.jpg": 1}, "fade": 2}]
    file = pictures / "looks.json"
    file.write_text(json.dumps({"timeline": looks}))
    assert wish(timeline=file).timeline == wish(looks=["0:a.jpg", "1:b.jpg~2"]).timeline


def test_the_mask_splits_the_styles() -> None:
    asked = wish(
        style="a.jpg",
        mask=Path("mask.png"),
        mask_invert=True,
        outside_style="b.jpg*1+a.jpg*1",
        keep_colors=KeepColors.MATCH,
        style_scale=2.0,
        mask_feather=None,
    )
    outside = Look.of({"a.jpg": HALF, "b.jpg": HALF})
    mask = Mask("mask.png", outside, inverted=True)
    assert asked.treatment == Treatment(KeepColors.MATCH, Fraction(2), mask)
    assert asked.mask == Path("mask.png")
    assert sorted(map(str, asked.files)) == ["a.jpg", "b.jpg", "mask.png"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "give one of --style, --look and --timeline"),
        ({"style": "a.jpg", "looks": ["0:a.jpg"]}, "give one of"),
        ({"style": "no.jpg"}, "'style' is wrong: there is no style picture 'no.jpg'"),
        ({"style": "a.jpg*1+no.jpg*1"}, "'style.* is wrong: there is no style picture 'no.jpg'"),
        ({"style": "a.jpg*0+b.jpg*1"}, "'style.a.jpg' is wrong: .* greater than 0"),
        ({"style": "a.jpg*1+a.jpg*1"}, "names 'a.jpg' twice"),
        ({"style": "a.jpg", "strength": 2.0}, "'strength' is wrong"),
        ({"style": "a.jpg", "mix": float("nan")}, "'mix' is wrong"),
        ({"style": "a.jpg", "style_scale": 9.0}, "'style_scale' is wrong"),
        ({"style": "a.jpg", "mask": Path("no.png")}, "'mask' is wrong: there is no mask 'no.png'"),
        ({"style": "a.jpg", "outside_style": "b.jpg"}, "'outside_style' says nothing without"),
        ({"style": "a.jpg", "mask_invert": True}, "'mask_invert' says nothing without"),
        ({"looks": ["a.jpg"]}, "--look takes SECOND:STYLE@STRENGTH~FADE"),
        ({"looks": ["1:a.jpg"]}, r"'timeline\[0\].at' is wrong: .* second 0"),
        ({"looks": ["-1:a.jpg"]}, r"'timeline\[0\].at' is wrong"),
        ({"looks": ["0:a.jpg", "2:no.jpg"]}, r"'timeline\[1\].style' is wrong: there is no"),
        ({"looks": ["0:a.jpg", "0:b.jpg"]}, r"'timeline\[1\].at' is wrong: .* rising"),
        ({"looks": ["0:a.jpg@2"]}, r"'timeline\[0\].strength' is wrong"),
        ({"looks": ["0:a.jpg~1"]}, r"'timeline\[0\].fade' is wrong"),
        ({"looks": ["0:none", "1:a.jpg~3", "2:none"]}, r"'timeline\[1\].fade' is wrong: it reach"),
        ({"looks": ["0:a.jpg", "1:a.jpg~-3"]}, r"'timeline\[1\].fade' is wrong"),
        ({"timeline": Path("no.json")}, "there is no timeline no.json"),
        ({"timeline": Path("a.jpg")}, "a.jpg is not JSON"),
    ],
)
def test_a_wrong_option_gets_a_sentence(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        wish(**options)


NUMBERS = st.floats(-1, 20, allow_nan=False).map(lambda number: round(number, 3)) | st.just(0.0)


@given(
    st.lists(
        st.tuples(
            NUMBERS,
            st.sampled_from(["none", "a.jpg", "b.jpg", "a.jpg*1+b.jpg*3", "a.jpg*0+b.jpg*1"]),
            st.none() | NUMBERS,
            st.none() | NUMBERS,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_both_entrances_agree(looks: list[tuple[float, str, float | None, float | None]]) -> None:
    """The same looks as options and as a job file: the same timeline, or the same sentence."""
    styles = {
        "none": None,
        "a.jpg*1+b.jpg*3": {"a.jpg": 1, "b.jpg": 3},
        "a.jpg*0+b.jpg*1": {"a.jpg": 0, "b.jpg": 1},
    }
    written, fields = [], []
    for at, style, strength, fade in looks:
        text, look = f"{at:f}:{style}", {"at": at, "style": styles.get(style, style)}
        for sign, name, number in (("@", "strength", strength), ("~", "fade", fade)):
            if number is not None:
                text, look[name] = f"{text}{sign}{number:f}", number
        written.append(text)
        fields.append(look)

    def of_options() -> Timeline:
        return wish(looks=written).timeline

    def of_job_file() -> Timeline | None:
        return job_in({"video": "videos/a.mp4", "timeline": fields}, "in").timeline

    def verdict(ask: Any) -> Any:
        try:
            return ask()
        except Rejected as rejection:
            return rejection.reason

    assert verdict(of_options) == verdict(of_job_file)
