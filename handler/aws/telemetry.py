"""What a worker tells its operator, on standard output: JSON log lines and metrics.

CloudWatch reads the metrics out of the log (its embedded metric format), so nothing is called and
nothing can fail. Traces need no code: Lambda itself records them.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import MetricUnit

from handler.domain.status import State

NAMESPACE = "artreel"
METRIC_OF_STATE = {
    State.SUCCEEDED: "JobsSucceeded",
    State.REJECTED: "JobsRejected",
    State.FAILED: "JobsFailed",
    State.CANCELLED: "JobsCancelled",
    State.QUEUED: "JobsRetried",
}


class Telemetry:
    """``handler.domain.ports.Observer`` on Powertools' logger and metrics.

    There is one per process: its first line of metrics counts a cold start. Every metric has the
    dimension ``service``, the name of the stack.
    """

    def __init__(self) -> None:
        self._logger = Logger()
        copy_config_to_registered_loggers(self._logger, include={"handler"})
        self._metrics = Metrics(namespace=NAMESPACE)
        self._metrics.add_metric("ColdStarts", MetricUnit.Count, 1)
        self._job_id = ""

    def began(self, job_id: str) -> None:
        self._job_id = job_id
        self._logger.append_keys(job_id=job_id)

    def painted(
        self, frames: int, frames_painted: int, paint_seconds: float, cost_usd: float | None
    ) -> None:
        self._metrics.add_metric("Frames", MetricUnit.Count, frames)
        self._metrics.add_metric("FramesPainted", MetricUnit.Count, frames_painted)
        self._metrics.add_metric("PaintSeconds", MetricUnit.Seconds, paint_seconds)
        if cost_usd is not None:
            self._metrics.add_metric("CostUSD", MetricUnit.NoUnit, cost_usd)

    def container_ended(self, cost_usd: float) -> None:
        self._metrics.add_metric("ContainersUSD", MetricUnit.NoUnit, cost_usd)
        self._metrics.flush_metrics()

    def ended(self, state: State) -> None:
        self._metrics.add_metric(METRIC_OF_STATE[state], MetricUnit.Count, 1)
        self._metrics.add_metadata("job_id", self._job_id)
        self._metrics.flush_metrics()
