"""How much of a bare loop's speed the iMIS client keeps: recorded pages of 500 rows, replayed by a static server.

Run: python benchmarks/imis_pages.py [MEMBERS OF THE SANDBOX] [MILLISECONDS THAT THE SERVER TAKES FOR A PAGE]

The bare loop sends the same requests over one kept-alive connection and throws the bytes away; the client also signs
in, keeps its manners, parses, checks paging and makes ids strings.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

from tenure.imis import ImisClient

ROWS = 500


def recorded(members: int) -> list[bytes]:
    """Whole answers to every page of a query, as the sandbox gives them."""
    command = [Path(sys.executable).parent / "imis-sandbox", "serve", "--port", "0", "--members", str(members)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[-1]
        form = {"grant_type": "password", "username": "tenure", "password": "sandbox"}
        with httpx.Client(base_url=url, timeout=60) as client:
            token = client.post("/token", data=form).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            found, total = [], ROWS
            while len(found) * ROWS < total:
                params = {"QueryName": "$/Tenure/WebActivity", "Limit": ROWS, "Offset": len(found) * ROWS}
                answer = client.get("/api/query", params=params)
                total = answer.json()["TotalCount"]
                found.append(_answer(answer.content))
            return found
    finally:
        process.terminate()
        process.wait(30)


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
        got = sum(1 for _ in client.query("$/Tenure/WebActivity"))
    assert got == pages
    return time.perf_counter() - began


def main() -> None:
    members = int(sys.argv[1]) if len(sys.argv) > 1 else 800
    pause = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.004
    answers = recorded(members)
    url, pages = serve(answers, pause), len(answers)
    bare(url, min(pages, 20))
    best = {}
    for name, run in (("bare loop", bare), ("Tenure's client", ours)):
        best[name] = min(run(url, pages) for _ in range(3))
        print(f"{name:16} {pages / best[name]:7.0f} pages/s  {1000 * best[name] / pages:5.2f} ms a page")
    print(f"the client keeps {best['bare loop'] / best[name]:.0%} of the bare loop's speed, over {pages} pages")


if __name__ == "__main__":
    main()
