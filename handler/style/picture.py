"""The style image as the predictor sees it."""

from __future__ import annotations

import cv2

from handler.domain.ports import Frame


def square(picture: Frame, side: int) -> Frame:
    """The largest centred square of a picture, scaled to ``side`` x ``side`` px.

    Strokes keep their proportions; what lies outside the square does not shape the style.

    Args:
        picture: uint8 (height, width, 3), any size from 1x1.

    Returns:
        uint8 (side, side, 3), same colour order.
    """
    height, width = picture.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    cut = picture[top : top + edge, left : left + edge]
    method = cv2.INTER_AREA if edge > side else cv2.INTER_CUBIC
    scaled: Frame = cv2.resize(cut, (side, side), interpolation=method)  # type: ignore[assignment]
    return scaled
