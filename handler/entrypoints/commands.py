"""The commands; each is loaded when it is called, or described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from handler.entrypoints.console import group

if TYPE_CHECKING:
    from typer._click import Command, Context


@dataclass(frozen=True)
class Place:
    """Where a command is.

    Attributes:
        name: of a function of the module, or of a group of commands.
        epilog: of its help.
    """

    module: str
    name: str
    epilog: str = ""


PLACES: Mapping[str, Place] = {
    "plan": Place("plan_command", "plan", "Example: artreel plan clip.mp4 --working-size 768"),
    "preview": Place(
        "preview_command",
        "preview",
        "Example: artreel preview clip.mp4 -s monet.jpg -s ink --strength 0.5,1 -o sheet.jpg",
    ),
    "styles": Place("preview_command", "styles", "Example: artreel styles clip.mp4 -o styles.jpg"),
    "bench": Place("bench_command", "bench", "Example: artreel bench --calibrate"),
    "measure": Place(
        "measure_command",
        "measure",
        "Example: artreel measure clip.mp4 painted.mp4 --style monet.jpg",
    ),
    "submit": Place(
        "submit_command",
        "submit",
        "Example: artreel submit clip.mp4 --style monet.jpg --stack artreel",
    ),
    "watch": Place(
        "watch_command", "watch", "Example: artreel watch videos/monet/clip.mp4 --stack artreel"
    ),
    "jobs": Place("jobs_command", "jobs", "Example: artreel jobs --stack artreel"),
    "fetch": Place(
        "fetch_command",
        "fetch",
        "Example: artreel fetch monet/clip.mp4 -o painted --stack artreel",
    ),
    "cancel": Place(
        "cancel_command", "cancel", "Example: artreel cancel monet/clip.mp4 --stack artreel"
    ),
    "stylize": Place(
        "stylize_command",
        "stylize",
        "Examples: artreel stylize clip.mp4 --style monet.jpg -o painted.mp4 · "
        "artreel stylize clip.mp4 --look 0:none --look 4:monet.jpg@0.9~0.5 -o painted.mp4",
    ),
    "model": Place("model_command", "model_app"),
    "local": Place("local_command", "local_app"),
}


class Commands(Mapping[str, "Command"]):
    """The commands by name."""

    def __getitem__(self, name: str) -> Command:
        place = PLACES[name]
        found = getattr(import_module(f"{__package__}.{place.module}"), place.name)
        if isinstance(found, typer.Typer):
            return typer.main.get_command(found)
        alone = group("")
        alone.command(name, epilog=place.epilog)(found)
        return typer.main.get_command(alone)

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)


class _Group(TyperGroup):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = Commands()  # type: ignore[assignment]

    def list_commands(self, _: Context) -> list[str]:
        return list(PLACES)


app = group("Paint a video in the style of a picture; it keeps its own sound.", _Group)


@app.callback()
def _artreel() -> None:
    """Has no options of its own."""
