"""The one place that builds adapters; one instance of each per process."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handler.domain.errors import Defect, Rejected
from handler.domain.job import Buckets
from handler.domain.plan import Calibration, Worker
from handler.domain.spread import Containers

if TYPE_CHECKING:
    from handler.aws.job_queue import SqsJobQueue
    from handler.domain.ports import (
        Launcher,
        Media,
        Motion,
        ObjectStore,
        Observer,
        Painter,
        Uploader,
    )
    from handler.pipeline.studio import Studio
    from handler.settings import Settings

AWS_TRIES = 5
COMMON_PRECISION = "f32"
"""What every processor of Lambda's has. The workers of one job paint alike."""

SPOT = "FARGATE_SPOT"
"""As the template's parameter BatchCapacity spells it."""

MOST_CONNECTIONS = 32
"""Of one client: those of ``handler.aws.transfer``, and of whoever asks beside them."""

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 20.0
"""How long a service may say nothing before a request counts as lost and is sent again."""


@cache
def settings() -> Settings:
    from handler.settings import Settings

    return Settings.from_environment()


@cache
def media() -> Media:
    from handler.media.ffmpeg import FfmpegMedia

    return FfmpegMedia()


@cache
def painter(
    model_dir: Path | None = None, precision: str | None = None, *, keeps_compiled: bool = False
) -> Painter:
    """The painter of one bundle, that of the settings if none is named.

    Args:
        precision: as ``OpenVinoPainter`` takes it; what is fastest here if not given.
        keeps_compiled: in the user's cache, where the settings name no other place.
    """
    from handler.settings import user_cache
    from handler.style.bundle import open_bundle
    from handler.style.engine import OpenVinoPainter

    chosen = settings()
    compiled_model_dir = chosen.compiled_model_dir
    if keeps_compiled and not compiled_model_dir:
        compiled_model_dir = user_cache()
    return OpenVinoPainter(
        open_bundle(model_dir or chosen.model_dir),
        precision=precision,
        compiled_model_dir=compiled_model_dir,
    )


@cache
def motion() -> Motion:
    import cv2

    from handler import kernels
    from handler import motion as optical_flow

    kernels.keep_memory()
    cv2.setNumThreads(1)  # segments are painted side by side; more threads get in their way
    return optical_flow


@cache
def aws(service: str) -> Any:
    """A client of one of AWS's services.

    Raises:
        Refused: credentials or region are not set up.
    """
    import boto3
    from botocore.config import Config

    from handler.aws.errors import translated

    patient = Config(
        max_pool_connections=MOST_CONNECTIONS,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=SILENCE_SECONDS,
        retries={"mode": "standard", "total_max_attempts": AWS_TRIES},
    )
    with translated("finding AWS"):
        return boto3.client(service, config=patient)  # type: ignore[call-overload]


@cache
def observer() -> Observer:
    from handler.aws.telemetry import Telemetry

    return Telemetry()


@cache
def calibration() -> Calibration:
    """What painting took where it was measured.

    Raises:
        Defect: there is none.
    """
    path = settings().calibration_file
    try:
        return Calibration.from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Defect(f"there is no calibration {path}: run `artreel bench --calibrate`") from error


def worker() -> Worker:
    """This process: a Lambda function has the processors that its memory buys."""
    here = Worker(float(len(os.sched_getaffinity(0))), 0, platform.machine())
    if not (memory_mb := settings().function_memory_mb):
        return here
    bought = Worker.function(memory_mb, here.machine)
    return Worker(min(here.vcpus, bought.vcpus), memory_mb, here.machine)


def containers() -> Containers | None:
    """Those of AWS Batch that the stack has."""
    chosen = settings()
    if not chosen.batch_vcpus:
        return None
    at_once = max(1, chosen.batch_max_vcpus // chosen.batch_vcpus)
    each = Worker(float(chosen.batch_vcpus), chosen.batch_memory_mb, platform.machine())
    return Containers(each, at_once, is_spot=chosen.batch_capacity == SPOT)


def job_queue() -> SqsJobQueue:
    """The queue that feeds this worker."""
    from handler.aws.job_queue import SqsJobQueue

    return SqsJobQueue(aws("sqs"), _needed("job_queue_url"))


def dead_letter_queue() -> SqsJobQueue:
    """The queue that keeps, for the operator, what this worker gave up."""
    from handler.aws.job_queue import SqsJobQueue

    return SqsJobQueue(aws("sqs"), _needed("dead_letter_queue_url"))


def object_store() -> ObjectStore:
    from handler.aws.object_store import S3ObjectStore

    return S3ObjectStore(aws("s3"))


def uploader() -> Uploader:
    from handler.aws.uploader import S3Uploader

    return S3Uploader(aws("s3"))


def buckets(stack: str = "", input_bucket: str = "", output_bucket: str = "") -> Buckets:
    """The buckets of a stack, or those that are named.

    Args:
        stack: name of the stack; where neither it nor both buckets are given, the settings decide.

    Raises:
        Rejected: nobody says which, or there is no such stack.
        Refused, Unavailable: CloudFormation does not let us look, or does not answer.
    """
    from handler.aws.stack import buckets_of_stack

    chosen = settings()
    if not stack:
        input_bucket = input_bucket or chosen.input_bucket
        output_bucket = output_bucket or chosen.output_bucket
    if input_bucket and output_bucket:
        return Buckets(input_bucket, output_bucket)
    if not (stack := stack or chosen.stack):
        raise Rejected(
            "say which stack: --stack NAME or ARTREEL_STACK, or both --input-bucket and "
            "--output-bucket"
        )
    of_stack = buckets_of_stack(aws("cloudformation"), stack)
    return Buckets(input_bucket or of_stack[0], output_bucket or of_stack[1])


def forget() -> None:
    """Build everything anew when it is asked for next, as a fresh process would."""
    for adapter in (settings, media, painter, motion, aws, observer, calibration):
        adapter.cache_clear()


def launcher() -> Launcher | None:
    """What has many workers paint one job, where there is such a thing."""
    from handler.aws.state_machine import StepFunctionsLauncher

    arn = settings().state_machine_arn
    if not arn:
        return None
    return StepFunctionsLauncher(aws("stepfunctions"), arn, _needed("work_bucket"))


def studio(seconds_left: Callable[[], float], precision: str | None = None) -> Studio:
    """Everything for jobs of the cloud.

    Args:
        seconds_left: how long this worker can still work; at the call, all its time.
        precision: of the painter, if not what is fastest here.

    Raises:
        Defect: the deployment lacks a setting.
    """
    from handler.aws.job_events import EventBridgeAnnouncer
    from handler.aws.job_ledger import DynamoDbJobLedger
    from handler.aws.object_store import S3ObjectStore
    from handler.aws.spend import DynamoDbSpendCounter
    from handler.pipeline.accounts import Accounts
    from handler.pipeline.studio import Studio

    chosen = settings()
    return Studio(
        store=S3ObjectStore(aws("s3")),
        ledger=DynamoDbJobLedger(aws("dynamodb"), _needed("job_table"), chosen.lease_seconds),
        announcer=EventBridgeAnnouncer(aws("events")),
        accounts=Accounts(
            worker=worker(),
            calibration=calibration(),
            spend=DynamoDbSpendCounter(
                aws("dynamodb"), _needed("job_table"), chosen.monthly_budget_usd
            ),
            containers=containers(),
            is_container=bool(chosen.batch_attempt),
        ),
        media=media(),
        painter=partial(painter, None, precision),
        motion=motion,
        observer=observer(),
        input_bucket=_needed("input_bucket"),
        output_bucket=_needed("output_bucket"),
        default_style=chosen.default_style,
        working_size_px=chosen.working_size_px,
        max_source_bytes=chosen.max_source_bytes,
        max_style_bytes=chosen.max_style_bytes,
        status_interval_seconds=chosen.status_interval_seconds,
        seconds_left=seconds_left,
        longest_run_seconds=seconds_left(),
        lease_seconds=chosen.lease_seconds,
        launcher=launcher(),
        work_bucket=chosen.work_bucket,
        workers=chosen.max_workers,
        batch_disk_bytes=chosen.batch_disk_mb * 1024**2,
    )


def _needed(name: str) -> str:
    from handler.settings import ENVIRONMENT_PREFIX

    value: str = getattr(settings(), name)
    if not value:
        raise Defect(f"the environment variable {ENVIRONMENT_PREFIX}{name.upper()} is not set")
    return value
