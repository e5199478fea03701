"""Painted frames in the colours of their source."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from handler.domain.ports import Frame

Floats = npt.NDArray[np.float32]

LMS_OF_RGB = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB_OF_LMS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
"""Of the cube roots. Source of both: Ottosson 2020, A perceptual color space for image processing.
Its hues stay where CIE Lab's blue turns purple."""

RGB_OF_LMS = np.linalg.inv(LMS_OF_RGB)
LMS_OF_LAB = np.linalg.inv(LAB_OF_LMS)

DARKEST = 1e-6
LEAST_VARIANCE = 1e-5
"""Of a colour, channels in 0..1, along any direction: a picture of one colour has none."""


def recolored(paint: Frame, source: Frame) -> Frame:
    """The paint's lightness with the source's hue and colourfulness.

    Source: Gatys et al. 2016, Preserving Color in Neural Artistic Style Transfer, arXiv 1606.05897,
    luminance-only transfer, there in YIQ, here in OKLab. A colour that no screen shows at that
    lightness fades towards the grey of it as far as it must; a painted frame depends on its own
    source only.

    Args:
        paint, source: uint8 (height, width, 3), sRGB, the same shape.
    """
    lab = cv2.transform(_roots(source), LAB_OF_LMS)
    lightness = cv2.transform(_roots(paint), LAB_OF_LMS[:1])
    cv2.insertChannel(lightness, lab, 0)
    roots = cv2.transform(lab, LMS_OF_LAB)
    rgb: Floats = cv2.transform(roots * roots * roots, RGB_OF_LMS)  # type: ignore[assignment]
    grey = lightness * lightness * lightness
    off = rgb - grey[..., np.newaxis]
    red, green, blue = cv2.split(off)
    above = cv2.max(cv2.max(red, green), blue)
    below = cv2.min(cv2.min(red, green), blue)
    shown = cv2.min((1 - grey) / (above + DARKEST), grey / (DARKEST - below))
    off *= np.clip(shown, 0, 1)[..., np.newaxis]
    return _encoded(off + grey[..., np.newaxis])


def matched(style: Frame, frame: Frame) -> Frame:
    """A style picture whose colours have mean and covariance of a frame's.

    Source: Gatys et al. 2016, arXiv 1606.05897, with the symmetric square roots of
    Image Analogies (Hertzmann et al. 2001), which move each colour the least.

    Args:
        style, frame: uint8 (height, width, 3), sRGB, each of its own size.
    """
    style_mean, style_covariance = _statistics(style)
    frame_mean, frame_covariance = _statistics(frame)
    turn = _power(frame_covariance, 0.5) @ _power(style_covariance, -0.5)
    moved = (style.reshape(-1, 3) / 255 - style_mean) @ turn.T + frame_mean
    colors: Frame = np.rint(np.clip(moved, 0, 1) * 255).astype(np.uint8).reshape(style.shape)
    return colors


def _statistics(picture: Frame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    colors = picture.reshape(-1, 3) / 255
    return colors.mean(axis=0), np.cov(colors.T, bias=True) + LEAST_VARIANCE * np.eye(3)


def _power(covariance: npt.NDArray[np.float64], power: float) -> npt.NDArray[np.float64]:
    values, vectors = np.linalg.eigh(covariance)
    scaled: npt.NDArray[np.float64] = (vectors * values**power) @ vectors.T
    return scaled


def _linear_shades() -> Floats:
    shades = np.arange(256) / 255
    linear = np.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


def _encoded_shades() -> Frame:
    linear = np.arange(FINE_SHADES + 1) / FINE_SHADES
    shades = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    encoded: Frame = np.rint(shades * 255).astype(np.uint8)
    return encoded


FINE_SHADES = 65535
"""Of linear light: even the darkest two of 256 encoded shades lie 20 of these apart."""

LINEAR = _linear_shades()
ENCODED = _encoded_shades()


def _roots(frame: Frame) -> Floats:
    """Cube roots of the cones' answers to a frame, float32 (height, width, 3)."""
    lms = cv2.transform(cv2.LUT(frame, LINEAR), LMS_OF_RGB)
    roots: Floats = cv2.pow(lms, 1 / 3)  # type: ignore[assignment]
    return roots


def _encoded(linear: Floats) -> Frame:
    """uint8 sRGB of linear light, 0..1 but for rounding."""
    shades = np.clip(linear * FINE_SHADES + 0.5, 0, FINE_SHADES).astype(np.uint16)
    encoded: Frame = ENCODED[shades]
    return encoded
