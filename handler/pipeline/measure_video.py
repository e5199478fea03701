"""Measure how well a video was painted, beside its source and the same painted another way."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise, zip_longest
from pathlib import Path
from statistics import fmean
from typing import Any

import cv2
import numpy as np

from handler.domain.errors import Rejected
from handler.domain.media import VideoFacts
from handler.domain.ports import Frame, Media, Motion, Painter
from handler.domain.status import Progress
from handler.measure.flicker import flicker
from handler.measure.flow import Estimator
from handler.measure.texture import detail, style_distance
from handler.pipeline.verify import sound_drifts

SOURCE = "source"
Judge = Callable[[Frame], float]


@dataclass(frozen=True)
class MeasureOrder:
    """What to measure.

    Attributes:
        painted: what was made of ``source``, by name.
        pairs: of adjacent frames that are looked at, spread over the video by chance, always the
            same; all, if there are no more.
        size_px: long side at which frames are compared.
    """

    source: Path
    painted: Mapping[str, Path]
    pairs: int
    size_px: int


@dataclass(frozen=True)
class Score:
    """Of one video; means over the pairs, and over the first frame of each pair.

    Attributes:
        frames: counted.
        sound_drift_seconds: by how much each sound track moved against the picture.
        warping_error: mean square, channels in 0..1; None if no pair could be measured.
        detail: mean gradient magnitude, in 0..255.
        style_distance: cosine distance of style vectors, 0..2; None without a style.
    """

    frames: int
    sound_drift_seconds: tuple[float, ...]
    warping_error: float | None
    detail: float | None
    style_distance: float | None

    def ratios_to(self, other: Score) -> dict[str, float | None]:
        """Of what both have a number for."""
        return {
            name: mine / theirs if mine is not None and theirs else None
            for name in ("warping_error", "detail", "style_distance")
            for mine, theirs in [(getattr(self, name), getattr(other, name))]
        }


@dataclass(frozen=True)
class Measurement:
    """Of the source and of everything made of it, by name.

    Attributes:
        warping_errors: for each measured pair the index of its first frame, and its errors.
    """

    scores: Mapping[str, Score]
    warping_errors: Mapping[int, Mapping[str, float]]

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "ratios": {
                f"{one} / {other}": score.ratios_to(to)
                for one, score in self.scores.items()
                for other, to in self.scores.items()
                if one not in (other, SOURCE)
            },
        }


def measure_video(
    order: MeasureOrder,
    media: Media,
    motion: Motion,
    estimate: Estimator,
    style_judge: Judge | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Measurement:
    """Compare videos frame by frame.

    Args:
        estimate: the flow by which the source moves.
        style_judge: how far a frame is from the wanted style.

    Raises:
        Rejected: a file can't be read, or the videos are not of one size.
    """
    paths = {SOURCE: order.source, **order.painted}
    facts = {name: media.probe(path) for name, path in paths.items()}
    _check_sizes(facts)
    fitted = partial(_fitted, facts=facts[SOURCE], long_side=order.size_px)
    looks = {name: _Look(style_judge) for name in paths}
    warping_errors: dict[int, dict[str, float]] = {}
    with ExitStack() as videos:
        decoded = [
            videos.enter_context(media.read_frames(path, facts[name]))
            for name, path in paths.items()
        ]
        rows = _counted(zip_longest(*decoded), looks.values())
        for index, frames in _chosen(pairwise(rows), facts[SOURCE], order.pairs, on_progress):
            now, following = ([fitted(frame) for frame in row] for row in frames)
            for look, frame in zip(looks.values(), now, strict=True):
                look.at(frame)
            pairs = list(zip(now, following, strict=True))
            errors = None if motion.is_cut(*pairs[0]) else flicker(pairs[0], pairs, estimate)
            if errors:
                warping_errors[index] = dict(zip(paths, errors, strict=True))
    scores = {
        name: look.score(
            [errors[name] for errors in warping_errors.values()],
            sound_drifts(facts[name], facts[SOURCE]),
        )
        for name, look in looks.items()
    }
    return Measurement(scores, warping_errors)


class _Look:
    """What is seen of one video."""

    def __init__(self, style_judge: Judge | None) -> None:
        self.frames = 0
        self._style_judge = style_judge
        self._details: list[float] = []
        self._distances: list[float] = []

    def at(self, frame: Frame) -> None:
        self._details.append(detail(frame))
        if self._style_judge:
            self._distances.append(self._style_judge(frame))

    def score(self, warping_errors: list[float], sound_drifts: list[Fraction]) -> Score:
        return Score(
            frames=self.frames,
            sound_drift_seconds=tuple(map(float, sound_drifts)),
            warping_error=_mean(warping_errors),
            detail=_mean(self._details),
            style_distance=_mean(self._distances),
        )


def _mean(values: list[float]) -> float | None:
    return fmean(values) if values else None


Row = tuple[Frame | None, ...]
"""The same frame of each video; None of those that have ended."""


def _counted(rows: Iterator[Row], looks: Iterable[_Look]) -> Iterator[Row]:
    for row in rows:
        for look, frame in zip(looks, row, strict=True):
            look.frames += frame is not None
        yield row


def _chosen(
    pairs: Iterator[tuple[Row, Row]],
    facts: VideoFacts,
    count: int,
    on_progress: Callable[[Progress], None],
) -> Iterator[tuple[int, list[list[Frame]]]]:
    """``count`` of the pairs, by index of their first frame, that every video has.

    By chance, since a regular pattern could always or never meet the keyframes.
    """
    began = time.monotonic()
    indices = range(max(0, facts.frame_count - 1))
    chosen = set(random.Random(0).sample(indices, min(count, len(indices))))  # noqa: S311
    for index, pair in enumerate(pairs):
        on_progress(Progress(index + 2, facts.frame_count, time.monotonic() - began))
        frames = [[frame for frame in row if frame is not None] for row in pair]
        if index in chosen and [*map(len, frames)] == [*map(len, pair)]:
            yield index, frames


def style_judge(painter: Painter, picture: Frame) -> Judge:
    """Distance from a style picture, as the predictor sees both."""
    wanted = painter.style_vector(picture)
    return lambda frame: style_distance(painter.style_vector(frame), wanted)


def _check_sizes(facts: Mapping[str, VideoFacts]) -> None:
    source = facts[SOURCE]
    for name, fact in facts.items():
        size = (fact.width, fact.height)
        if size not in ((source.width, source.height), source.encoded_size):
            raise Rejected(
                f"the {name} video is {fact.width}x{fact.height}, its source {source.width}x"
                f"{source.height}; they can't be compared"
            )


def _fitted(frame: Frame, facts: VideoFacts, long_side: int) -> Frame:
    """Without the row or column that an odd size gained, and shrunk to the size of comparison."""
    same = frame[: facts.height, : facts.width]
    scale = long_side / max(facts.width, facts.height)
    if scale >= 1:
        return np.ascontiguousarray(same)
    return cv2.resize(same, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
