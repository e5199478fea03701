"""One suite for ffmpeg and Pillow, and for the fake that the unit tests use."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handler.domain.errors import Defect, Rejected
from handler.domain.media import Codec, Encoding
from handler.domain.ports import Frame, Media, Tile
from handler.media.ffmpeg import FfmpegMedia
from tests import clips
from tests.fakes import FakeMedia
from tests.pictures import draw_style


@dataclass(frozen=True)
class Subject:
    """An implementation, and how to make a video, a picture and a broken file for it."""

    media: Media
    video: Callable[[Path], Path]
    picture: Callable[[Path], Path]
    broken: Callable[[Path], Path]


def _file(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def _drawn(folder: Path) -> Path:
    Image.fromarray(draw_style("waves")).save(folder / "picture.png")
    return folder / "picture.png"


@pytest.fixture(params=["ffmpeg", "fake"])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "fake":
        broken = _file("broken", b"broken")
        return Subject(FakeMedia(), _file("video", b"video"), _file("picture", b"d"), broken)
    return Subject(FfmpegMedia(), clips.plain, _drawn, clips.text_named_video)


def _frames(media: Media, video: Path) -> list[Frame]:
    facts = media.probe(video)
    with media.read_frames(video, facts) as frames:
        return list(frames)


def test_frames_are_as_many_and_as_large_as_announced(subject: Subject, tmp_path: Path) -> None:
    video = subject.video(tmp_path)
    facts = subject.media.probe(video)
    frames = _frames(subject.media, video)
    assert len(frames) == facts.frame_count
    assert {(f.shape, f.dtype.name) for f in frames} == {((facts.height, facts.width, 3), "uint8")}


def test_each_frame_belongs_to_the_caller(subject: Subject, tmp_path: Path) -> None:
    first, second, *_ = _frames(subject.media, subject.video(tmp_path))
    first[:] = 7
    assert not (second == 7).all()


def test_reading_may_stop_early(subject: Subject, tmp_path: Path) -> None:
    video = subject.video(tmp_path)
    facts = subject.media.probe(video)
    with subject.media.read_frames(video, facts) as frames:
        assert next(frames).shape == (facts.height, facts.width, 3)


def test_a_glimpse_is_the_frame_that_reading_gives(subject: Subject, tmp_path: Path) -> None:
    video = subject.video(tmp_path)
    facts = subject.media.probe(video)
    frames = _frames(subject.media, video)
    for index in (0, 1, facts.frame_count - 1):
        (glimpse,) = subject.media.glimpse(video, facts, index, facts.size)
        assert np.array_equal(glimpse, frames[index])
    rest = subject.media.glimpse(video, facts, 2, facts.size, 1000)
    assert np.array_equal(rest, frames[2:])
    some = subject.media.glimpse(video, facts, 2, facts.size, 2, roughly=True)
    assert any(np.array_equal(some, frames[at : at + 2]) for at in range(3))


@pytest.mark.parametrize("ending", [".webp", ".gif"])
def test_a_teaser_is_written(subject: Subject, tmp_path: Path, ending: str) -> None:
    frames = [np.full((24, 32, 3), shade, np.uint8) for shade in (0, 100, 200)]
    subject.media.write_teaser(tmp_path / f"teaser{ending}", frames, Fraction(1, 25))
    assert (tmp_path / f"teaser{ending}").stat().st_size > 0


def test_a_sheet_is_written(subject: Subject, tmp_path: Path) -> None:
    frame = np.zeros((24, 32, 3), np.uint8)
    subject.media.write_sheet(tmp_path / "sheet.jpg", [[Tile(frame, "a"), Tile(None)]])
    assert (tmp_path / "sheet.jpg").stat().st_size > 0


def test_what_is_written_can_be_read(subject: Subject, tmp_path: Path) -> None:
    media, video, result = subject.media, subject.video(tmp_path), tmp_path / "result.mp4"
    facts = media.probe(video)
    with media.write_video(result, facts, video, Encoding.of()) as writer:
        for frame in _frames(media, video):
            writer.write(frame)
    written = media.probe(result)
    assert (written.width, written.height) == facts.encoded_size
    assert (written.frame_count, written.frame_rate) == (facts.frame_count, facts.frame_rate)
    assert [track.packets for track in written.sound] == [track.packets for track in facts.sound]


def test_frames_come_and_go_in_another_size(subject: Subject, tmp_path: Path) -> None:
    media, video, result = subject.media, subject.video(tmp_path), tmp_path / "result.mp4"
    facts, size = media.probe(video), (20, 12)
    with (
        media.read_frames(video, facts, size) as frames,
        media.write_video(result, facts, video, Encoding.of(), size) as writer,
    ):
        for frame in frames:
            assert frame.shape == (12, 20, 3)
            writer.write(frame)
    written = media.probe(result)
    assert (written.width, written.height) == facts.encoded_size
    assert written.frame_count == facts.frame_count


@pytest.mark.parametrize("codec", list(Codec))
def test_a_result_has_the_codec_that_was_ordered(
    subject: Subject, codec: Codec, tmp_path: Path
) -> None:
    media, video, result = subject.media, subject.video(tmp_path), tmp_path / "result.mp4"
    facts = media.probe(video)
    with media.write_video(result, facts, video, Encoding.of(codec)) as writer:
        for frame in _frames(media, video):
            writer.write(frame)
    assert media.probe(result).codec == codec


def test_an_unfinished_result_is_not_left(subject: Subject, tmp_path: Path) -> None:
    media, video, result = subject.media, subject.video(tmp_path), tmp_path / "result.mp4"
    facts = media.probe(video)
    with pytest.raises(KeyError), media.write_video(result, facts, video, Encoding.of()) as writer:
        writer.write(np.zeros((facts.height, facts.width, 3), np.uint8))
        raise KeyError
    assert not result.exists()


def test_a_frame_of_another_size_is_refused(subject: Subject, tmp_path: Path) -> None:
    media, video = subject.media, subject.video(tmp_path)
    with (
        pytest.raises(Defect),
        media.write_video(
            tmp_path / "result.mp4", media.probe(video), video, Encoding.of()
        ) as writer,
    ):
        writer.write(np.zeros((5, 5, 3), np.uint8))


def test_a_broken_video_is_rejected(subject: Subject, tmp_path: Path) -> None:
    with pytest.raises(Rejected):
        subject.media.probe(subject.broken(tmp_path))


def test_a_picture_is_bytes_of_red_green_and_blue(subject: Subject, tmp_path: Path) -> None:
    picture = subject.media.read_picture(subject.picture(tmp_path))
    assert (picture.ndim, picture.shape[2], picture.dtype.name) == (3, 3, "uint8")


def test_a_broken_picture_is_rejected(subject: Subject, tmp_path: Path) -> None:
    with pytest.raises(Rejected):
        subject.media.read_picture(subject.broken(tmp_path))


def test_a_poster_is_written(subject: Subject, tmp_path: Path) -> None:
    frame = np.zeros((24, 32, 3), np.uint8)
    subject.media.write_poster(tmp_path / "poster.jpg", frame, frame)
    assert (tmp_path / "poster.jpg").stat().st_size > 0
