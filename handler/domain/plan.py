"""How long a job will take and what it will cost, before anything is painted."""

from __future__ import annotations

import json
import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from handler.domain.errors import Defect
from handler.domain.keyframes import FLOW_SCALE, bounded_interval, flow_scale
from handler.domain.media import VideoFacts
from handler.domain.price import VCPU_MB, function_usd
from handler.domain.route import Route
from handler.domain.timeline import Timeline
from handler.domain.treatment import size_held

MEGAPIXEL = 1e6

PUBLISHING_SECONDS = 20.0
"""Kept back for checking and uploading the result."""

FRAMES_TO_DECODE_ONE = 60
"""From where a decoder may begin to the frame that is wanted; usual encoders begin anew after 12 to
250 frames."""

LONGEST_FUNCTION_SECONDS = 900
"""Lambda's own limit."""


@dataclass(frozen=True)
class Worker:
    """What paints.

    Attributes:
        vcpus: processors that it may use at a time, fractions included.
        memory_mb: that is billed; 0 where nobody sends a bill.
        machine: architecture as ``platform.machine()`` spells it.
    """

    vcpus: float
    memory_mb: int
    machine: str

    @classmethod
    def function(cls, memory_mb: int, machine: str = "x86_64") -> Worker:
        """A Lambda function of that size."""
        return cls(memory_mb / VCPU_MB, memory_mb, machine)


@dataclass(frozen=True)
class Calibration:
    """What painting took on one machine; ``artreel bench --calibrate`` measures it.

    Seconds are those of one processor, if nothing else is said: with as many as there are, painting
    overlaps decoding and encoding and is held to take their sum, divided by the processors.

    Attributes:
        measured_at: date, ISO 8601.
        processor, processors: name and number of those that were measured.
        start_seconds: before the first frame and after the last, by the wall clock: processes that
            begin one after the other, and networks that are compiled beside them. Neither the size
            of frames nor more processors change it much.
        start_processor_seconds: that all of these use together.
        busy_share: part of the processors that painting, once it has begun, keeps busy, 0 to 1.
        codec_seconds: to decode, resize and encode one megapixel of the source.
        carry_seconds: for a frame between keyframes, painted anew or not, by megapixels as
            ``carried_megapixels`` counts them.
        paint_seconds: to paint one megapixel of the working size, by model and precision.
    """

    measured_at: str
    processor: str
    processors: int
    start_seconds: float
    start_processor_seconds: float
    busy_share: float
    codec_seconds: float
    carry_seconds: float
    paint_seconds: Mapping[str, Mapping[str, float]]

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """Raises Defect when the text is no calibration."""
        try:
            calibration = cls(**json.loads(text))
            numbers = [
                calibration.start_seconds,
                calibration.start_processor_seconds,
                calibration.busy_share,
                calibration.codec_seconds,
                calibration.carry_seconds,
            ]
            for of_model in calibration.paint_seconds.values():
                numbers += of_model.values()
            usable = calibration.busy_share <= 1 and all(
                math.isfinite(number) and number > 0 for number in numbers
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise Defect(f"the calibration can't be read: {error}") from error
        if not usable:
            raise Defect("the calibration holds numbers that can't have been measured")
        return calibration

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    def with_model(self, newer: Calibration) -> Calibration:
        """The newer measurement, and what was known of models that it did not measure."""
        return Calibration(
            **{**asdict(newer), "paint_seconds": {**self.paint_seconds, **newer.paint_seconds}}
        )

    def seconds_to_paint(self, model: str, precision: str) -> float | None:
        """Processor seconds a megapixel; in the slowest known precision if that one is not known.

        None for a model that was not measured.
        """
        of_model = self.paint_seconds.get(model, {})
        return of_model.get(precision, max(of_model.values(), default=None))

    def processor_seconds(self, work: Work) -> float:
        """That the work uses, start included; what waits uses none."""
        return self.start_processor_seconds + self.busy_share * work.vcpu_seconds


@dataclass(frozen=True)
class Work:
    """What a job asks of a worker.

    Attributes:
        frames: of the video.
        frames_painted, frames_carried: keyframes, and those between them that are carried along
            the motion. Cuts and what moves into sight make more keyframes, as a look at some of
            the video tells; repeated frames make fewer.
        working_size: width and height at which frames are painted, px.
        keyframe_interval: frames from one keyframe to the next, 1 if each is painted.
        start_seconds: wall clock.
        vcpu_seconds: of one processor, after the start; it waits for some of them.
    """

    frames: int
    frames_painted: int
    frames_carried: int
    working_size: tuple[int, int]
    keyframe_interval: int
    start_seconds: float
    vcpu_seconds: float

    def seconds(self, vcpus: float) -> float:
        """From the first look at the source to the checked result, wall clock."""
        return self.start_seconds + self.vcpu_seconds / vcpus


@dataclass(frozen=True)
class Plan:
    """An estimate.

    Attributes:
        worker: each of them.
        seconds: wall clock.
        usd: None where nobody sends a bill.
        chunk_frames: that each worker paints; 0 where one paints all.
        chunks: how many workers are started, ``workers`` of them at a time.
    """

    route: Route
    worker: Worker
    work: Work
    seconds: float
    usd: float | None
    chunk_frames: int = 0
    chunks: int = 1
    workers: int = 1

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def work_of(
    facts: VideoFacts,
    layers: Sequence[Timeline],
    working_size: tuple[int, int],
    keyframe_interval: int,
    calibration: Calibration,
    paint_seconds: float,
    repainted_share: float = 0.0,
) -> Work:
    """What painting a video asks for.

    Args:
        layers: of looks, each painted.
        working_size: width and height, px.
        keyframe_interval: as asked for; where large frames are held it is less.
        paint_seconds: of one processor for a megapixel of the working size.
        repainted_share: of the frames between keyframes that motion can't give their paint.
    """
    interval = bounded_interval(keyframe_interval, size_held(layers, working_size, facts.size))
    counts = [keyframes_and_others(layer, facts, interval) for layer in layers]
    keyframes, others = map(sum, zip(*counts, strict=True))
    repainted = round(repainted_share * others)
    painted = keyframes + repainted
    source_megapixels = facts.frame_count * facts.width * facts.height / MEGAPIXEL
    working_megapixels = working_size[0] * working_size[1] / MEGAPIXEL
    busy_seconds = (
        calibration.codec_seconds * source_megapixels
        + paint_seconds * working_megapixels * painted
        + calibration.carry_seconds * carried_megapixels(working_size, others, repainted)
    )
    return Work(
        frames=facts.frame_count,
        frames_painted=painted,
        frames_carried=others - repainted,
        working_size=working_size,
        keyframe_interval=interval,
        start_seconds=calibration.start_seconds,
        vcpu_seconds=busy_seconds / calibration.busy_share,
    )


def carried_megapixels(working_size: tuple[int, int], between: int, repainted: int) -> float:
    """What carrying paint goes by.

    Motion is estimated at a smaller size than the working size, width and height in px. What that
    saves where it is smaller than half, carrying paint that far costs. A frame that is painted anew
    gives its paint to those around it: two or three of them are mixed once more, at working size,
    which takes about as long as one frame does where motion is estimated at half of it.

    Args:
        between: frames between keyframes,
        repainted: and those of them that motion does not give their paint.
    """
    width, height = working_size
    scale = max(FLOW_SCALE, flow_scale(width, height))
    return width * height / MEGAPIXEL * (scale**2 * between + FLOW_SCALE**2 * repainted)


def work_of_preview(
    facts: VideoFacts,
    paintings: int,
    jumps: int,
    working_size: tuple[int, int],
    calibration: Calibration,
    paint_seconds: float,
) -> Work:
    """What painting a few frames in many styles asks for; the other arguments as of ``work_of``.

    Args:
        jumps: into the video, each to decode one frame and those that lead to it.
    """
    decoded = jumps * min(facts.frame_count, FRAMES_TO_DECODE_ONE)
    source_megapixels = decoded * facts.width * facts.height / MEGAPIXEL
    working_megapixels = working_size[0] * working_size[1] / MEGAPIXEL
    busy_seconds = (
        calibration.codec_seconds * source_megapixels
        + paint_seconds * working_megapixels * paintings
    )
    return Work(
        frames=paintings,
        frames_painted=paintings,
        frames_carried=0,
        working_size=working_size,
        keyframe_interval=1,
        start_seconds=calibration.start_seconds,
        vcpu_seconds=busy_seconds / calibration.busy_share,
    )


def keyframes_and_others(timeline: Timeline, facts: VideoFacts, interval: int) -> tuple[int, int]:
    """How many frames are keyframes, were there no cuts, and how many lie between them.

    Keyframes are the first and the last frame of each painted stretch, those whose index is a
    multiple of the interval, and those at which paint begins or ends to change.
    """
    schedule = timeline.in_frames(facts.frame_rate)
    turns = sorted(turn for turn in schedule.turns if turn % interval)
    keyframes = frames = 0
    for stretch in schedule.painted_stretches(facts.frame_count):
        first, last = stretch[0], stretch[-1]
        on_grid = (last - 1) // interval - first // interval
        turning = bisect_left(turns, last) - bisect_right(turns, first)
        keyframes += len({first, last}) + max(0, on_grid) + max(0, turning)
        frames += len(stretch)
    return keyframes, frames - keyframes


def plan_for(worker: Worker, work: Work) -> Plan:
    """What the work takes and costs on one worker."""
    seconds = work.seconds(worker.vcpus)
    usd = None
    if worker.memory_mb:
        usd = function_usd(seconds, worker.memory_mb, worker.machine)
    return Plan(Route.LAMBDA, worker, work, seconds, usd)
