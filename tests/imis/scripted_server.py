"""A tiny scripted server on 127.0.0.1: each test says what it answers, down to the single byte.

It stands in for the faults that a faithful iMIS can't be told to have. What iMIS itself answers is tested against the
sandbox in `test_against_sandbox.py`.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tenure.imis import Timekeeping


@dataclass
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    def one(self, name: str, default: str = "") -> str:
        return next((v for k, v in self.query if k.lower() == name.lower()), default)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Says:
    """An answer: JSON by default, or raw bytes, slow bytes, or none at all."""

    json: Any = None
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    type: str = "application/json; charset=utf-8"
    drop: bool = False  # close the connection without a word
    cut: int | None = None  # announce the whole body, send so many bytes of it, close
    pause: float = 0.0  # seconds between single bytes
    header_pause: float = 0.0  # the same, in the headers

    def bytes(self) -> bytes:
        return self.body if self.body is not None else json.dumps(self.json).encode()


Script = Callable[[Asked], Says]


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up in these tests, and are killed."""


class Server:
    """Runs a script and remembers what was asked."""

    def __init__(self) -> None:
        self.script: Script = lambda asked: Says({})
        self.asked: list[Asked] = []
        self.tokens = 0
        self.token: Script | None = None
        self.in_flight = self.most_in_flight = 0
        self.connections = 0
        self._lock = threading.Lock()
        self._server = _QuietServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, asked: Asked) -> Says:
        if asked.path.lower() == "/token":
            self.tokens += 1
            if self.token is not None:
                return self.token(asked)
            return Says({"access_token": f"t{self.tokens}", "token_type": "bearer", "expires_in": 1209599})
        self.asked.append(asked)
        return self.script(asked)

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 1 << 16

            def setup(self) -> None:
                super().setup()
                server.connections += 1

            def log_message(self, *_: object) -> None:
                pass

            def handle_any(self) -> None:
                with server._lock:
                    server.in_flight += 1
                    server.most_in_flight = max(server.most_in_flight, server.in_flight)
                try:
                    self.tell(server.answer(self.read()))
                finally:
                    with server._lock:
                        server.in_flight -= 1

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def read(self) -> Asked:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                query = parse_qsl(parts.query, keep_blank_values=True)
                return Asked(self.command, parts.path, query, dict(self.headers.items()), body)

            def tell(self, says: Says) -> None:
                if says.drop:
                    self.close_connection = True
                    return
                body = says.bytes()
                headers = {"Content-Type": says.type, "Content-Length": str(len(body))} | says.headers
                head = f"HTTP/1.1 {says.status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
                try:
                    self.trickle(head.encode(), says.header_pause)
                    self.trickle(body if says.cut is None else body[: says.cut], says.pause)
                except OSError:
                    self.close_connection = True
                if says.cut is not None:
                    self.close_connection = True

            def trickle(self, data: bytes, pause: float) -> None:
                if not pause:
                    self.wfile.write(data)
                    self.wfile.flush()
                    return
                for i in range(len(data)):
                    self.wfile.write(data[i : i + 1])
                    self.wfile.flush()
                    time.sleep(pause)

        return Handler


@dataclass
class FakeTime:
    """Time that only passes when somebody sleeps."""

    now: float = 1_700_000_000.0
    slept: list[float] = field(default_factory=list)

    def keeping(self) -> Timekeeping:
        return Timekeeping(
            clock=lambda: dt.datetime.fromtimestamp(self.now, dt.UTC), ticks=lambda: self.now, sleep=self.sleep
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def envelope(rows: list[dict[str, Any]], offset: int, total: int, *, limit: int = 500) -> dict[str, Any]:
    """The list envelope of `api/query`; *rows* is one page of *total*."""
    more = offset + len(rows) < total
    return {
        "$type": "Asi.Soa.Core.DataContracts.PagedResult, Asi.Contracts",
        "Items": {
            "$type": "System.Collections.Generic.List`1[[System.Object, mscorlib]], mscorlib",
            "$values": [{"$type": "System.Dynamic.ExpandoObject, System.Core", **row} for row in rows],
        },
        "Offset": offset,
        "Limit": limit,
        "Count": len(rows),
        "TotalCount": total,
        "NextPageLink": None,
        "HasNext": more,
        "NextOffset": offset + len(rows) if more else 0,
    }


def paged(rows: list[dict[str, Any]]) -> Script:
    """Serves *rows* as any list, page by page."""

    def script(asked: Asked) -> Says:
        offset, limit = int(asked.one("Offset", "0")), int(asked.one("Limit", "100"))
        return Says(envelope(rows[offset : offset + limit], offset, len(rows), limit=limit))

    return script
