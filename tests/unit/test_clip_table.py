from tests.clip_table import FAILED, TABLE, all_clips, outcomes, rendered


def test_the_committed_table_names_every_clip_and_no_other() -> None:
    assert list(outcomes(TABLE.read_text(encoding="utf-8"))) == list(all_clips()), (
        "run `make clips`"
    )


def test_the_committed_table_has_no_failure() -> None:
    for clip, outcome in outcomes(TABLE.read_text(encoding="utf-8")).items():
        assert outcome not in (FAILED, "not tried"), clip


def test_a_clip_is_what_its_docstring_says_first() -> None:
    assert all_clips()["silent"] == "No sound track"
    assert all(all_clips().values())


def test_a_clip_that_no_test_tried_is_told() -> None:
    table = rendered([{"clip": "plain", "outcome": "right", "frames": "10"}])
    assert outcomes(table)["plain"] == "right"
    assert outcomes(table)["silent"] == "not tried"
