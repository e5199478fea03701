from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from handler.domain.media import SoundTrack
from handler.media.commands import decode_command, encode_command
from tests.fakes import FACTS

CLIP = Path("/tmp/-clip.mp4")


def _after(argv: list[str], flag: str) -> str:
    return argv[argv.index(flag) + 1]


def _track(codec: str, channels: int, rate: int = 48000, index: int = 0) -> SoundTrack:
    return SoundTrack(index, codec, channels, rate, Fraction(0), Fraction(0), 9)


def test_the_guards_stand_before_every_untrusted_input() -> None:
    for argv in (
        decode_command("ffmpeg", CLIP, FACTS),
        encode_command("ffmpeg", Path("/tmp/out.mp4"), FACTS, CLIP),
    ):
        source = argv.index("file:/tmp/-clip.mp4")
        before = argv[:source]
        assert _after(before, "-protocol_whitelist") == "file,pipe"
        assert "hls" not in _after(before, "-format_whitelist")
        assert "concat" not in _after(before, "-format_whitelist")


def test_an_uneven_rate_is_evened_and_an_even_one_left_alone() -> None:
    assert "fps=" not in _after(decode_command("ffmpeg", CLIP, FACTS), "-vf")
    uneven = replace(FACTS, constant_rate=False, frame_rate=Fraction(30000, 1001))
    assert _after(decode_command("ffmpeg", CLIP, uneven), "-vf").startswith("fps=30000/1001,")


def test_the_source_says_how_its_colours_are_read() -> None:
    filters = _after(
        decode_command("ffmpeg", CLIP, replace(FACTS, color_matrix="bt601", full_range=True)), "-vf"
    )
    assert "in_color_matrix=bt601:in_range=full" in filters


def test_the_rate_is_never_rounded() -> None:
    argv = encode_command(
        "ffmpeg", Path("o.mp4"), replace(FACTS, frame_rate=Fraction(30000, 1001)), CLIP
    )
    assert _after(argv, "-framerate") == "30000/1001"


def test_an_odd_size_is_padded_by_repeating_the_edge() -> None:
    odd = replace(FACTS, width=65, height=48)
    filters = _after(encode_command("ffmpeg", Path("o.mp4"), odd, CLIP), "-vf")
    assert filters.startswith("pad=66:48:0:0,fillborders=right=1:bottom=0:mode=smear,")
    assert "pad=" not in _after(encode_command("ffmpeg", Path("o.mp4"), FACTS, CLIP), "-vf")


@pytest.mark.parametrize(
    ("codec", "becomes"),
    [("aac", "copy"), ("mp3", "copy"), ("opus", "copy"), ("pcm_s16le", "aac"), ("vorbis", "aac")],
)
def test_sound_is_copied_where_mp4_holds_it(codec: str, becomes: str) -> None:
    facts = replace(FACTS, sound=(_track(codec, 6),))
    argv = encode_command("ffmpeg", Path("o.mp4"), facts, CLIP)
    assert _after(argv, "-c:a:0") == becomes
    assert ("-b:a:0" in argv) == (becomes == "aac")


def test_each_track_is_decided_alone() -> None:
    tracks = (_track("aac", 2), _track("pcm_s16le", 2, index=3))
    argv = encode_command("ffmpeg", Path("o.mp4"), replace(FACTS, sound=tracks), CLIP)
    assert _after(argv, "-c:a:0") == "copy"
    assert _after(argv, "-c:a:1") == "aac"
    assert _after(argv, "-b:a:1") == "192000"
    assert argv[argv.index("1:a:0") + 2] == "1:a:3"


def test_mp3_too_slow_for_mp4_becomes_aac() -> None:
    facts = replace(FACTS, sound=(_track("mp3", 1, rate=11025),))
    assert _after(encode_command("ffmpeg", Path("o.mp4"), facts, CLIP), "-c:a:0") == "aac"


def test_more_channels_than_aac_has_become_stereo() -> None:
    facts = replace(FACTS, sound=(_track("pcm_s16le", 12),))
    argv = encode_command("ffmpeg", Path("o.mp4"), facts, CLIP)
    assert (_after(argv, "-ac:a:0"), _after(argv, "-b:a:0")) == ("2", "192000")
