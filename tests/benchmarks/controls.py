"""What the artist's controls promise, measured on the real model.

``python -m tests.benchmarks.controls --style a.jpg --style b.jpg [--sheets DIR]`` prints JSON and,
if asked, writes the pictures of the README. Nothing is encoded: frames are compared as they are
painted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
from PIL import Image, ImageDraw

from handler import wiring
from handler.domain.keyframes import KEYFRAME_INTERVAL
from handler.domain.ports import Frame
from handler.domain.timeline import ORIGINAL, Look, LookChange, Timeline
from handler.domain.treatment import KeepColors, Mask, Treatment
from handler.measure.flicker import flicker
from handler.measure.flow import farneback
from handler.pipeline.brush import resized
from handler.pipeline.canvas import Canvas
from handler.pipeline.paint_video import PaintOrder
from tests.clips import BIG_BUCK_BUNNY, BIKES

RATE = Fraction(25)
WORKING_SIZE_PX = 640
SHEET_WIDTH_PX = 256
NOISE = 2.0
"""Standard deviation of a camera's noise, of 255."""
FADE_BEGINS, FADE_ENDS, STILL_FRAMES = 30, 55, 85
"""Neither end of the fade lies on the grid of keyframes."""


class Bench:
    """Paints frames of Big Buck Bunny and bikes in the styles that were given."""

    def __init__(self, styles: Sequence[Path]) -> None:
        self.names = [str(style) for style in styles]
        self.media, self.painter, self.motion = wiring.media(), wiring.painter(), wiring.motion()
        self.facts = {clip: self.media.probe(clip) for clip in (BIG_BUCK_BUNNY, BIKES)}

    def frames(self, clip: Path, first: int, count: int) -> list[Frame]:
        with self.media.read_frames(clip, self.facts[clip]) as decoded:
            return list(islice(decoded, first, first + count))

    def paint(
        self,
        frames: Sequence[Frame],
        timeline: Timeline,
        *,
        clip: Path = BIG_BUCK_BUNNY,
        treatment: Treatment = Treatment(),  # noqa: B008
        interval: int = KEYFRAME_INTERVAL,
        working_size_px: int = WORKING_SIZE_PX,
        start: int = 0,
    ) -> list[Frame]:
        """Paint frames ``start`` and on, as a worker does that has only these."""
        mask = Path(treatment.mask.name) if treatment.mask else None
        order = PaintOrder(
            source=clip,
            styles={name: Path(name) for name in self.names},
            timeline=timeline,
            working_size_px=working_size_px,
            result=Path("nothing.mp4"),
            keyframe_interval=interval,
            treatment=treatment,
            mask=mask,
        )
        facts = replace(self.facts[clip], frame_rate=RATE)
        canvas = Canvas(order, facts, self.media, self.painter, self.motion)
        with canvas.painted((i, frames[i]) for i in range(start, len(frames))) as painted:
            return [after for _, after in painted]


def at(frame: int, look: Look, fade: int = 0) -> LookChange:
    return LookChange(frame / RATE, look, fade / RATE)


def fade_on_a_still(bench: Bench) -> dict[str, float]:
    """How much frames change, mean absolute difference of 255, in and outside of a fade of 1 s."""
    one, other = bench.names[:2]
    fade = at(FADE_BEGINS, Look.of(other), FADE_ENDS - FADE_BEGINS)
    timeline = Timeline((at(0, Look.of(one)), fade))
    (still,) = bench.frames(BIG_BUCK_BUNNY, 60, 1)
    random = np.random.default_rng(0)
    noisy = [
        np.clip(still + random.normal(0, NOISE, still.shape), 0, 255).astype(np.uint8)
        for _ in range(STILL_FRAMES)
    ]
    found: dict[str, float] = {}
    for name, frames in (("noiseless", [still] * STILL_FRAMES), ("noisy", noisy)):
        steps = [
            float(np.abs(before.astype(int) - after).mean())
            for before, after in pairwise(bench.paint(frames, timeline))
        ]
        inside, outside = steps[FADE_BEGINS:FADE_ENDS], steps[:FADE_BEGINS] + steps[FADE_ENDS:]
        found |= {
            f"{name}: largest step inside": max(inside),
            f"{name}: mean step inside": fmean(inside),
            f"{name}: largest step outside": max(outside),
            f"{name}: mean step outside": fmean(outside),
        }
    return {what: round(value, 3) for what, value in found.items()}


def hue_errors(before: Frame, after: Frame) -> Iterator[float]:
    """Degrees of HSV hue, where both are more than a tenth saturated."""
    scaled = (frame.astype(np.float32) / np.float32(255) for frame in (before, after))
    hsv = [cv2.cvtColor(frame, cv2.COLOR_RGB2HSV) for frame in scaled]
    colored = hsv[0][..., 1] > 0.1
    off = np.abs(hsv[0][..., 0] - hsv[1][..., 0])[colored]
    yield float(np.minimum(off, 360 - off).mean())
    lit = hsv[1][..., 2][colored] > 0.1
    yield float(np.minimum(off, 360 - off)[lit].mean())


def kept_colors(bench: Bench) -> dict[str, float]:
    """Hue against the source, and flicker against the same paint in its own colours."""
    found: dict[str, float] = {}
    estimate = farneback()
    for clip in (BIG_BUCK_BUNNY, BIKES):
        frames = bench.frames(clip, 0, 29)
        for name in bench.names:
            ways = {
                how: bench.paint(
                    frames, Timeline.of_style(name), clip=clip, treatment=Treatment(keep)
                )
                for how, keep in (("own", None), *((keep.value, keep) for keep in KeepColors))
            }
            height, width = ways["own"][0].shape[:2]
            sources = [resized(frame, (width, height)) for frame in frames]
            key = f"{clip.stem}, {Path(name).stem}"
            errors = [
                list(hue_errors(*pair)) for pair in zip(sources, ways["luminance"], strict=True)
            ]
            found[f"{key}: hue error"] = fmean(error[0] for error in errors)
            found[f"{key}: hue error where not nearly black"] = fmean(e[1] for e in errors)
            rows = [
                flicker(source, list(pairs), estimate)
                for source, *pairs in zip(
                    pairwise(sources), *(pairwise(way) for way in ways.values()), strict=True
                )
            ]
            measured = [row for row in rows if row]
            for which, how in enumerate(ways):
                found[f"{key}: flicker, {how}"] = fmean(row[which] for row in measured)
    return {what: round(value, 6) for what, value in found.items()}


def flicker_of_strength(bench: Bench) -> dict[str, float]:
    """Whether a style vector of the frame's own, new with each keyframe, makes paint flicker."""
    frames = bench.frames(BIKES, 0, 29)
    estimate = farneback()
    found: dict[str, float] = {}
    for name in bench.names:
        for interval in (KEYFRAME_INTERVAL, 1):
            ways = [
                bench.paint(
                    frames,
                    Timeline.of(Look.of(name, strength=strength)),
                    clip=BIKES,
                    interval=interval,
                )
                for strength in (Fraction(1), Fraction(1, 2))
            ]
            rows = [
                flicker(source, list(pairs), estimate)
                for source, *pairs in zip(pairwise(frames), *map(pairwise, ways), strict=True)
            ]
            full, half = (fmean(column) for column in zip(*[r for r in rows if r], strict=True))
            found[f"{Path(name).stem}, every {interval}: strength 1"] = full
            found[f"{Path(name).stem}, every {interval}: strength 0.5"] = half
    return {what: round(value, 5) for what, value in found.items()}


def seven_chunks(bench: Bench) -> dict[str, bool]:
    """Whether a timeline painted in seven parts, each from a keyframe on, is as in one run."""
    one, other = bench.names[:2]
    timeline = Timeline(
        (
            at(0, Look.of(one, strength=Fraction(1, 2))),
            at(20, Look.of({one: Fraction(1, 2), other: Fraction(1, 2)}), fade=25),
            at(60, ORIGINAL, fade=10),
            at(80, Look.of(other, mix=Fraction(3, 4)), fade=10),
            at(110, Look.of(one)),
        )
    )
    frames = bench.frames(BIG_BUCK_BUNNY, 0, 132)
    bounds = (0, 24, 36, 45, 72, 96, 110, 132)
    whole = bench.paint(frames, timeline)
    parts: list[Frame] = []
    for start, end in pairwise(bounds):
        # A worker reads on to the keyframe behind its part, at most an interval away.
        part = bench.paint(frames[: min(132, end + KEYFRAME_INTERVAL + 1)], timeline, start=start)
        parts += part[: end - start]
    same = [np.array_equal(*pair) for pair in zip(whole, parts, strict=True)]
    return {f"{len(whole)} frames in 7 parts are those of one run": all(same)}


def sheet(path: Path, columns: Sequence[tuple[str, Frame]], per_row: int) -> None:
    """Labelled pictures side by side, as a JPEG."""
    height = round(SHEET_WIDTH_PX * columns[0][1].shape[0] / columns[0][1].shape[1])
    rows = -(-len(columns) // per_row)
    whole = Image.new("RGB", (SHEET_WIDTH_PX * per_row, (height + 18) * rows), "white")
    pen = ImageDraw.Draw(whole)
    for number, (label, frame) in enumerate(columns):
        left, top = SHEET_WIDTH_PX * (number % per_row), (height + 18) * (number // per_row)
        whole.paste(Image.fromarray(resized(frame, (SHEET_WIDTH_PX, height))), (left, top + 18))
        pen.text((left + 4, top + 3), label, "black", font_size=12)
    whole.save(path, "JPEG", quality=66, optimize=True, progressive=True)


def sheets(bench: Bench, folder: Path) -> None:
    """The pictures of the README."""
    one, other = bench.names[:2]
    frames = bench.frames(BIG_BUCK_BUNNY, 0, 132)
    shown = (20, 60, 72, 84, 120)
    half = Timeline((at(0, ORIGINAL), at(66, Look.of(one))))
    fading = Timeline((at(0, Look.of(bench.names[-1])), at(60, Look.of(other), fade=25)))
    strip = []
    for name, looks in (("half and half", half), ("fade", fading)):
        painted_all = bench.paint(frames, looks)
        strip += [(f"{name}, {float(frame / RATE):.1f} s", painted_all[frame]) for frame in shown]
    sheet(folder / "timelines.jpg", strip, len(shown))
    still = frames[60:61]

    luminance, match = KeepColors.LUMINANCE, KeepColors.MATCH

    def painted(look: Look, size: int = 1024, **treatment: object) -> Frame:
        chosen = Treatment(**treatment)  # type: ignore[arg-type]
        looks = Timeline.of(look)
        return bench.paint(still, looks, treatment=chosen, working_size_px=size)[0]

    levels = [Fraction(step, 4) for step in range(5)]
    sheet(
        folder / "strength.jpg",
        [(f"--strength {float(level)}", painted(Look.of(one, strength=level))) for level in levels]
        + [(f"--mix {float(level)}", painted(Look.of(one, mix=level))) for level in levels],
        5,
    )
    with tempfile.TemporaryDirectory() as name:
        mask = Path(name) / "mask.png"
        height, width = still[0].shape[:2]
        disc = np.zeros((height, width), np.uint8)
        cv2.ellipse(disc, (width // 2, height // 2), (width // 4, height // 3), 0, 0, 360, 255, -1)
        Image.fromarray(disc).save(mask)
        sheet(
            folder / "colors.jpg",
            [
                ("source", still[0]),
                ("painted", painted(Look.of(one))),
                (
                    "--keep-colors luminance",
                    painted(Look.of(one), keep_colors=luminance),
                ),
                ("--keep-colors match", painted(Look.of(one), keep_colors=match)),
                ("--mask", painted(Look.of(one), mask=Mask(str(mask), feather_px=40))),
                (
                    "--mask --outside-style",
                    painted(Look.of(one), mask=Mask(str(mask), Look.of(other), feather_px=40)),
                ),
            ],
            3,
        )
    sizes = (320, 512, 768, 1024, 1280)
    scaled = [
        (f"--style-scale {scale:g}", painted(Look.of(one), style_scale=Fraction(scale)))
        for scale in (0.25, 0.5, 1, 2, 4)
    ] + [(f"--working-size {size}", painted(Look.of(one), size)) for size in sizes]
    sheet(folder / "scale.jpg", [(label, _middle(frame)) for label, frame in scaled], 5)


def _middle(frame: Frame) -> Frame:
    """Near enough to see strokes."""
    height, width = frame.shape[:2]
    return frame[height // 8 : height * 5 // 8, width // 16 : width * 9 // 16]


MEASURED = (fade_on_a_still, seven_chunks, kept_colors, flicker_of_strength)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--style", type=Path, action="append", required=True)
    parser.add_argument("--sheets", type=Path, help="folder for the pictures of the README")
    parser.add_argument("--only", choices=[measure.__name__ for measure in MEASURED])
    given = parser.parse_args()
    bench = Bench(given.style)
    for measure in MEASURED:
        if given.only in (None, measure.__name__) and not (given.sheets and not given.only):
            print(json.dumps({measure.__name__: measure(bench)}, indent=2), flush=True)
    if given.sheets:
        sheets(bench, given.sheets)


if __name__ == "__main__":
    main()
