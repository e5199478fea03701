"""The container of AWS Batch: ``python -m handler.entrypoints.batch_job`` and one of these.

::

    paint JOB                one chunk of a job that many paint; which, its place in the array says
    assemble JOB EXECUTION   the chunks of a job, put together
    '{"video": ...}'         one whole video

Exit codes: 0 done, 2 rejected, 75 try again (``EX_TEMPFAIL`` of sysexits.h), 70 our fault
(``EX_SOFTWARE``). The job definitions try again what ended with 75, was killed or never ran, and
nothing else. A fault of ours is tried again once: on its first attempt it ends with 75, too.

A container is told to stop (SIGTERM) when its spot capacity is reclaimed, its time is over or its
job is stopped; half a minute later it is killed. A chunk that is nearly painted is finished in
that time; what else there is is given back at once and left to the next attempt.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools import Logger

from handler import wiring
from handler.aws.events import requests_in_text
from handler.domain.errors import Rejected, Unavailable
from handler.domain.status import State
from handler.entrypoints.stop_notice import StopNotice, Stopped
from handler.pipeline.long_job import assemble
from handler.pipeline.order import Work
from handler.pipeline.run_chunk import run_chunk
from handler.pipeline.run_job import run_job
from handler.pipeline.studio import Studio
from handler.pipeline.workspace import workspace

EXIT_REJECTED = 2
EXIT_TRY_AGAIN = os.EX_TEMPFAIL
EXIT_DEFECT = os.EX_SOFTWARE

LONGEST_RUN_SECONDS = 24 * 3600
"""How long a container may run; AWS Batch's own time-out ends it before."""

USAGE = 'usage: batch_job paint JOB | assemble JOB EXECUTION | \'{"video": "videos/clip.mp4"}\''

logger = Logger()


def main(argv: list[str]) -> int:
    """Do what the arguments say; the exit code tells how it ended."""
    after_defect = EXIT_DEFECT
    try:
        chosen = wiring.settings()
        if chosen.batch_attempt == 1:
            after_defect = EXIT_TRY_AGAIN
        _use_processors(chosen.batch_vcpus)
        with _counted():
            match argv:
                case ["paint", job_id]:
                    return _paint(job_id, chosen.batch_index)
                case ["assemble", job_id, execution]:
                    return _assemble(job_id, execution)
                case [job]:
                    return _whole(job, chosen.input_bucket)
    except Rejected as rejection:
        logger.error(rejection.reason)
        return EXIT_REJECTED
    except Unavailable as absence:
        logger.warning(absence.reason)
        return EXIT_TRY_AGAIN
    except Stopped:
        logger.warning("told to stop; another attempt follows")
        return EXIT_TRY_AGAIN
    except Exception:
        logger.exception("the job failed")
        return after_defect
    print(USAGE, file=sys.stderr)
    return EXIT_REJECTED


@contextmanager
def _counted() -> Iterator[None]:
    """Tell what this container costs, on every way out but a kill."""
    began = time.monotonic()
    try:
        yield
    finally:
        if containers := wiring.containers():
            wiring.observer().container_ended(containers.usd(time.monotonic() - began))


def _paint(job_id: str, index: int) -> int:
    notice = StopNotice()
    signal.signal(signal.SIGTERM, notice)
    studio = _studio(wiring.COMMON_PRECISION)
    with workspace() as folder:
        chunk = Work(studio.store, studio.work_bucket, job_id).chunk(index, folder)
    done = run_chunk(job_id, chunk, studio, notice.listen)
    logger.info("chunk done", extra={"chunk": index, "frames": done.frames})
    return 0


def _assemble(job_id: str, execution: str) -> int:
    signal.signal(signal.SIGTERM, StopNotice())
    outcome = assemble(job_id, execution, _studio())
    logger.info("job done", extra=outcome.as_json())
    return 0


def _whole(text: str, input_bucket: str) -> int:
    signal.signal(signal.SIGTERM, _give_up)
    studio = _studio()
    outcomes = [run_job(request, studio) for request in requests_in_text(text, input_bucket)]
    for outcome in outcomes:
        logger.info("job done", extra=outcome.as_json())
    rejected = any(outcome.state is State.REJECTED for outcome in outcomes)
    return EXIT_REJECTED if rejected else 0


def _give_up(*_: object) -> None:
    """Nobody starts this container again: the job's status says why it ended."""
    raise Unavailable("the worker was told to stop")


def _studio(precision: str | None = None) -> Studio:
    end = time.monotonic() + LONGEST_RUN_SECONDS
    return wiring.studio(lambda: end - time.monotonic(), precision)


def _use_processors(vcpus: int) -> None:
    """Keep to the processors that are paid for, children too, where the machine shows more."""
    if vcpus:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:vcpus])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
