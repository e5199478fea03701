"""The process of the command line: what it begins with, and how it ends."""

import subprocess
import sys
from importlib.util import find_spec

from handler.entrypoints.cli import FIRST_READERS
from handler.entrypoints.commands import PLACES

MAIN = """
import atexit, sys, threading
from handler.entrypoints.cli import main

class Heavy:
    def __del__(self):
        print("took itself apart")

heavy = Heavy()
atexit.register(print, "said goodbye")
"""


def _run(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN + code, *words], capture_output=True, text=True, check=False
    )


def test_it_ends_at_once_when_all_is_said() -> None:
    run = _run("main()", "styles")
    assert run.returncode == 0
    assert run.stdout.startswith("strokes")
    assert run.stdout.endswith("said goodbye\n")


def test_it_keeps_its_exit_code() -> None:
    run = _run("main()", "stylize", "no-such.mp4", "-o", "result.mp4")
    assert run.returncode == 2
    assert run.stderr.startswith("artreel: there is no video")
    assert run.stdout == "said goodbye\n"


def test_it_waits_for_threads_that_still_work() -> None:
    work = "threading.Thread(target=lambda: (gate.wait(), print('worked'))).start()\n"
    run = _run(
        f"gate = threading.Event()\n{work}atexit.register(print)\n"
        "threading._register_atexit(gate.set)\nmain()",
        "styles",
    )
    assert run.returncode == 0
    assert "worked" in run.stdout


def test_first_readers_are_of_commands_and_exist() -> None:
    assert FIRST_READERS.keys() <= PLACES.keys()
    for modules in FIRST_READERS.values():
        assert all(find_spec(f"handler.media.{module}") for module in modules)
