"""The built-in styles on one sheet."""

from __future__ import annotations

from pathlib import Path

from handler import gallery
from handler.domain.ports import Frame, Media, Painter, Tile
from handler.pipeline.brush import resized
from handler.pipeline.preview import thumbnail_size, tile_size

THUMBNAIL_PX = 240
TILES_PER_ROW = 6


def gallery_sheet(sheet: Path, media: Media) -> None:
    """Write a JPEG that shows each style."""
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    tiles = [Tile(resized(gallery.draw(style), size), style) for style in gallery.STYLES]
    media.write_sheet(sheet, _in_rows(tiles))


def painted_gallery_sheet(sheet: Path, frame: Frame, media: Media, painter: Painter) -> None:
    """Write a JPEG that shows each style, and beside it a frame painted in it.

    Args:
        frame: at the size at which it is to be painted.
    """
    size = tile_size(frame.shape[1], frame.shape[0])
    tiles = []
    for style in gallery.STYLES:
        picture = gallery.draw(style)
        painted = painter.paint(frame, painter.style_vector(picture))
        tiles.append(Tile(resized(picture, thumbnail_size(picture, size)), style))
        tiles.append(Tile(resized(painted, size)))
    media.write_sheet(sheet, _in_rows(tiles))


def _in_rows(tiles: list[Tile]) -> list[list[Tile]]:
    return [tiles[at : at + TILES_PER_ROW] for at in range(0, len(tiles), TILES_PER_ROW)]
