"""``make fuzz``: damages honest files and has each judged; prints what failed, and a count."""

from __future__ import annotations

import argparse
import collections
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path

from tests.fuzz.seeds import make_clips, make_pictures
from tests.fuzz.trial import Verdict, try_one


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=1020, help="damaged clips to try")
    parser.add_argument("--pictures", type=int, default=200, help="damaged pictures to try")
    parser.add_argument("--first", type=int, default=0, help="first seed; each file has its own")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="where to write the counts")
    chosen = parser.parse_args()
    began = time.monotonic()
    verdicts = []
    for verdict in run(chosen.clips, chosen.pictures, chosen.first, chosen.workers):
        verdicts.append(verdict)
        if verdict.is_failure:
            print(f"{verdict.outcome}: {verdict.name}: {verdict.details}", flush=True)
    counts = collections.Counter(verdict.outcome for verdict in verdicts)
    summary = {
        "tried": len(verdicts),
        **dict(sorted(counts.items())),
        "longest_seconds": round(max(verdict.seconds for verdict in verdicts), 1),
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(summary))
    if chosen.json:
        chosen.json.write_text(json.dumps(summary) + "\n")
    return int(any(verdict.is_failure for verdict in verdicts))


def run(clips: int, pictures: int, first: int, workers: int) -> Iterator[Verdict]:
    """Try so many damaged files; the same numbers, the same files."""
    with tempfile.TemporaryDirectory(prefix="artreel-seeds-") as place:
        folders = Path(place, "clips"), Path(place, "pictures")
        for folder in folders:
            folder.mkdir()
        files = [
            *islice(cycle(make_clips(folders[0])), clips),
            *islice(cycle(make_pictures(folders[1])), pictures),
        ]
        seeds = range(first, first + len(files))
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield from pool.map(try_one, files, seeds)


if __name__ == "__main__":
    sys.exit(main())
