"""Convolution weights for frames whose pixels are gathered into channels."""

from __future__ import annotations

import numpy as np

from handler.modelling.rewrite.network import Floats


def widened(
    weights: Floats, stride: int, columns_in: int, columns_out: int
) -> tuple[Floats, tuple[int, int]]:
    """Make a convolution read and write several columns at a time, as channels.

    In NHWC, ``(1, H, W, C)`` and ``(1, H, W/r, r C)`` are the same numbers in the same order: r
    neighbouring columns become channels by reinterpretation alone, and vectors of the processor
    fill that 3 or 8 channels leave empty. It is sub-pixel convolution (Shi et al. 2016,
    arXiv 1609.05158) along one axis.

    Output column ``b`` of group ``j`` is column ``r_out j + b``; its tap k reads input column
    ``t = s (r_out j + b) + k``. With q groups of r_in columns per step, ``q r_in = s r_out``,
    that is group ``q j + (s b + k) // r_in``, column ``(s b + k) % r_in`` in it: the kernel that
    has ``weights[..., k]`` there and zeros elsewhere gives the same sums.

    Args:
        weights: (out, in, height, width).
        stride: s, of the convolution in both directions.
        columns_in: r_in.
        columns_out: r_out, with s r_out a multiple of r_in.

    Returns:
        (r_out out, r_in in, height, ceil((s (r_out - 1) + width) / r_in)) weights and the strides
        down and across. Column is slower than channel.
    """
    out_channels, in_channels, height, width = weights.shape
    groups = -(-(stride * (columns_out - 1) + width) // columns_in)
    wide = np.zeros(
        (columns_out, out_channels, columns_in, in_channels, height, groups), np.float32
    )
    for column in range(columns_out):
        for tap in range(width):
            group, inside = divmod(stride * column + tap, columns_in)
            wide[column, :, inside, :, :, group] = weights[..., tap]
    shape = (columns_out * out_channels, columns_in * in_channels, height, groups)
    return wide.reshape(shape), (stride, stride * columns_out // columns_in)


def doubled(weights: Floats) -> tuple[Floats, Floats]:
    """Merge a nearest-neighbour doubling and the 3x3 convolution that follows it.

    Pixel ``2 j + b`` of the result reads enlarged pixels ``2 j + b + k - 1``, k = 0, 1, 2, which
    are copies of pixel ``j + (b + k - 1) // 2`` of the small tensor: from -1 to 0 for b = 0, from
    0 to 1 for b = 1. Taps that read the same pixel add up. Down, the two parities become two
    kernels of two rows; across, they become channels of one kernel three columns wide.

    The border: enlarged pixel -1 is reflected onto 1, a copy of pixel 0, so the small tensor is
    continued by its outermost pixel (mode ``edge``); at the far end likewise.

    Args:
        weights: (out, in, 3, 3), for a convolution after reflection by one pixel.

    Returns:
        Weights (2 out, in, 2, 3) for the even and the odd rows; column is slower than channel.
    """
    out_channels, in_channels = weights.shape[:2]
    rows = np.zeros((2, out_channels, in_channels, 2, 3), np.float32)
    both = np.zeros((2, 2, out_channels, in_channels, 2, 3), np.float32)
    for parity in (0, 1):
        for tap in range(3):
            rows[parity, :, :, (parity + tap - 1) // 2 + 1 - parity] += weights[:, :, tap]
    for parity in (0, 1):
        for tap in range(3):
            both[:, parity, ..., (parity + tap - 1) // 2 + 1] += rows[..., tap]
    even, odd = both.reshape(2, 2 * out_channels, in_channels, 2, 3)
    return even, odd
