"""Processes that are forked for one piece of work and killed in the midst of it, and sandboxes to work against."""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import httpx

PASSWORD = "sandbox"
FAILED = 3
"""How work ends that the server kept from its end: it is to be tried again."""

_LONGEST = 240.0
_FORKS = multiprocessing.get_context("forkserver")
_AT_WORK = threading.BoundedSemaphore(3 * (os.cpu_count() or 1))
"""So many processes at a time: more would only wait for a processor, and some of them wait for the server."""

_ASKING = threading.Lock()
"""Whoever starts a process asks how all others have ended, and only one may ask that at a time."""

Work = Callable[..., int]


@dataclass
class Tally:
    """What one lane did, or several together.

    Args:
        kills: By the step in which they struck; without a name where steps are not looked at.
        nights: How many.
        attempts: Processes.
        seconds: Of the longest lane.
    """

    kills: Counter[str]
    nights: int
    attempts: int
    seconds: float

    def told(self, what: str) -> str:
        where = ", ".join(f"{count} in {step}" for step, count in self.kills.most_common() if step)
        ran = f"{self.nights} nights, {self.attempts} processes, {self.seconds:.0f} s"
        return f"{self.kills.total()} kills of {what} ({ran}){': ' if where else ''}{where}"


def together(tallies: list[Tally]) -> Tally:
    """What several lanes did."""
    kills: Counter[str] = sum((one.kills for one in tallies), Counter())
    nights, attempts = (sum(getattr(one, name) for one in tallies) for name in ("nights", "attempts"))
    return Tally(kills, nights, attempts, max(one.seconds for one in tallies))


def preload() -> None:
    """Have everything imported before any process is forked."""
    paths = (str(Path(__file__).parent), os.environ.get("PYTHONPATH", ""))
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    _FORKS.set_forkserver_preload(["preloaded"])


def processor_seconds() -> float:
    """What this process and all of its children took of processors; on Linux also what those took who still live."""
    here, gone = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    alive = 0.0
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            ticks = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:15]
            alive += sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return here.ru_utime + here.ru_stime + gone.ru_utime + gone.ru_stime + alive


class Pace:
    """How long work takes when it is left in peace, as the median of the last times; lanes may share it.

    What goes on where earlier attempts were killed has less to do, and is counted apart by how far those came.

    Args:
        memory: How many last times.
    """

    def __init__(self, memory: int) -> None:
        self._times: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=memory))

    def learn(self, seconds: float, after: str = "") -> None:
        self._times[after].append(seconds)

    def usual(self, after: str) -> float:
        return statistics.median(self._times[after] or self._times[""])


class Killer:
    """Does work in processes of its own, and counts.

    Args:
        seed: Decides when to kill.
        pace: Of what is to be killed.
        steps: The steps of the work, in order; what is not among them comes before all.
        step: Tells in which step the work was that was killed last.
    """

    def __init__(self, seed: int, pace: Pace, steps: Sequence[str], step: Callable[[], str]) -> None:
        self.dice, self.pace, self._steps, self._step = random.Random(seed), pace, ["", *steps], step
        self.struck: Counter[str] = Counter()
        self.attempts = 0

    @property
    def kills(self) -> int:
        return self.struck.total()

    def do(self, work: Work, *arguments: Any) -> float:
        """Do *work* in peace; gives the seconds that it took."""
        code, taken = self._child(work, arguments, _LONGEST)
        assert code == 0, f"{work.__name__} did not come to its end"
        return taken

    def until_done(self, work: Work, *arguments: Any, kills: int, most: int = 60) -> Iterator[None]:
        """Attempts at *work* until one comes to its end; yields after each. Once it was struck *most* times, or *kills*
        in all, it is left in peace.

        A kill comes at a random moment of the time that such an attempt usually takes, on a machine as busy as it may.
        """
        far = 0
        for attempt in range(2 * most):
            shall = self.kills < kills and attempt < most
            after = self._steps[far]
            code, taken = self._child(
                work, arguments, self.dice.uniform(0, self.pace.usual(after)) if shall else _LONGEST
            )
            if code == 0:
                self.pace.learn(taken, after)
            if code == -signal.SIGKILL:
                step = self._step()
                self.struck[step] += 1
                far = max(far, self._steps.index(step) if step in self._steps else 0)
            yield
            if code == 0:
                return
        raise AssertionError(f"a {work.__name__} never came to its end")

    def _child(self, work: Work, arguments: tuple[Any, ...], seconds: float) -> tuple[int, float]:
        with _AT_WORK:
            process = _FORKS.Process(target=_ended, args=(work, *arguments))
            with _ASKING:
                process.start()
            taken = _taken_until(process, seconds)
            with _ASKING:
                if process.is_alive():
                    process.kill()
                process.join()
        self.attempts += 1
        code = process.exitcode
        assert code in (0, FAILED) or (code == -signal.SIGKILL and seconds < _LONGEST), f"{work.__name__}: {code}"
        return int(code), taken


def _taken_until(process: Any, seconds: float) -> float:
    """Wait until *process* has worked, or waited for the server, for so long, or ended; gives how long it did, nearly.

    While it was ready and others had the processors, time stood still for it.
    """
    taken, began = 0.0, time.monotonic()
    while taken < seconds and time.monotonic() - began < _LONGEST:
        if wait([process.sentinel], 0.01):
            break
        stood = 0.0  # where the system does not say it
        with contextlib.suppress(OSError):
            stood = int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[1]) / 1e9
        taken = time.monotonic() - began - stood
    return taken


def _ended(work: Work, *arguments: Any) -> None:
    """Do one thing in this process and end it, without the tidying up that a killed one does not have either."""
    os._exit(work(*arguments))


class Sandbox:
    """A sandbox, and what is asked of it besides being an iMIS."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._control = httpx.Client(base_url=f"{url}/_sandbox", timeout=60)

    def faults(self, seed: int = 1, **faults: Any) -> None:
        """Switch these on, and all others off."""
        self._control.post("/faults", json={"seed": seed, "faults": faults}).raise_for_status()

    def today(self) -> str:
        return str(self._control.get("/status").json()["today"])[:10]

    def advance(self) -> str:
        """Live one more day; gives the day."""
        return str(self._control.post("/advance", json={"days": 1}).json()["today"])[:10]

    def changes(self) -> int:
        """How many requests so far may have changed something; a sign-in is one of them."""
        methods = self._control.get("/usage").json()["by_method"]
        return sum(count for method, count in methods.items() if method in ("POST", "PUT", "DELETE"))

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Every row of a table, property by property."""
        form = {"grant_type": "password", "username": "tenure", "password": PASSWORD}
        token = httpx.post(f"{self.url}/token", data=form, timeout=60).json()["access_token"]
        found: list[dict[str, Any]] = []
        with httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
            while True:
                page = client.get(f"/api/{name}", params={"Limit": "500", "Offset": str(len(found))}).json()
                found += [_flat(item) for item in page["Items"]["$values"]]
                if not page["HasNext"]:
                    return found

    def wait_for_late_commits(self) -> None:
        while self._control.get("/faults").json()["waiting"]:
            time.sleep(0.5)


def _flat(item: dict[str, Any]) -> dict[str, Any]:
    """The properties of an entity; one that is more than a text stands in a box."""
    found = {pair["Name"]: pair.get("Value") for pair in item["Properties"]["$values"]}
    return {name: value["$value"] if isinstance(value, dict) else value for name, value in found.items()}


@contextlib.contextmanager
def sandbox(members: int, seed: int) -> Iterator[Sandbox]:
    """A sandbox of its own."""
    options = ["--members", str(members), "--seed", str(seed), "--today", "2025-03-01", "--years", "3"]
    command = [sys.executable, "-m", "imis_sandbox", "serve", "--port", "0", "--events-per-year", "12", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield Sandbox(process.stdout.readline().split()[-1])
    finally:
        process.terminate()
        process.wait(timeout=20)


def content(root: Path) -> tuple[object, ...]:
    """How many rows each table of the lake has, and a fingerprint of all of them in whatever order."""
    from tenure.lake import Lake

    _, names = Lake.open(root / "lake").snapshot()
    tables = [root / "lake" / name for name in names if name.startswith("tables/")]
    return _rows(root, tuple((path.name, hashlib.sha256(path.read_bytes()).digest()) for path in tables))


@lru_cache
def _rows(root: Path, _files: tuple[tuple[str, bytes], ...]) -> tuple[object, ...]:
    """The same, read once for the same bytes of the same files."""
    from tenure.lake import Lake

    tables = ("members", "terms", "activity", "programs", "program_changes")
    with Lake.open(root / "lake").connect() as db:
        sums = (f"SELECT count(*), sum(hash({table})::HUGEINT) FROM {table}" for table in tables)
        return tuple(row for query in sums for row in db.execute(query).fetchall())
