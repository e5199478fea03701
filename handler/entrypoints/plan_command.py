"""``artreel plan``: what a job will take and cost, before anything runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from handler import wiring
from handler.domain.choice import Wish, choose
from handler.domain.errors import Defect, Rejected
from handler.domain.job import VIDEOS, JobRequest
from handler.domain.media import VideoFacts, working_dimensions
from handler.domain.plan import (
    LONGEST_FUNCTION_SECONDS,
    PUBLISHING_SECONDS,
    Calibration,
    Plan,
    Work,
    Worker,
    plan_for,
    work_of,
)
from handler.domain.price import LARGEST_MEMORY_MB, PRICES, VCPU_MB
from handler.domain.quotas import NEW_ACCOUNT, Quotas
from handler.domain.route import Route
from handler.domain.spread import MOST_CHUNKS, USUAL_WORKERS, Containers, Fleet
from handler.domain.timeline import Timeline
from handler.entrypoints.console import (
    DEFAULT_WORKING_SIZE,
    plain_errors,
    style_pictures,
    working_size_px,
)
from handler.entrypoints.simulation import (
    WORKERS,
    a_day,
    content,
    day_table,
    references,
    table,
    trials,
)
from handler.style.bundle import open_bundle

LAMBDA_PRECISION = "f32"
"""Lambda promises AVX2 and no bf16; containers of AWS Batch paint alike."""

CONTAINER = Worker(4.0, 8192, "x86_64")

WorkOf = Callable[[VideoFacts, str], Work]
"""What a video asks for in a precision."""


@dataclass(frozen=True)
class _Forecast:
    facts: VideoFacts
    calibration: Calibration
    here: Plan
    here_precision: str
    aws: Plan
    wish: Wish
    refusal: str | None

    @property
    def is_within_budget(self) -> bool | None:
        if self.wish.budget_usd is None or self.aws.usd is None:
            return None
        return self.aws.usd <= self.wish.budget_usd

    @property
    def is_in_time(self) -> bool | None:
        if self.wish.deadline_seconds is None:
            return None
        return self.aws.seconds <= self.wish.deadline_seconds


def plan(
    video: Annotated[
        Path | None, typer.Argument(help="The video to paint; --simulate goes without.")
    ] = None,
    style: Annotated[
        str | None,
        typer.Option(
            "--style",
            "-s",
            help="A picture, only looked at to see if it is one; or a built-in style.",
        ),
    ] = None,
    job: Annotated[
        Path | None,
        typer.Option(help="A job file: looks, working size, budget, deadline and route count."),
    ] = None,
    working_size: Annotated[
        str, typer.Option(help="Long side in pixels at which frames are painted, or `source`.")
    ] = DEFAULT_WORKING_SIZE,
    deadline: Annotated[
        float | None, typer.Option(help="Seconds within which the result is wanted.")
    ] = None,
    budget_usd: Annotated[
        float | None, typer.Option(help="US dollars that the job may cost at most.")
    ] = None,
    memory_mb: Annotated[
        int, typer.Option(min=VCPU_MB, max=LARGEST_MEMORY_MB, help="Memory of the Lambda function.")
    ] = LARGEST_MEMORY_MB,
    workers: Annotated[
        int, typer.Option(min=1, max=MOST_CHUNKS, help="MaxWorkers of the stack.")
    ] = USUAL_WORKERS,
    batch_workers: Annotated[
        int,
        typer.Option(
            min=0,
            max=MOST_CHUNKS,
            help="Containers of Fargate Spot, 4 vCPUs each, that the stack runs at a time.",
        ),
    ] = 0,
    simulation: Annotated[
        bool,
        typer.Option(
            "--simulate",
            help="Play the job through on 10 to 10,000 workers; without a video, jobs of 15 s to "
            "24 h, and a million of them in a day.",
        ),
    ] = False,
    functions: Annotated[
        int,
        typer.Option(min=1, help="With --simulate: functions that the account runs at a time."),
    ] = NEW_ACCOUNT.functions,
    seed: Annotated[int, typer.Option(help="With --simulate: of all chances.")] = 0,
    model: Annotated[
        Path | None, typer.Option(help="Folder of the model; the embedded one by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say how long a job takes and what it costs, here and on AWS."""
    with plain_errors():
        if not video and not simulation:
            raise Rejected("say which video, or --simulate")
        for what, path in (("video", video), ("job file", job)):
            if path and not path.is_file():
                raise Rejected(f"there is no {what} {path}")
        for picture in style_pictures([style] if style else []).values():
            wiring.media().read_picture(picture)
        asked = _asked(job, deadline_seconds=deadline, budget_usd=budget_usd)
        wish = Wish(asked.run_on, asked.deadline_seconds, asked.budget_usd)
        size_px = asked.working_size_px or working_size_px(working_size)
        fleet = Fleet(
            Worker.function(memory_mb),
            LONGEST_FUNCTION_SECONDS - PUBLISHING_SECONDS,
            workers if asked.can_be_spread else 0,
            Containers(CONTAINER, batch_workers, is_spot=True) if batch_workers else None,
        )
        facts = wiring.media().probe(video) if video else None
        repainted = _repainted_share(video, facts, asked) if video and facts else 0.0
        work_of_video = _work_of(asked, size_px, model, repainted)
        if simulation:
            quotas = replace(NEW_ACCOUNT, functions=functions)
            typer.echo(
                _simulated(video, facts, fleet, asked.run_on, work_of_video, quotas, seed, as_json)
            )
            return
        assert video
        assert facts
        forecast = _forecast(facts, wish, fleet, work_of_video)
        typer.echo(json.dumps(_content(forecast), indent=2) if as_json else _text(video, forecast))


def _asked(job: Path | None, **wishes: float | None) -> JobRequest:
    """What a job file asks for, and options instead of it."""
    from handler.domain.job_file import job_in, read_json

    fields = read_json(job.read_bytes(), str(job)) if job else {"video": f"{VIDEOS}any"}
    given = {name: wish for name, wish in wishes.items() if wish is not None}
    asked = job_in({**fields, **given}, bucket="")
    if asked.preview:
        raise Rejected("a preview is painted in seconds, for about a cent; there is no plan of it")
    return asked


def _repainted_share(video: Path, facts: VideoFacts, asked: JobRequest) -> float:
    from handler.pipeline.unsteady import repainted_share

    interval = asked.frames.interval()
    return repainted_share(video, facts, interval, wiring.media(), wiring.motion())


def _work_of(
    asked: JobRequest, size_px: int | None, model: Path | None, repainted: float
) -> WorkOf:
    manifest = open_bundle(model or wiring.settings().model_dir).manifest
    calibration = wiring.calibration()
    layers = asked.treatment.layers(asked.timeline or Timeline.of_style("any"))
    interval = asked.frames.interval()

    def work(facts: VideoFacts, precision: str) -> Work:
        size = working_dimensions(
            facts.width, facts.height, size_px, manifest.smallest_side, manifest.width_multiple
        )
        paint_seconds = calibration.seconds_to_paint(manifest.name, precision)
        if paint_seconds is None:
            raise Defect(
                f"the calibration does not know the model {manifest.name}; "
                f"run `artreel bench --calibrate --model DIR`"
            )
        return work_of(facts, layers, size, interval, calibration, paint_seconds, repainted)

    return work


def _forecast(facts: VideoFacts, wish: Wish, fleet: Fleet, work: WorkOf) -> _Forecast:
    from handler.style.engine import fastest_precision

    here = fastest_precision()
    on_aws = work(facts, LAMBDA_PRECISION)
    refusal = None
    try:
        aws = choose(fleet, on_aws, facts, wish)
    except Rejected as rejection:
        refusal = rejection.reason
        aws = choose(fleet, on_aws, facts, Wish(wish.run_on))
    return _Forecast(
        facts=facts,
        calibration=wiring.calibration(),
        here=plan_for(wiring.worker(), work(facts, here)),
        here_precision=here,
        aws=aws,
        wish=wish,
        refusal=refusal,
    )


def _simulated(
    video: Path | None,
    facts: VideoFacts | None,
    fleet: Fleet,
    run_on: Route | None,
    work: WorkOf,
    quotas: Quotas,
    seed: int,
    as_json: bool,
) -> str:
    if run_on is Route.LAMBDA:
        raise Rejected("one function has no workers to simulate; leave `run_on` out")
    route = run_on or Route.STEP_FUNCTIONS
    if route is Route.BATCH and not fleet.containers:
        raise Rejected("say how many containers the stack has: --batch-workers")

    def on_aws(video: VideoFacts) -> Work:
        return work(video, LAMBDA_PRECISION)

    videos = {video.name: facts} if video and facts else references()
    found = list(trials(videos, WORKERS, fleet, route, on_aws, quotas, seed))
    day = [] if video else a_day(fleet, on_aws, quotas)
    if as_json:
        return json.dumps({"runs": content(found), "day": [asdict(use) for use in day]}, indent=2)
    return "\n\n".join([table(found), *([day_table(day)] if day else [])])


def _text(video: Path, forecast: _Forecast) -> str:
    facts, here, aws, wish = forecast.facts, forecast.here, forecast.aws, forecast.wish
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
    if aws.route is not Route.LAMBDA:
        lines.append(
            f"        {aws.chunks} chunks of {aws.chunk_frames} frames, "
            f"{aws.workers} workers at a time"
        )
    if forecast.is_within_budget is not None:
        verdict = "enough" if forecast.is_within_budget else "too little: it would be rejected"
        lines.append(f"budget  {wish.budget_usd:.4f} USD, {verdict}")
    if forecast.is_in_time is not None:
        verdict = "kept" if forecast.is_in_time else "missed: it would be rejected"
        lines.append(f"within  {wish.deadline_seconds:.0f} s, {verdict}")
    if forecast.refusal:
        lines.append(f"        {forecast.refusal}")
    lines.append(
        f"Measured {calibration.measured_at} on {calibration.processors} x "
        f"{calibration.processor}; prices of {PRICES.region}, {PRICES.as_of}. Fetching, cold start "
        f"and other processors are not in it."
    )
    return "\n".join(lines)


def _content(forecast: _Forecast) -> dict[str, Any]:
    facts, calibration, wish = forecast.facts, forecast.calibration, forecast.wish
    return {
        "frames": facts.frame_count,
        "width": facts.width,
        "height": facts.height,
        "frame_rate": str(facts.frame_rate),
        "here": {**_plan_content(forecast.here), "precision": forecast.here_precision},
        "aws": {**_plan_content(forecast.aws), "precision": LAMBDA_PRECISION},
        "budget_usd": wish.budget_usd,
        "is_within_budget": forecast.is_within_budget,
        "deadline_seconds": wish.deadline_seconds,
        "is_in_time": forecast.is_in_time,
        "refusal": forecast.refusal,
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
