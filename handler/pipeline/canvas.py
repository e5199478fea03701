"""Every frame of a video painted: in one layer, or in two that a mask tells apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import chain, islice, tee
from typing import TYPE_CHECKING

from handler.domain.keyframes import bounded_interval
from handler.domain.media import VideoFacts, working_dimensions
from handler.domain.ports import Frame, Media, Motion, Painter
from handler.domain.treatment import KeepColors, size_held
from handler.pipeline.brush import Brush, resized
from handler.pipeline.matte import Matte, mattes, merged
from handler.pipeline.palette import Palette
from handler.pipeline.quality import Pair, Quality, quality_of
from handler.pipeline.segments import WorkFrame, segments
from handler.pipeline.stages import in_order, read_ahead
from handler.pipeline.style_picture import style_picture

if TYPE_CHECKING:
    from handler.pipeline.paint_video import PaintOrder

Painted = tuple[WorkFrame, Frame]
"""A frame before and after."""


class Canvas:
    """What a video is painted with.

    Attributes:
        working_size: width and height at which frames are painted, px.
        size: at which frames come and go; the source's if it is seen anywhere.
    """

    def __init__(
        self, order: PaintOrder, facts: VideoFacts, media: Media, painter: Painter, motion: Motion
    ) -> None:
        self._order, self._facts = order, facts
        self._media, self._painter, self._motion = media, painter, motion
        layers = order.treatment.layers(order.timeline)
        self.working_size = working_dimensions(
            facts.width,
            facts.height,
            order.working_size_px,
            painter.smallest_side,
            painter.width_multiple,
        )
        compares = order.compare is not None
        held = facts.size if compares else size_held(layers, self.working_size, facts.size)
        self._interval = bounded_interval(order.keyframe_interval, held)
        # The codecs' own scaling costs next to nothing, but the original must not pass through it.
        shows_source = compares or any(layer.shows_source for layer in layers)
        self.size = facts.size if shows_source else self.working_size
        # Both take longer than it takes until there is a frame to paint.
        ahead = ThreadPoolExecutor(thread_name_prefix="ahead")
        ahead.submit(painter.prepare, *self.working_size)
        self._palette = ahead.submit(self._read_palette)
        ahead.shutdown(wait=False)
        self._brushes = [
            Brush(
                layer.in_frames(facts.frame_rate),
                self._palette,
                self.working_size,
                painter,
                motion,
                keeps_colors=order.treatment.keep_colors is KeepColors.LUMINANCE,
            )
            for layer in layers
        ]

    def _read_palette(self) -> Palette:
        order = self._order
        pictures = {
            style: style_picture(style, order.styles, self._media)
            for style in sorted(order.named_styles)
        }
        return Palette(pictures, self._painter, order.treatment)

    @property
    def frames_painted(self) -> int:
        """Times that the transformer ran."""
        return sum(brush.frames_painted for brush in self._brushes)

    def quality_of(self, pairs: Sequence[Pair]) -> Quality | None:
        """Of pairs of painted frames; None of those that a mask has put together."""
        if len(self._brushes) > 1:
            return None
        return quality_of(pairs, self._brushes[0], self._painter, self._motion.is_cut)

    @contextmanager
    def painted(self, frames: Iterator[tuple[int, Frame]]) -> Iterator[Iterator[Painted]]:
        """Paint frames, given with their indices, in order; the sizes of paint may differ.

        Raises:
            Rejected: a picture is missing or can't be read.
        """
        prepared = (
            tuple(brush.prepare(index, frame) for brush in self._brushes) for index, frame in frames
        )
        with ExitStack() as work:
            sources = tee(work.enter_context(read_ahead(prepared)), len(self._brushes))
            layers = [self._layer(which, rows, work) for which, rows in enumerate(sources)]
            mask = self._order.treatment.mask
            if mask is None:
                yield layers[0]
                return
            assert self._order.mask
            found = mattes(mask, self._order.mask, self._facts, self.size, self._media)
            inside, outside = layers
            yield self._merged(inside, outside, work.enter_context(found))

    def _layer(
        self, which: int, rows: Iterator[tuple[WorkFrame, ...]], work: ExitStack
    ) -> Iterator[Painted]:
        threads = in_order(self._brushes[which].begin, self._painter.frames_at_once)
        paint_all = work.enter_context(threads)
        sources = (row[which] for row in rows)
        cut_up = segments(sources, self._interval, self._motion.is_cut)
        first = list(islice(cut_up, 1))  # takes as long as the pictures
        self._palette.result()
        return (
            pair
            for segment, finished in paint_all(chain(first, cut_up))
            for pair in zip(segment.frames, finished, strict=True)
        )

    def _merged(
        self, inside: Iterator[Painted], outside: Iterator[Painted], mattes: Iterator[Matte]
    ) -> Iterator[Painted]:
        numbered = enumerate(mattes)
        for (before, one), (_, other) in zip(inside, outside, strict=True):
            matte = next(matte for index, matte in numbered if index == before.index)
            yield before, merged(resized(one, self.size), resized(other, self.size), matte)
