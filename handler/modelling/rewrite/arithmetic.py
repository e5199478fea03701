"""Tells what arithmetic per channel, in whatever spelling, comes to."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

from handler.modelling.rewrite.graph import evaluate
from handler.modelling.rewrite.network import Floats, NotRecognised, StyleNorm
from handler.modelling.rewrite.tape import Tape

SMALL = 2.0**-8
"""A deviation whose square is of the order of an instance norm's epsilon."""

TOLERANCE = 1e-4


def read_channelwise(
    tape: Tape, start: str, end: str, channels: int, channels_last: bool
) -> tuple[Floats, Floats, StyleNorm | None]:
    """Tell what leads from a convolution's output ``y`` to a value.

    Args:
        start: name of ``y``, (1, channels, h, w).
        end: name of the value.
        channels_last: whether the value's layout is NHWC.

    Returns:
        scale, shift and None where the value is ``scale * y + shift``; ones, zeros and the norm
        where it is a style norm of ``y``.

    Raises:
        NotRecognised: it is neither.
    """
    chain = _Chain(tape, start, end, channels_last)
    random = np.random.default_rng(1)
    y = random.normal(size=(1, channels, 4, 6)).astype(np.float32)
    styles = random.normal(size=(2, tape.style_vector_length)).astype(np.float32)
    ones, zeros = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    if start == end:
        return ones, zeros, None

    shift = chain.of(np.zeros_like(y), styles[0])[0, :, 0, 0]
    scale = chain.of(np.ones_like(y), styles[0])[0, :, 0, 0] - shift
    if all(_close(chain.of(y, s), _per_channel(scale) * y + _per_channel(shift)) for s in styles):
        return scale, shift, None

    epsilon = _epsilon(chain, channels, styles[0])
    centred = (y - y.mean((2, 3), keepdims=True)) / np.sqrt(y.var((2, 3), keepdims=True) + epsilon)
    affine = chain.affine(channels, epsilon)
    for style in styles:
        gamma, beta = _answer(affine, tape, {tape.style: style.reshape(1, 1, 1, -1)})
        if not _close(chain.of(y, style), _per_channel(gamma) * centred + _per_channel(beta)):
            raise NotRecognised("arithmetic that is neither a scaling nor an instance norm")
    return ones, zeros, StyleNorm(epsilon, affine)


def _epsilon(chain: _Chain, channels: int, style: Floats) -> float:
    """Epsilon from the answers to deviations of 1 and of k.

    Plus and minus k give ``beta +- gamma k / sqrt(k^2 + eps)``. With r the half difference for k
    over that for 1, ``r^2 = k^2 (1 + eps) / (k^2 + eps)``, hence
    ``eps = k^2 (1 - r^2) / (r^2 - k^2)``.
    """
    unit = _alternating(channels)
    halves = []
    for deviation in (SMALL, 1):
        answer = chain.of(np.float32(deviation) * unit, style)[0, :, 0].astype(np.float64)
        halves.append(answer[:, 0] - answer[:, 1])
    strongest = int(np.argmax(np.abs(halves[1])))
    if not halves[1][strongest]:
        raise NotRecognised("a layer that ignores its input")
    square = float(halves[0][strongest] / halves[1][strongest]) ** 2
    return SMALL**2 * (1 - square) / (square - SMALL**2)


class _Chain:
    """The nodes between a convolution and a value, with anything put in for the convolution."""

    def __init__(self, tape: Tape, start: str, end: str, channels_last: bool) -> None:
        self._tape, self._start, self._end = tape, start, end
        self._nodes = tape.chain(start, end)
        if channels_last:
            self._end = f"{end}_nchw"
            self._nodes.append(helper.make_node("Transpose", [end], [self._end], perm=[0, 3, 1, 2]))
        inputs = [_value(start), _value(tape.style)]
        constants = tape.constants_of(self._nodes)
        self._graph = helper.make_graph(
            self._nodes, "chain", inputs, [_value(self._end)], constants
        )

    def of(self, y: Floats, style: Floats) -> Floats:
        """The value, NCHW, where the convolution gives ``y``."""
        feeds = {self._start: y, self._tape.style: style.reshape(1, 1, 1, -1)}
        return _answer(self._graph, self._tape, feeds)

    def affine(self, channels: int, epsilon: float) -> onnx.GraphProto:
        """Graph from the style vector to gamma and beta, (2, channels).

        Where ``y`` alternates between 1 and -1, its mean is 0 and its variance 1, and the norm
        gives ``beta +- gamma / sqrt(1 + eps)``: gamma is half the difference times
        ``sqrt(1 + eps)``, beta half the sum.
        """
        end, half = self._end, 0.5 * np.sqrt(1 + epsilon)
        mix = np.array([[half, 0.5], [-half, 0.5]], np.float32)
        constants = {
            self._start: _alternating(channels),
            f"{end}_mix": mix,
            f"{end}_pairs": np.array([channels, 2]),
        }
        tail = [
            helper.make_node("Reshape", [end, f"{end}_pairs"], [f"{end}_answers"]),
            helper.make_node("MatMul", [f"{end}_answers", f"{end}_mix"], [f"{end}_mixed"]),
            helper.make_node("Transpose", [f"{end}_mixed"], [f"{end}_affine"], perm=[1, 0]),
        ]
        return helper.make_graph(
            self._nodes + tail,
            "affine",
            [_value(self._tape.style)],
            [_value(f"{end}_affine")],
            self._tape.constants_of(self._nodes)
            + [numpy_helper.from_array(array, name) for name, array in constants.items()],
        )


def _alternating(channels: int) -> Floats:
    """(1, channels, 1, 2): 1 and -1 in every channel."""
    return np.tile(np.array([1, -1], np.float32), (1, channels, 1, 1))


def _per_channel(vector: Floats) -> Floats:
    return vector.reshape(1, -1, 1, 1)


def _close(one: Floats, other: Floats) -> bool:
    largest = max(1.0, float(np.abs(other).max()))
    return one.shape == other.shape and bool(np.abs(one - other).max() < TOLERANCE * largest)


def _value(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)


def _answer(graph: onnx.GraphProto, tape: Tape, feeds: dict[str, Floats]) -> Floats:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", tape.opset)])
    return evaluate(model, feeds)
