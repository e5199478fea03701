"""What a cold start loads."""

import subprocess
import sys

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


def test_importing_the_handler_loads_no_client_no_codec_and_no_engine() -> None:
    code = (
        "import sys, handler.entrypoints.on_upload; "
        "print(*sorted(set(sys.argv[1:]) & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *LATER], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == ""
