"""``artreel measure``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handler import wiring
from handler.domain import status
from handler.domain.errors import Rejected
from handler.entrypoints.console import plain_errors, style_pictures

if TYPE_CHECKING:
    from rich.table import Table

    from handler.pipeline.measure_video import Measurement

PAINTED, AGAINST = "painted", "against"


def measure(
    source: Annotated[Path, typer.Argument(help="The video before.")],
    painted: Annotated[Path, typer.Argument(help="The video after.")],
    style: Annotated[
        str | None,
        typer.Option("--style", "-s", help="The picture, or built-in style, it was painted after."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="The same painted in another way, such as by `--frames every`."),
    ] = None,
    pairs: Annotated[
        int, typer.Option(min=1, help="Pairs of frames that are compared; each takes seconds.")
    ] = 24,
    size: Annotated[
        int, typer.Option(min=64, help="Long side in pixels at which frames are compared.")
    ] = 1024,
    model: Annotated[
        Path | None, typer.Option(help="Model whose predictor compares styles.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Measure flicker, detail, style and sound of a painted video."""
    from rich.console import Console
    from rich.progress import Progress

    from handler.measure.flow import deepflow
    from handler.pipeline.measure_video import MeasureOrder, measure_video, style_judge
    from handler.pipeline.style_picture import style_picture

    with plain_errors():
        videos = {PAINTED: painted} | ({AGAINST: against} if against else {})
        for path in (source, *videos.values()):
            if not path.is_file():
                raise Rejected(f"there is no file {path}")
        pictures = style_pictures([style] if style else [])
        media = wiring.media()
        estimate = deepflow()
        with Progress(console=Console(stderr=True), disable=quiet) as bar:
            task = bar.add_task("measuring", total=None)

            def advance(progress: status.Progress) -> None:
                bar.update(task, completed=progress.frames_done, total=progress.frames)

            measurement = measure_video(
                MeasureOrder(source, videos, pairs, size),
                media,
                wiring.motion(),
                estimate,
                style_judge(wiring.painter(model), style_picture(style, pictures, media))
                if style
                else None,
                advance,
            )
        if as_json:
            typer.echo(json.dumps(measurement.as_json(), indent=2))
        else:
            Console().print(_table(measurement))


def _table(measurement: Measurement) -> Table:
    from rich.table import Table

    from handler.pipeline.measure_video import SOURCE

    scores = measurement.scores
    painted, others = scores[PAINTED], [name for name in scores if name != PAINTED]
    table = Table(caption=f"{len(measurement.warping_errors)} pairs of frames, flow by DeepFlow")
    table.add_column(no_wrap=True)
    for heading in (*scores, *(f"to {name}" for name in others)):
        table.add_column(heading, justify="right")
    ratios = [painted.ratios_to(scores[name]) for name in others]
    for title, name, digits in (
        ("warping error", "warping_error", 6),
        ("detail", "detail", 2),
        ("style distance", "style_distance", 4),
    ):
        values = [getattr(score, name) for score in scores.values()]
        table.add_row(
            title,
            *(_number(value, digits) for value in values),
            *(_number(ratio[name], 3) for ratio in ratios),
        )
    drifts = [
        "",
        *(
            ", ".join(f"{s * 1000:+.0f} ms" for s in scores[name].sound_drift_seconds)
            for name in scores
            if name != SOURCE
        ),
    ]
    table.add_row("frames", *(str(score.frames) for score in scores.values()))
    table.add_row("sound moved by", *drifts)
    return table


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
