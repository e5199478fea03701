"""What the commands of the command line share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from handler import gallery
from handler.domain.errors import ArtreelError, Rejected
from handler.domain.job_file import SMALLEST_WORKING_SIZE_PX

EXIT_REJECTED = 2
EXIT_FAULT = 70
DEFAULT_WORKING_SIZE = "1024"


def working_size_px(given: str) -> int | None:
    """Pixels of what ``--working-size`` was given, None for the source's size."""
    if given == "source":
        return None
    if not given.isdecimal() or int(given) < SMALLEST_WORKING_SIZE_PX:
        raise Rejected(
            f"--working-size takes `source` or a number from {SMALLEST_WORKING_SIZE_PX} on, "
            f"not {given!r}"
        )
    return int(given)


def style_pictures(styles: Iterable[str]) -> dict[str, Path]:
    """The files among styles that are files or names of the gallery.

    Raises:
        Rejected: one is neither.
    """
    files = {style: Path(style) for style in styles if Path(style).is_file()}
    for style in styles:
        if style not in files and style not in gallery.STYLES:
            raise Rejected(f"there is no style picture {style}, {gallery.NONE_SUCH}")
    return files


@contextmanager
def plain_errors() -> Iterator[None]:
    """One sentence on stderr instead of a traceback."""
    try:
        yield
    except Rejected as rejection:
        typer.echo(f"artreel: {rejection.reason}", err=True)
        raise typer.Exit(EXIT_REJECTED) from rejection
    except (ArtreelError, OSError) as fault:
        typer.echo(f"artreel: {fault}", err=True)
        raise typer.Exit(EXIT_FAULT) from fault
    except Exception as bug:
        typer.echo(f"artreel: a fault of artreel itself: {type(bug).__name__}: {bug}", err=True)
        raise typer.Exit(EXIT_FAULT) from bug
