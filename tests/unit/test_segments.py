from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from handler.domain.ports import Frame
from handler.domain.timeline import Look
from handler.pipeline.segments import Segment, WorkFrame, segments

Video = Sequence[tuple[str | None, int]]
"""For each frame its style and its scene."""

VIDEOS = st.lists(
    st.tuples(st.sampled_from(["monet", "wave", None]), st.integers(0, 2)), max_size=40
)


TURNS = {5, 17}
"""Frames at which paint begins or ends to change."""


def _frames(video: Video, start: int = 0) -> Iterator[WorkFrame]:
    for index, (style, scene) in enumerate(video):
        if index >= start:
            image = np.full((1, 1, 3), scene, np.uint8)
            stretch = sum(one[0] != other[0] for one, other in pairwise(video[: index + 1]))
            turns = index in TURNS
            yield WorkFrame(index, Look.of(style).coat, stretch, turns, image, image)


def _is_cut(before: Frame, after: Frame) -> bool:
    return not np.array_equal(before, after)


def _shape(segment: Segment) -> tuple[list[int], int | None]:
    until = segment.until.index if segment.until else None
    return [frame.index for frame in segment.frames], until


def _cut_up(video: Video, interval: int, start: int = 0) -> list[tuple[list[int], int | None]]:
    return [_shape(s) for s in segments(_frames(video, start), interval, _is_cut)]


@given(VIDEOS, st.integers(1, 9))
def test_every_frame_is_in_one_segment_in_order(video: Video, interval: int) -> None:
    found = _cut_up(video, interval)
    assert [index for indices, _ in found for index in indices] == list(range(len(video)))
    for (_, until), (indices, _) in pairwise(found):
        assert until in (None, indices[0])


@given(VIDEOS, st.integers(2, 9))
def test_a_segment_lies_in_one_shot(video: Video, interval: int) -> None:
    for indices, until in _cut_up(video, interval):
        members = [*indices, *([] if until is None else [until])]
        assert len(members) - 1 <= interval
        assert len({video[index] for index in members}) == 1
        if len(members) > 1:
            assert video[indices[0]][0] is not None


@given(VIDEOS, st.integers(1, 9), st.data())
def test_a_part_read_from_a_keyframe_on_is_cut_up_alike(
    video: Video, interval: int, data: st.DataObject
) -> None:
    whole = _cut_up(video, interval)
    if not whole:
        return
    start = data.draw(st.integers(0, len(whole) - 1))
    assert _cut_up(video, interval, whole[start][0][0]) == whole[start:]


def test_keyframes_lie_on_the_grid_and_at_both_ends_of_a_shot() -> None:
    video = [("monet", 0)] * 6 + [("monet", 1)] * 7
    assert _cut_up(video, 4) == [
        ([0, 1, 2, 3], 4),
        ([4], 5),
        ([5], None),
        ([6, 7], 8),
        ([8, 9, 10, 11], 12),
        ([12], None),
    ]


def test_cuts_are_not_looked_for_where_every_frame_is_painted() -> None:
    def fails(before: Frame, after: Frame) -> bool:
        raise AssertionError

    video = [("monet", 0), ("monet", 1)]
    found = [_shape(s) for s in segments(_frames(video), 1, fails)]
    assert found == [([0], 1), ([1], None)]
