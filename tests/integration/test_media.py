"""The media layer on the real ffmpeg, one clip per hazard."""

import os
import signal
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from handler.domain.errors import Defect, Rejected, Unavailable
from handler.domain.media import Encoding, VideoFacts
from handler.domain.ports import Frame
from handler.media.ffmpeg import FfmpegMedia
from handler.media.limits import Limits
from handler.media.process import ConfinedProcess
from handler.pipeline.verify import verify
from tests import clips
from tests.clip_table import Row
from tests.packets import packet_hashes, shown_at

media = FfmpegMedia()
Clip = Callable[[Path], Path]


def _decode(video: Path) -> tuple[VideoFacts, list[Frame]]:
    facts = media.probe(video)
    with media.read_frames(video, facts) as frames:
        return facts, list(frames)


def _pass_through(video: Path, result: Path) -> tuple[VideoFacts, VideoFacts]:
    """Decode and encode without painting; return the facts of both files."""
    facts = media.probe(video)
    with (
        media.read_frames(video, facts) as frames,
        media.write_video(result, facts, video, Encoding.of()) as writer,
    ):
        count = 0
        for frame in frames:
            writer.write(frame)
            count += 1
    return facts, verify(media.probe(result), facts, count, Encoding.of())


@pytest.mark.parametrize(
    "clip",
    [
        clips.bunny_cut,
        clips.plain,
        clips.run_in,
        clips.ntsc,
        clips.late_sound,
        clips.late_picture,
        clips.mp3_sound,
        clips.long_sound,
        clips.one_frame,
    ],
)
def test_sound_comes_through_byte_for_byte(clip: Clip, tmp_path: Path) -> None:
    video, result = clip(tmp_path), tmp_path / "result.mp4"
    _pass_through(video, result)
    hashes = packet_hashes(video)
    assert hashes
    assert packet_hashes(result) == hashes


def test_real_sound_comes_through_byte_for_byte(tmp_path: Path) -> None:
    result = tmp_path / "result.mp4"
    _, facts = _pass_through(clips.BIG_BUCK_BUNNY, result)
    assert packet_hashes(result) == packet_hashes(clips.BIG_BUCK_BUNNY)
    assert facts.frame_count == 132
    assert (facts.width, facts.height, facts.frame_rate) == (1280, 720, Fraction(25))


def test_sound_that_mp4_can_not_hold_becomes_aac(tmp_path: Path) -> None:
    source, result = _pass_through(clips.two_tracks(tmp_path), tmp_path / "result.mp4")
    assert [track.codec for track in source.sound] == ["aac", "pcm_s16le"]
    assert [track.codec for track in result.sound] == ["aac", "aac"]


@pytest.mark.parametrize("clip", [clips.late_sound, clips.late_picture])
def test_the_offset_between_sound_and_picture_stays(clip: Clip, tmp_path: Path) -> None:
    source, result = _pass_through(clip(tmp_path), tmp_path / "result.mp4")
    before = source.sound[0].first_packet - source.start
    after = result.sound[0].first_packet - result.start
    assert abs(before) > Fraction("0.15")
    assert abs(after - before) < Fraction("0.005")


def test_ntsc_stays_exact_to_the_last_frame(tmp_path: Path) -> None:
    result = tmp_path / "result.mp4"
    _pass_through(clips.CARPHONE, result)
    expected = [Fraction(1001 * i, 30000) for i in range(120)]
    assert shown_at(result) == expected


def test_an_odd_size_gains_a_copy_of_its_last_row_and_column(tmp_path: Path) -> None:
    result = tmp_path / "result.mp4"
    source, facts = _pass_through(clips.odd_size(tmp_path), result)
    assert (source.width, source.height) == (129, 97)
    assert (facts.width, facts.height) == (130, 98)
    _, frames = _decode(result)
    last = frames[0].astype(int)
    assert np.abs(last[:, 129] - last[:, 128]).mean() < 4
    assert np.abs(last[97] - last[96]).mean() < 4


def test_a_cover_is_not_the_video(tmp_path: Path) -> None:
    facts, frames = _decode(clips.with_cover(tmp_path))
    assert (facts.width, facts.height, len(frames)) == (128, 96, 10)


def test_gaps_of_a_variable_rate_are_filled(tmp_path: Path) -> None:
    facts, frames = _decode(clips.uneven(tmp_path))
    assert (facts.frame_rate, facts.constant_rate) == (Fraction(30), False)
    assert len(frames) == pytest.approx(facts.frame_count, abs=1)
    assert facts.frame_count == pytest.approx(60, abs=1)


def test_a_clip_that_is_cut_short_is_read_as_far_as_it_goes(
    tmp_path: Path, tabulate: Callable[[Row], None]
) -> None:
    facts, frames = _decode(clips.cut_short(tmp_path))
    tabulate(Row(clips.cut_short, "read as far as it goes", {"frames": str(len(frames))}))
    assert 10 < len(frames) <= facts.frame_count < 50


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        (clips.picture_named_video, "not a video of a kind that is read"),
        (clips.text_named_video, "can't be read as a video"),
        (clips.playlist_named_video, "can't be read as a video"),
        (clips.script_named_video, "not a video of a kind that is read"),
        (clips.header_only, "can't be read as a video"),
        (clips.sound_only, "holds no video"),
    ],
)
def test_what_is_no_video_is_rejected(
    clip: Clip, reason: str, tmp_path: Path, tabulate: Callable[[Row], None]
) -> None:
    with pytest.raises(Rejected, match=reason) as rejection:
        media.probe(clip(tmp_path))
    tabulate(Row(clip, f"refused: {rejection.value.reason}"))


def test_an_empty_file_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(Rejected, match="empty file"):
        media.probe(tmp_path / "empty.mp4")


def test_a_killed_decoder_is_not_the_end_of_the_video(tmp_path: Path) -> None:
    """What the system kills for want of memory must not be published as a shorter video."""
    video = clips.plain(tmp_path, frames=400, size="640x480")
    facts = media.probe(video)

    def kill_and_read_on() -> None:
        with media.read_frames(video, facts) as frames:
            next(frames)
            for child in _children_named("ffmpeg"):
                os.kill(int(child.parent.name), signal.SIGKILL)
            for _ in frames:
                pass

    with pytest.raises(Unavailable, match="killed"):
        kill_and_read_on()


def test_leaving_early_ends_ffmpeg(tmp_path: Path) -> None:
    video = clips.plain(tmp_path, frames=300, size="320x240")
    facts = media.probe(video)
    with media.read_frames(video, facts) as frames:
        next(frames)
    # the context manager has waited for the process: nothing is left to reap
    assert not _children_named("ffmpeg")


def test_an_error_while_writing_leaves_no_file_and_no_process(tmp_path: Path) -> None:
    video, result = clips.plain(tmp_path), tmp_path / "result.mp4"
    facts = media.probe(video)
    with pytest.raises(KeyError), media.write_video(result, facts, video, Encoding.of()) as writer:
        writer.write(np.zeros((facts.height, facts.width, 3), np.uint8))
        raise KeyError
    assert not result.exists()
    assert not _children_named("ffmpeg")


def test_an_encoder_that_dies_is_our_fault_and_says_why(tmp_path: Path) -> None:
    video = clips.plain(tmp_path)
    facts = media.probe(video)
    unwritable = tmp_path / "no-such-folder" / "result.mp4"
    with (
        pytest.raises(Defect, match="No such file or directory"),
        media.write_video(unwritable, facts, video, Encoding.of()) as writer,
    ):
        for _ in range(10_000):
            writer.write(np.zeros((facts.height, facts.width, 3), np.uint8))


def test_a_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    video, result = clips.plain(tmp_path), tmp_path / "result.mp4"
    facts = media.probe(video)
    with (
        pytest.raises(Defect, match="was announced"),
        media.write_video(result, facts, video, Encoding.of()) as writer,
    ):
        writer.write(np.zeros((10, 10, 3), np.uint8))


def test_no_secret_reaches_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    buffer = bytearray(65536)
    with ConfinedProcess(["/usr/bin/env"], LIMITS) as process:
        count = process.read_into(memoryview(buffer))
    assert b"PATH=" in buffer[:count]
    assert b"secret" not in buffer[:count]


def test_only_the_end_of_what_ffmpeg_says_is_kept() -> None:
    noisy: Sequence[str] = ["/bin/sh", "-c", "yes complaint | head -c 1000000 >&2; echo end >&2"]
    with ConfinedProcess(noisy, LIMITS) as process:
        process.read_into(memoryview(bytearray(1)))
    assert process.last_words == "end"
    assert len(process.log) <= 64 * 1024


LIMITS = Limits(memory_bytes=2**30, cpu_seconds=10)


def _children_named(name: str) -> list[Path]:
    found = []
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in children.read_text().split():
            command = Path("/proc", pid, "comm")
            if command.exists() and name in command.read_text():
                found.append(command)
    return found


@pytest.mark.parametrize(
    "clip", [clips.h264_avi, clips.interlaced, clips.mpeg2_ts, clips.turned, clips.late_picture]
)
def test_a_glimpse_is_had_of_every_kind_of_video(clip: Clip, tmp_path: Path) -> None:
    video = clip(tmp_path)
    facts, frames = _decode(video)
    for index in (0, len(frames) // 2, len(frames) - 1):
        (glimpse,) = media.glimpse(video, facts, index, facts.size)
        differences = [np.abs(frame.astype(int) - glimpse).mean() for frame in frames]
        assert abs(int(np.argmin(differences)) - index) <= 2
