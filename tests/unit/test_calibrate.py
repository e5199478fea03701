"""Calibration on a machine whose costs are known exactly."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from handler.domain.errors import Unavailable
from handler.domain.media import Encoding, VideoFacts
from handler.domain.plan import Calibration, carried_megapixels
from handler.domain.ports import Frame, FrameWriter, Painter, StyleVector
from handler.pipeline.calibrate import Clocks, Effort, calibrate, effort_of
from handler.pipeline.paint_video import PaintOrder
from tests.fakes import FACTS, FakeMedia, FakeMotion, FakePainter

CODEC, PAINT, PAINT_F32, CARRY = 0.25, 0.5, 1.5, 0.125
START, START_PROCESSOR = 2.0, 3.0
PROCESSORS, BUSY = 2, 0.8

SLOW_VIDEO = 11
"""Of so many videos one is painted while others use the machine, too."""


class Machine:
    """Its two clocks."""

    def __init__(self) -> None:
        self._processors = self._wall = 0.0
        self._videos = 0

    @property
    def clocks(self) -> Clocks:
        return Clocks(lambda: self._processors, lambda: self._wall)

    def begin_video(self) -> None:
        self._videos += 1

    def start(self) -> None:
        self._processors += START_PROCESSOR
        self._wall += START

    def work(self, seconds: float) -> None:
        slowness = 1 if self._videos % SLOW_VIDEO else 3
        self._processors += seconds * slowness
        self._wall += seconds * slowness / PROCESSORS / BUSY


class MeteredMedia(FakeMedia):
    """Footage is its own description; every frame that is written costs."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self._machine = machine

    def make(self, video: Path, width: int, height: int, frames: int) -> None:
        video.write_text(f"{width} {height} {frames}")

    def probe(self, video: Path, *, is_ours: bool = False) -> VideoFacts:
        if not video.read_bytes().startswith(b"result "):
            self._machine.begin_video()
            width, height, frames = map(int, video.read_text().split())
            self.facts = replace(
                FACTS, width=width, height=height, frame_count=frames, frame_rate=FACTS.frame_rate
            )
            self.decodable = frames
        return super().probe(video)

    @contextmanager
    def write_video(
        self,
        video: Path,
        facts: VideoFacts,
        sound_from: Path,
        encoding: Encoding,
        size: tuple[int, int] | None = None,
    ) -> Iterator[FrameWriter]:
        with super().write_video(video, facts, sound_from, encoding, size) as writer:
            yield writer
        self._machine.work(len(self.written) * facts.width * facts.height / 1e6 * CODEC)


class MeteredPainter(FakePainter):
    """Has to start when it is first used."""

    frames_at_once = 1

    def __init__(self, machine: Machine, seconds: float) -> None:
        super().__init__()
        self._machine = machine
        self._seconds = seconds

    def style_vector(self, picture: Frame, scale: float = 1.0) -> StyleVector:
        if not self.vectors_made:
            self._machine.start()
        return super().style_vector(picture, scale)

    def paint(self, frame: Frame, style: StyleVector) -> Frame:
        self._machine.work(frame.shape[0] * frame.shape[1] / 1e6 * self._seconds)
        return super().paint(frame, style)


class MeteredMotion(FakeMotion):
    """Has one frame of each segment painted anew."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self._machine = machine

    def propagate(
        self,
        frames: Sequence[Frame],
        paint: Callable[[int], Frame],
        *,
        morphs: bool = False,
    ) -> Iterator[Frame]:
        height, width = frames[0].shape[:2]
        between = len(frames) - 2
        self._machine.work(carried_megapixels((width, height), between, repainted=1) * CARRY)
        paint(len(frames) // 2)
        return super().propagate(frames, paint, morphs=morphs)


def calibrated(
    machine: Machine, painters: dict[str, Painter], new_painter: Callable[[], Painter]
) -> Calibration:
    media, motion = MeteredMedia(machine), MeteredMotion(machine)

    def paint_cold(order: PaintOrder) -> Effort:
        return effort_of(order, media, new_painter(), motion, machine.clocks)

    return calibrate(
        media,
        painters,
        motion,
        media.make,
        paint_cold,
        processors=PROCESSORS,
        processor="any",
        today="2026-01-01",
        clocks=machine.clocks,
    )


def test_the_constants_come_out_again() -> None:
    machine = Machine()
    painters: dict[str, Painter] = {
        "bf16": MeteredPainter(machine, PAINT),
        "f32": MeteredPainter(machine, PAINT_F32),
    }
    measured = calibrated(machine, painters, lambda: MeteredPainter(machine, PAINT))
    assert measured.codec_seconds == pytest.approx(CODEC, abs=1e-4)
    assert measured.carry_seconds == pytest.approx(CARRY, abs=1e-3)
    assert measured.start_seconds == pytest.approx(START, abs=1e-3)
    assert measured.start_processor_seconds == pytest.approx(START_PROCESSOR, abs=1e-3)
    assert measured.busy_share == pytest.approx(BUSY, abs=1e-3)
    of_model = measured.paint_seconds["fake"]
    assert of_model == pytest.approx({"bf16": PAINT, "f32": PAINT_F32}, abs=1e-3)


def test_times_that_make_no_sense_are_not_written_down() -> None:
    machine = Machine()
    painter = MeteredPainter(machine, PAINT)
    with pytest.raises(Unavailable, match="too busy"):
        calibrated(machine, {"f32": painter}, FakePainter)  # a start that takes less than nothing
