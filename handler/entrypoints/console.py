"""What the commands of the command line share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from typer.core import TyperGroup

from handler import gallery
from handler.domain.errors import ArtreelError, Refused, Rejected
from handler.domain.job import SMALLEST_WORKING_SIZE_PX, clipped
from handler.domain.keyframes import KEYFRAME_INTERVAL, MAX_KEYFRAME_INTERVAL

EXIT_REJECTED = 2
EXIT_FAULT = 70
DEFAULT_WORKING_SIZE = "1024"


def group(about: str, cls: type[TyperGroup] | None = None) -> typer.Typer:
    """Commands that share a first word."""
    return typer.Typer(
        cls=cls,
        help=about,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        add_completion=False,
    )


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


def keyframe_interval_in(given: str) -> int:
    """Frames of what ``--keyframe-interval`` was given."""
    if given == "auto":
        return KEYFRAME_INTERVAL
    if not given.isdecimal() or not 2 <= int(given) <= MAX_KEYFRAME_INTERVAL:
        raise Rejected(
            f"--keyframe-interval takes `auto` or a number from 2 to {MAX_KEYFRAME_INTERVAL}, "
            f"not {given!r}"
        )
    return int(given)


def style_pictures(styles: Iterable[str]) -> dict[str, Path]:
    """The files among styles that are files or names of the gallery.

    Raises:
        Rejected: one is neither.
    """
    files = {style: Path(style) for style in styles if is_file(style)}
    for style in styles:
        if style not in files and style not in gallery.STYLES:
            raise Rejected(f"there is no style picture {clipped(style)}, {gallery.NONE_SUCH}")
    return files


def is_file(name: str) -> bool:
    """Whether there is a file of this name, which may be no name at all."""
    return bool(name) and "\0" not in name and Path(name).is_file()


@contextmanager
def plain_errors() -> Iterator[None]:
    """One sentence on stderr instead of a traceback."""
    try:
        yield
    except (Rejected, Refused) as rejection:
        typer.echo(f"artreel: {rejection.reason}", err=True)
        raise typer.Exit(EXIT_REJECTED) from rejection
    except (ArtreelError, OSError) as fault:
        typer.echo(f"artreel: {fault}", err=True)
        raise typer.Exit(EXIT_FAULT) from fault
    except Exception as bug:
        typer.echo(f"artreel: a fault of artreel itself: {type(bug).__name__}: {bug}", err=True)
        raise typer.Exit(EXIT_FAULT) from bug


def check_output(path: Path, ending: str, *kept: Path) -> None:
    """Let pass a place for a result that can be written and is none of the files to keep."""
    if path.suffix.lower() != ending:
        raise Rejected(f"a result is a {ending} file: name it {ending}, not {path.name!r}")
    if not path.parent.is_dir():
        raise Rejected(f"there is no folder {path.parent} to write {path.name} to")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise Rejected(f"{path} can't be written")
    for other in kept:
        if path.absolute() == other.absolute() or (
            path.exists() and other.exists() and path.samefile(other)
        ):
            raise Rejected(f"the result would overwrite {other}; choose another name for it")


@contextmanager
def beside(output: Path) -> Iterator[Path]:
    """A name in the same folder, renamed to ``output`` only when all went well."""
    # Not called after the output, whose name may be as long as names can be.
    handle, name = tempfile.mkstemp(prefix=".artreel-", suffix=output.suffix, dir=output.parent)
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
        unfinished.chmod(0o666 & ~_umask())
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def printable(text: str) -> str:
    """Text that somebody else wrote, without what would tell a terminal to do something."""
    shown = (letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return "".join(shown)
