"""What the commands of the command line share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from handler.domain.errors import ArtreelError, Rejected

EXIT_REJECTED = 2
EXIT_FAULT = 70


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
