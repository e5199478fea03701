"""Both networks of a bundle on OpenVINO's CPU engine."""

from __future__ import annotations

import os
import platform
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from handler.domain.errors import Rejected
from handler.domain.ports import Frame, StyleVector
from handler.kernels.processor import CPUINFO, instructions
from handler.style.bundle import Bundle
from handler.style.compiled import CompiledNetworks
from handler.style.picture import square

if TYPE_CHECKING:
    import openvino


Floats = npt.NDArray[np.float32]

SIZES_REMEMBERED = 2
"""Bound on compiled frame sizes kept; each holds up to 60 MB a thread at 1024x576."""

MEMORY_BYTES = 640 * 1024**2
"""Bound on what all frames painted at a time take; a frame that takes more is painted alone."""

BYTES_PER_NUMBER = {"f32": 12, "bf16": 6}
"""That painting takes for each number that the first layer makes, measured: three tensors."""

UNKNOWN_CHANNELS = 32
"""Of the first layer of a transformer that was not recognised: as in the published one."""

CONVERTER = "openvino.tools.ovc"
"""OpenVINO's converter of models, which it loads where it can: half the time of its import."""

LOOKS_REMEMBERED = 64
"""Bound on affine vectors kept, about 3 KB each."""


class OpenVinoPainter:
    """``handler.domain.ports.Painter`` for one bundle.

    Frames go in and come out as uint8; scaling to 0..1 and rounding back happen inside the graph.
    The transformer is compiled once per frame size, the other networks from the beginning on. Each
    processor thread paints a frame of its own: threads that share one frame would wait for each
    other whenever a codec takes a core.

    Source: Ghiasi et al. 2017, arXiv 1705.06830, section 3: one predictor, one transformer.

    Args:
        bundle: the networks.
        precision: ``f32`` or ``bf16``; what this processor computes fastest if not given.
        threads: frames painted at a time, one thread each; as many as the process has processors
            if not given.
        compiled_model_dir: keeps compiled networks over processes, for a faster start.

    Raises:
        Rejected: the processor lacks the precision that was asked for.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        precision: str | None = None,
        threads: int | None = None,
        compiled_model_dir: Path | None = None,
    ) -> None:
        with _without(CONVERTER):
            import openvino

        self._bundle = bundle
        self._precision = precision or fastest_precision()
        self._threads = threads or len(os.sched_getaffinity(0))
        self._core = openvino.Core()
        able = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if self._precision == "bf16" and "BF16" not in able:
            raise Rejected("this processor has no bf16; leave the precision to `auto`")
        self._networks = CompiledNetworks(self._core, compiled_model_dir, Path(__file__))
        self._transformers: dict[tuple[int, int], _Transformer] = {}
        self._compiling = threading.Lock()
        self._asking = threading.Lock()
        small = (bundle.predictor, *((bundle.affine,) if bundle.is_rewritten else ()))
        # While it is still to be found out how large frames are.
        ahead = ThreadPoolExecutor(1, thread_name_prefix="compile")
        self._small = {path: ahead.submit(self._small_network, path) for path in small}
        ahead.shutdown(wait=False)
        self._affine_of = lru_cache(LOOKS_REMEMBERED)(self._affine)

    @property
    def description(self) -> Mapping[str, str]:
        import openvino

        return {
            "model": self._bundle.manifest.name,
            "engine": f"openvino {openvino.__version__.partition('-')[0]}",
            "precision": self._precision,
        }

    @property
    def smallest_side(self) -> int:
        return self._bundle.manifest.smallest_side

    @property
    def frames_at_once(self) -> int:
        return self._threads

    @property
    def width_multiple(self) -> int:
        return self._bundle.manifest.width_multiple

    @property
    def compiled_sizes(self) -> frozenset[tuple[int, int]]:
        """Height and width, px, of the frames it is ready for."""
        return frozenset(self._transformers)

    def prepare(self, width: int, height: int) -> None:
        with self._compiling:
            self._transformer(height, width)

    def style_vector(self, picture: Frame, scale: float = 1.0) -> StyleVector:
        """Summarize a style image; always in float32, since it is done for few pictures."""
        side = self._bundle.manifest.style_size
        scaled = square(picture, side, scale).astype(np.float32) / np.float32(255)
        vector: StyleVector = self._answer(self._bundle.predictor, scaled[np.newaxis])
        return vector.reshape(-1)

    def paint(self, frame: Frame, style: StyleVector) -> Frame:
        height, width = frame.shape[:2]
        with self._compiling:
            transformer = self._transformer(height, width)
        if self._is_rewritten_for(width):
            return transformer.paint(frame, self._affine_of(style.tobytes()))
        return transformer.paint(frame, style.reshape(1, 1, 1, -1))

    def _is_rewritten_for(self, width: int) -> bool:
        return self._bundle.is_rewritten and width % self.width_multiple == 0

    def _affine(self, style: bytes) -> Floats:
        """All scales and shifts of a look, float32 (1, M)."""
        vector = np.frombuffer(style, np.float32).reshape(1, 1, 1, -1)
        return self._answer(self._bundle.affine, vector)

    def _answer(self, network: Path, given: Floats) -> Floats:
        """Of a small network; one at a time, since two that copy their inputs lock each other."""
        with self._asking:
            answer: Floats = self._small[network].result()(given, share_inputs=True)[0]
            return answer

    def _small_network(self, path: Path) -> openvino.CompiledModel:
        return self._compiled(path, (), lambda: self._core.read_model(path), "f32")

    def _transformer(self, height: int, width: int) -> _Transformer:
        size = (height, width)
        if size not in self._transformers:
            bundle = self._bundle
            path = bundle.rewritten if self._is_rewritten_for(width) else bundle.transformer

            def model() -> openvino.Model:
                read = self._core.read_model(path)
                read.reshape({read.input(0): [1, height, width, 3]})
                return _with_bytes(read)

            channels = (*bundle.manifest.channels, UNKNOWN_CHANNELS)[0]
            streams = frames_at_once(height * width * channels, self._precision, self._threads)
            compiled = self._compiled(path, size, model, self._precision, streams)
            while len(self._transformers) >= SIZES_REMEMBERED:
                del self._transformers[next(iter(self._transformers))]
            self._transformers[size] = _Transformer(compiled, streams)
        return self._transformers[size]

    def _compiled(
        self,
        path: Path,
        size: tuple[int, ...],
        model: Callable[[], openvino.Model],
        precision: str,
        streams: int = 1,
    ) -> openvino.CompiledModel:
        options: dict[str, str | int] = {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": self._threads,
            "NUM_STREAMS": streams,
        }
        name = (self._bundle.manifest.sha256[path.name], size)
        return self._networks.network(name, model, options)


class _Transformer:
    """The transformer for one frame size, with a request for each frame painted at a time."""

    def __init__(self, compiled: openvino.CompiledModel, requests: int) -> None:
        self._idle: queue.SimpleQueue[openvino.InferRequest] = queue.SimpleQueue()
        for _ in range(requests):
            self._idle.put(compiled.create_infer_request())

    def paint(self, frame: Frame, look: Floats) -> Frame:
        request = self._idle.get()
        try:
            inputs = [frame[np.newaxis], look]
            painted: Frame = request.infer(inputs, share_inputs=True)[0][0].copy()
            return painted
        finally:
            self._idle.put(request)


def frames_at_once(numbers: int, precision: str, threads: int) -> int:
    """As many as threads, or fewer where frames are so large that memory bounds them.

    Args:
        numbers: that the first layer makes of a frame.
    """
    bytes_per_frame = numbers * BYTES_PER_NUMBER[precision]
    return max(1, min(threads, MEMORY_BYTES // bytes_per_frame))


def fastest_precision(cpuinfo: Path = CPUINFO, machine: str = platform.machine()) -> str:
    """``bf16`` where the processor multiplies it natively, else ``f32``.

    OpenVINO also offers bf16 on AVX-512 processors that only emulate it, twice as slow as f32, so
    the processor itself is asked.
    """
    native = {"avx512_bf16", "amx_bf16"} & (instructions(cpuinfo, machine) or frozenset())
    return "bf16" if native else "f32"


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Here a module that is not loaded yet is as if it were not installed."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


def _with_bytes(model: openvino.Model) -> openvino.Model:
    """uint8 0..255 in and out around a network that works in 0..1.

    The conversion to uint8 cuts off, so half a step is added before it: rounding to nearest.
    """
    import openvino
    from openvino import opset13 as ops
    from openvino.preprocess import PrePostProcessor

    processor = PrePostProcessor(model)
    processor.input(0).tensor().set_element_type(openvino.Type.u8)
    processor.input(0).preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
    processor.output(0).postprocess().custom(
        lambda output: ops.add(
            ops.multiply(output, ops.constant(255.0, openvino.Type.f32)),
            ops.constant(0.5, openvino.Type.f32),
        ).output(0)
    )
    processor.output(0).tensor().set_element_type(openvino.Type.u8)
    return processor.build()
