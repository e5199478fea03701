"""Calibration on a machine whose costs are known exactly."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from handler.domain.errors import Unavailable
from handler.domain.keyframes import flow_scale
from handler.domain.media import Encoding, VideoFacts
from handler.domain.ports import Frame, FrameWriter, StyleVector
from handler.pipeline.calibrate import calibrate
from tests.fakes import FACTS, FakeMedia, FakeMotion, FakePainter

CODEC, PAINT, PAINT_F32, CARRY, START = 0.25, 0.5, 1.5, 0.125, 2.0


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class MeteredMedia(FakeMedia):
    """Footage is its own description; every frame that is written costs."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def make(self, video: Path, width: int, height: int, frames: int) -> None:
        video.write_text(f"{width} {height} {frames}")

    def probe(self, video: Path) -> VideoFacts:
        if not video.read_bytes().startswith(b"result "):
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
        self._clock.seconds += len(self.written) * facts.width * facts.height / 1e6 * CODEC


class MeteredPainter(FakePainter):
    frames_at_once = 1

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__()
        self._clock = clock
        self._seconds = seconds

    def style_vector(self, picture: Frame, scale: float = 1.0) -> StyleVector:
        if not self.vectors_made:
            self._clock.seconds += START
        return super().style_vector(picture, scale)

    def paint(self, frame: Frame, style: StyleVector) -> Frame:
        self._clock.seconds += frame.shape[0] * frame.shape[1] / 1e6 * self._seconds
        return super().paint(frame, style)


class MeteredMotion(FakeMotion):
    """Has one frame of each segment painted anew."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def propagate(
        self,
        frames: Sequence[Frame],
        first: Frame,
        last: Frame,
        repaint: Callable[[int], Frame],
        *,
        morphs: bool = False,
    ) -> Iterator[Frame]:
        height, width = first.shape[:2]
        megapixels = width * height * flow_scale(width, height) ** 2 / 1e6
        self._clock.seconds += (len(frames) - 2) * megapixels * CARRY
        repaint(len(frames) // 2)
        return super().propagate(frames, first, last, repaint, morphs=morphs)


def test_the_constants_come_out_again() -> None:
    clock = Clock()
    media = MeteredMedia(clock)
    painters = {
        "bf16": MeteredPainter(clock, PAINT),
        "f32": MeteredPainter(clock, PAINT_F32),
    }
    measured = calibrate(
        media,
        painters,
        MeteredMotion(clock),
        media.make,
        processors=2,
        processor="any",
        today="2026-01-01",
        processor_seconds=clock,
    )
    assert measured.codec_seconds == pytest.approx(CODEC, abs=1e-4)
    assert measured.carry_seconds == pytest.approx(CARRY, abs=1e-3)
    assert measured.start_seconds == pytest.approx(START, abs=1e-3)
    of_model = measured.paint_seconds["fake"]
    assert of_model == pytest.approx({"bf16": PAINT, "f32": PAINT_F32}, abs=1e-3)


def test_times_that_make_no_sense_are_not_written_down() -> None:
    media = MeteredMedia(Clock())
    with pytest.raises(Unavailable, match="too busy"):
        calibrate(
            media,
            {"f32": FakePainter()},
            FakeMotion(),
            media.make,
            processors=2,
            processor="any",
            today="2026-01-01",
            processor_seconds=Clock(),
        )
