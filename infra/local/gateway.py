"""An unreliable network in front of the emulated AWS.

It forwards each request as it is, signature and all, and does to some what networks and services
do: no answer, a late one, an error before anything was done, or one after it was.
"""

from __future__ import annotations

import http.client
import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

from infra.local.ministack import EmulatedAws

FORWARDING_SECONDS = 60
HOP_BY_HOP = frozenset({"connection", "expect", "keep-alive", "transfer-encoding"})
SLOW_DOWN = (
    b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>SlowDown</Code>"
    b"<Message>Please reduce your request rate.</Message></Error>"
)


@dataclass(frozen=True)
class Weather:
    """How often, from 0 to 1, each thing happens to a request.

    Attributes:
        error: it is answered with 503 and not done.
        drop: the connection ends, and it is not done.
        lost: it is done, and the connection ends without an answer.
        late: it is done and answered after up to ``late_seconds``.
        status_error: the same as ``error`` for writing a status.
    """

    error: float = 0.03
    drop: float = 0.02
    lost: float = 0.02
    late: float = 0.04
    late_seconds: float = 3.0
    status_error: float = 0.25


@dataclass(frozen=True)
class Gateway:
    """Where the unreliable network begins.

    Attributes:
        happened: how often each fault did.
    """

    endpoint_url: str
    happened: Counter[str]


@contextmanager
def unreliable(aws: EmulatedAws, seed: int, weather: Weather = Weather()) -> Iterator[Gateway]:
    """Listen on a free loopback port while the context lasts."""
    upstream = urlsplit(aws.endpoint_url)
    happened: Counter[str] = Counter()

    class Handler(_Forwarder):
        address = (str(upstream.hostname), int(upstream.port or 443))
        trust = ssl.create_default_context(cafile=str(aws.certificate))
        forecast = _Forecast(seed, weather, happened)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    identity = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identity.load_cert_chain(aws.certificate, aws.certificate.with_name("key.pem"))
    # The handshake is done by each connection's own thread, so that none holds up the others.
    server.socket = identity.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, name="gateway", daemon=True)
    thread.start()
    try:
        yield Gateway(f"https://127.0.0.1:{server.server_address[1]}", happened)
    finally:
        server.shutdown()
        server.socket.close()
        thread.join()


class _Forecast:
    """Decides, from a seed, what happens to the next request."""

    def __init__(self, seed: int, weather: Weather, happened: Counter[str]) -> None:
        self._random = random.Random(seed)  # noqa: S311 (a reproducible test, no secret)
        self._weather = weather
        self._happened = happened
        self._lock = threading.Lock()

    def next(self, writes_status: bool) -> tuple[str, float]:
        """The fault, "" for none, and the seconds that the answer takes longer."""
        weather = self._weather
        chances = {
            "error": weather.status_error if writes_status else weather.error,
            "drop": weather.drop,
            "lost": weather.lost,
            "late": weather.late,
        }
        with self._lock:
            fault = self._random.choices(
                ["", *chances], [1 - sum(chances.values()), *chances.values()]
            )[0]
            seconds = self._random.uniform(0, weather.late_seconds) if fault == "late" else 0.0
            self._happened[fault or "forwarded"] += 1
        return fault, seconds


class _Forwarder(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = FORWARDING_SECONDS
    address: ClassVar[tuple[str, int]]
    trust: ClassVar[ssl.SSLContext]
    forecast: ClassVar[_Forecast]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        with suppress(OSError):  # the other side may leave whenever it likes
            super().handle()

    def _forward(self) -> None:
        body = self._body()
        writes_status = self.command == "PUT" and ".status.json" in self.path
        fault, seconds = self.forecast.next(writes_status)
        if fault == "drop":
            self.close_connection = True
            return
        if fault == "error":
            self._answer(503, {"Content-Type": "application/xml"}, SLOW_DOWN)
            return
        headers = {name: value for name, value in self.headers.items() if _passes(name)}
        connection = http.client.HTTPSConnection(
            *self.address, timeout=FORWARDING_SECONDS, context=self.trust
        )
        try:
            connection.request(
                self.command, self.path, body, {**headers, "Content-Length": str(len(body))}
            )
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if fault == "lost":
            self.close_connection = True
            return
        time.sleep(seconds)
        self._answer(answer.status, dict(answer.getheaders()), content)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _forward  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if _passes(name) and (self.command == "HEAD" or name.lower() != "content-length"):
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _passes(header: str) -> bool:
    return header.lower() not in HOP_BY_HOP
