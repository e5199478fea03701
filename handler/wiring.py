"""The one place that builds adapters; one instance of each per process."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from handler.domain.errors import Defect
from handler.domain.ports import Media, Painter
from handler.pipeline.run_job import Studio
from handler.settings import Settings

AWS_TRIES = 5


@cache
def settings() -> Settings:
    return Settings.from_environment()


@cache
def media() -> Media:
    from handler.media.ffmpeg import FfmpegMedia

    return FfmpegMedia()


@cache
def painter(model_dir: Path | None = None) -> Painter:
    """The painter of one bundle, that of the settings if none is named."""
    from handler.style.bundle import open_bundle
    from handler.style.engine import OpenVinoPainter

    chosen = settings()
    return OpenVinoPainter(
        open_bundle(model_dir or chosen.model_dir), compiled_model_dir=chosen.compiled_model_dir
    )


def studio(seconds_left: Callable[[], float]) -> Studio:
    """Everything for jobs of the cloud.

    Args:
        seconds_left: how long this worker can still work.

    Raises:
        Defect: the deployment lacks a setting.
    """
    import boto3
    from botocore.config import Config

    from handler.aws.job_ledger import DynamoDbJobLedger
    from handler.aws.object_store import S3ObjectStore

    chosen = settings()
    for name in ("input_bucket", "output_bucket", "job_table"):
        if not getattr(chosen, name):
            raise Defect(f"the environment variable ARTREEL_{name.upper()} is not set")
    patient = Config(retries={"mode": "standard", "max_attempts": AWS_TRIES})
    return Studio(
        store=S3ObjectStore(boto3.client("s3", config=patient)),
        ledger=DynamoDbJobLedger(
            boto3.client("dynamodb", config=patient), chosen.job_table, seconds_left
        ),
        media=media(),
        painter=painter,
        input_bucket=chosen.input_bucket,
        output_bucket=chosen.output_bucket,
        default_style=chosen.default_style,
        working_size_px=chosen.working_size_px,
        max_source_bytes=chosen.max_source_bytes,
        max_style_bytes=chosen.max_style_bytes,
        status_interval_seconds=chosen.status_interval_seconds,
        function_memory_mb=chosen.function_memory_mb,
    )
