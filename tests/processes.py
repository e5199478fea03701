"""Which processes this one has started and not seen off, and how others end."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def none_left() -> Iterator[None]:
    """Fails when a child lives on, or was not waited for, that was not there before."""
    before = Counter(children())
    yield
    assert Counter(children()) - before == Counter()


def children() -> list[str]:
    """Command names of all children, zombies among them."""
    return [Path("/proc", pid, "comm").read_text().strip() for pid in _children_of("self")]


def descendants(pid: int) -> list[int]:
    """Ids of the children of another process, and of theirs."""
    found: list[int] = []
    for child in map(int, _children_of(str(pid))):
        found += [child, *descendants(child)]
    return found


def _children_of(pid: str) -> list[str]:
    """Those of all threads; one that ends meanwhile has none."""
    found: list[str] = []
    for thread in Path("/proc", pid, "task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            found += (thread / "children").read_text().split()
    return found


def child_dies_with(parent_code: str) -> bool:
    """Whether a child ends within ten seconds when its parent is killed.

    Args:
        parent_code: a program in Python that starts the child and prints its number.
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", parent_code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    watched = os.pidfd_open(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    ended, _, _ = select.select([watched], [], [], 10.0)
    os.close(watched)
    return bool(ended)
