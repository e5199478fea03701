"""Every kind of clip goes through the whole pipeline, unpainted, and comes out as it was meant.

What must come out is said here from how the clips are made; what came out is read by
``tests.measure``. Neither asks the code under test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from handler.domain.timeline import ORIGINAL, Timeline
from handler.media.commands import LINEAR_TO
from handler.media.ffmpeg import FfmpegMedia
from handler.pipeline.paint_video import Painting, PaintOrder, paint_video
from tests import clips, hdr, measure
from tests.clip_table import Row
from tests.fakes import FakeMotion, FakePainter

Floats = npt.NDArray[np.float64]
Clip = Callable[[Path], Path]

MOST_DRIFT_SECONDS = 0.020
MOST_COLOR_ERROR = 3.0
UNPAINTED = Timeline.of(ORIGINAL)

media = FfmpegMedia()


@dataclass(frozen=True)
class Case:
    """What must come out of a clip.

    Attributes:
        frames: exactly; None where the rate varies, then ``seconds`` must be right to a frame.
        size: of the result, px.
        aspect: width over height as shown; that of the size if not given.
        sound: codec of each track in the result.
        late: seconds by which sound begins after the picture.
        colors: two rows of patches, sRGB 0..255, None where there are none.
        turned: what is done to the stored picture to show it.
        cut_to: size before an odd one was padded.
        left_out: how many sound tracks before the one that is kept can't be read.
        clip_error: by how much the clip's own codec misses the colours.
    """

    clip: Clip
    frames: int | None = 10
    rate: Fraction = Fraction(25)
    seconds: Fraction | None = None
    size: tuple[int, int] = (128, 96)
    aspect: Fraction | None = None
    sound: tuple[str, ...] = ("aac",)
    late: Fraction = Fraction(0)
    colors: Any = clips.PATCHES
    turned: Callable[[Floats], Floats] = lambda picture: picture
    cut_to: tuple[int, int] | None = None
    clip_error: float = 0.0
    left_out: int = 0


def _half_seen() -> Floats:
    """Patches of which those in the right half are half transparent, over black."""
    seen = np.array([1, 1, 128 / 255, 128 / 255])[:, np.newaxis]
    return np.asarray(np.array(clips.PATCHES, float) * seen)


def _sdr(peak_nits: float) -> Floats:
    return hdr.sdr(np.array(hdr.PATCHES_NITS, float), peak_nits, LINEAR_TO)


MP3_RUN_IN = Fraction(1105, 48000)
"""Delay of the encoder, which AVI can't tell."""

NTSC = Fraction(1000, 1001)

CASES = [
    Case(clips.bunny_cut, 12, size=(320, 180), colors=None),
    Case(clips.plain),
    Case(clips.silent, sound=()),
    Case(clips.one_frame, 1),
    Case(clips.hevc_mov),
    Case(clips.vp8_webm),
    Case(clips.vp9_webm, sound=("opus",)),
    Case(clips.av1_mkv, sound=("flac",)),
    Case(clips.prores_mov),
    Case(clips.mpeg4_avi, sound=("mp3",), late=MP3_RUN_IN),
    Case(clips.h264_avi),
    Case(clips.mjpeg_avi),
    Case(clips.gif, sound=()),
    Case(clips.mpeg2_ts),
    Case(clips.mpeg1_mpg),
    Case(clips.h264_ts),
    Case(clips.h264_flv, 30, rate=Fraction(30)),
    Case(clips.theora_ogg, clip_error=2.0),
    Case(clips.film, rate=24 * NTSC),
    Case(clips.ntsc, rate=30 * NTSC),
    Case(clips.double_ntsc, 30, rate=60 * NTSC),
    Case(clips.slow_motion, 60, rate=Fraction(120)),
    Case(clips.uneven, None, Fraction(30), Fraction(59, 30), late=Fraction(-1, 30)),
    Case(clips.phone, None, Fraction(30), Fraction(7, 2)),
    Case(clips.screen_recording, None, Fraction(60), Fraction(3)),
    Case(clips.browser_recording, 60, rate=Fraction(30), sound=("opus",)),
    Case(clips.turned, size=(128, 192), aspect=Fraction(1, 2), turned=np.rot90),
    Case(clips.turned_right, size=(96, 128), turned=lambda p: np.rot90(p, -1)),
    Case(clips.upside_down, turned=lambda p: np.rot90(p, 2)),
    Case(clips.mirrored, turned=np.fliplr),
    Case(clips.mirrored_and_turned, size=(96, 128), turned=lambda p: np.fliplr(np.rot90(p))),
    Case(clips.wide_pixels, aspect=Fraction(128 * 128, 96 * 117)),
    Case(clips.odd_size, size=(130, 98), cut_to=(129, 97)),
    Case(clips.odd_crop, size=(130, 98), cut_to=(129, 97), sound=("opus",)),
    Case(clips.uhd, 3, size=(3840, 2160)),
    Case(clips.yuv422),
    Case(clips.yuv444),
    Case(clips.ten_bits),
    Case(clips.rgb),
    Case(clips.full_range),
    Case(clips.bt601),
    Case(clips.bt601_full_range),
    Case(clips.untagged),
    Case(clips.untagged_hd, 5, size=(1280, 720)),
    Case(clips.repeated, sound=(), colors=[[(0, 128, 128)] * 4] * 2),
    Case(clips.hdr10, colors=_sdr(10_000)),
    Case(clips.hlg, colors=_sdr(1_000)),
    Case(clips.wide_gamut),
    Case(clips.interlaced),
    Case(clips.interlaced_tape),
    Case(clips.see_through_prores, colors=_half_seen()),
    Case(clips.see_through_vp9, colors=_half_seen(), sound=("opus",)),
    Case(clips.run_in),
    Case(clips.late_sound, 25, late=Fraction(1, 5)),
    Case(clips.late_pcm, 25, late=Fraction(1, 5)),
    Case(clips.late_picture, 20, late=Fraction(-1, 5)),
    Case(clips.trimmed, 42, late=Fraction(-3, 10)),
    Case(clips.joined_late, 50, late=Fraction(-1)),
    Case(clips.early_subtitles, 12),
    Case(clips.long_sound, 25),
    Case(clips.short_sound, 50),
    Case(clips.gap_in_sound, 50),
    Case(clips.two_tracks, 25, sound=("aac", "aac")),
    Case(clips.languages, sound=("aac", "aac", "aac")),
    Case(clips.surround, 25, sound=("ac3",)),
    Case(clips.surround_pcm, 25),
    Case(clips.mp3_sound, 25, sound=("mp3",)),
    Case(clips.slow_mp3, 25),
    Case(clips.opus_sound, 25, sound=("opus",)),
    Case(clips.flac_sound, 25, sound=("flac",)),
    Case(clips.telephone_sound, 25),
    Case(clips.unknown_sound, 25, left_out=1),
    Case(clips.twelve_channels, 25),
    Case(clips.subtitled, 50),
    Case(clips.late_subtitle, 3600, rate=Fraction(60)),
    Case(clips.chaptered, 25),
    Case(clips.with_cover),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.clip.__name__)
def test_it_comes_out_right(case: Case, tmp_path: Path, tabulate: Callable[[Row], None]) -> None:
    source, result = case.clip(tmp_path), tmp_path / "result.mp4"
    painting = unpainted(source, result)
    seen = measure.seen(result)
    drifts = _drifts(case, source, result)
    error = _color_error(case, result)
    tabulate(
        Row(
            case.clip,
            "right",
            {
                "frames": str(len(seen.shown_at)),
                "size": "x".join(map(str, seen.size)),
                "drift": " / ".join(str(round(1000 * drift)) for drift in drifts),
                "colour": "" if error is None else f"{error:.1f}",
            },
        )
    )
    assert (seen.codec, seen.pixel_format) == ("h264", "yuv420p")
    assert seen.size == case.size
    assert seen.aspect == (case.aspect or Fraction(*case.size))
    assert painting.frames == len(seen.shown_at)
    losses = painting.losses
    assert (losses.frames, losses.flawed, losses.sound_tracks) == (0, 0, case.left_out)
    assert painting.result.frame_rate == case.rate
    if case.frames is not None:
        assert len(seen.shown_at) == case.frames
    else:
        assert case.seconds is not None
        assert abs(len(seen.shown_at) - case.seconds * case.rate) <= 1
    places = [(time - seen.shown_at[0]) * case.rate for time in seen.shown_at]
    assert places == pytest.approx(range(len(places)), abs=0.01)
    assert tuple(track.codec for track in painting.result.sound) == case.sound
    assert all(abs(drift) < MOST_DRIFT_SECONDS for drift in drifts)
    assert error is None or error <= MOST_COLOR_ERROR + case.clip_error


def unpainted(source: Path, result: Path) -> Painting:
    """The whole pipeline, which the painter has no part in."""
    order = PaintOrder(source, {}, UNPAINTED, None, result)
    return paint_video(order, media, FakePainter(), FakeMotion())


def _drifts(case: Case, source: Path, result: Path) -> tuple[float, ...]:
    """Of the first and the last beep of any track, the larger over the tracks."""
    if case.clip is clips.bunny_cut:
        return ()
    worst: list[tuple[float, float]] = []
    for track in range(len(case.sound)):
        found, meant = measure.beeps(result, track), measure.beeps(source, track + case.left_out)
        assert len(found) == len(meant)
        if found:
            worst.append(measure.drift(found, case.late))
    return tuple(max(ends, key=abs) for ends in zip(*worst, strict=True))


def _color_error(case: Case, result: Path) -> float | None:
    if case.colors is None:
        return None
    width, height = case.cut_to or case.size
    stored = case.turned(np.empty((height, width, 1))).shape
    truth = case.turned(measure.patches(case.colors, stored[1], stored[0]))
    shown = measure.pictures(result)
    return max(measure.patch_error(picture, truth) for picture in (shown[0], shown[-1]))


def test_eight_hours_are_looked_through_and_not_painted(
    tmp_path: Path, tabulate: Callable[[Row], None]
) -> None:
    facts = media.probe(clips.eight_hours(tmp_path))
    tabulate(Row(clips.eight_hours, "looked through", {"frames": str(facts.frame_count)}))
    assert facts.duration == 8 * 60 * 60
    assert facts.frame_rate == 1
    assert facts.constant_rate
    assert facts.sound[0].packets == 8 * 60 * 60 * 8000 / 1024


def test_languages_and_the_default_track_stay(tmp_path: Path) -> None:
    unpainted(clips.languages(tmp_path), tmp_path / "result.mp4")
    with av.open(str(tmp_path / "result.mp4")) as container:
        tracks = [
            (track.language, bool(track.disposition & av.stream.Disposition.default))
            for track in container.streams.audio
        ]
    assert tracks == [("deu", False), ("fra", True), ("jpn", False)]


def test_channels_and_languages_of_sound_stay(tmp_path: Path) -> None:
    for clip in (clips.surround, clips.surround_pcm):
        painting = unpainted(clip(tmp_path), tmp_path / "result.mp4")
        assert [track.channels for track in painting.result.sound] == [6]


def test_subtitles_become_those_of_mp4(tmp_path: Path) -> None:
    unpainted(clips.subtitled(tmp_path), tmp_path / "result.mp4")
    with av.open(str(tmp_path / "result.mp4")) as container:
        tracks = container.streams.subtitles
        assert [(t.codec_context.codec.canonical_name, t.language) for t in tracks] == [
            ("mov_text", "deu"),
            ("mov_text", "eng"),
        ]
        lines = [
            (
                packet.stream.index,
                packet.pts * Fraction(packet.time_base or 0),
                bytes(packet)[2:].decode(),
            )
            for packet in container.demux(*tracks)
            if packet.size > 2 and packet.pts is not None
        ]
    assert sorted(lines) == [(2, Fraction(3, 2), "Grüße!"), (3, Fraction(3, 2), "Grüße!")]


def test_title_day_and_chapters_stay(tmp_path: Path) -> None:
    unpainted(clips.chaptered(tmp_path), tmp_path / "result.mp4")
    with av.open(str(tmp_path / "result.mp4")) as container:
        assert container.metadata["title"] == "Sommer im Süden"
        assert container.metadata["creation_time"].startswith("2019-08-07T06:05:04")
        chapters = [
            (float(chapter["start"] * (chapter["time_base"] or 0)), chapter["metadata"]["title"])
            for chapter in container.chapters()
        ]
    assert chapters == [(0.0, "Morning"), (0.4, "Evening")]


@pytest.mark.parametrize("clip", [clips.interlaced, clips.interlaced_tape])
def test_fields_are_not_seen_as_combs(clip: Clip, tmp_path: Path) -> None:
    """In a comb a row differs more from its neighbours than from the rows beyond them."""
    unpainted(clip(tmp_path), tmp_path / "result.mp4")
    moving = measure.pictures(tmp_path / "result.mp4")[5][56:88]
    near = np.abs(moving[1:] - moving[:-1]).mean()
    beyond = np.abs(moving[2:] - moving[:-2]).mean()
    assert near < beyond


def test_a_variable_rate_shows_each_picture_when_it_was_taken(tmp_path: Path) -> None:
    source, result = clips.phone(tmp_path), tmp_path / "result.mp4"
    unpainted(source, result)
    taken_at = measure.seen(source).shown_at
    originals = measure.pictures(source)
    for number, picture in enumerate(measure.pictures(result)):
        nearest = min(range(len(originals)), key=lambda i: np.abs(picture - originals[i]).mean())
        assert abs(taken_at[nearest] - Fraction(number, 30)) <= Fraction(1, 30)
