"""How fast the sandbox starts and serves, against a static server that replays answers of the same size.

Run: python benchmarks/sandbox_pages.py [MEMBERS] [PAGES OF EACH KIND]

Prints the seconds of a cold start (nothing cached, from the command to the ready line), and for each kind of list the
median over many 500-row pages at places spread over the whole list, in milliseconds and as a multiple of the static
server's median for the same bytes.
"""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

QUERIES = ("Members", "Terms", "Activities", "WebActivity", "EmailEvents", "Registrations", "Money")
OBJECTS = ("CsContact", "Party", "CsActivity", "CsSubscriptions", "Activity", "Invoice", "EventRegistration")
LIMITS = {"query": 50.0, "object": 150.0, "start": 60.0}


def started(members: int) -> tuple[subprocess.Popen[str], str, float]:
    began = time.perf_counter()
    command = [sys.executable, "-m", "imis_sandbox", "serve", "--port", "0", "--members", str(members)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    return process, line.split()[-1], time.perf_counter() - began


def signed_in(url: str) -> httpx.Client:
    form = {"grant_type": "password", "username": "tenure", "password": "sandbox"}
    token = httpx.post(f"{url}/token", data=form).json()["access_token"]
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=120)


def static(body: bytes) -> tuple[ThreadingHTTPServer, httpx.Client]:
    """A server that always answers the same bytes."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", timeout=120)


def timed(client: httpx.Client, address: str) -> tuple[float, bytes]:
    began = time.perf_counter()
    body = client.get(address).content
    return 1000.0 * (time.perf_counter() - began), body


def measured(client: httpx.Client, address: str, pages: int) -> tuple[float, float, float, int]:
    """Median and slowest of the sandbox, median of the yardstick, and the size of a page."""
    first = client.get(f"{address}Limit=500").json()
    step = max(500, first["TotalCount"] // pages // 500 * 500)
    offsets = [
        offset % max(500, first["TotalCount"] - 499) for offset in itertools.islice(itertools.count(0, step), pages)
    ]
    found = [timed(client, f"{address}Limit=500&Offset={offset}") for offset in offsets]
    server, bare = static(found[0][1])
    yardstick = statistics.median(timed(bare, "/")[0] for _ in range(pages))
    server.shutdown()
    times = [one for one, _ in found]
    return statistics.median(times), max(times), yardstick, len(found[0][1])


def main(members: int, pages: int) -> None:
    process, url, seconds = started(members)
    try:
        print(f"{members:,} members: cold start {seconds:.1f} s (limit {LIMITS['start']:.0f} s)")
        client = signed_in(url)
        print(f"{'500-row page':20} {'median ms':>10} {'slowest':>8} {'static':>8} {'ratio':>6} {'KiB':>6}")
        addresses = [(name, f"/api/query?QueryName=$/Tenure/{name}&", "query") for name in QUERIES]
        addresses += [(name, f"/api/{name}?", "object") for name in OBJECTS]
        for name, address, kind in addresses:
            median, slowest, bare, size = measured(client, address, pages)
            over = "" if median < LIMITS[kind] else f"  over {LIMITS[kind]:.0f} ms"
            print(f"{name:20} {median:10.1f} {slowest:8.1f} {bare:8.2f} {median / bare:6.1f} {size // 1024:6}{over}")
        began = time.perf_counter()
        client.post("/_sandbox/advance", json={"days": 1})
        print(f"one more day: {time.perf_counter() - began:.2f} s")
    finally:
        process.terminate()


if __name__ == "__main__":
    arguments = [int(text) for text in sys.argv[1:]]
    main(*(arguments + [50_000, 40][len(arguments) :]))
