"""How quickly the staff pages answer, and what they weigh, while a night is under way on one thread.

    python benchmarks/staff_pages.py --members 50000 --events-per-year 60
    python benchmarks/staff_pages.py --home DIR          # a home that is there already, whose records are files

Makes an association from the sandbox's files, runs its first night with every playbook on, serves its pages, and lets
readers ask for every page in turn as a director, without and then with a night (of the day after, every library held
to one thread) beside them. Two readers who do not `--pause` ask for as much as the server can answer; a score of them
who look at each page for some seconds are an office. With `--worst` they ask for the dearest that each filter takes
instead. Figures are what a reader on the same machine waits for, per page; the yardstick is `/health`, the emptiest
answer that the same server gives, in the same run. Weights are of the page as it travels.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

COMMANDS = Path(sys.executable).parent
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
PASSWORD = secrets.token_urlsafe(16)
Waits = dict[str, list[float]]


def tenure(*words: str, **more: str) -> None:
    subprocess.run(
        [str(COMMANDS / "tenure"), *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, **more},
    )  # fmt: skip


def make(folder: Path, members: int, events: float, today: dt.date) -> Path:
    """A home after its first night, with every playbook on and in the last phase."""
    world, home = folder / "world", folder / "home"
    subprocess.run(
        [
            str(COMMANDS / "imis-sandbox"), "export", "--out", str(world), "--members", str(members),
            "--events-per-year", str(events), "--today", str(today),
        ], check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    tenure("init", "--home", str(home), "--source", "files", "--path", str(world))
    tenure("run", "--home", str(home), "--as-of", str(today))
    return home


def enroll(home: Path) -> None:
    """Give the home a director."""
    words = ("staff", "add", "bench", "--role", "director", "--home", str(home))
    tenure(*words, TENURE_STAFF_PASSWORD=PASSWORD)


def switch_on(home: Path) -> None:
    """Turn every playbook on, in the last phase."""
    listed = subprocess.run(
        [str(COMMANDS / "tenure"), "playbook", "list", "--json", "--home", str(home)], check=True, capture_output=True
    )
    for playbook in json.loads(listed.stdout):
        tenure("playbook", "on", playbook["name"], "--by", "bench", "--home", str(home))
    despite = [word for rule in ("few-decided", "calibration-off", "few-sent") for word in ("--despite", rule)]
    tenure("phase", "set", "3", "--by", "bench", "--why", "a benchmark", *despite, "--home", str(home))


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """The pages of *home* at a free port."""
    server = subprocess.Popen(
        [str(COMMANDS / "tenure"), "serve", "--home", str(home), "--port", "0"], stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        found = next(m for line in server.stdout if (m := re.search(r"http://[\d.]+:\d+", line)))
        yield found.group()
    finally:
        server.terminate()
        server.wait()


def signed_in(url: str) -> httpx.Client:
    client = httpx.Client(base_url=url, timeout=60, headers={"Accept-Encoding": "gzip"})
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', client.get("/sign-in").text)
    assert token
    form = {"csrfmiddlewaretoken": token.group(1), "username": "bench", "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 302
    return client


def addresses(client: httpx.Client) -> list[str]:
    """Pages as people open them, with members and drafts from the lists; pages that a build lacks are left out."""
    members = [one["member_id"] for one in client.get("/today.json").json()["members"][:5]]
    page = client.get("/queue/").text
    drafts = sorted(set(re.findall(r"open=(\d+)", page)))[:3]
    lists = ["/", "/?band=high&sort=dues", "/?q=an", "/?all=1", "/?all=1&page=40", "/?due=30&sort=date", "/?quiet=1"]
    lists += ["/queue/", "/gone/"]
    rooms = ["playbooks", "audit", "sending", "model", "runs", "membership", "settings", "reports", "keys"]
    wanted = ["/health", *lists, *(f"/{room}/" for room in rooms)]
    wanted += [f"/members/{member}/{part}" for member in members for part in ("", "receipt/")]
    wanted += [f"/queue/?open={draft}" for draft in drafts]
    return [address for address in wanted if client.get(address).status_code == 200]


def dearest(client: httpx.Client) -> list[str]:
    """For each filter of pages and lists the dearest that it takes: much that is found, nothing, and the last page."""
    letters, long = "+".join("aeinorstlcdmhukgbpvjyfwzxq"), "a" * 4_000
    wanted = [
        "/health", "/?q=a", "/?q=a&sort=rise&page=1000000", f"/?q={letters}&sort=dues", f"/?q={long}",
        "/?all=1&sort=rise&page=1000000", "/?all=1&sort=date", "/?change=odd&due=3650&grace=1&call=1&band=high&q=a",
        "/today.json?q=a&sort=date&page=1000000", f"/queue/?rule={long}&who={long}", "/queue/?view=payments&page=99999",
        "/queue/?view=done", "/queue/?view=dropped", "/queue.json?rule=none", f"/audit/?act={long}&by={long}",
        "/audit/?proposal=999999999999999", "/audit/?by=nobody", f"/membership/?type={long}", "/runs/?page=1000000",
    ]  # fmt: skip
    return [address for address in wanted if client.get(address).status_code == 200]


def ask(
    url: str,
    cookies: httpx.Cookies,
    wanted: list[str],
    until: float,
    waits: Waits,
    weights: dict[str, int],
    pause: float = 0,
    seed: int = 0,
) -> None:
    dice = random.Random(seed)
    with httpx.Client(base_url=url, cookies=cookies, timeout=60, headers={"Accept-Encoding": "gzip"}) as client:
        while time.monotonic() < until:
            for address in wanted:
                # People do not turn their pages at the same moment.
                time.sleep(dice.uniform(0, 2 * pause))
                began = time.perf_counter()
                answer = client.get(address)
                waits[_kind(address)].append(time.perf_counter() - began)
                assert answer.status_code == 200, (address, answer.status_code)
                weights[_kind(address)] = max(weights.get(_kind(address), 0), answer.num_bytes_downloaded)


def _kind(address: str) -> str:
    return re.sub(r"/members/[^/]+/", "/members/…/", re.sub(r"open=\d+", "open=…", address))


def measured(
    url: str, client: httpx.Client, wanted: list[str], readers: int, seconds: float, pause: float
) -> tuple[Waits, dict[str, int]]:
    waits: Waits = defaultdict(list)
    weights: dict[str, int] = {}
    until = time.monotonic() + seconds
    turns = [i * len(wanted) // readers for i in range(readers)]
    people = [
        threading.Thread(
            target=ask, args=(url, client.cookies, wanted[i:] + wanted[:i], until, waits, weights, pause, seed)
        )
        for seed, i in enumerate(turns)
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    return waits, weights


@contextmanager
def nights(home: Path, day: dt.date) -> Iterator[None]:
    """Nights of the days after *day*, one after another, each on one thread, for the length of the block."""
    over = threading.Event()

    def work() -> None:
        night = day
        while not over.is_set():
            night += dt.timedelta(days=1)
            # The records end on *day*, which some nights later looks like feeds that stopped.
            words = ("--despite-drift", "--by", "bench")
            tenure("run", "--home", str(home), "--as-of", str(night), *words, **ONE_THREAD)

    with ThreadPoolExecutor(1) as worker:
        working = worker.submit(work)
        try:
            yield
        finally:
            over.set()
        working.result()  # A night that failed was none to wait beside.


def at(part: float, waits: list[float]) -> float:
    ordered = sorted(waits)
    return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def shown(address: str) -> str:
    return address if len(address) < 80 else f"{address[:60]}… ({len(address):,} letters)"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, default=50_000)
    words.add_argument("--events-per-year", type=float, default=60)
    words.add_argument("--today", type=dt.date.fromisoformat, default=dt.date(2026, 3, 1))
    words.add_argument("--home", type=Path)
    words.add_argument("--keep", type=Path, help="make the association here, and leave it")
    words.add_argument("--readers", type=int, default=2)
    words.add_argument("--pause", type=float, default=0, help="seconds for which a reader looks at a page, on average")
    words.add_argument("--seconds", type=float, default=60)
    words.add_argument("--worst", action="store_true", help="the dearest that each filter takes, in place of each page")
    words.add_argument("--json", type=Path, help="also keep the figures here")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or make(given.keep or Path(folder), given.members, given.events_per_year, given.today)
        enroll(home)
        if not given.home:
            switch_on(home)
            tenure("run", "--home", str(home), "--as-of", str(given.today))
        with serving(home) as url, closing(signed_in(url)) as client:
            wanted = dearest(client) if given.worst else addresses(client)
            ask(url, client.cookies, wanted, time.monotonic() + 0.1, defaultdict(list), {})
            quiet, _ = measured(url, client, wanted, given.readers, given.seconds, given.pause)
            with nights(home, given.today):
                time.sleep(5)
                busy, weights = measured(url, client, wanted, given.readers, given.seconds, given.pause)
    tell(quiet, busy, weights, given.json)


def tell(quiet: Waits, busy: Waits, weights: dict[str, int], into: Path | None) -> None:
    base = statistics.median(busy["/health"])
    print("| page | asked | median | p95 | p95 while a night runs | p99 then | median over an empty answer | kB |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for page in busy:
        print(
            f"| `{shown(page)}` | {len(quiet[page]) + len(busy[page])} | {at(0.5, quiet[page]):.0f} ms "
            f"| {at(0.95, quiet[page]):.0f} ms | {at(0.95, busy[page]):.0f} ms | {at(0.99, busy[page]):.0f} ms "
            f"| {statistics.median(busy[page]) / base:.1f} × | {weights[page] / 1000:.0f} |"
        )
    pages = [page for page in busy if page != "/health"]
    worst = max(pages, key=lambda page: at(0.95, busy[page]))
    every = [wait for page in pages for wait in busy[page]]
    slowest = f"the slowest, {shown(worst)}: {at(0.95, busy[worst]):.0f} ms"
    print(f"\nall pages, p95 while a night runs: {at(0.95, every):.0f} ms; {slowest}")
    if into:
        figures = {
            "p95": at(0.95, every), "worst_p95": at(0.95, busy[worst]),
            "over_empty": statistics.median(every) / base, "kilobytes": max(weights.values()) / 1000,
        }  # fmt: skip
        into.write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
