"""Step Functions: many workers for one job, one execution of the state machine each time."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from handler.aws.errors import error_code, translated
from handler.domain.route import Route

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

TAKEN = "ExecutionAlreadyExists"
RUNNING = "RUNNING"


class StepFunctionsLauncher:
    """``handler.domain.ports.Launcher`` on one state machine.

    An execution is named after its job, so that a second start finds the first one running. A name
    is never free again, so the one after a failure gets a number. Redriving the failed one instead
    would not help: what its state machine has caught it does not try again.

    Args:
        bucket: of work.
    """

    def __init__(self, client: SFNClient, state_machine_arn: str, bucket: str) -> None:
        self._states = client
        self._arn = state_machine_arn
        self._bucket = bucket

    def start(self, job_id: str, chunks_key: str, chunks: int, workers: int, route: Route) -> str:
        given = {
            "job": job_id,
            "bucket": self._bucket,
            "chunks": chunks_key,
            "workers": workers,
            "route": route,
            # An array has two children at least. An empty one is none, as Airflow submits it, too.
            "array": {"Size": chunks} if chunks > 1 else {},
        }
        with translated("starting the state machine"):
            for run in count(1):
                name = job_id if run == 1 else f"{job_id}-{run}"
                try:
                    self._states.start_execution(
                        stateMachineArn=self._arn, name=name, input=json.dumps(given)
                    )
                    return name
                except ClientError as error:
                    if error_code(error) != TAKEN:
                        raise
                if self._is_running(name):
                    return name
        raise AssertionError("numbers don't end")

    def _is_running(self, name: str) -> bool:
        arn = self._arn.replace(":stateMachine:", ":execution:")
        found = self._states.describe_execution(executionArn=f"{arn}:{name}")
        return found["status"] == RUNNING
