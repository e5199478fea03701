"""A cheap look at a video: how much of it has to be painted anew between keyframes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise
from pathlib import Path

from handler.domain.media import VideoFacts, working_dimensions
from handler.domain.ports import Frame, Media, Motion

MOST_FRAMES_READ = 720
"""Of a longer video only parts are decoded: a jump to a frame takes as long as reading sixty."""

STRETCHES_READ, STRETCHES_JUMPED_TO = 24, 8
"""At most so many, each from one keyframe to the next, are looked at."""

LOOKED_AT_PX = 240
"""Long side at which motion is followed. Of three clips 122 frames were painted between keyframes;
at 160 px it would have been 90, at this size 114, and 119 at 320 px, which takes twice as long."""

AT_ONCE = 2


def repainted_share(
    video: Path, facts: VideoFacts, interval: int, media: Media, motion: Motion
) -> float:
    """The part of the frames between keyframes that motion can't give their paint, 0 to 1.

    What becomes of some stretches is tried with small frames that are not painted.

    Args:
        interval: of keyframes.

    Returns:
        0 where nothing could be looked at.

    Raises:
        Rejected: not one frame can be decoded.
    """
    if interval == 1:
        return 0.0
    whole = max(1, facts.frame_count // interval)
    is_short = facts.frame_count <= MOST_FRAMES_READ
    count = STRETCHES_READ if is_short else STRETCHES_JUMPED_TO
    begins = sorted({(2 * i + 1) * whole // (2 * count) * interval for i in range(count)})
    size = working_dimensions(*facts.size, LOOKED_AT_PX, smallest_side=1, width_multiple=1)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        if is_short:
            stretches: Iterable[list[Frame]] = _read(
                video, facts, begins, interval + 1, size, media
            )
        else:
            stretches = threads.map(
                lambda begin: media.glimpse(video, facts, begin, size, interval + 1, roughly=True),
                begins,
            )
        counts = list(threads.map(lambda frames: _repainted(frames, motion), stretches))
    frames = sum(between for between, _ in counts)
    return sum(painted for _, painted in counts) / frames if frames else 0.0


def _read(
    video: Path,
    facts: VideoFacts,
    begins: Sequence[int],
    length: int,
    size: tuple[int, int],
    media: Media,
) -> list[list[Frame]]:
    stretches: list[list[Frame]] = [[] for _ in begins]
    with media.read_frames(video, facts, size) as frames:
        for index, frame in enumerate(islice(frames, begins[-1] + length)):
            for begin, stretch in zip(begins, stretches, strict=True):
                if begin <= index < begin + length:
                    stretch.append(frame)
    return stretches


def _repainted(frames: Sequence[Frame], motion: Motion) -> tuple[int, int]:
    """How many frames lie between the first and the last, and how many of these are painted."""
    cuts = [at for at, pair in enumerate(pairwise(frames), 1) if motion.is_cut(*pair)]
    painted: set[int] = set()
    for first, end in pairwise([0, *cuts, len(frames)]):
        painted |= {first, end - 1}
        painted |= {first + at for at in _missed(frames[first:end], motion)}
    return max(0, len(frames) - 2), len(painted & set(range(1, len(frames) - 1)))


def _missed(shot: Sequence[Frame], motion: Motion) -> list[int]:
    """Of a shot between two keyframes, the frames that motion does not give their paint."""
    missed: list[int] = []

    def paint(at: int) -> Frame:
        if 0 < at < len(shot) - 1:
            missed.append(at)
        return shot[at]

    if len(shot) > 2:
        deque(motion.propagate(shot, paint), maxlen=0)
    return missed
