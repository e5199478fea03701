"""Chunks that were encoded alone become one stream of pictures, untouched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from handler.domain.errors import Defect
from handler.domain.media import VideoFacts
from handler.media.commands import ticks_per_second

if TYPE_CHECKING:
    from av import Packet
    from av.video.stream import VideoStream

BUFFER_BYTES = 1024 * 1024
"""That are written at a time."""

STREAMED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


def join(
    parts: Iterable[tuple[int, Path]], facts: VideoFacts, write: Callable[[memoryview], None]
) -> int:
    """Write one stream, MP4 in fragments; it begins at time 0.

    The files are this project's own, so they are read here rather than in a confined process.

    Args:
        parts: of each chunk its first frame and its file, in order; one at a time is read.
        write: takes the bytes as they come.

    Returns:
        How many pictures there are.

    Raises:
        Defect: a chunk was encoded in another way than the first, or times don't follow each other.
    """
    import av

    frame_ticks = ticks_per_second(facts) / facts.frame_rate
    pictures = 0
    last: int | None = None
    pipe = cast("IO[bytes]", _Pipe(write))
    with av.open(pipe, "w", "mp4", options=STREAMED, buffer_size=BUFFER_BYTES) as whole:
        stream: VideoStream | None = None
        for first, path in parts:
            with av.open(str(path), format="mov") as part:
                source = part.streams.video[0]
                headers = source.codec_context.extradata
                if stream is None:
                    stream = whole.add_stream_from_template(source)
                    stream.time_base = source.time_base
                    first_headers = headers
                if headers != first_headers:
                    raise Defect(f"the chunk from frame {first} on was encoded in another way")
                for packet in _moved(part.demux(source), int(first * frame_ticks)):
                    if last is not None and (packet.dts or 0) <= last:
                        raise Defect(f"the chunk from frame {first} on overlaps the one before")
                    last = packet.dts
                    packet.stream = stream
                    whole.mux(packet)
                    pictures += 1
    return pictures


def _moved(packets: Iterator[Packet[VideoStream]], to: int) -> Iterator[Packet[VideoStream]]:
    """The packets of a chunk so that its first picture, which comes first, is due then."""
    by: int | None = None
    for packet in packets:
        if packet.pts is None or packet.dts is None:  # PyAV's sign that the file is over
            continue
        if by is None:
            by = to - packet.pts
        packet.pts += by
        packet.dts += by
        yield packet


class _Pipe:
    """What PyAV takes for a file that can't be sought in."""

    def __init__(self, write: Callable[[memoryview], None]) -> None:
        self._write = write

    def write(self, content: bytes) -> int:
        self._write(memoryview(content))
        return len(content)
