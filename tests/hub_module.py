"""A module of the architecture and signature of Magenta's on TF Hub, with random weights.

Predictor: Inception-v3 up to Mixed_6e, mean over space, 1x1 convolution to 100 numbers.
Transformer: 9x9 32, 3x3/2 64, 3x3/2 128, five residual blocks, doubling + 3x3 64, doubling + 3x3
32, 9x9 3, sigmoid; reflect padding; after each convolution a conditional instance norm, whose
scale and shift are affine in the style vector.

Source: Ghiasi et al. 2017, arXiv 1705.06830, section 3; Dumoulin et al. 2017, arXiv 1610.07629,
table 1, for the transformer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

STYLE_NUMBERS = 100
MIXED_6E = "mixed7"
"""Keras counts the mixed blocks from zero: mixed0..2 are 5b..5d, mixed3..7 are 6a..6e."""

EPSILON = 1e-5
"""Added to the variance of an instance norm, as in Magenta's graph."""

RESIDUAL_BLOCKS = 5

Tensor = Any
"""A ``tf.Tensor``, of float32; pictures are (1, height, width, 3) in 0..1."""

Stylize = Callable[[Tensor, Tensor], Tensor]
"""Content and style image to the painted picture."""


def save_hub_module(folder: Path, *, signature_only: bool = False) -> Path:
    """Write the module as a SavedModel to ``folder``; the same weights at each call.

    Args:
        signature_only: as TF1 exports it, without a callable of its own.
    """
    import tensorflow as tf

    module = tf.Module()
    predict = _predictor(module, np.random.default_rng(1))
    transform = _transformer(module, np.random.default_rng(2))
    return save_module(
        module,
        lambda content, style: transform(content, predict(style)),
        folder,
        signature_only=signature_only,
    )


def save_module(
    module: Any, stylize: Stylize, folder: Path, *, signature_only: bool = False
) -> Path:
    """Export ``stylize``, whose variables the ``tf.Module`` holds, under the names of the hub's."""
    import tensorflow as tf

    picture = tf.TensorSpec((None, None, None, 3), tf.float32)

    def call(content: Tensor, style: Tensor) -> list[Tensor]:
        return [stylize(content, style)]

    def serve(placeholder: Tensor, placeholder_1: Tensor) -> dict[str, Tensor]:
        return {"output_0": stylize(placeholder, placeholder_1)}

    if not signature_only:
        module.__call__ = tf.function(call, input_signature=[picture, picture])
    signature = tf.function(serve, input_signature=[picture, picture])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": signature})
    return folder


def save_tf1_module(stylize: Stylize, folder: Path) -> Path:
    """Export a ``stylize`` that makes its own variables as TF1 does, from a graph in a session."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        content, style = (v1.placeholder(tf.float32, (None, None, None, 3)) for _ in range(2))
        painted = stylize(content, style)
        session.run(v1.global_variables_initializer())
        signature = v1.saved_model.predict_signature_def(
            {"placeholder": content, "placeholder_1": style}, {"output_0": painted}
        )
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    return folder


def _predictor(module: Any, random: np.random.Generator) -> Callable[[Tensor], Tensor]:
    """Style image (1, S, S, 3) to style vector (1, 1, 1, 100), of mean 0 and variance near 1."""
    import tensorflow as tf

    whole = tf.keras.applications.InceptionV3(weights=None, include_top=False)
    inception = tf.keras.Model(whole.input, whole.get_layer(MIXED_6E).output)
    for layer in inception.layers:
        shapes = [weight.shape for weight in layer.weights]
        if isinstance(layer, tf.keras.layers.Conv2D):
            layer.set_weights([_kernel(random, *shape) for shape in shapes])
        elif isinstance(layer, tf.keras.layers.BatchNormalization):
            shift, mean, variance = (random.uniform(-0.2, 0.2, shape) for shape in shapes)
            layer.set_weights([shift, mean, 1 + variance])

    def features(style: Tensor) -> Tensor:
        return tf.reduce_mean(inception(style, training=False), axis=[1, 2], keepdims=True)

    pictures = [
        np.kron(random.random((128 // side, 128 // side, 3)), np.ones((side, side, 1)))
        for side in (1, 2, 4, 8, 16, 32, 64)
    ]
    seen = features(tf.constant(np.array(pictures, np.float32))).numpy()
    kernel = _kernel(random, 1, 1, seen.shape[-1], STYLE_NUMBERS)
    vectors = seen.reshape(len(seen), -1) @ kernel[0, 0]
    module.inception = inception
    module.bottleneck = tf.Variable(kernel / vectors.std(axis=0))
    module.bias = tf.Variable(-vectors.mean(axis=0) / vectors.std(axis=0))
    return lambda style: tf.nn.conv2d(features(style), module.bottleneck, 1, "SAME") + module.bias


def _transformer(module: Any, random: np.random.Generator) -> Callable[[Tensor, Tensor], Tensor]:
    """Frame (1, H, W, 3) and style vector to a frame of 4 ceil(H / 4) x 4 ceil(W / 4)."""
    import tensorflow as tf

    variables: list[Any] = []

    def layer(side: int, channels_in: int, channels: int, stride: int = 1) -> Stylize:
        kernel = tf.Variable(_kernel(random, side, side, channels_in, channels))
        affine = [
            tf.Variable(0.2 * _kernel(random, 1, 1, STYLE_NUMBERS, channels)) for _ in range(2)
        ]
        middle = [tf.Variable(np.full(channels, value, np.float32)) for value in (1, 0)]
        variables.extend([kernel, *affine, *middle])
        around = [side // 2, side // 2]

        def run(x: Tensor, style: Tensor) -> Tensor:
            padded = tf.pad(x, [[0, 0], around, around, [0, 0]], "REFLECT")
            convolved = tf.nn.conv2d(padded, kernel, stride, "VALID")
            mean, variance = tf.nn.moments(convolved, [1, 2], keepdims=True)
            scale, shift = (
                tf.nn.conv2d(style, weight, 1, "SAME") + constant
                for weight, constant in zip(affine, middle, strict=True)
            )
            return tf.nn.batch_normalization(convolved, mean, variance, shift, scale, EPSILON)

        return run

    contract = [layer(9, 3, 32), layer(3, 32, 64, 2), layer(3, 64, 128, 2)]
    residual = [(layer(3, 128, 128), layer(3, 128, 128)) for _ in range(RESIDUAL_BLOCKS)]
    expand = [layer(3, 128, 64), layer(3, 64, 32)]
    last = layer(9, 32, 3)
    module.transformer = variables

    def transform(content: Tensor, style: Tensor) -> Tensor:
        x = content
        for step in contract:
            x = tf.nn.relu(step(x, style))
        for first, second in residual:
            x += second(tf.nn.relu(first(x, style)), style)
        for step in expand:
            doubled = tf.raw_ops.ResizeNearestNeighbor(images=x, size=tf.shape(x)[1:3] * 2)
            x = tf.nn.relu(step(doubled, style))
        return tf.sigmoid(last(x, style))

    return transform


def _kernel(random: np.random.Generator, *shape: int) -> Any:
    """Weights that keep a signal's variance through them and a ReLU (He et al. 2015)."""
    return random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape).astype(np.float32)
