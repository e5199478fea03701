"""``artreel stylize``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from handler.entrypoints.console import (
    DEFAULT_WORKING_SIZE,
    beside,
    check_output,
    keyframe_interval_in,
    plain_errors,
    working_size_px,
)
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
from handler.media.probe import probe
from handler.style.bundle import MANIFEST

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
        # In a process of its own, while this one loads all that paints, NumPy first.
        with ThreadPoolExecutor(1, thread_name_prefix="probe") as ahead:
            probed = None if video.is_dir() else ahead.submit(probe, video)
            painter = wiring.painter(model, precision.of_engine, keeps_compiled=True)
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
                nullcontext(_say_nothing) if quiet else _progress_bar(order.source.name) as advance,
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


def _say_nothing(_: status.Progress) -> None:
    pass


@contextmanager
def _progress_bar(name: str) -> Iterator[Callable[[status.Progress], None]]:
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
