"""Limits of child processes, and their end with ours."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from handler.media.limits import Limits
from handler.media.process import CONFINE, ConfinedProcess, Stalled
from tests.processes import child_dies_with, none_left

ROOMY = Limits(memory_bytes=2**30, cpu_seconds=10)


def _output(code: str, limits: Limits = ROOMY) -> tuple[bytes, int, str]:
    """What Python code prints as a confined process, its exit code, and its last words."""
    buffer = bytearray(65536)
    with ConfinedProcess([sys.executable, "-I", "-c", code], limits) as process:
        count = process.read_into(memoryview(buffer))
        return bytes(buffer[:count]), process.wait_for_end(), process.last_words


def test_memory_is_limited() -> None:
    _, code, words = _output("bytearray(2**30)")
    assert (code, words) == (1, "MemoryError")


def test_processor_time_is_limited() -> None:
    _, code, _ = _output("while True: pass", Limits(2**30, cpu_seconds=1))
    assert code == -signal.SIGXCPU


def test_no_file_is_written() -> None:
    _, code, words = _output("open('file', 'wb', 0).write(b'1')")
    assert code == 1
    assert "File too large" in words


def test_a_file_grows_to_its_limit() -> None:
    limits = Limits(2**30, 10, file_bytes=5)
    written, code, _ = _output("print(open('file', 'wb', 0).write(b'123456789'))", limits)
    assert (written, code) == (b"5\n", 0)


def test_nothing_dumps_core_and_no_input_is_open() -> None:
    written, _, _ = _output(
        "import resource, sys; print(resource.getrlimit(resource.RLIMIT_CORE), sys.stdin.read())"
    )
    assert written == b"(0, 0) \n"


def test_signals_are_as_programs_expect_them() -> None:
    written, _, _ = _output("print(open('/proc/self/status').read())")
    (ignored,) = (line for line in written.splitlines() if line.startswith(b"SigIgn"))
    # Python's own: it ignores SIGPIPE and SIGXFSZ anew
    expected = 1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)
    standard = (1 << 31) - 1  # those beyond are the C library's
    assert int(ignored.split()[1], 16) & standard == expected


def _confined(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CONFINE, *words], capture_output=True, text=True, timeout=60)


def test_limits_may_be_left_as_they_are() -> None:
    code = "from resource import *; print(*map(getrlimit, (RLIMIT_AS, RLIMIT_CPU, RLIMIT_FSIZE)))"
    python = (sys.executable, "-I", "-c", code)
    left = _confined(str(os.getpid()), "-", "-", "-", "-", *python)
    free = subprocess.run(python, capture_output=True, text=True, check=True, timeout=60)
    assert left.stdout == free.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("1", "-", "-", "-", "-", sys.executable), "confine: the parent is gone\n"),
        ((str(os.getpid()), "-", "1s", "2", "-", sys.executable), "1s: not a limit\n"),
        (
            (str(os.getpid()), "-", "-", "-", "-", "/no/such"),
            "/no/such: No such file or directory\n",
        ),
        ((str(os.getpid()), "-", "-", "-", "-"), "confine: too few words\n"),
    ],
    ids=["orphan", "no number", "no program", "nothing to do"],
)
def test_what_can_not_be_confined_is_not_started(words: tuple[str, ...], said: str) -> None:
    ended = _confined(*words)
    assert (ended.returncode, ended.stdout, ended.stderr) == (126, "", said)


def test_a_process_that_stands_still_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with none_left(), pytest.raises(Stalled, match=r"python.* stood still for 0 seconds"):
        _output("import time; time.sleep(1000)", Limits(2**30, 10, stall_seconds=0.2))
    assert list(tmp_path.iterdir()) == []


def test_children_die_with_a_killed_parent() -> None:
    assert child_dies_with(PARENT)


PARENT = f"""
import sys
from handler.media.process import ConfinedProcess
from handler.media.limits import Limits
code = "import os, time; print(os.getpid(), flush=True); time.sleep(1000)"
argv = [{sys.executable!r}, "-I", "-c", code]
with ConfinedProcess(argv, Limits(2**30, 10)) as process:
    buffer = bytearray(1)
    while process.read_into(memoryview(buffer)):
        print(buffer.decode(), end="", flush=True)
"""
