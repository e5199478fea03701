"""High dynamic range by the formulas of the standards, independent of any filter.

Sources: SMPTE ST 2084 (PQ), ITU-R BT.2100 (HLG), BT.2020 (primaries, matrix), BT.2087 (to the
primaries of BT.709), BT.1886 (SDR screens), BT.2408 (203 cd/m2 as diffuse white).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DIFFUSE_WHITE_NITS = 203.0
HLG_PEAK_NITS = 1000.0
HLG_SYSTEM_GAMMA = 1.2
LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])
TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)

PATCHES_NITS = (
    ((203, 203, 203), (26, 26, 26), (60, 42, 32), (1000, 1000, 1000)),
    ((90, 30, 20), (30, 80, 25), (20, 25, 120), (2, 2, 2)),
)
"""Two rows of flat colours as BT.2020 light, cd/m2: diffuse white, middle grey, skin, a highlight;
red, green, blue, a shadow."""


def pq_signal(nits: Floats) -> Floats:
    """Light in cd/m2 to PQ's non-linear 0..1."""
    m1, m2, c1, c2, c3 = 1305 / 8192, 2523 / 32, 107 / 128, 2413 / 128, 2392 / 128
    power = (nits / 10000) ** m1
    return np.asarray(((c1 + c2 * power) / (1 + c3 * power)) ** m2)


def hlg_signal(nits: Floats) -> Floats:
    """Light in cd/m2 of a 1000 cd/m2 screen to HLG's non-linear 0..1."""
    screen = nits / HLG_PEAK_NITS
    luminance = (screen @ LUMA_2020)[..., np.newaxis]
    scene = screen * luminance ** ((1 - HLG_SYSTEM_GAMMA) / HLG_SYSTEM_GAMMA)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    bright = a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    return np.asarray(np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright))


def sdr(nits: Floats, peak_nits: float, linear_to: float) -> Floats:
    """What such light should be on an SDR screen, 0..255.

    Diffuse white is 1; up to ``linear_to`` light stays as it is, above a Moebius transform brings
    ``peak_nits`` to 1. All three colours shrink alike, so hues stay.
    """
    light = (nits / DIFFUSE_WHITE_NITS) @ TO_709.T
    j, peak = linear_to, peak_nits / DIFFUSE_WHITE_NITS
    a = -j * j * (peak - 1) / (j * j - 2 * j + peak)
    b = (j * j - 2 * j * peak + peak) / (peak - 1)
    largest = light.max(axis=-1, keepdims=True)
    curved = (b * b + 2 * b * j + j * j) / (b - a) * (largest + a) / (largest + b)
    toned = light * np.where(largest <= j, 1, curved / largest)
    return np.asarray(255 * np.clip(toned, 0, 1) ** (1 / 2.4))


def yuv420p10(signal: Floats) -> bytes:
    """A picture of non-linear BT.2020, (height, width, 3), as limited-range yuv420p10le."""
    luma = signal @ LUMA_2020
    blue = (signal[..., 2] - luma) / 1.8814
    red = (signal[..., 0] - luma) / 1.4746
    planes = (64 + 876 * luma, (512 + 896 * blue)[::2, ::2], (512 + 896 * red)[::2, ::2])
    return b"".join(np.rint(plane).astype("<u2").tobytes() for plane in planes)
