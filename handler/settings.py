"""The one reader of the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from handler.domain.errors import Defect

ENVIRONMENT_PREFIX = "ARTREEL_"
SAID_BY_AWS = {
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "function_memory_mb",
    "AWS_BATCH_JOB_ARRAY_INDEX": "batch_index",
    "AWS_BATCH_JOB_ATTEMPT": "batch_attempt",
}
"""Variables that Lambda and AWS Batch set, and the fields that they are."""


def user_cache(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The user's folder for what can be made anew; None where it has no place.

    Source: XDG Base Directory Specification 0.8, which has relative paths ignored.
    """
    for variable, below in (("XDG_CACHE_HOME", ""), ("HOME", ".cache")):
        place = Path(environment.get(variable, ""), below)
        if place.is_absolute():
            return place / "artreel"
    return None


class Settings(BaseModel):
    """What a deployment decides; each field is read from ``ARTREEL_<FIELD NAME IN CAPITALS>``.

    Sizes are in pixels or bytes and times in seconds, as each name says. The limits on a source
    bound what one function can hold on its disk and finish in its time. ``lease_seconds`` is how
    long a worker that was killed keeps its job from others, ``retry_seconds`` the pause after a
    first failure, twice that after the second. ``max_workers`` paint one job at a time, where the
    state machine starts them. ``batch_disk_mb`` is what AWS Batch has to put a large result
    together, 0 where there is none, ``batch_max_vcpus`` what it has to paint, in containers of
    ``batch_vcpus`` and ``batch_memory_mb`` and of a capacity, ``FARGATE_SPOT`` or ``FARGATE``;
    ``batch_index`` and ``batch_attempt`` are of one of them. ``stack`` is for the command line
    alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_bucket: str = ""
    output_bucket: str = ""
    stack: str = ""
    work_bucket: str = ""
    job_table: str = ""
    job_queue_url: str = ""
    dead_letter_queue_url: str = ""
    default_style: str = ""
    working_size_px: int = Field(default=1024, ge=64, le=8192)
    model_dir: Path = Path(sys.prefix, "share", "artreel", "embedded")
    compiled_model_dir: Path | None = None
    max_source_bytes: int = Field(default=4 * 1024**3, gt=0)
    max_style_bytes: int = Field(default=50 * 1024**2, gt=0)
    function_memory_mb: int = Field(default=0, ge=0)
    calibration_file: Path = Path(__file__).with_name("calibration.json")
    monthly_budget_usd: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    max_receive_count: int = Field(default=3, ge=1)
    status_interval_seconds: float = Field(default=10.0, gt=0)
    lease_seconds: float = Field(default=60.0, ge=1)
    retry_seconds: float = Field(default=60.0, ge=0)
    state_machine_arn: str = ""
    max_workers: int = Field(default=100, ge=1, le=10_000)
    batch_disk_mb: int = Field(default=0, ge=0)
    batch_vcpus: int = Field(default=0, ge=0)
    batch_memory_mb: int = Field(default=0, ge=0)
    batch_max_vcpus: int = Field(default=0, ge=0)
    batch_capacity: str = ""
    batch_index: int = Field(default=0, ge=0)
    batch_attempt: int = Field(default=0, ge=0)

    @property
    def hidden_seconds(self) -> float:
        """For how long a message is hidden at a time: until a claim has lapsed, and longer."""
        return 1.5 * self.lease_seconds

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings; an empty variable counts as not set.

        The memory of a function is what Lambda itself says, and so with AWS Batch.

        Raises:
            Defect: a variable is unknown or its value does not fit.
        """
        given = {
            name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
            for name, value in environment.items()
            if name.startswith(ENVIRONMENT_PREFIX) and value
        }
        given |= {
            field: environment[name] for name, field in SAID_BY_AWS.items() if environment.get(name)
        }
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = ENVIRONMENT_PREFIX + ".".join(str(part) for part in first["loc"]).upper()
            raise Defect(f"the environment variable {name} is wrong: {first['msg']}") from error
