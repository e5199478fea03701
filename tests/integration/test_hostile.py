"""What must be refused is, in one sentence, with nothing left behind; by both ways in."""

import os
import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from handler.domain.errors import Rejected
from handler.domain.media import Encoding
from handler.entrypoints.commands import app
from handler.entrypoints.console import EXIT_REJECTED
from handler.media.ffmpeg import FfmpegMedia
from tests import clips, hostile
from tests.clip_table import Row
from tests.cloud import Cloud
from tests.hostile import REFUSED_PICTURES, REFUSED_VIDEOS, Maker, Trap
from tests.integration.test_on_upload import handle, uploaded
from tests.pictures import draw_style
from tests.processes import none_left

Tabulate = Callable[[Row], None]
LONG_AGO = 1_000_000_000
STRANGE_NAMES = ("$(touch x);`id`|&.mp4", "-i.mp4", "%d.mp4", "a:b.mp4", "ä !'.mp4")


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trap]:
    """Checks, in the end, that nothing was read, called, or left behind."""
    folder, outside, temporary = tmp_path / "folder", tmp_path / "outside.mp4", tmp_path / "tmp"
    folder.mkdir()
    temporary.mkdir()
    clips.silent(tmp_path).rename(outside)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with none_left(), socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield Trap(folder, outside, server.getsockname()[1])
        with pytest.raises(BlockingIOError):  # nobody called
            server.accept()
    assert outside.stat().st_atime == LONG_AGO
    assert list(temporary.iterdir()) == []


def _seal(path: Path) -> None:
    """Give a file an age that the first reading changes, as ``relatime`` does."""
    control = path.with_name("control")
    control.write_bytes(b"control")
    for file in (control, path):
        os.utime(file, (LONG_AGO, LONG_AGO))
    control.read_bytes()
    if control.stat().st_atime == LONG_AGO:
        pytest.skip("this file system does not note when a file is read")


def _made(maker: Maker, trap: Trap) -> Path:
    path = maker(trap)
    _seal(trap.outside)
    return path


def _drawn(folder: Path) -> Path:
    Image.fromarray(draw_style("waves")).save(folder / "waves.png")
    return folder / "waves.png"


def _refused_by_command(video: Path, style: Path) -> str:
    result = video.parent / "result.mp4"
    before = sorted(video.parent.iterdir())
    words = ["stylize", str(video), "-s", str(style), "-o", str(result), "-q"]
    run = CliRunner().invoke(app, words)
    assert run.exit_code == EXIT_REJECTED, run.output
    assert run.stdout == ""
    assert sorted(video.parent.iterdir()) == before
    return run.stderr


def _refusal(said: str) -> str:
    return f"refused: {said.removeprefix('artreel: ').strip()}"


def _is_one_sentence(words: str) -> bool:
    return words.count("\n") <= 1 and len(words) < 300 and "Traceback" not in words


@pytest.mark.parametrize(
    ("maker", "reason"),
    [pytest.param(*case, id=case[0].__name__) for case in REFUSED_VIDEOS.items()],
)
def test_a_video_is_refused(
    trap: Trap, cloud: Cloud, tabulate: Tabulate, maker: Maker, reason: str
) -> None:
    style = _drawn(trap.folder)
    video = _made(maker, trap)
    said = _refused_by_command(video, style)
    tabulate(Row(maker, _refusal(said)))
    assert _is_one_sentence(said)
    assert re.search(reason, said)
    key = f"videos/waves/{video.name}"
    assert (
        handle(uploaded(key, cloud.upload(key, video.read_bytes())))["jobs"][0]["state"]
        == "rejected"
    )
    _refused_in_cloud(cloud, f"waves/{video.stem}", reason)


@pytest.mark.parametrize(
    ("maker", "reason"),
    [pytest.param(*case, id=case[0].__name__) for case in REFUSED_PICTURES.items()],
)
def test_a_style_picture_is_refused(
    trap: Trap, cloud: Cloud, tabulate: Tabulate, maker: Maker, reason: str
) -> None:
    video = clips.plain(trap.folder, frames=2)
    style = _made(maker, trap)
    said = _refused_by_command(video, style)
    if maker not in REFUSED_VIDEOS:
        tabulate(Row(maker, _refusal(said)))
    assert _is_one_sentence(said)
    assert re.search(reason, said)
    cloud.upload("styles/trap.png", style.read_bytes())
    key = "videos/trap/clip.mp4"
    handle(uploaded(key, cloud.upload(key, video.read_bytes())))
    _refused_in_cloud(cloud, "trap/clip", reason)


def _refused_in_cloud(cloud: Cloud, path: str, reason: str) -> None:
    assert set(cloud.results()) == {f"{path}.status.json"}
    status = cloud.status(path)
    assert status["state"] == "rejected"
    assert re.search(reason, status["reason"])
    assert _is_one_sentence(status["reason"])


def test_a_link_to_another_segment_is_not_followed(trap: Trap, tabulate: Tabulate) -> None:
    media, video = FfmpegMedia(), _made(hostile.linked_segment, trap)
    facts = media.probe(video)
    with media.read_frames(video, facts) as frames:
        count = len(list(frames))
    tabulate(Row(hostile.linked_segment, "painted without what it names", {"frames": str(count)}))
    assert count == facts.frame_count == 10


@pytest.mark.parametrize(
    "name",
    ["clip\x00.mp4", "../../clip.mp4", *STRANGE_NAMES],
)
def test_a_key_is_only_a_name(trap: Trap, cloud: Cloud, name: str) -> None:
    _seal(trap.outside)
    key, clip = f"videos/waves/{name}", clips.plain(trap.folder, frames=2).read_bytes()
    is_name = "\x00" not in name and ".." not in name
    version = cloud.upload(key, clip) if "\x00" not in name else "any"
    (outcome,) = handle(uploaded(key, version))["jobs"]
    assert outcome["state"] == ("succeeded" if is_name else "rejected")
    assert _is_one_sentence(outcome["reason"] or "")


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_a_file_name_is_only_a_name(trap: Trap, name: str) -> None:
    _seal(trap.outside)
    media = FfmpegMedia()
    video = clips.plain(trap.folder, frames=2).rename(trap.folder / name)
    result = trap.folder / f"result-{name}"
    facts = media.probe(video)
    with (
        media.read_frames(video, facts) as frames,
        media.write_video(result, facts, video, Encoding.of()) as writer,
    ):
        for frame in frames:
            writer.write(frame)
    assert media.probe(result).frame_count == 2


def test_a_video_that_is_gone_over_its_limits_is_refused(
    trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from handler.media import probe

    _seal(trap.outside)
    video = clips.plain(trap.folder)
    for starved in (
        replace(probe.LIMITS, cpu_seconds=0),
        replace(probe.LIMITS, stall_seconds=0.0),
        replace(probe.LIMITS, memory_bytes=64 * 2**20),
    ):
        monkeypatch.setattr(probe, "LIMITS", starved)
        with pytest.raises(Rejected, match="the video c"):
            probe.probe(video)
