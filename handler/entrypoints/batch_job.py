"""One job as a process: ``python -m handler.entrypoints.batch_job '{"video": ...}'``.

Exit codes: 0 done, 2 rejected, 75 try again (``EX_TEMPFAIL`` of sysexits.h), 70 our fault
(``EX_SOFTWARE``).
"""

from __future__ import annotations

import os
import signal
import sys
import time

from aws_lambda_powertools import Logger

from handler import wiring
from handler.aws.events import requests_in_text
from handler.domain.errors import Rejected, Unavailable
from handler.domain.status import State
from handler.pipeline.run_job import run_job

EXIT_REJECTED = 2
EXIT_TRY_AGAIN = os.EX_TEMPFAIL
EXIT_DEFECT = os.EX_SOFTWARE

LONGEST_RUN_SECONDS = 24 * 3600
"""How long a container may run; AWS Batch's own time-out ends it before."""

USAGE = 'usage: batch_job \'{"video": "videos/clip.mp4", "style": "monet"}\''

logger = Logger()


def main(argv: list[str]) -> int:
    """Do the job that the only argument describes as JSON, print its outcome."""
    if len(argv) != 1:
        print(USAGE, file=sys.stderr)
        return EXIT_REJECTED
    signal.signal(signal.SIGTERM, _stop)
    end = time.monotonic() + LONGEST_RUN_SECONDS
    try:
        studio = wiring.studio(lambda: end - time.monotonic())
        requests = requests_in_text(argv[0], wiring.settings().input_bucket)
        outcomes = [run_job(request, studio) for request in requests]
    except Rejected as rejection:
        logger.error(rejection.reason)
        return EXIT_REJECTED
    except Unavailable as absence:
        logger.warning(absence.reason)
        return EXIT_TRY_AGAIN
    except Exception:
        logger.exception("the job failed")
        return EXIT_DEFECT
    for outcome in outcomes:
        logger.info("job done", extra=outcome.as_json())
    rejected = any(outcome.state is State.REJECTED for outcome in outcomes)
    return EXIT_REJECTED if rejected else 0


def _stop(*_: object) -> None:
    """The container is being stopped: give the job back, so that another worker may take it."""
    raise Unavailable("the worker was told to stop")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
