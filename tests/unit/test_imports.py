"""What is loaded when: a start is as fast as what it does not load."""

import subprocess
import sys

import pytest

LATER = {
    "av",
    "aws_xray_sdk",
    "boto3",
    "imageio_ffmpeg",
    "matplotlib",
    "moto",
    "onnx",
    "onnxruntime",
    "openvino",
    "PIL",
    "rich",
    "tensorflow",
    "typer",
}
"""Loaded when a job needs them, or never."""

NOT_FOR_HELP = LATER - {"typer"} | {"cv2", "numpy", "pydantic"}
HELP = """
from handler.entrypoints.commands import app
try:
    app(["--help"])
except SystemExit as end:
    assert end.code == 0
"""
HELP_OF_ONE = """
from handler.entrypoints.commands import app
try:
    app(["plan", "--help"])
except SystemExit as end:
    assert end.code == 0
"""
ENGINE = """
from handler import wiring
wiring.painter()
assert "openvino" in sys.modules
"""


@pytest.mark.parametrize(
    ("code", "later"),
    [
        ("import handler.entrypoints.on_upload", LATER),
        (HELP, NOT_FOR_HELP),
        (HELP_OF_ONE, NOT_FOR_HELP - {"pydantic"} | {"handler.entrypoints.bench_command"}),
        ("import handler.media.ffmpeg", LATER),
        ("import handler.media.reader", {"numpy"}),
        ("import handler.media.probe_worker", {"numpy", "PIL", "pydantic"}),
        ("import handler.media.picture_worker", {"numpy", "av", "pydantic"}),
        (ENGINE, {"openvino.tools.ovc", "openvino_telemetry"}),
    ],
    ids=[
        "function",
        "help",
        "a command",
        "ffmpeg",
        "readers",
        "look into a video",
        "look into a picture",
        "engine",
    ],
)
def test_what_is_not_needed_is_not_loaded(code: str, later: set[str]) -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-c"),
            f"import sys\n{code}\nprint('loaded:', *sorted({later} & sys.modules.keys()))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines()[-1].strip() == "loaded:"


def test_no_thread_waits_for_matrices() -> None:
    code = "import os, handler.pipeline.brush; print(len(os.listdir('/proc/self/task')))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "1\n"
