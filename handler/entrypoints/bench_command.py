"""``artreel bench --calibrate``."""

from __future__ import annotations

import os
import platform
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handler import wiring
from handler.domain.errors import Defect, Rejected, Unavailable
from handler.domain.plan import Calibration
from handler.entrypoints.console import plain_errors

if TYPE_CHECKING:
    from handler.pipeline.calibrate import Effort
    from handler.pipeline.paint_video import PaintOrder


def bench(
    calibrated: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="Measure painting and codecs for `artreel plan`: three minutes."
        ),
    ] = False,
    model: Annotated[
        Path | None, typer.Option(help="Folder of the model; the embedded one by default.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File for the constants; that of the installation by default."
        ),
    ] = None,
) -> None:
    """Measure this machine with the pipeline that paints."""
    with plain_errors():
        if not calibrated:
            raise Rejected("say what to measure: artreel bench --calibrate")
        from handler.media.footage import make_footage
        from handler.pipeline.calibrate import calibrate
        from handler.style.engine import fastest_precision

        path = output or wiring.settings().calibration_file
        precisions = dict.fromkeys((fastest_precision(), "f32"))

        def paint_cold(order: PaintOrder) -> Effort:
            return _in_a_new_process(order, model, next(iter(precisions)))

        measured = calibrate(
            wiring.media(),
            {precision: wiring.painter(model, precision) for precision in precisions},
            wiring.motion(),
            make_footage,
            paint_cold,
            processors=len(os.sched_getaffinity(0)),
            processor=_processor(),
            today=date.today().isoformat(),
        )
        path.write_text(_with_known_models(path, measured).as_json(), encoding="utf-8")
        typer.echo(f"{path}: {_summary(measured)}")


def _in_a_new_process(order: PaintOrder, model: Path | None, precision: str) -> Effort:
    """What painting takes that has still to begin everything; imports are not counted."""
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as new:
            return new.submit(_paint, order, model, precision).result()
    except BrokenProcessPool as error:
        raise Unavailable("a process to measure was killed, perhaps for want of memory") from error


def _paint(order: PaintOrder, model: Path | None, precision: str) -> Effort:
    from handler.pipeline.calibrate import effort_of

    painter, motion = wiring.painter(model, precision), wiring.motion()
    return effort_of(order, wiring.media(), painter, motion)


def _with_known_models(path: Path, measured: Calibration) -> Calibration:
    try:
        return Calibration.from_json(path.read_text(encoding="utf-8")).with_model(measured)
    except (FileNotFoundError, Defect):
        return measured


def _processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Its name as the system tells it."""
    lines = cpuinfo.read_text(encoding="ascii", errors="replace").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _summary(measured: Calibration) -> str:
    ((model, of_precision),) = measured.paint_seconds.items()
    paint = ", ".join(f"{value:.3f} in {name}" for name, value in of_precision.items())
    return (
        f"{measured.processors} x {measured.processor}; start {measured.start_seconds:.2f} s "
        f"({measured.start_processor_seconds:.2f} of one processor), then "
        f"{measured.busy_share:.0%} busy; "
        f"processor seconds a megapixel: codecs {measured.codec_seconds:.3f}, "
        f"between keyframes {measured.carry_seconds:.3f}, {model} {paint}"
    )
