"""A video cut into chunks, for many workers: how long they are, what they take and cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

from handler.domain.media import VideoFacts
from handler.domain.plan import Plan, Work, Worker
from handler.domain.price import CHUNK_USD, container_usd, function_usd
from handler.domain.route import Route

LEAST_CHUNK_SECONDS = 2
"""Of the video. Each chunk begins with a picture that refers to none, which is the largest kind."""

MOST_CHUNKS = 10_000
"""A Distributed Map runs no more at a time, and an array job of Batch has no more children."""

USUAL_WORKERS = 100
"""Of one job at a time; a tenth of what an account may run."""

LONGEST_CHUNK_SECONDS = 300.0
"""That a worker may be expected to need; a third of what a function has, and all that Spot can take
back."""

LONGEST_EXECUTION_SECONDS = 21_600.0
"""After which the state machine stops (``TimeoutSeconds`` in template.yaml)."""

TRANSFER_BYTES_PER_SECOND = 75e6
"""That one function fetches, and sends as many beside: what AWS lets through for long. The first
300 MB or so come several times as fast, which is not counted on.

Source: Bodner et al. 2025, arXiv 2501.07771, and Müller et al. 2020, arXiv 1912.00937.
"""

RESULT_BITS_PER_PIXEL = 0.5
"""An estimate, for painted frames at the default quality."""

CHILDREN_PER_SECOND = 100.0
"""That a Distributed Map starts, if they are of type STANDARD.

Source: docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

CONTAINER_START_SECONDS = 30.0
"""From a job of Batch to its process on Fargate; the image is fetched in it, which is billed.

Source: docs.aws.amazon.com/batch/latest/userguide/fargate.html, "about 30 seconds".
"""

CONTAINERS_AT_ONCE, CONTAINERS_PER_SECOND = 100, 20.0
"""That Fargate starts: so many at first, then so many a second, of Spot and of others alike.

Source: docs.aws.amazon.com/AmazonECS/latest/userguide/throttling.html
"""


@dataclass(frozen=True)
class Containers:
    """What a stack has of AWS Batch.

    Attributes:
        worker: each of them.
        at_once: for one job, at most.
        is_spot: they cost less, and may be taken back at any time.
    """

    worker: Worker
    at_once: int
    is_spot: bool

    def usd(self, seconds: float) -> float:
        """What one costs whose process runs for so long."""
        worker = self.worker
        return container_usd(
            CONTAINER_START_SECONDS + seconds,
            worker.vcpus,
            worker.memory_mb,
            worker.machine,
            spot=self.is_spot,
        )


@dataclass(frozen=True)
class Fleet:
    """What a stack can paint with.

    Attributes:
        function: each of its Lambda functions; all are of the one size that was deployed.
        longest_seconds: for which one function may paint.
        functions: that the state machine runs at a time for one job; 0 where there is none.
        containers: None where the stack has none.
    """

    function: Worker
    longest_seconds: float
    functions: int = 0
    containers: Containers | None = None

    def workers(self, route: Route) -> int:
        """Those that can paint a job by turns, at a time; 0 where the stack does not have them."""
        if route is Route.STEP_FUNCTIONS:
            return self.functions
        if route is Route.BATCH and self.containers:
            return self.containers.at_once
        return 0


def spread_plan(fleet: Fleet, route: Route, work: Work, facts: VideoFacts, workers: int) -> Plan:
    """What the work takes and costs on many workers.

    There are as many chunks as workers, unless they would be shorter than two seconds of video; or
    longer than five minutes of work: then a whole number for each. They begin on the grid of
    keyframes.

    Args:
        route: over many of these.
        workers: that run at a time, at most.

    Source: each pays its start; Distributed Map: two state transitions for each chunk, docs.aws.
    amazon.com/step-functions/latest/dg/concepts-standard-vs-express.html.
    """
    containers = fleet.containers if route is Route.BATCH else None
    worker = containers.worker if containers else fleet.function
    frames = max(1, work.frames)
    per_frame = work.vcpu_seconds / frames / worker.vcpus
    least = least_chunk_frames(work, facts)
    most = max(1.0, (LONGEST_CHUNK_SECONDS - work.start_seconds) / per_frame)
    turns = math.ceil(frames / most / workers)
    wanted = max(frames / turns / workers, least)
    chunk_frames = math.ceil(wanted / work.keyframe_interval) * work.keyframe_interval
    chunks = math.ceil(frames / chunk_frames)
    at_once = min(workers, chunks)
    # Each paints one keyframe that belongs to the next chunk.
    painting = per_frame * (frames + chunks)
    of_chunk = work.start_seconds + per_frame * (chunk_frames + 1)
    joining = planning_seconds(work, facts) + assembling_seconds(work, facts)
    seconds = joining + launch_seconds(route, at_once) + math.ceil(chunks / at_once) * of_chunk
    function, usd = fleet.function, None
    if containers and function.memory_mb:
        each = containers.usd(work.start_seconds + painting / chunks)
        usd = function_usd(joining, function.memory_mb, function.machine) + chunks * (
            each + CHUNK_USD
        )
    elif function.memory_mb:
        busy = joining + chunks * work.start_seconds + painting
        usd = function_usd(busy, function.memory_mb, function.machine) + chunks * CHUNK_USD
    return Plan(route, worker, work, seconds, usd, chunk_frames, chunks, at_once)


def planning_seconds(work: Work, facts: VideoFacts) -> float:
    """Of the function that looks at a source and cuts it into chunks."""
    return work.start_seconds + facts.size_bytes / TRANSFER_BYTES_PER_SECOND


def assembling_seconds(work: Work, facts: VideoFacts) -> float:
    """Of the function that joins the chunks, adds the sound, checks and publishes."""
    return work.start_seconds + joining_seconds(facts.size_bytes, likely_result_bytes(facts))


def joining_seconds(source_bytes: int, result_bytes: int) -> float:
    """To fetch a source and all chunks of a result, which is joined and sent meanwhile."""
    return (source_bytes + result_bytes) / TRANSFER_BYTES_PER_SECOND


def likely_result_bytes(facts: VideoFacts) -> int:
    """How large the painted video is likely to become."""
    pixels = facts.width * facts.height * facts.frame_count
    return int(pixels * RESULT_BITS_PER_PIXEL / 8)


def least_chunk_frames(work: Work, facts: VideoFacts) -> float:
    """That a chunk may have, however many workers there are."""
    return max(LEAST_CHUNK_SECONDS * float(facts.frame_rate), work.frames / MOST_CHUNKS)


def launch_seconds(route: Route, workers: int) -> float:
    """Until the last of so many workers has begun, at the rates at which AWS starts them."""
    if route is Route.BATCH:
        waiting = max(0, workers - CONTAINERS_AT_ONCE)
        return CONTAINER_START_SECONDS + waiting / CONTAINERS_PER_SECOND
    return workers / CHILDREN_PER_SECOND
