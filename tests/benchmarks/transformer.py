"""The transformer alone, plain and rewritten, against the machine's matrix-multiply peak.

    nice .venv/bin/python -m tests.benchmarks.transformer --rounds 15 --json out.json

All entries take turns, so that a busy machine slows them alike; medians are compared. The peak is
that of OpenVINO's MatMul on square matrices, constant on the right, as many as come to the
floating-point operations of one frame; the faster of two sizes counts. Operations are those of the
network as published, two per multiply and add, before any rewriting.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import openvino
from openvino import opset13 as ops

from handler.modelling.dequantize import crop_to_input, dequantize
from handler.modelling.lite import carried_networks
from handler.modelling.rewrite import recognise, rewrite
from handler.modelling.rewrite.network import FRAME, Network
from tests.networks import full_size_transformer

SIDES = (768, 1024)
"""Of the matrices that the peak is measured with."""

ENGINES: dict[str, dict[str, object]] = {
    "1 stream": {"NUM_STREAMS": 1},
    "2 streams": {"NUM_STREAMS": 2},
    "latency hint": {"PERFORMANCE_HINT": "LATENCY"},
}


@dataclass(frozen=True)
class Entry:
    """One row of the table: ``work`` does the operations of ``frames`` frames."""

    name: str
    precision: str
    work: Callable[[], object]
    frames: float = 1
    seconds: list[float] = field(default_factory=list)

    def run(self) -> None:
        start = time.perf_counter()
        self.work()
        self.seconds.append((time.perf_counter() - start) / self.frames)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="1024x576", help="of a frame, WIDTHxHEIGHT")
    parser.add_argument("--network", choices=("embedded", "full-size"), default="embedded")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    width, height = (int(side) for side in given.size.split("x"))

    plain = full_size_transformer()
    if given.network == "embedded":
        plain = crop_to_input(dequantize(onnx.load(carried_networks()[1])))
    flop = 2 * multiplications_per_pixel(recognise(plain)) * width * height
    entries = []
    for precision in ("f32", "bf16"):
        entries += model_entries(plain, precision, (height, width), given.threads)
        entries += [peak_entry(precision, side, flop, given.threads) for side in SIDES]
    for _ in range(given.rounds + 1):
        for entry in entries:
            entry.run()
    rows = report(entries, flop)
    show(rows)
    if given.json:
        facts = {"processor": processor(), "size": given.size, "network": given.network}
        text = json.dumps(facts | {"gflop_per_frame": flop / 1e9, "rows": rows}, indent=2)
        given.json.write_text(text + "\n", encoding="utf-8")


def multiplications_per_pixel(network: Network) -> float:
    """Of all convolutions, per pixel of the frame."""
    pixels = {FRAME: 1.0}
    total = 0.0
    for number, layer in enumerate(network.layers):
        pixels[number] = pixels[layer.source] * (layer.upsample / layer.stride) ** 2
        total += pixels[number] * layer.weights.size
    return total


def model_entries(
    plain: onnx.ModelProto, precision: str, size: tuple[int, int], threads: int
) -> list[Entry]:
    """Plain and rewritten on one stream, and the rewritten one on the other engines."""
    parts = rewrite(plain)
    models = {"plain": plain, "rewritten": parts.transformer}
    entries = [
        model_entry(name, model, precision, size, threads, "1 stream")
        for name, model in models.items()
    ]
    return entries + [
        model_entry("rewritten", parts.transformer, precision, size, threads, engine)
        for engine in list(ENGINES)[1:]
    ]


def model_entry(
    name: str,
    model: onnx.ModelProto,
    precision: str,
    size: tuple[int, int],
    threads: int,
    engine: str,
) -> Entry:
    core = openvino.Core()
    read = core.read_model(model.SerializeToString())
    read.reshape({read.inputs[0]: [1, *size, 3]})
    compiled = compile_for(read, precision, threads, engine)
    random = np.random.default_rng(0)
    feeds = [random.random(tuple(port.shape), np.float32) for port in compiled.inputs]
    requests = [compiled.create_infer_request() for _ in range(2 if "2" in engine else 1)]

    def work() -> None:
        for request in requests:
            request.start_async(feeds)
        for request in requests:
            request.wait()

    return Entry(f"{name}, {engine}", precision, work, frames=len(requests))


def peak_entry(precision: str, side: int, flop: float, threads: int) -> Entry:
    """Multiplications of square matrices, scaled to the operations of one frame."""
    count = max(1, round(flop / (2 * side**3)))
    random = np.random.default_rng(0)
    given = ops.parameter([side, side], np.float32)
    product = given
    for _ in range(count):
        factor = random.normal(scale=side**-0.5, size=(side, side)).astype(np.float32)
        product = ops.matmul(product, ops.constant(factor), False, False)
    model = openvino.Model([product], [given])
    request = compile_for(model, precision, threads, "1 stream").create_infer_request()
    feeds = [random.random((side, side), np.float32)]
    frames = 2 * side**3 * count / flop
    return Entry(f"peak, {side}", precision, lambda: request.infer(feeds), frames)


def compile_for(
    model: openvino.Model, precision: str, threads: int, engine: str
) -> openvino.CompiledModel:
    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads}
    return openvino.Core().compile_model(model, "CPU", settings | ENGINES[engine])


def report(entries: list[Entry], flop: float) -> list[dict[str, object]]:
    """Median and least milliseconds, GFLOP/s, and the ratio to the two peaks."""
    medians = {(e.name, e.precision): statistics.median(e.seconds[1:]) for e in entries}

    def peak(precision: str) -> float:
        return min(
            median
            for (name, of), median in medians.items()
            if of == precision and name.startswith("peak")
        )

    return [
        {
            "name": entry.name,
            "precision": entry.precision,
            "median_ms": round(1e3 * median, 1),
            "least_ms": round(1e3 * min(entry.seconds[1:]), 1),
            "gflop_per_second": round(flop / median / 1e9, 1),
            "share_of_peak": round(peak(entry.precision) / median, 3),
            "times_f32_peak": round(median / peak("f32"), 3),
        }
        for entry, median in zip(entries, medians.values(), strict=True)
    ]


def show(rows: list[dict[str, object]]) -> None:
    print("  ".join(f"{heading:>16}" for heading in rows[0]))
    for row in rows:
        print("  ".join(f"{value!s:>16}" for value in row.values()))


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
