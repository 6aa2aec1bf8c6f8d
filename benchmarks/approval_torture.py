"""Lets offices live through thousands of random acts and deaths, and looks for what left without a word for it (AP-1).

    python benchmarks/approval_torture.py [--seeds 50] [--acts 5000] [--first 1] [--postgresql]

The acts are those of `tests/delivery/office.py`: looking, approving, seconding, undoing, revoking, rejecting, snoozing,
editing, changes by hand in the database, renewals, opt-outs, nights that score and propose anew and let drafts expire,
a mail server that refuses, defers and loses, a worker, and the death of whatever comes next before any of its writes.
After each act what arrived is held against the approvals; at the end of each seed everything is brought to its end,
and `tests/delivery/independent_checker.py` holds the mail server against an export of the audit log, knowing nothing
else. Prints a line per seed, and ends with 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / "tests" / folder) for folder in ("delivery", "")]

from mail_sink import MailSink
from office import ACTS, STAFF, Office

import postgresql_server
import proposing
from tenure import ledger
from tenure.base.home import Home
from tenure.base.settings import Ledger, Settings, Source


@contextmanager
def database(on_postgresql: bool) -> Iterator[str]:
    """The address of a database; empty for SQLite in the home."""
    if not on_postgresql:
        yield ""
        return
    with postgresql_server.server("tenure") as address:
        yield f"postgresql://tenure@{address}/postgres"


def lived(home: Home, mail: MailSink, seed: int, acts: int) -> tuple[Office, list[str]]:
    """An office after so many acts, and what is wrong with it."""
    dice, office = random.Random(seed), Office(home, mail)
    names, often = list(ACTS), [often for often, _ in ACTS.values()]
    trail: list[str] = []
    try:
        for name in dice.choices(names, often, k=acts):
            given = {what: dice.choice(list(choices)) for what, choices in ACTS[name][1].items()}
            trail = [*trail[-20:], f"{name} {given}"]
            office.act(name, **given)
        return office, office.wrong(home.root / "audit.jsonl")
    except Exception:
        print(f"seed {seed}, after {' | '.join(trail)}", file=sys.stderr)
        raise
    finally:
        office.close()


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    words.add_argument("--seeds", type=int, default=50)
    words.add_argument("--acts", type=int, default=5_000)
    words.add_argument("--first", type=int, default=1, help="the first seed")
    words.add_argument("--postgresql", action="store_true", help="a ledger in PostgreSQL instead of SQLite")
    told = words.parse_args()
    wrong, messages, began = 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory() as root, database(told.postgresql) as address, MailSink() as mail:
        home = Home(Path(root))
        ledger.setup(home, Settings(source=Source(kind="files"), ledger=Ledger(database=address)))
        ledger.migrate()
        proposing.known_staff(**STAFF)
        for seed in range(told.first, told.first + told.seeds):
            office, found = lived(home, mail, seed, told.acts)
            sent = len(mail.messages) - office.first
            wrong, messages = wrong + len(found), messages + sent
            print(
                f"seed {seed}: {told.acts} acts, {office.nights} nights, {office.deaths} deaths, {sent} messages; "
                f"{found or 'nothing wrong'} ({time.monotonic() - began:.0f} s)", flush=True,
            )  # fmt: skip
    print(f"{told.seeds} seeds, {told.seeds * told.acts} acts, {messages} messages, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
