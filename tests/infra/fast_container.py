"""The container's real program with a painter that takes no time; not to be imported by tests."""

import sys
from typing import Any
from unittest.mock import patch

from handler.domain.chunks import Chunk
from handler.entrypoints import batch_job
from handler.pipeline.run_chunk import run_chunk
from tests.infra.fast_worker import misbehave


def _misbehaving(job_id: str, chunk: Chunk, *given: Any) -> Any:
    misbehave(chunk.index)
    return run_chunk(job_id, chunk, *given)


if __name__ == "__main__":
    with patch.object(batch_job, "run_chunk", _misbehaving):
        sys.exit(batch_job.main(sys.argv[1:]))
