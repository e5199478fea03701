"""A job of many workers, played through event by event: how long it takes, and what holds it up.

    function: look, plan -> Distributed Map -> a worker for each chunk -> function: join, publish

What happens to a chunk: the Map gives it one of its places, starts a child, which invokes a
function; Lambda takes an environment that is idle, or adds one, or refuses and is asked again; the
worker fetches its part, paints it, leaves it; or is killed on the way, and is tried again. With
AWS Batch a container takes the place of child and function. Retries are those of template.yaml.

Not in it: what Lambda itself takes to fetch the image of a new environment, the delay from upload
to event, and other jobs of the account.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from handler.domain.media import VideoFacts
from handler.domain.plan import Plan
from handler.domain.price import CHUNK_USD, function_usd
from handler.domain.quotas import NEW_ACCOUNT, Bucket, Quotas
from handler.domain.route import Route
from handler.domain.spread import (
    CONTAINER_START_SECONDS,
    LONGEST_EXECUTION_SECONDS,
    TRANSFER_BYTES_PER_SECOND,
    Fleet,
    assembling_seconds,
    planning_seconds,
)

COLD_START_SECONDS = 1.0
"""From a new process to its first answer, imports included; measured by
tests/benchmarks/cold_start.py (README, "Watch it, and keep it safe")."""

HEAD_BYTES = 5_000_000
"""Of the source, that every worker fetches beside its part."""

READS, WRITES, TRANSITIONS = 8, 5, 3
"""Requests of one worker, as ``handler.domain.price.CHUNK_USD`` counts them."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 60.0
THROTTLED_RATE = 1.5
KILLED_RATE, MOST_KILLED = 2.0, 4
"""Pauses grow at these rates, and are random from 0 to that (full jitter)."""


@dataclass(frozen=True)
class Chances:
    """What can't be planned.

    Attributes:
        spread: standard deviation of the logarithm of what a chunk takes over its plan. How much
            must be painted anew is not known before, and factors multiply, so it is taken to be
            log-normal, with the plan as its mean; tests/benchmarks/chunk_times.py measures it.
        killed: share of workers that die at any moment of their work. An assumption, as nothing
            here measures AWS.
    """

    spread: float = 0.44
    killed: float = 0.001


MEASURED = Chances()


@dataclass(frozen=True)
class Run:
    """How a job went.

    Attributes:
        seconds: wall clock, from the first look at the source to the published result.
        frames: that workers left, each once.
        worked_seconds: of all workers, without what was lost with those that were killed.
        workers: that worked at a time, at most.
        cold_starts: environments that were new.
        killed, throttled: invocations that ended so.
        path: seconds of the chunk that was the last to be done, and of what came before and after
            all chunks, by what they were spent on; of a job that was done, in sum ``seconds``.
        error: of the state machine that gave up; None where the job was done.
    """

    seconds: float
    usd: float
    frames: int
    worked_seconds: float
    chunks: int
    workers: int
    cold_starts: int
    killed: int
    throttled: int
    path: Mapping[str, float]
    error: str | None = None

    @property
    def held_up_by(self) -> str:
        """What took the largest part of the wall clock."""
        return max(self.path, key=lambda what: self.path[what])


def simulate(
    plan: Plan,
    fleet: Fleet,
    facts: VideoFacts,
    quotas: Quotas = NEW_ACCOUNT,
    chances: Chances = MEASURED,
    seed: int = 0,
) -> Run:
    """Play a plan for many workers through.

    Args:
        seed: of all chances; the same seed gives the same run.
    """
    return _Stage(plan, fleet, facts, quotas, chances, seed).run()


@dataclass
class _Chunk:
    """One to be painted.

    Attributes:
        painting: seconds that it takes.
        dice: its own, so that what becomes of it does not hang on the others.
        path: what its time was spent on, until now.
    """

    frames: int
    painting: float
    dice: random.Random
    billed_from: float = 0.0
    killed: int = 0
    throttled: int = 0
    path: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


_Action = Callable[[float, _Chunk], None]


class _Stage:
    """The state of AWS while one job runs."""

    def __init__(
        self,
        plan: Plan,
        fleet: Fleet,
        facts: VideoFacts,
        quotas: Quotas,
        chances: Chances,
        seed: int,
    ) -> None:
        self._plan, self._fleet, self._facts = plan, fleet, facts
        self._quotas, self._chances = quotas, chances
        self._is_batch = plan.route is Route.BATCH
        self._children = Bucket(quotas.containers if self._is_batch else quotas.children)
        self._environments = Bucket(quotas.environments)
        self._transitions = Bucket(quotas.transitions)
        self._reads, self._writes = Bucket(quotas.reads), Bucket(quotas.writes)
        self._events: list[tuple[float, int, _Action, _Chunk]] = []
        self._order = count()
        self._planned = COLD_START_SECONDS + planning_seconds(plan.work, facts)
        self._waiting = deque(self._chunks(seed))
        self._last: _Chunk | None = None
        self._error: str | None = None
        self._now = self._planned
        self._running = self._idle = self._most = self._cold = self._killed = self._refused = 0
        self._billed: list[float] = []
        self._frames, self._worked = 0, 0.0

    def run(self) -> Run:
        places = min(self._plan.workers, self._quotas.children_at_once)
        for _ in range(min(places, len(self._waiting))):
            self._next(self._planned)
        while self._events and not self._error:
            self._now, _, action, chunk = heapq.heappop(self._events)
            if self._now > LONGEST_EXECUTION_SECONDS:
                self._error = "the execution was stopped when its time was over"
            else:
                action(self._now, chunk)
        assembling = 0.0
        if not self._error:
            assembling = COLD_START_SECONDS + assembling_seconds(self._plan.work, self._facts)
        path = dict(self._last.path if self._last else {})
        path |= {"planning": self._planned, "joining": assembling}
        return Run(
            seconds=self._now + assembling,
            usd=self._usd(self._planned + assembling),
            frames=self._frames,
            worked_seconds=self._worked,
            chunks=self._plan.chunks,
            workers=self._most,
            cold_starts=self._cold,
            killed=self._killed,
            throttled=self._refused,
            path={what: seconds for what, seconds in path.items() if seconds > 0},
            error=self._error,
        )

    def _chunks(self, seed: int) -> Iterator[_Chunk]:
        plan, spread = self._plan, self._chances.spread
        per_frame = plan.work.vcpu_seconds / max(1, plan.work.frames) / plan.worker.vcpus
        for index in range(plan.chunks):
            dice = random.Random(f"{seed} {index}")  # noqa: S311
            off_by = dice.lognormvariate(-(spread**2) / 2, spread)
            frames = min(plan.chunk_frames, plan.work.frames - index * plan.chunk_frames)
            yield _Chunk(frames, per_frame * (frames + 1) * off_by, dice)

    def _at(self, time: float, action: _Action, chunk: _Chunk) -> None:
        heapq.heappush(self._events, (time, next(self._order), action, chunk))

    def _next(self, now: float) -> None:
        """A place is free."""
        if self._waiting:
            chunk = self._waiting.popleft()
            chunk.path["waiting for a worker"] += now - self._planned
            self._start(now, chunk)

    def _start(self, now: float, chunk: _Chunk) -> None:
        started = self._children.take(self._transitions.take(now, TRANSITIONS))
        chunk.path["starting workers"] += started - now
        self._at(started, self._begin if self._is_batch else self._invoke, chunk)

    def _invoke(self, now: float, chunk: _Chunk) -> None:
        is_full = self._running >= self._quotas.functions
        if is_full or (not self._idle and not self._environments.has(now)):
            self._refused += 1
            chunk.throttled += 1
            again = now + _pause(chunk.dice, chunk.throttled, THROTTLED_RATE)
            chunk.path["account's concurrency"] += again - now
            self._at(again, self._invoke, chunk)
            return
        self._begin(now, chunk)

    def _begin(self, now: float, chunk: _Chunk) -> None:
        process = now + CONTAINER_START_SECONDS if self._is_batch else now
        begun = process
        if self._idle:
            self._idle -= 1
        else:
            self._cold += 1
            begun += COLD_START_SECONDS
            if not self._is_batch:
                self._environments.take(now)
        self._running += 1
        self._most = max(self._most, self._running)
        chunk.path["cold starts"] += begun - now
        chunk.billed_from = process
        self._at(begun, self._work, chunk)

    def _work(self, now: float, chunk: _Chunk) -> None:
        read = self._reads.take(now, READS)
        chunk.path["S3"] += read - now
        begin = self._plan.work.start_seconds + self._fetching
        working = begin + chunk.painting
        if chunk.dice.random() < self._chances.killed:
            died = read + working * chunk.dice.random()
            chunk.path["killed workers"] += died - read
            self._at(died, self._die, chunk)
            return
        chunk.path["each worker's start"] += begin
        chunk.path["painting"] += chunk.painting
        self._worked += working
        self._frames += chunk.frames
        self._at(read + working, self._leave, chunk)

    def _leave(self, now: float, chunk: _Chunk) -> None:
        done = self._writes.take(now, WRITES)
        chunk.path["S3"] += done - now
        self._at(done, self._end, chunk)

    @property
    def _fetching(self) -> float:
        part = self._facts.size_bytes / self._plan.chunks + HEAD_BYTES
        return min(part, self._facts.size_bytes) / TRANSFER_BYTES_PER_SECOND

    def _die(self, now: float, chunk: _Chunk) -> None:
        self._billed.append(now - chunk.billed_from)
        self._running -= 1
        self._killed += 1
        chunk.killed += 1
        if chunk.killed > MOST_KILLED:
            self._error = f"the workers of one chunk were killed {MOST_KILLED + 1} times"
            return
        again = now + (0.0 if self._is_batch else _pause(chunk.dice, chunk.killed, KILLED_RATE))
        chunk.path["killed workers"] += again - now
        self._at(again, self._start if self._is_batch else self._invoke, chunk)

    def _end(self, now: float, chunk: _Chunk) -> None:
        self._billed.append(now - chunk.billed_from)
        self._running -= 1
        self._idle += not self._is_batch
        self._last = chunk
        self._next(now)

    def _usd(self, functions_seconds: float) -> float:
        function, containers = self._fleet.function, self._fleet.containers
        usd = len(self._billed) * CHUNK_USD
        if self._is_batch and containers:
            usd += math.fsum(map(containers.usd, self._billed))
        else:
            functions_seconds += math.fsum(self._billed)
        return usd + function_usd(functions_seconds, function.memory_mb, function.machine)


def _pause(dice: random.Random, attempt: int, rate: float) -> float:
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * rate ** (attempt - 1))
    return dice.uniform(0.0, longest)
