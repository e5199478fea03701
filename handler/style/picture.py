"""The style image as the predictor sees it."""

from __future__ import annotations

import cv2

from handler.domain.ports import Frame


def square(picture: Frame, side: int, scale: float = 1.0) -> Frame:
    """The largest centred square of a picture, scaled to ``side`` x ``side`` px.

    Strokes keep their proportions; what lies outside the square does not shape the style.

    Args:
        picture: uint8 (height, width, 3), any size from 1x1.
        scale: how large the strokes become: above 1 a smaller square is enlarged more, below 1 the
            square is shrunk and mirrored at its borders.

    Returns:
        uint8 (side, side, 3), same colour order.
    """
    height, width = picture.shape[:2]
    edge = max(1, round(min(height, width) / max(scale, 1.0)))
    top, left = (height - edge) // 2, (width - edge) // 2
    cut = picture[top : top + edge, left : left + edge]
    shown = round(side * min(scale, 1.0))
    method = cv2.INTER_AREA if edge > shown else cv2.INTER_CUBIC
    scaled = cv2.resize(cut, (shown, shown), interpolation=method)
    before = (side - shown) // 2
    behind = side - shown - before
    mirrored: Frame = cv2.copyMakeBorder(  # type: ignore[assignment]
        scaled, before, behind, before, behind, cv2.BORDER_REFLECT
    )
    return mirrored
