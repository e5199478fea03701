"""``artreel preview`` and ``artreel styles``: what a look would be like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handler import gallery, wiring
from handler.domain.errors import Rejected
from handler.domain.job import MOST_PREVIEW_FRAMES, PREVIEW_FRAMES, STYLE_SUFFIXES
from handler.domain.media import working_dimensions
from handler.entrypoints.console import (
    DEFAULT_WORKING_SIZE,
    beside,
    check_output,
    plain_errors,
    style_pictures,
    working_size_px,
)

if TYPE_CHECKING:
    from handler.domain.ports import Frame, Media, Painter


def preview(
    video: Annotated[Path, typer.Argument(help="The video.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The sheet, a .jpg; overwritten.")],
    style: Annotated[
        list[str] | None,
        typer.Option(
            "--style",
            "-s",
            help="A JPEG, PNG or WebP, or a built-in style; once for each. All that are built in, "
            "if none is given.",
        ),
    ] = None,
    strength: Annotated[
        str,
        typer.Option(
            help="Strengths to try each style with, 0 to 1, such as `0.5,1`: from the frame's own "
            "style to that of the picture."
        ),
    ] = "1",
    frames: Annotated[
        int, typer.Option(min=1, max=MOST_PREVIEW_FRAMES, help="How many frames are shown at most.")
    ] = PREVIEW_FRAMES,
    working_size: Annotated[
        str, typer.Option(help="Long side in pixels at which frames are painted, or `source`.")
    ] = DEFAULT_WORKING_SIZE,
    model: Annotated[
        Path | None, typer.Option(help="Folder of the model; the embedded one by default.")
    ] = None,
) -> None:
    """Show a few frames of a video in many looks, on one sheet."""
    from handler.pipeline.preview import PreviewOrder, bounded_picture, check_looks
    from handler.pipeline.preview import preview as paint_preview
    from handler.pipeline.style_picture import style_picture

    with plain_errors():
        if not video.is_file():
            raise Rejected(f"there is no video {video}")
        styles = list(dict.fromkeys(style or gallery.STYLES))
        pictures = style_pictures(styles)
        strengths = _strengths(strength)
        check_looks(len(styles), strengths)
        check_output(output, ".jpg", video, *pictures.values())
        media = wiring.media()
        with beside(output) as sheet:
            done = paint_preview(
                PreviewOrder(
                    source=video,
                    styles={
                        label: bounded_picture(style_picture(name, pictures, media))
                        for label, name in _labels(styles, pictures).items()
                    },
                    sheet=sheet,
                    strengths=strengths,
                    frames=frames,
                    working_size_px=working_size_px(working_size),
                ),
                media,
                wiring.painter(model, keeps_compiled=True),
                wiring.motion(),
            )
        typer.echo(
            f"{output}: {len(done.frames)} frames in {done.looks} looks, painted at "
            f"{done.working_size[0]}x{done.working_size[1]}, {done.seconds:.1f} s"
        )


def styles(
    source: Annotated[
        Path | None, typer.Argument(help="A video or a picture to show painted in each style.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A sheet of all styles, a .jpg.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of the model; the embedded one by default.")
    ] = None,
) -> None:
    """List the styles that are built in, or draw them on one sheet."""
    from handler.pipeline.gallery_sheet import gallery_sheet, painted_gallery_sheet

    with plain_errors():
        if output is None:
            if source:
                raise Rejected("say with -o where the sheet goes")
            for name in gallery.STYLES:
                typer.echo(f"{name:15}{gallery.described(name)}")
            return
        if source and not source.is_file():
            raise Rejected(f"there is no video or picture {source}")
        check_output(output, ".jpg", *([source] if source else []))
        media = wiring.media()
        with beside(output) as sheet:
            if source:
                painter = wiring.painter(model, keeps_compiled=True)
                painted_gallery_sheet(sheet, _frame(source, media, painter), media, painter)
            else:
                gallery_sheet(sheet, media)
        typer.echo(f"{output}: {len(gallery.STYLES)} styles")


def _labels(styles: list[str], pictures: Mapping[str, Path]) -> dict[str, str]:
    """What is written under each style: of files the name alone where that tells them apart."""
    short = {style: pictures[style].stem if style in pictures else style for style in styles}
    shared = Counter(short.values())
    return {short[style] if shared[short[style]] == 1 else style: style for style in styles}


def _strengths(given: str) -> tuple[float, ...]:
    try:
        return tuple(dict.fromkeys(float(part) for part in given.split(",")))
    except ValueError as error:
        raise Rejected(
            f"--strength takes numbers from 0 to 1 with commas between, not {given!r}"
        ) from error


def _frame(source: Path, media: Media, painter: Painter) -> Frame:
    """A picture, or the most telling frame of a video, at working size."""
    from handler.pipeline.brush import resized
    from handler.pipeline.telling_frames import telling_frames

    size_px = working_size_px(DEFAULT_WORKING_SIZE)

    def working(width: int, height: int) -> tuple[int, int]:
        return working_dimensions(
            width, height, size_px, painter.smallest_side, painter.width_multiple
        )

    if source.suffix.lower() in STYLE_SUFFIXES:
        picture = media.read_picture(source)
        return resized(picture, working(picture.shape[1], picture.shape[0]))
    facts = media.probe(source)
    (index,) = telling_frames(source, facts, 1, media, wiring.motion().is_cut)
    (frame,) = media.glimpse(source, facts, index, working(*facts.size))
    return frame
