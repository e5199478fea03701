from dataclasses import replace
from fractions import Fraction

import pytest

from handler.domain.errors import Defect, Rejected
from handler.domain.media import Encoding, SoundTrack, VideoFacts
from handler.pipeline.verify import verify
from tests.fakes import FACTS


def _track(codec: str, start: str, packets: int) -> SoundTrack:
    return SoundTrack(0, codec, 2, 48000, Fraction(start), Fraction(start), packets)


def _with_sound(start: str, packets: int = 10) -> VideoFacts:
    return replace(
        FACTS, sound=(SoundTrack(0, "aac", 2, 48000, Fraction(start), Fraction(start), packets),)
    )


def _as_new_aac(track: SoundTrack) -> SoundTrack:
    """With the encoder's run-in before it."""
    return replace(track, first_packet=track.first_packet - Fraction(1024, track.sample_rate_hz))


def test_the_same_video_passes() -> None:
    assert verify(FACTS, FACTS, FACTS.frame_count, Encoding.of()) is FACTS


def test_an_odd_size_passes_with_its_padding() -> None:
    odd = replace(FACTS, width=33, height=25)
    verify(replace(FACTS, width=34, height=26), odd, 5, Encoding.of())


WRONG_PICTURES = [
    (replace(FACTS, codec="hevc"), "codec"),
    (replace(FACTS, width=30), "size"),
    (replace(FACTS, frame_rate=Fraction(24)), "frame rate"),
    (replace(FACTS, frame_count=4), "frame count"),
    (replace(FACTS, sample_aspect_ratio=Fraction(4, 3)), "pixel aspect"),
]
WRONG_BESIDE_THEM = [
    (replace(FACTS, sound=()), "sound tracks"),
    (replace(FACTS, subtitles=(0,)), "subtitles"),
    (_with_sound("0.021"), "moved by 21 ms"),
    (_with_sound("-0.021"), "moved by -21 ms"),
]
WRONG_COPIES = [(_with_sound("0", packets=9), "9 packets instead of 10")]
DAMAGED = replace(FACTS, announced=replace(FACTS.announced, is_broken=True))


@pytest.mark.parametrize(("wrong", "what"), WRONG_PICTURES + WRONG_BESIDE_THEM + WRONG_COPIES)
def test_anything_else_does_not(wrong: VideoFacts, what: str) -> None:
    with pytest.raises(Defect, match=what):
        verify(wrong, FACTS, FACTS.frame_count, Encoding.of())


@pytest.mark.parametrize(("wrong", "what"), WRONG_PICTURES)
def test_a_damaged_source_is_no_excuse_for_wrong_pictures(wrong: VideoFacts, what: str) -> None:
    with pytest.raises(Defect, match=what):
        verify(wrong, DAMAGED, FACTS.frame_count, Encoding.of())


@pytest.mark.parametrize(("wrong", "what"), WRONG_BESIDE_THEM)
def test_a_damaged_source_need_not_give_what_it_counts(wrong: VideoFacts, what: str) -> None:
    wrong = replace(wrong, sound=tuple(_as_new_aac(track) for track in wrong.sound))
    with pytest.raises(Rejected, match=what):
        verify(wrong, DAMAGED, FACTS.frame_count, Encoding.of())


def test_sound_may_start_where_the_source_has_it() -> None:
    verify(_with_sound("0.2"), _with_sound("0.19"), 5, Encoding.of())
    late_picture = replace(FACTS, start=Fraction("0.2"))
    verify(late_picture, late_picture, 5, Encoding.of())


def test_sound_that_became_another_codec_may_have_other_packets() -> None:
    run_in = SoundTrack(0, "aac", 2, 48000, Fraction(0), Fraction(-1024, 48000), 10)
    pcm = SoundTrack(0, "pcm_s16le", 2, 48000, Fraction(0), Fraction(0), 99)
    verify(replace(FACTS, sound=(run_in,)), replace(FACTS, sound=(pcm,)), 5, Encoding.of())


def test_an_encoder_s_run_in_is_not_a_delay() -> None:
    """Containers start a late track at its run-in, which nobody hears."""
    at = Fraction(1, 5)
    late_run_in = SoundTrack(0, "aac", 2, 48000, at - Fraction(1024, 48000), at, 10)
    late_run_in = replace(late_run_in, first_packet=late_run_in.start)
    pcm = SoundTrack(0, "pcm_s16le", 2, 48000, at, at, 99)
    verify(replace(FACTS, sound=(late_run_in,)), replace(FACTS, sound=(pcm,)), 5, Encoding.of())
