"""How long a function takes to import, and how long its first invocation takes in a new process.

``python -m tests.benchmarks.cold_start``: awslambdaric under AWS's runtime interface emulator, S3
and DynamoDB by moto on loopback, the disk cache warm after a first run that is not counted.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.stack import CLIP_FRAMES, Stack, sample_clip
from tests.integration.test_runtime_interface import (
    Function,
    free_ports,
    function_process,
    stack_process,
)

IMPORTS = 10
STARTS = 5
IMPORT = (
    "import time; began = time.perf_counter(); import handler.entrypoints.on_upload; "
    "print(time.perf_counter() - began)"
)
NO_JOB = {"Event": "s3:TestEvent"}


def main() -> None:
    imports = [
        float(subprocess.check_output([sys.executable, "-c", IMPORT])) for _ in range(IMPORTS + 1)
    ]
    print(f"import of the handler: {_told(imports)}")
    with contextlib.ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        stack = held.enter_context(stack_process())
        stack.upload_style()
        clip = sample_clip(folder)
        nothing = [first_answer(stack, NO_JOB, folder) for _ in range(STARTS + 1)]
        print(f"first invocation, no job: {_told(nothing)}")
        painted = [
            first_answer(stack, stack.upload(clip, f"videos/brush/{number}.mp4"), folder)
            for number in range(STARTS + 1)
        ]
        print(f"first invocation, {CLIP_FRAMES} frames of 320x180 painted: {_told(painted)}")


def first_answer(stack: Stack, event: Mapping[str, Any], home: Path) -> float:
    """Seconds from the first event until its answer; the process starts with the event."""
    port, api_port = free_ports(2)
    with function_process(stack, port, api_port, home):
        began = time.perf_counter()
        Function(port).invoke(event)
        return time.perf_counter() - began


def _told(seconds: list[float]) -> str:
    counted = seconds[1:]
    return (
        f"median {statistics.median(counted):.2f} s of {len(counted)} "
        f"({min(counted):.2f}-{max(counted):.2f})"
    )


if __name__ == "__main__":
    main()
