"""A few of the damaged files of ``make fuzz``, other ones than its own."""

from pathlib import Path

import pytest

from tests.fuzz.mutations import mutated
from tests.fuzz.run import run
from tests.fuzz.seeds import make_clips
from tests.fuzz.trial import try_one

FIRST = 1_000_000


def test_damaged_clips_and_pictures_get_a_verdict() -> None:
    verdicts = list(run(clips=17, pictures=8, first=FIRST, workers=2))
    assert len(verdicts) == 25
    assert [verdict for verdict in verdicts if verdict.is_failure] == []


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("vp8.webm", 77),
        ("h264.flv", 320),
        ("h264.flv", 439),
        ("h264.flv", 558),
        ("mpeg2.mpg", 5130),
    ],
)
def test_what_once_failed_gets_a_verdict(tmp_path: Path, name: str, seed: int) -> None:
    make_clips(tmp_path, [name])
    verdict = try_one(tmp_path / name, seed)
    assert not verdict.is_failure, verdict.details


def test_the_same_seed_is_the_same_damage() -> None:
    content = bytes(range(256)) * 20
    assert mutated(content, "clip:1") == mutated(content, "clip:1")
    assert mutated(content, "clip:1")[0] != mutated(content, "clip:2")[0]


@pytest.mark.parametrize(
    ("trick", "outcome"),
    [("raise RuntimeError('ours')", "crash"), ("open('mark', 'w').close()", "leftover")],
)
def test_what_goes_wrong_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trick: str, outcome: str
) -> None:
    from tests.fuzz import trial

    def judged(source: Path, work: Path) -> str:
        exec(trick)  # noqa: S102
        return "read"

    monkeypatch.setattr(trial, "_judged", judged)
    (tmp_path / "style.png").write_bytes(bytes(100))
    assert try_one(tmp_path / "style.png", 1).outcome == outcome
