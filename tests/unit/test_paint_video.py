from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from handler.domain.errors import Defect, Rejected
from handler.domain.media import Codec, Encoding
from handler.domain.status import Progress
from handler.domain.timeline import ORIGINAL, Look, LookChange, Timeline
from handler.domain.treatment import Mask, Treatment
from handler.pipeline.paint_video import PaintOrder, paint_video
from tests.fakes import FACTS, FakeMedia, FakeMotion, FakePainter

TWO_LOOKS = Timeline(
    (LookChange(Fraction(0), ORIGINAL), LookChange(Fraction("0.08"), Look.of("monet")))
)


@pytest.fixture
def order(tmp_path: Path) -> PaintOrder:
    (tmp_path / "clip").write_bytes(b"video")
    (tmp_path / "monet").write_bytes(bytes([100]))
    return PaintOrder(
        source=tmp_path / "clip",
        styles={"monet": tmp_path / "monet"},
        timeline=Timeline.of_style("monet"),
        working_size_px=1024,
        result=tmp_path / "result.mp4",
        poster=tmp_path / "poster.jpg",
    )


def _greys(media: FakeMedia) -> list[int]:
    return [int(frame[0, 0, 0]) for frame in media.written]


def test_every_frame_is_painted_in_order(order: PaintOrder) -> None:
    media, painter = FakeMedia(), FakePainter()
    painting = paint_video(order, media, painter, FakeMotion())
    assert _greys(media) == [100, 101, 102, 103, 104]
    assert (painting.frames, painting.frames_painted, painting.losses.frames) == (5, 5, 0)


def test_the_style_vector_is_made_once(order: PaintOrder) -> None:
    painter = FakePainter()
    paint_video(order, FakeMedia(), painter, FakeMotion())
    assert painter.vectors_made == 1


def test_the_timeline_decides_frame_by_frame(order: PaintOrder) -> None:
    media, painter = FakeMedia(), FakePainter()
    paint_video(replace(order, timeline=TWO_LOOKS), media, painter, FakeMotion())
    assert _greys(media) == [0, 1, 102, 103, 104]
    assert painter.frames_painted == 3


def test_repeated_frames_are_painted_once(order: PaintOrder) -> None:
    media = FakeMedia()
    media.still = True
    painting = paint_video(order, media, FakePainter(), FakeMotion())
    assert painting.frames_painted == 1
    assert _greys(media) == [100] * 5


def test_a_repeated_frame_in_another_style_is_painted_again(
    order: PaintOrder, tmp_path: Path
) -> None:
    (tmp_path / "wave").write_bytes(bytes([50]))
    timeline = Timeline(
        (LookChange(Fraction(0), Look.of("monet")), LookChange(Fraction("0.04"), Look.of("wave")))
    )
    media = FakeMedia(replace(FACTS, frame_count=2))
    media.still = True
    paint_video(
        replace(order, timeline=timeline, styles={**order.styles, "wave": tmp_path / "wave"}),
        media,
        FakePainter(),
        FakeMotion(),
    )
    assert _greys(media) == [100, 50]


def test_frames_pass_through_the_networks_at_working_size(order: PaintOrder) -> None:
    facts = replace(FACTS, width=320, height=180)
    media, painter = FakeMedia(facts), FakePainter()
    painting = paint_video(replace(order, working_size_px=160), media, painter, FakeMotion())
    assert painter.sizes == {(90, 160, 3)}
    assert painting.working_size == (160, 90)
    assert {frame.shape for frame in media.written} == {(90, 160, 3)}


def test_the_original_passes_in_its_own_size(order: PaintOrder) -> None:
    facts = replace(FACTS, width=320, height=180)
    media, painter = FakeMedia(facts), FakePainter()
    smaller = replace(order, working_size_px=160, timeline=TWO_LOOKS)
    paint_video(smaller, media, painter, FakeMotion())
    assert painter.sizes == {(90, 160, 3)}
    assert {frame.shape for frame in media.written} == {(180, 320, 3)}


def test_progress_rises_to_the_whole(order: PaintOrder) -> None:
    seen: list[Progress] = []
    paint_video(order, FakeMedia(), FakePainter(), FakeMotion(), seen.append)
    assert [progress.frames_done for progress in seen] == [0, 1, 2, 3, 4, 5]
    assert seen[-1].percent == 100
    assert seen[-1].seconds_left == 0


def test_frames_that_the_source_can_not_give_are_counted(order: PaintOrder) -> None:
    media = FakeMedia()
    media.decodable = 3
    painting = paint_video(order, media, FakePainter(), FakeMotion())
    assert (painting.frames, painting.losses.frames) == (3, 2)


def test_the_poster_shows_the_middle_before_and_after(order: PaintOrder) -> None:
    paint_video(order, FakeMedia(), FakePainter(), FakeMotion())
    assert order.poster is not None
    assert list(order.poster.read_bytes()) == [2, 102]


def test_a_result_that_lost_a_frame_is_not_left(order: PaintOrder) -> None:
    media = FakeMedia()
    media.loses_on_write = 1
    with pytest.raises(Defect, match="frame count of 4 instead of 5"):
        paint_video(order, media, FakePainter(), FakeMotion())
    assert not order.result.exists()


def test_a_broken_style_is_refused_before_painting(order: PaintOrder) -> None:
    order.styles["monet"].write_bytes(b"broken")
    painter = FakePainter()
    with pytest.raises(Rejected):
        paint_video(order, FakeMedia(), painter, FakeMotion())
    assert painter.frames_painted == 0


def test_a_style_without_a_picture_is_named(order: PaintOrder) -> None:
    with pytest.raises(Rejected, match="'monet'"):
        paint_video(replace(order, styles={}), FakeMedia(), FakePainter(), FakeMotion())


def test_frames_between_keyframes_are_carried(order: PaintOrder) -> None:
    media, painter, motion = FakeMedia(replace(FACTS, frame_count=9)), FakePainter(), FakeMotion()
    painting = paint_video(replace(order, keyframe_interval=4), media, painter, motion)
    assert _greys(media) == [100, 201, 202, 203, 104, 205, 206, 207, 108]
    assert painting.frames_painted == 3


def test_shots_do_not_share_keyframes(order: PaintOrder) -> None:
    media, motion = FakeMedia(replace(FACTS, frame_count=9)), FakeMotion()
    motion.cuts = {6}
    painting = paint_video(replace(order, keyframe_interval=4), media, FakePainter(), motion)
    assert _greys(media) == [100, 201, 202, 203, 104, 105, 106, 207, 108]
    assert painting.frames_painted == 5


def test_the_frame_of_a_still_is_painted_once_whatever_the_interval(order: PaintOrder) -> None:
    media, painter = FakeMedia(replace(FACTS, frame_count=12)), FakePainter()
    media.still = True
    paint_video(replace(order, keyframe_interval=4), media, painter, FakeMotion())
    assert painter.frames_painted == 1


def test_the_original_is_not_carried(order: PaintOrder) -> None:
    media = FakeMedia()
    paint_video(
        replace(order, timeline=TWO_LOOKS, keyframe_interval=4), media, FakePainter(), FakeMotion()
    )
    assert _greys(media) == [0, 1, 102, 203, 104]


def test_failing_motion_fails_the_painting(order: PaintOrder) -> None:
    motion = FakeMotion()
    motion.fails = True
    with pytest.raises(ZeroDivisionError):
        paint_video(replace(order, keyframe_interval=4), FakeMedia(), FakePainter(), motion)
    assert not order.result.exists()


def test_the_order_says_how_the_result_is_encoded(order: PaintOrder) -> None:
    media, ordered = FakeMedia(), Encoding(Codec.HEVC, 30, "slow")
    painting = paint_video(replace(order, encoding=ordered), media, FakePainter(), FakeMotion())
    assert media.encoding == ordered
    assert painting.result.codec == "hevc"


def _timeline(*looks: tuple[str, Look, str]) -> Timeline:
    return Timeline(
        tuple(LookChange(Fraction(at), look, Fraction(fade)) for at, look, fade in looks)
    )


@pytest.fixture
def styles(order: PaintOrder, tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "wave").write_bytes(bytes([50]))
    return {**order.styles, "wave": tmp_path / "wave"}


def test_paint_dissolves_frame_by_frame(order: PaintOrder, tmp_path: Path) -> None:
    """Style vectors are mixed at keyframes, the original is laid under every frame."""
    facts = replace(FACTS, width=320, height=180, frame_count=6)
    media, painter = FakeMedia(facts), FakePainter()
    timeline = _timeline(("0", ORIGINAL, "0"), ("0.04", Look.of("monet"), "0.16"))
    paint_video(
        replace(order, timeline=timeline, working_size_px=160), media, painter, FakeMotion()
    )
    assert _greys(media) == [0, 1, 2 + 25, 3 + 50, 4 + 75, 105]
    assert painter.sizes == {(90, 160, 3)}
    assert {frame.shape for frame in media.written} == {(180, 320, 3)}


def test_one_style_becomes_another(order: PaintOrder, styles: dict[str, Path]) -> None:
    timeline = _timeline(("0", Look.of("monet"), "0"), ("0.08", Look.of("wave"), "0.2"))
    media, painter = FakeMedia(replace(FACTS, frame_count=9)), FakePainter()
    media.still = True
    paint_video(replace(order, timeline=timeline, styles=styles), media, painter, FakeMotion())
    assert _greys(media) == [100, 100, 100, 90, 80, 70, 60, 50, 50]
    assert painter.frames_painted == 6


def test_a_fade_is_carried_between_its_ends_and_the_grid(
    order: PaintOrder, styles: dict[str, Path]
) -> None:
    timeline = _timeline(("0", Look.of("monet"), "0"), ("0.08", Look.of("wave"), "0.2"))
    media, motion = FakeMedia(replace(FACTS, frame_count=12)), FakeMotion()
    paint_video(
        replace(order, timeline=timeline, styles=styles, keyframe_interval=5),
        media,
        FakePainter(),
        motion,
    )
    assert [index for index, grey in enumerate(_greys(media)) if grey < 200] == [0, 2, 5, 7, 10, 11]
    assert sorted(motion.morphs) == [False, False, True, True]


def test_strength_takes_the_rest_from_the_frame_itself(order: PaintOrder) -> None:
    media, painter = FakeMedia(), FakePainter()
    looks = Timeline.of(Look.of("monet", strength=Fraction(1, 2)))
    paint_video(replace(order, timeline=looks), media, painter, FakeMotion())
    assert _greys(media) == [50, 51, 53, 54, 56]  # a frame's own style is its grey, 0 to 4


def test_a_mask_divides_two_styles(
    order: PaintOrder, styles: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "mask.png").write_bytes(bytes([51]))
    media = FakeMedia(replace(FACTS, width=8, height=8))
    mask = Mask("mask.png", Look.of("wave"), feather_px=0)
    masked = replace(
        order, styles=styles, treatment=Treatment(mask=mask), mask=tmp_path / "mask.png"
    )
    painting = paint_video(masked, media, FakePainter(), FakeMotion())
    assert _greys(media) == [60, 61, 62, 63, 64]  # a fifth of 100, the rest of 50
    assert painting.frames_painted == 10


def test_where_the_mask_is_black_the_original_stays(order: PaintOrder, tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(bytes([255]))
    media = FakeMedia(replace(FACTS, width=8, height=8))
    treatment = Treatment(mask=Mask("mask.png", inverted=True))
    masked = replace(order, treatment=treatment, mask=tmp_path / "mask.png")
    paint_video(masked, media, FakePainter(), FakeMotion())
    assert _greys(media) == [0, 1, 2, 3, 4]


def test_a_mask_of_another_size_is_refused(order: PaintOrder, tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(bytes([255]))
    masked = replace(order, treatment=Treatment(mask=Mask("mask.png")), mask=tmp_path / "mask.png")
    with pytest.raises(Rejected, match="'mask' is wrong: the mask is 8x8, the video 32x24"):
        paint_video(masked, FakeMedia(), FakePainter(), FakeMotion())
    assert not order.result.exists()


def test_the_poster_shows_what_shines_through(order: PaintOrder, tmp_path: Path) -> None:
    """Frames that are laid over the original have its size, not that at which they are painted."""
    (tmp_path / "mask.png").write_bytes(bytes([255]))
    assert order.poster
    for changes in (
        {"timeline": Timeline.of(Look.of("monet", mix=Fraction(1, 2)))},
        {"treatment": Treatment(mask=Mask("mask.png")), "mask": tmp_path / "mask.png"},
    ):
        media = FakeMedia(replace(FACTS, width=8, height=8))
        paint_video(replace(order, **changes), media, FakePainter(), FakeMotion())
        before, after = order.poster.read_bytes()
        assert (before, after) == (2, 52 if "timeline" in changes else 102)


def test_a_few_pairs_of_painted_frames_are_measured(order: PaintOrder) -> None:
    media, painter = FakeMedia(), FakePainter()
    plain = replace(order, keyframe_interval=12)
    assert paint_video(plain, media, painter, FakeMotion()).quality is None
    found = paint_video(replace(plain, is_measured=True), media, painter, FakeMotion())
    assert found.quality
    assert len(found.quality.frames) == 3
    assert found.frames_painted == 2
    half = replace(order, timeline=TWO_LOOKS, is_measured=True)
    of_half = paint_video(half, media, painter, FakeMotion()).quality
    assert of_half
    assert set(of_half.frames) <= {2, 3}
    unpainted = replace(half, timeline=Timeline.of(ORIGINAL))
    assert paint_video(unpainted, media, painter, FakeMotion()).quality is None
