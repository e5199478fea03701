"""Optical flow to measure with: never the estimator that paint is carried along by.

An estimator prefers paint that moves as it believes; DIS, which paints, may not judge.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from handler.domain.errors import Rejected
from handler.domain.ports import Frame

Flow = npt.NDArray[np.float32]
"""float32 (height, width, 2), px, x before y: where each pixel of one frame is in another."""

Estimator = Callable[[Frame, Frame], Flow]


def deepflow() -> Estimator:
    """DeepFlow (Weinzaepfel et al. 2013) of OpenCV's contributed modules: slow and faithful.

    Raises:
        Rejected: these modules are not installed.
    """
    if not hasattr(cv2, "optflow"):
        raise Rejected(
            "measuring needs OpenCV's contributed modules: run `make measure`, or install "
            "opencv-contrib-python-headless over opencv-python-headless"
        )
    return _of_gray(cv2.optflow.createOptFlow_DeepFlow().calc)


def farneback() -> Estimator:
    """Farneback 2003: fast and coarse, and in every OpenCV."""
    return _of_gray(cv2.FarnebackOpticalFlow.create(numLevels=5, winSize=15).calc)


def _of_gray(calc: Callable[..., object]) -> Estimator:
    def estimate(one: Frame, other: Frame) -> Flow:
        gray = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (one, other))
        return np.asarray(calc(*gray, None), np.float32)

    return estimate
