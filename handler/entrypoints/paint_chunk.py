"""The Lambda function of which the state machine starts one for each chunk."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from handler import wiring
from handler.domain.chunks import Chunk
from handler.pipeline.order import parsed
from handler.pipeline.run_chunk import run_chunk

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Paint one chunk, unless it is painted already.

    Args:
        event: ``{"job": job id, "chunk": one of the job's chunks}``.

    Returns:
        ``{"frames": of the chunk}``. The state machine knows errors by the names of their classes.
    """
    studio = wiring.studio(
        lambda: context.get_remaining_time_in_millis() / 1000, wiring.COMMON_PRECISION
    )
    done = run_chunk(event["job"], parsed(Chunk, event["chunk"]), studio)
    return {"frames": done.frames}
