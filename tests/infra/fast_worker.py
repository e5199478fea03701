"""The real function with a painter that takes no time; not to be imported by tests."""

from __future__ import annotations

import json
import os
import signal
import threading
from typing import Any
from unittest.mock import Mock, patch

from handler import wiring
from handler.domain.errors import Defect
from handler.entrypoints import assemble, on_upload, paint_chunk
from tests.fast_painter import FastPainter

wiring.painter = lambda *_: FastPainter()  # type: ignore[assignment]


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return on_upload.handler(event, context)


def chunk_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Paints a chunk unless ``faults.json`` in the bucket of work wants something else for it."""
    misbehave(event["chunk"]["index"])
    return paint_chunk.handler(event, context)


def assemble_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Puts chunks together, on a disk that holds nothing if ``faults.json`` says so."""
    if not _faults()["small_disk"]:
        return assemble.handler(event, context)
    with patch("shutil.disk_usage", lambda _: Mock(total=0)):
        return assemble.handler(event, context)


def misbehave(chunk: int) -> None:
    """Be killed, hang or fail, if that is what ``faults.json`` wants of this chunk."""
    s3, bucket, faults = wiring.aws("s3"), os.environ["ARTREEL_WORK_BUCKET"], _faults()
    if chunk in faults["broken"]:
        raise Defect("this chunk is never painted")
    for fault in ("killed", "hangs"):
        key = f"happened/{fault}/{chunk:05}"
        if chunk in faults[fault] and not s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"]:
            s3.put_object(Bucket=bucket, Key=key, Body=b"")
            if fault == "hangs":
                threading.Event().wait()
            os.kill(os.getpid(), signal.SIGKILL)


def _faults() -> Any:
    bucket = os.environ["ARTREEL_WORK_BUCKET"]
    found = wiring.aws("s3").get_object(Bucket=bucket, Key="faults.json")
    return json.loads(found["Body"].read())
