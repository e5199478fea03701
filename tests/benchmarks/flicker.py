"""How steady paint carried along motion is, beside every frame painted alone.

    .venv/bin/python -m tests.benchmarks.flicker --styles DIR --out FOLDER

Needs `make measure`. Big Buck Bunny, each shot of bikes and carphone are judged by DeepFlow, and
pans, zooms and occlusions over stills of Big Buck Bunny by their exact flow. With all pairs of
frames it takes hours; `--pairs` takes some of each shot, the same each time.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from handler import motion, wiring
from handler.domain.keyframes import KEYFRAME_INTERVAL
from handler.domain.media import working_dimensions
from handler.domain.ports import Frame, Painter, StyleVector
from handler.domain.timeline import Look
from handler.measure.flicker import flicker, warping_error
from handler.measure.flow import deepflow
from handler.measure.texture import detail, style_distance
from handler.pipeline.brush import resized
from handler.pipeline.segments import WorkFrame, segments
from tests.benchmarks import line_chart
from tests.benchmarks.synthetic import occlusion, pan, zoom
from tests.clips import BIG_BUCK_BUNNY, BIKES, CARPHONE
from tests.pictures import draw_style

WORKING_SIZE_PX = 1024
FOOTAGE = {"bunny": BIG_BUCK_BUNNY, "bikes": BIKES, "carphone": CARPHONE}
DRAWN = "waves"
STRIP = ("bunny 1", "starry-night", slice(36, 44))
"""Which consecutive frames are shown, in that style if it is among them."""

STYLES_SAMPLED = 8
"""Frames of a shot whose style is compared."""


@dataclass(frozen=True)
class Result:
    """Of one shot in one style; keyframes against every frame painted.

    Attributes:
        error: warping error, ratio of the means over the pairs.
        detail: mean gradient magnitude, ratio.
        style_distance: ratio.
        painted: the part of the frames that went through the transformer.
        errors: index of a pair's first frame, error of every-frame painting, error of ours.
    """

    shot: str
    style: str
    error: float
    detail: float
    style_distance: float
    painted: float
    errors: list[tuple[int, float, float]]


@dataclass(frozen=True)
class Painted:
    every: list[Frame]
    ours: list[Frame]
    calls: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--styles", type=Path, help="folder of pictures; a drawn one is added")
    parser.add_argument("--pairs", type=int, default=12, help="of each shot; all, if it has fewer")
    parser.add_argument("--interval", type=int, default=KEYFRAME_INTERVAL)
    parser.add_argument("--clips", nargs="*", choices=FOOTAGE, default=list(FOOTAGE))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    given = parser.parse_args()
    console = Console()
    painter = wiring.painter()
    styles = {name: painter.style_vector(picture) for name, picture in pictures(given.styles)}
    results: list[Result] = []
    for clip in given.clips:
        for shot, frames in shots(clip):
            console.print(f"{shot}: {len(frames)} frames", style="dim")
            painted = {
                name: both_ways(frames, partial(painter.paint, style=vector), given.interval)
                for name, vector in styles.items()
            }
            results += judged(shot, frames, painted, painter, styles, given.pairs)
            if shot == STRIP[0]:
                strip(given.out / "flicker-strip.jpg", frames, painted)
    exact = {
        name: synthetic(partial(painter.paint, style=vector), given.interval)
        for name, vector in styles.items()
    }
    given.out.mkdir(parents=True, exist_ok=True)
    report = {
        "interval": given.interval,
        "pairs": given.pairs,
        "results": [asdict(result) for result in results],
        "synthetic": exact,
    }
    text = json.dumps(report, indent=1) + "\n"
    (given.out / "flicker.json").write_text(text, encoding="utf-8")
    plot(given.out / "flicker.png", results)
    console.print(table(results))
    console.print(synthetic_table(exact))


def pictures(folder: Path | None) -> Iterator[tuple[str, Frame]]:
    media = wiring.media()
    for path in sorted(folder.glob("*.jpg")) if folder else ():
        yield path.stem, media.read_picture(path)
    yield DRAWN, draw_style(DRAWN)


def shots(clip: str) -> Iterator[tuple[str, list[Frame]]]:
    """Each shot at working size, named after the clip and its number."""
    media = wiring.media()
    facts = media.probe(FOOTAGE[clip])
    size = working_dimensions(facts.width, facts.height, WORKING_SIZE_PX, 16, 4)
    number, shot = 1, list[Frame]()
    with media.read_frames(FOOTAGE[clip], facts) as frames:
        for frame in frames:
            image = resized(frame, size)
            if shot and motion.is_cut(shot[-1], image):
                yield f"{clip} {number}", shot
                number, shot = number + 1, []
            shot.append(image)
    yield f"{clip} {number}", shot


def both_ways(frames: Sequence[Frame], paint: Callable[[Frame], Frame], interval: int) -> Painted:
    """Every frame painted, and carried along motion from some of these."""
    every = [paint(frame) for frame in frames]
    known: set[int] = set()

    def known_at(begin: int, at: int) -> Frame:
        known.add(begin + at)
        return every[begin + at]

    ours: list[Frame] = []
    coat = Look.of("style").coat
    numbered = (WorkFrame(i, coat, 0, False, frame, frame) for i, frame in enumerate(frames))
    for segment in segments(numbered, interval, lambda *_: False):
        begin = segment.frames[0].index
        ours.append(known_at(begin, 0))
        if segment.until and len(segment.frames) > 1:
            images = [frame.image for frame in (*segment.frames, segment.until)]
            ours += motion.propagate(images, partial(known_at, begin))
    return Painted(every, ours, len(known))


def judged(
    shot: str,
    frames: Sequence[Frame],
    painted: Mapping[str, Painted],
    painter: Painter,
    styles: Mapping[str, StyleVector],
    pairs: int,
) -> Iterator[Result]:
    """All styles at once, since DeepFlow takes seconds."""
    estimate = deepflow()
    indices = range(len(frames) - 1)
    chosen = sorted(random.Random(0).sample(indices, min(pairs, len(indices))))
    errors: dict[str, list[tuple[int, float, float]]] = {name: [] for name in painted}
    for i in chosen:
        videos = [video for way in painted.values() for video in (way.every, way.ours)]
        found = flicker(
            (frames[i], frames[i + 1]), [(video[i], video[i + 1]) for video in videos], estimate
        )
        for name, every, ours in zip(
            painted, (found or [])[::2], (found or [])[1::2], strict=False
        ):
            errors[name].append((i, every, ours))
    for name, ways in painted.items():

        def distance(frame: Frame, style: StyleVector = styles[name]) -> float:
            return style_distance(painter.style_vector(frame), style)

        some = slice(None, None, max(1, len(frames) // STYLES_SAMPLED))
        yield Result(
            shot,
            name,
            error=ratio([ours for _, _, ours in errors[name]], [old for _, old, _ in errors[name]]),
            detail=ratio(map(detail, ways.ours), map(detail, ways.every)),
            style_distance=ratio(map(distance, ways.ours[some]), map(distance, ways.every[some])),
            painted=ways.calls / len(frames),
            errors=errors[name],
        )


def ratio(ours: Any, every: Any) -> float:
    return fmean(ours) / fmean(every)


def synthetic(paint: Callable[[Frame], Frame], interval: int) -> dict[str, float]:
    """Ratios of errors, ours to every-frame painting's, by the exact truth."""
    still = next(shots("bunny"))[1][0]
    ratios = {}
    for name, scene in (("pan", pan(still)), ("zoom", zoom(still))):
        ways = both_ways(scene.frames, paint, interval)
        errors = [
            [
                warping_error(video[i], video[i + 1], flow, seen)
                for i, (flow, seen) in enumerate(zip(scene.flows, scene.seen, strict=True))
            ]
            for video in (ways.ours, ways.every)
        ]
        ratios[name] = ratio(*errors)
    frames, without, uncovered = occlusion(still)
    ways = both_ways(frames, paint, interval)
    truth = [paint(frame) for frame in without]
    ghosts = [
        [
            float(np.mean(np.square(frame[mask].astype(float) - true[mask])))
            for frame, true, mask in zip(video, truth, uncovered, strict=True)
            if mask.any()
        ]
        for video in (ways.ours, ways.every)
    ]
    ratios["ghosts"] = ratio(*ghosts)
    return ratios


def table(results: Sequence[Result]) -> Table:
    drawn = Table(title="Keyframes against every frame painted", caption="error by DeepFlow")
    for heading in ("shot", "style", "error", "detail", "style distance", "painted"):
        drawn.add_column(heading, justify="left" if heading in ("shot", "style") else "right")
    for result in results:
        row = (result.error, result.detail, result.style_distance, result.painted)
        drawn.add_row(result.shot, result.style, *(f"{value:.3f}" for value in row))
    if results:
        rows = [(r.error, r.detail, r.style_distance, r.painted) for r in results]
        columns = list(zip(*rows, strict=True))
        drawn.add_section()
        drawn.add_row("mean", "", *(f"{fmean(column):.3f}" for column in columns))
        worst = (max(columns[0]), min(columns[1]), max(columns[2]), max(columns[3]))
        drawn.add_row("worst", "", *(f"{value:.3f}" for value in worst))
    return drawn


def synthetic_table(exact: Mapping[str, Mapping[str, float]]) -> Table:
    drawn = Table(title="Exact motion: error against every frame painted")
    for heading in ("style", *next(iter(exact.values()))):
        drawn.add_column(heading)
    for style, ratios in exact.items():
        drawn.add_row(style, *(f"{value:.3f}" for value in ratios.values()))
    return drawn


def plot(path: Path, results: Sequence[Result]) -> None:
    """Errors over time of the shot with most pairs."""
    shown = max(results, key=lambda result: len(result.errors))
    lines = {
        "every frame painted": [(i, every) for i, every, _ in shown.errors],
        "carried from keyframes": [(i, ours) for i, _, ours in shown.errors],
    }
    line_chart.draw(path, "Flicker over time", lines, f"{shown.shot}, {shown.style}; DeepFlow")


def strip(path: Path, frames: Sequence[Frame], painted: Mapping[str, Painted]) -> None:
    """Consecutive crops: the source, every frame painted, ours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _, style, shown = STRIP
    ways = painted.get(style) or next(iter(painted.values()))
    crop = (slice(20, 240), slice(320, 480))
    rows = [
        np.hstack([frame[crop] for frame in video[shown]])
        for video in (frames, ways.every, ways.ours)
    ]
    Image.fromarray(np.vstack(rows)).save(path, quality=82)


if __name__ == "__main__":
    main()
