"""The real function with a painter that takes no time; not to be imported by tests."""

from __future__ import annotations

import json
import os
import signal
import threading
from typing import Any

from handler import wiring
from handler.domain.errors import Defect
from handler.entrypoints import on_upload, paint_chunk
from tests.fast_painter import FastPainter

wiring.painter = lambda *_: FastPainter()  # type: ignore[assignment]


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return on_upload.handler(event, context)


def chunk_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Paints a chunk unless ``faults.json`` in the bucket of work wants something else for it."""
    _misbehave(event["chunk"]["index"])
    return paint_chunk.handler(event, context)


def _misbehave(chunk: int) -> None:
    s3, bucket = wiring.aws("s3"), os.environ["ARTREEL_WORK_BUCKET"]
    faults = json.loads(s3.get_object(Bucket=bucket, Key="faults.json")["Body"].read())
    if chunk in faults["broken"]:
        raise Defect("this chunk is never painted")
    for fault in ("killed", "hangs"):
        key = f"happened/{fault}/{chunk}"
        if chunk in faults[fault] and not s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"]:
            s3.put_object(Bucket=bucket, Key=key, Body=b"")
            if fault == "hangs":
                threading.Event().wait()
            os.kill(os.getpid(), signal.SIGKILL)
