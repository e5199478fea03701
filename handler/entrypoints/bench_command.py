"""``artreel bench --calibrate``."""

from __future__ import annotations

import os
import platform
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from handler import wiring
from handler.domain.errors import Defect, Rejected
from handler.domain.plan import Calibration
from handler.entrypoints.console import plain_errors


def bench(
    calibrated: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="Measure painting and codecs for `artreel plan`: half a minute."
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
        measured = calibrate(
            wiring.media(),
            {precision: wiring.painter(model, precision) for precision in precisions},
            wiring.motion(),
            make_footage,
            processors=len(os.sched_getaffinity(0)),
            processor=_processor(),
            today=date.today().isoformat(),
        )
        path.write_text(_with_known_models(path, measured).as_json(), encoding="utf-8")
        typer.echo(f"{path}: {_summary(measured)}")


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
        f"{measured.processors} x {measured.processor}; start {measured.start_seconds:.2f} s; "
        f"processor seconds a megapixel: codecs {measured.codec_seconds:.3f}, "
        f"between keyframes {measured.carry_seconds:.3f}, {model} {paint}"
    )
