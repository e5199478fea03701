"""``artreel plan``: what a job will take and cost, before anything runs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from handler import wiring
from handler.domain.errors import Defect, Rejected
from handler.domain.job import JobRequest
from handler.domain.job_file import job_in, read_json
from handler.domain.media import VideoFacts, working_dimensions
from handler.domain.plan import (
    LONGEST_FUNCTION_SECONDS,
    Calibration,
    Plan,
    Work,
    Worker,
    plan_for,
    shortest_route,
    work_of,
)
from handler.domain.price import LARGEST_MEMORY_MB, PRICES, VCPU_MB
from handler.domain.route import Route
from handler.domain.timeline import Timeline
from handler.entrypoints.console import (
    DEFAULT_WORKING_SIZE,
    plain_errors,
    style_pictures,
    working_size_px,
)
from handler.style.bundle import open_bundle
from handler.style.engine import fastest_precision

LAMBDA_PRECISION = "f32"
"""Lambda promises AVX2 and no bf16."""


@dataclass(frozen=True)
class _Forecast:
    facts: VideoFacts
    calibration: Calibration
    here: Plan
    here_precision: str
    aws: Plan
    budget_usd: float | None

    @property
    def is_within_budget(self) -> bool | None:
        if self.budget_usd is None or self.aws.usd is None:
            return None
        return self.aws.usd <= self.budget_usd


def plan(
    video: Annotated[Path, typer.Argument(help="The video to paint.")],
    style: Annotated[
        str | None,
        typer.Option(
            "--style",
            "-s",
            help="A picture, only looked at to see if it is one; or a built-in style.",
        ),
    ] = None,
    job: Annotated[
        Path | None, typer.Option(help="A job file: its timeline, working size and budget count.")
    ] = None,
    working_size: Annotated[
        str, typer.Option(help="Long side in pixels at which frames are painted, or `source`.")
    ] = DEFAULT_WORKING_SIZE,
    memory_mb: Annotated[
        int, typer.Option(min=VCPU_MB, max=LARGEST_MEMORY_MB, help="Memory of the Lambda function.")
    ] = LARGEST_MEMORY_MB,
    model: Annotated[
        Path | None, typer.Option(help="Folder of the model; the embedded one by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say how long a job takes and what it costs, here and on AWS, before anything is painted."""
    with plain_errors():
        for what, path in (("video", video), ("job file", job)):
            if path and not path.is_file():
                raise Rejected(f"there is no {what} {path}")
        for picture in style_pictures([style] if style else []).values():
            wiring.media().read_picture(picture)
        wish = _wish(job)
        size_px = wish.working_size_px or working_size_px(working_size)
        forecast = _forecast(video, wish, size_px, memory_mb, model)
        typer.echo(json.dumps(_content(forecast), indent=2) if as_json else _text(video, forecast))


def _wish(job: Path | None) -> JobRequest:
    if job is None:
        return JobRequest("", "")
    wish = job_in(read_json(job.read_bytes(), str(job)), bucket="")
    if wish.preview:
        raise Rejected("a preview is painted in seconds, for about a cent; there is no plan of it")
    return wish


def _forecast(
    video: Path, wish: JobRequest, size_px: int | None, memory_mb: int, model: Path | None
) -> _Forecast:
    facts = wiring.media().probe(video)
    manifest = open_bundle(model or wiring.settings().model_dir).manifest
    calibration = wiring.calibration()
    size = working_dimensions(
        facts.width, facts.height, size_px, manifest.smallest_side, manifest.width_multiple
    )
    layers = wish.treatment.layers(wish.timeline or Timeline.of_style("any"))

    def work(precision: str) -> Work:
        paint_seconds = calibration.seconds_to_paint(manifest.name, precision)
        if paint_seconds is None:
            raise Defect(
                f"the calibration does not know the model {manifest.name}; "
                f"run `artreel bench --calibrate --model DIR`"
            )
        return work_of(facts, layers, size, wish.frames.interval(), calibration, paint_seconds)

    here = fastest_precision()
    return _Forecast(
        facts=facts,
        calibration=calibration,
        here=plan_for(wiring.worker(), work(here)),
        here_precision=here,
        aws=_on_aws(wish, Worker.function(memory_mb), work(LAMBDA_PRECISION), facts),
        budget_usd=wish.budget_usd,
    )


def _on_aws(wish: JobRequest, worker: Worker, work: Work, facts: VideoFacts) -> Plan:
    if wish.run_on is Route.LAMBDA:
        return plan_for(worker, work)
    seconds = 0 if wish.run_on is Route.STEP_FUNCTIONS else LONGEST_FUNCTION_SECONDS
    return shortest_route(worker, work, facts, seconds=seconds)


def _text(video: Path, forecast: _Forecast) -> str:
    facts, here, aws = forecast.facts, forecast.here, forecast.aws
    work, calibration = here.work, forecast.calibration
    lines = [
        f"{video}: {facts.frame_count} frames, {facts.width}x{facts.height}, "
        f"{facts.frame_rate} frames/s",
        f"paint   {work.frames_painted} keyframes at {work.working_size[0]}x"
        f"{work.working_size[1]}, carry {work.frames_carried}",
        f"here    about {here.seconds:.0f} s: {here.worker.vcpus:.0f} processors, "
        f"{forecast.here_precision}",
        f"{aws.route:<7} about {aws.seconds:.0f} s and {aws.usd:.4f} USD: "
        f"{aws.worker.memory_mb} MB, {aws.worker.vcpus:.1f} vCPUs, {LAMBDA_PRECISION}",
    ]
    if aws.route is Route.STEP_FUNCTIONS:
        lines.append(
            f"        {aws.chunks} chunks of {aws.chunk_frames} frames, "
            f"{aws.workers} workers at a time"
        )
    if forecast.is_within_budget is not None:
        verdict = "enough" if forecast.is_within_budget else "too little: it would be rejected"
        lines.append(f"budget  {forecast.budget_usd:.4f} USD, {verdict}")
    lines.append(
        f"Measured {calibration.measured_at} on {calibration.processors} x "
        f"{calibration.processor}; prices of {PRICES.region}, {PRICES.as_of}. Fetching, cold start "
        f"and other processors are not in it."
    )
    return "\n".join(lines)


def _content(forecast: _Forecast) -> dict[str, Any]:
    facts, calibration = forecast.facts, forecast.calibration
    return {
        "frames": facts.frame_count,
        "width": facts.width,
        "height": facts.height,
        "frame_rate": str(facts.frame_rate),
        "here": {**_plan_content(forecast.here), "precision": forecast.here_precision},
        "aws": {**_plan_content(forecast.aws), "precision": LAMBDA_PRECISION},
        "budget_usd": forecast.budget_usd,
        "is_within_budget": forecast.is_within_budget,
        "calibration": asdict(calibration),
        "prices": asdict(PRICES),
    }


def _plan_content(plan: Plan) -> dict[str, Any]:
    return {
        "route": plan.route.value if plan.usd is not None else None,
        "vcpus": round(plan.worker.vcpus, 2),
        "memory_mb": plan.worker.memory_mb or None,
        "frames_painted": plan.work.frames_painted,
        "frames_carried": plan.work.frames_carried,
        "working_size": list(plan.work.working_size),
        "seconds": round(plan.seconds, 2),
        "usd": None if plan.usd is None else round(plan.usd, 6),
        "chunks": plan.chunks,
        "chunk_frames": plan.chunk_frames or plan.work.frames,
        "workers": plan.workers,
    }
