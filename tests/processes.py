"""Which processes this one has started and not seen off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def none_left() -> Iterator[None]:
    """Fails when a child lives on, or was not waited for, that was not there before."""
    before = Counter(children())
    yield
    assert Counter(children()) - before == Counter()


def children() -> list[str]:
    """Command names of all children, zombies among them."""
    return [
        Path("/proc", pid, "comm").read_text().strip()
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text().split()
    ]


def descendants(pid: int) -> list[int]:
    """Ids of the children of another process, and of theirs."""
    found: list[int] = []
    for task in Path("/proc", str(pid), "task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *descendants(child)]
    return found
