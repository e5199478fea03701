from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from handler.domain.media import Codec, Encoding, SoundTrack, VideoFacts
from handler.media.commands import (
    decode_command,
    decode_filters,
    encode_command,
    encode_filters,
    glimpse_command,
    is_piped_as_video,
)
from tests.fakes import FACTS

CLIP = Path("/tmp/-clip.mp4")


def _after(argv: list[str], flag: str) -> str:
    return argv[argv.index(flag) + 1]


def _encode(facts: VideoFacts, encoding: Encoding | None = None) -> list[str]:
    return encode_command(
        "ffmpeg", Path("o.mp4"), facts, CLIP, encoding or Encoding.of(), facts.size
    )


def _track(codec: str, channels: int, rate: int = 48000, index: int = 0) -> SoundTrack:
    return SoundTrack(index, codec, channels, rate, Fraction(0), Fraction(0), 9)


def test_the_guards_stand_before_every_untrusted_input() -> None:
    for argv in (
        decode_command("ffmpeg", CLIP, FACTS, FACTS.size),
        glimpse_command("ffmpeg", CLIP, FACTS, FACTS.size, Fraction(1), 1),
        _encode(FACTS),
    ):
        source = argv.index("file:/tmp/-clip.mp4")
        before = argv[:source]
        assert _after(before, "-protocol_whitelist") == "file,pipe"
        assert "hls" not in _after(before, "-format_whitelist")
        assert "concat" not in _after(before, "-format_whitelist")


def test_ordinary_video_is_converted_once() -> None:
    (convert,) = decode_filters(FACTS, FACTS.size)
    assert convert.startswith("scale=32:24:in_color_matrix=bt709:in_range=limited:out_range=full:")
    assert convert.endswith(",format=rgb24")


@pytest.mark.parametrize(("pixels", "full"), [("yuv420p", False), ("yuvj420p", True)])
def test_ordinary_video_is_piped_in_its_own_colours(pixels: str, full: bool) -> None:
    facts = replace(FACTS, pixel_format=pixels, color_matrix="bt601", full_range=full)
    levels = "full" if full else "limited"
    assert is_piped_as_video(facts)
    for argv in (
        decode_command("ffmpeg", CLIP, facts, FACTS.size),
        glimpse_command("ffmpeg", CLIP, facts, FACTS.size, Fraction(1), 1),
    ):
        assert _after(argv, "-vf") == (
            "scale=32:24:in_color_matrix=bt601:out_color_matrix=bt601"
            f":in_range={levels}:out_range={levels}:flags=bicubic+accurate_rnd,format=yuv420p"
        )


@pytest.mark.parametrize(
    "told",
    [
        {"pixel_format": "yuv422p"},
        {"pixel_format": "yuv420p10le"},
        {"pixel_format": "yuva420p", "transparent": True},
        {"transparent": True},  # VP8 and VP9, whose native decoders don't see the alpha channel
        {"transfer": "pq", "primaries": "bt2020"},
        {"primaries": "smpte432"},
    ],
)
def test_other_video_is_piped_as_rgb24(told: dict[str, Any]) -> None:
    facts = replace(FACTS, **told)
    assert not is_piped_as_video(facts)
    for argv in (
        decode_command("ffmpeg", CLIP, facts, FACTS.size),
        glimpse_command("ffmpeg", CLIP, facts, FACTS.size, Fraction(1), 1),
    ):
        assert _after(argv, "-vf") == ",".join(decode_filters(facts, FACTS.size))
        assert _after(argv, "-vf").endswith("format=rgb24")


def test_a_smaller_frame_is_averaged_and_a_larger_one_interpolated() -> None:
    assert "scale=16:12:" in decode_filters(FACTS, (16, 12))[0]
    assert "flags=area+" in decode_filters(FACTS, (16, 12))[0]
    assert "flags=bicubic+" in decode_filters(FACTS, (64, 48))[0]


def test_frames_of_another_size_leave_in_the_sources() -> None:
    odd = replace(FACTS, width=31, height=23)
    argv = encode_command("ffmpeg", Path("o.mp4"), odd, CLIP, Encoding.of(), (16, 12))
    assert _after(argv, "-video_size") == "16x12"
    enlarge, pad, *_ = encode_filters(odd)
    assert enlarge.startswith("scale=31:23:")
    assert pad == "pad=32:24:0:0"


def test_an_uneven_rate_is_evened() -> None:
    uneven = replace(FACTS, constant_rate=False, frame_rate=Fraction(30000, 1001))
    assert decode_filters(uneven, FACTS.size)[:2] == ["setpts=PTS-STARTPTS", "fps=30000/1001"]


def test_fields_become_frames_before_anything_else() -> None:
    uneven = replace(FACTS, interlaced=True, constant_rate=False)
    assert decode_filters(uneven, FACTS.size)[0] == "bwdif=mode=send_frame:deint=interlaced"


def test_the_source_says_how_its_colours_are_read() -> None:
    (convert, *_) = decode_filters(
        replace(FACTS, color_matrix="bt601", full_range=True), FACTS.size
    )
    assert "in_color_matrix=bt601:in_range=full" in convert


@pytest.mark.parametrize(
    ("transfer", "spoken", "peak"),
    [("pq", "smpte2084", "49.2611"), ("hlg", "arib-std-b67", "4.9261")],
)
def test_high_dynamic_range_is_tone_mapped_in_linear_light(
    transfer: str, spoken: str, peak: str
) -> None:
    facts = replace(FACTS, transfer=transfer, primaries="bt2020", color_matrix="bt2020")
    convert, linear, floats, curve, *_ = decode_filters(facts, FACTS.size)
    assert convert.endswith("format=gbrp16le")
    assert f"primariesin=2020:transferin={spoken}:" in linear
    assert "primaries=709:transfer=linear:npl=203" in linear
    assert floats == "format=gbrpf32le"
    assert curve == f"tonemap=mobius:param=0.6:desat=0:peak={peak}"


def test_a_wide_gamut_alone_needs_no_curve() -> None:
    filters = ",".join(decode_filters(replace(FACTS, primaries="smpte432"), FACTS.size))
    assert "primariesin=smpte432:transferin=bt709" in filters
    assert "tonemap" not in filters


def test_what_is_transparent_lies_over_black() -> None:
    assert "premultiply=inplace=1" in decode_filters(replace(FACTS, transparent=True), FACTS.size)
    assert "premultiply=inplace=1" not in decode_filters(FACTS, FACTS.size)


@pytest.mark.parametrize(("codec", "decoder"), [("vp8", "libvpx"), ("vp9", "libvpx-vp9")])
def test_a_decoder_that_sees_alpha_is_taken_where_there_is_some(codec: str, decoder: str) -> None:
    argv = decode_command("ffmpeg", CLIP, replace(FACTS, codec=codec, transparent=True), FACTS.size)
    assert _after(argv[: argv.index("-i")], "-c:v") == decoder
    opaque = decode_command("ffmpeg", CLIP, replace(FACTS, codec=codec), FACTS.size)
    assert "-c:v" not in opaque[: opaque.index("-i")]


def test_the_codec_is_the_one_that_was_ordered() -> None:
    h264 = _encode(FACTS, Encoding(Codec.H264, 17, "slow"))
    hevc = _encode(FACTS, Encoding(Codec.HEVC, 28, "fast"))
    ordered = [[_after(a, f) for f in ("-c:v", "-crf", "-preset")] for a in (h264, hevc)]
    assert ordered == [["libx264", "17", "slow"], ["libx265", "28", "fast"]]
    assert _after(hevc, "-tag:v") == "hvc1"
    assert "-tag:v" not in h264


def test_text_subtitles_go_along() -> None:
    argv = _encode(replace(FACTS, subtitles=(0, 2)))
    maps = [argv[i + 1] for i, word in enumerate(argv) if word == "-map"]
    assert maps == ["0:v:0", "1:a:0", "1:s:0", "1:s:2"]
    assert _after(argv, "-c:s") == "mov_text"


@pytest.mark.parametrize(
    ("rate", "ticks", "shift"),
    [("25", 10_000, 213), ("30000/1001", 30_000, 640), ("1/10", 10_000, 213)],
)
def test_the_picture_starts_when_it_should_to_a_tick(rate: str, ticks: int, shift: int) -> None:
    argv = _encode(replace(FACTS, start=Fraction(8, 375), frame_rate=Fraction(rate)))
    assert _after(argv, "-vf").endswith(f"settb=1/{ticks},setpts=PTS+{shift}")
    assert _after(argv, "-enc_time_base") == f"1/{ticks}"


def test_the_rate_is_never_rounded() -> None:
    argv = _encode(replace(FACTS, frame_rate=Fraction(30000, 1001)))
    assert _after(argv, "-framerate") == "30000/1001"


def test_an_odd_size_is_padded_by_repeating_the_edge() -> None:
    odd = replace(FACTS, width=65, height=48)
    filters = _after(_encode(odd), "-vf")
    assert ",pad=66:48:0:0,fillborders=right=1:bottom=0:mode=smear," in filters
    assert "pad=" not in _after(_encode(FACTS), "-vf")


@pytest.mark.parametrize(
    ("codec", "becomes"),
    [("aac", "copy"), ("mp3", "copy"), ("opus", "copy"), ("pcm_s16le", "aac"), ("mp2", "aac")],
)
def test_sound_is_copied_where_mp4_holds_it(codec: str, becomes: str) -> None:
    facts = replace(FACTS, sound=(_track(codec, 6),))
    argv = _encode(facts)
    assert _after(argv, "-c:a:0") == becomes
    assert ("-b:a:0" in argv) == (becomes == "aac")


def test_each_track_is_decided_alone() -> None:
    tracks = (_track("aac", 2), _track("pcm_s16le", 2, index=3))
    argv = _encode(replace(FACTS, sound=tracks))
    assert _after(argv, "-c:a:0") == "copy"
    assert _after(argv, "-c:a:1") == "aac"
    assert _after(argv, "-b:a:1") == "192000"
    assert argv[argv.index("1:a:0") + 2] == "1:a:3"


def test_mp3_too_slow_for_mp4_becomes_aac() -> None:
    facts = replace(FACTS, sound=(_track("mp3", 1, rate=11025),))
    assert _after(_encode(facts), "-c:a:0") == "aac"


def test_more_channels_than_aac_has_become_stereo() -> None:
    facts = replace(FACTS, sound=(_track("pcm_s16le", 12),))
    argv = _encode(facts)
    assert (_after(argv, "-ac:a:0"), _after(argv, "-b:a:0")) == ("2", "192000")


@pytest.mark.parametrize(
    ("rate", "channels", "bits"),
    [(48000, 2, "192000"), (48000, 6, "576000"), (8000, 1, "48000"), (96000, 1, "96000")],
)
def test_new_aac_has_a_fitting_rate(rate: int, channels: int, bits: str) -> None:
    facts = replace(FACTS, sound=(_track("pcm_s16le", channels, rate),))
    assert _after(_encode(facts), "-b:a:0") == bits
