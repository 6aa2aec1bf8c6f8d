"""How much of a bare loop's speed the iMIS client keeps: pages of 500 rows, replayed by a static server.

Run: python benchmarks/imis_pages.py [PAGES] [MILLISECONDS THAT THE SERVER TAKES FOR A PAGE]

The bare loop sends the same requests over one kept-alive connection and throws the bytes away; the client also signs
in, keeps its manners, parses, checks paging and makes ids strings.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from urllib.parse import parse_qs, urlsplit

import httpx

from tenure.imis import ImisClient

ROWS = 500


def page(offset: int, pages: int) -> bytes:
    rows = [
        {
            "$type": "System.Dynamic.ExpandoObject, System.Core", "LogKey": offset + n, "ID": 10_000 + n,
            "ActionCode": "PAGE", "VisitedOn": "2025-11-22T23:12:13", "Minutes": 3.5,
            "Reference": f"/page/{n}", "RecordedOn": "2025-11-23T00:00:52",
        }
        for n in range(ROWS)
    ]  # fmt: skip
    more = offset + ROWS < pages * ROWS
    envelope = {
        "$type": "Asi.Soa.Core.DataContracts.PagedResult, Asi.Contracts", "Items": {"$type": "x", "$values": rows},
        "Offset": offset, "Limit": ROWS, "Count": ROWS, "TotalCount": pages * ROWS, "NextPageLink": None,
        "HasNext": more, "NextOffset": offset + ROWS if more else 0,
    }  # fmt: skip
    return _answer(json.dumps(envelope).encode())


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def _whole(request: bytes) -> bool:
    head, found, body = request.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    return bool(found) and len(body) >= length


def serve(recorded: list[bytes], pause: float = 0.0) -> str:
    """Replays *recorded* pages by offset on one thread a connection; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = b""
        while True:
            while not _whole(request):
                more = connection.recv(65536)
                if not more:
                    return
                request += more
            target = request.split(b" ", 2)[1].decode()
            request = b""
            if target.startswith("/token"):
                connection.sendall(_answer(b'{"access_token": "t", "expires_in": 86400}'))
                continue
            offset = int(parse_qs(urlsplit(target).query)["Offset"][0])
            time.sleep(pause)
            connection.sendall(recorded[offset // ROWS])

    def accept() -> None:
        while True:
            threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def bare(url: str, pages: int) -> float:
    began = time.perf_counter()
    with httpx.Client() as client:
        for number in range(pages):
            params = {"QueryName": "$/Tenure/WebActivity", "Limit": ROWS, "Offset": number * ROWS}
            client.get(f"{url}/api/query", params=params).raise_for_status()
    return time.perf_counter() - began


def ours(url: str, pages: int) -> float:
    began = time.perf_counter()
    with ImisClient(url, "tenure", "sandbox", requests_per_hour=0) as client:
        rows = sum(len(page) for page in client.query("$/Tenure/WebActivity"))
    assert rows == pages * ROWS
    return time.perf_counter() - began


def main() -> None:
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    pause = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.004
    url = serve([page(number * ROWS, pages) for number in range(pages)], pause)
    bare(url, min(pages, 20))
    for name, run in (("bare loop", bare), ("Tenure's client", ours)):
        best = min(run(url, pages) for _ in range(3))
        print(f"{name:16} {pages / best:7.0f} pages/s  {1000 * best / pages:5.2f} ms a page")


if __name__ == "__main__":
    main()
