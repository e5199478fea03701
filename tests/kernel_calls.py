"""Every kernel on random input: ``python -m tests.kernel_calls LIBRARY SEED COUNT``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from handler import kernels
from handler.kernels import Bytes, Floats

Random = np.random.Generator


class Shapes(NamedTuple):
    """Heights and widths of a painted picture, of what is compared, and of ways."""

    picture: tuple[int, int]
    fine: tuple[int, int]
    ways: tuple[int, int]


def shapes_as_used(height: int, width: int) -> Shapes:
    def shrunk(shape: tuple[int, int]) -> tuple[int, int]:
        rows, columns = (max(kernels.LEAST_SIDE_PX, round(side / 2)) for side in shape)
        return rows, columns

    fine = shrunk((height, width))
    return Shapes((height, width), fine, shrunk(fine))


def shapes_at_random(random: Random) -> Shapes:
    """That have nothing to do with each other, from 1 px on; small ones are as likely as large."""
    sides = (2 ** random.uniform(0, 8, 6)).astype(int).tolist()
    return Shapes((sides[0], sides[1]), (sides[2], sides[3]), (sides[4], sides[5]))


def call_all(random: Random, shapes: Shapes) -> dict[str, bytes]:
    """What each kernel gives, for noise, and for ways that are no numbers or lead far outside."""

    def noise(*shape: int) -> Bytes:
        return random.integers(0, 256, shape, np.uint8)

    height, width = shapes.picture
    given: dict[str, bytes] = {}
    there, back = random.normal(0, 3, (2, 2, *shapes.ways)).astype(np.float32)
    if min(shapes.ways) >= kernels.LEAST_SIDE_PX:
        small, fine = noise(2, *shapes.ways), noise(2, *shapes.fine)
        there, back = kernels.flow(small[0], small[1], fine[0], fine[1])
        given["flow"] = there.tobytes() + back.tobytes()
    step = kernels.compose(there, back, None)
    path = kernels.compose(there, back, step)
    wild = kernels.compose(_wild(random, shapes.ways), back, step)
    wild[2] = random.random(shapes.ways, np.float32)
    views = []
    for way in (path, wild):
        paint = kernels.take_apart(noise(height, width, 3), shapes.ways)
        view = kernels.view(paint, way, noise(*shapes.fine, 4), noise(*shapes.fine, 4))
        # Noise differs everywhere: what is mixed should come from both.
        views.append(kernels.View(paint, way, view.ways, random.random(shapes.fine, np.float32)))
        given[f"take_apart {len(views)}"] = paint.grain.tobytes()
        given[f"view {len(views)}"] = view.ways.tobytes() + view.trust.tobytes()
    given["compose"] = path.tobytes() + wild.tobytes()
    one, other = views
    lack, _ = kernels.lost(one, other)
    mixed = kernels.mix(one, other, float(random.random()), float(random.uniform(0, 2)))
    video = kernels.to_video(mixed)
    given["lost"], given["mix"], given["to_video"] = (a.tobytes() for a in (lack, mixed, video))
    given["blend"] = kernels.blend(mixed, noise(height, width, 3), lack).tobytes()
    for is_full in (False, True):
        rgb = kernels.from_video(noise(video.size), (height, width), "bt601", is_full)
        given[f"from_video {is_full}"] = rgb.tobytes()
    return given


def _wild(random: Random, shape: tuple[int, int]) -> Floats:
    flow = random.normal(0, 1000, (2, *shape)).astype(np.float32)
    for strange in (np.nan, np.inf, -1e30):
        flow[random.random(flow.shape) < 0.02] = strange
    return flow


def main(library: str, seed: str, count: str) -> None:
    kernels.LIBRARY = Path(library)
    random = np.random.default_rng(int(seed))
    for height, width in ((24, 24), (25, 31), (175, 143), (272, 640), (1, 1), (1, 7), (50, 2)):
        call_all(random, shapes_as_used(height, width))
    for _ in range(int(count)):
        call_all(random, shapes_at_random(random))
    print("all kernels were called")


if __name__ == "__main__":
    main(*sys.argv[1:])
