"""Whether the time that a wrong password takes tells anything about the name it was tried under.

    python benchmarks/sign_in_times.py [--tries 40]

An association is served over HTTP, as behind a proxy that names each visitor's address, so that no guess has to wait
unless it should. Guesses under names that have an account, have one that was closed, have one without a password (for
an identity provider), have one with a second factor, and have none are sent in turn, in an order that is drawn anew
each round. Printed are the medians of each on the clock and in processor time, which other work on the machine leaves
alone, and their ratios to those of names that nobody has, with a 95 % interval by redrawing rounds; then the same for
guesses that have to wait. WA-7 wants every ratio within 5 % of one.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import random
import re
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pyotp

from tenure import ledger, web
from tenure.base.home import Home
from tenure.base.settings import Settings, Source, Web

HOST = "tenure.example.org"
PASSWORD = "harbor-otter-violet-27"
KINDS = ("open", "closed", "without a password", "with a second factor", "of nobody")
Seconds = dict[str, list[tuple[float, float]]]
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
AT = dt.datetime(2025, 3, 1, 8, tzinfo=dt.UTC)


def clock() -> dt.datetime:
    return AT


def association(root: Path) -> tuple[Home, Settings]:
    """A ledger with one account of each kind."""
    home, settings = Home(root), Settings(source=Source(kind="files", path="exports"), web=Web(allowed_hosts=(HOST,)))
    root.mkdir(parents=True)
    ledger.setup(home, settings)
    ledger.migrate()
    from tenure.ledger import factors, staff

    for number, kind in enumerate(KINDS[:-1]):
        password = None if kind == "without a password" else PASSWORD
        person = staff.create(username=f"person-{number}", password=password, by="benchmark", clock=clock)
        if kind == "with a second factor":
            word = factors.new_word()
            code = pyotp.TOTP(factors.secret_of(person, word)).at(AT)
            factors.confirm(person=person, word=word, code=code, now=AT, clock=clock)
        if kind == "closed":
            staff.set_open(username=person.username, is_open=False, by="benchmark", clock=clock)
    return home, settings


class Visitor:
    """Somebody at an address of their own, who has the form before them.

    Args:
        url: Where the pages are.
        number: Of the visitor.
    """

    def __init__(self, url: str, number: int) -> None:
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self._headers = {"host": HOST, "x-forwarded-proto": "https", "x-forwarded-for": address}
        self._headers |= {"origin": f"https://{HOST}"}
        self._client = httpx.Client(base_url=url, headers=self._headers, timeout=60)
        page = self._client.get("/sign-in")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token is not None, page.status_code
        self._token, self._cookie = token[1], page.headers["set-cookie"].split(";")[0]

    def guess(self, name: str) -> tuple[tuple[float, float], httpx.Response]:
        """Seconds that the answer to a wrong password takes, on the clock and of processors, and the answer."""
        form = {"csrfmiddlewaretoken": self._token, "username": name, "password": "a-wrong-guess"}
        began, worked = time.perf_counter(), time.process_time()
        answer = self._client.post("/sign-in", data=form, headers={"cookie": self._cookie})
        return (time.perf_counter() - began, time.process_time() - worked), answer


def in_turn(visitors: Callable[[int, int], Visitor], tries: int, expected: int) -> Seconds:
    """The seconds of *tries* guesses under each kind of name, by the visitor for a turn and a kind."""
    dice, seconds, said = random.Random(tries), {kind: [] for kind in KINDS}, set()
    for turn in range(tries):
        for number in dice.sample(range(len(KINDS)), len(KINDS)):
            taken, answer = visitors(turn, number).guess(f"person-{number}")
            assert answer.status_code == expected, answer.status_code
            said.add(re.sub(r"person-\d|[A-Za-z0-9]{64}", "", answer.text))
            seconds[KINDS[number]].append(taken)
    assert len(said) == 1, "the answers differ in more than the name"
    return seconds


def looked_at(url: str, tries: int) -> Seconds:
    """Each guess from an address that made none before."""
    numbers = itertools.count(1)
    return in_turn(lambda turn, number: Visitor(url, next(numbers)), tries, 200)


def throttled(url: str, tries: int) -> Seconds:
    """From one address for each kind, which made as many guesses before as are looked at."""
    from tenure.ledger.staff import GUESSES_PER_NAME_AND_ADDRESS

    visitors = [Visitor(url, (1 << 20) + number) for number in range(len(KINDS))]
    for number, visitor in enumerate(visitors):
        for _ in range(GUESSES_PER_NAME_AND_ADDRESS):
            visitor.guess(f"person-{number}")
    return in_turn(lambda turn, number: visitors[number], tries, 429)


def told(title: str, seconds: Seconds) -> None:
    """Print medians and ratios."""
    base = np.array(seconds[KINDS[-1]])
    print(f"{title}: {len(base)} under each kind of name; the same words for all")
    for kind, rows in seconds.items():
        own, dice = np.array(rows), np.random.default_rng(1)
        parts = [
            _ratio(name, own[:, place], base[:, place], dice) for place, name in enumerate(("clock", "processors"))
        ]
        print(f"  {kind:<22} {'; '.join(parts)}")


def _ratio(name: str, own: Floats, base: Floats, dice: np.random.Generator) -> str:
    rounds = dice.integers(0, len(own), (2000, len(own)))
    ratios = np.median(own[rounds], axis=1) / np.median(base[rounds], axis=1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    ratio = np.median(own) / np.median(base)
    return f"{name} {1000 * np.median(own):6.1f} ms, ratio {ratio:.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=40)
    tries = parser.parse_args().tries
    with tempfile.TemporaryDirectory() as folder:
        home, settings = association(Path(folder) / "home")
        now = [AT]
        server = web.create_server(home, settings, "127.0.0.1", 0, clock=lambda: now[0])
        stopping = threading.Event()
        thread = threading.Thread(target=web.run_until, args=(server, stopping), daemon=True)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.effective_port}"
            looked_at(url, 2)
            now[0] += dt.timedelta(hours=1)
            told("guesses that are looked at", looked_at(url, tries))
            now[0] += dt.timedelta(hours=1)
            told("guesses that have to wait", throttled(url, 5 * tries))
        finally:
            stopping.set()
            thread.join(timeout=10)


if __name__ == "__main__":
    main()
