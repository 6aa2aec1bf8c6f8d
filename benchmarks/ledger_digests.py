"""What the digests of rows cost, and how long a backup and a restore take, of a ledger filled to a given size.

    python benchmarks/ledger_digests.py --members 50000 [--postgresql]

Each member has an identity, a contact and a row of the outbox. Times are those on the clock; beside them those of this
process on a processor, which tell what a busy machine adds. A server on which PostgreSQL works is started for it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from restoring import server

from tenure import ledger
from tenure.base.home import Home, write_atomically
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import Ledger, Settings, Source

NIGHT = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)
PROPERTIES = ("RiskBand", "Reason1", "Reason2", "Reason3", "ModelVersion", "AsOf", "Expected")


def told(what: str, work: Callable[[], object]) -> None:
    """Do *work* and print how long it took."""
    began, busy = time.perf_counter(), time.process_time()
    work()
    print(f"| {what} | {time.perf_counter() - began:.1f} s | {time.process_time() - busy:.1f} s |", flush=True)


def plan(members: int, digest: str) -> None:
    from tenure.ledger import outbox

    payload = dict.fromkeys(PROPERTIES, "x" * 12)
    rows = [outbox.Wanted(f"{n:05}", {**payload, "RiskScore": n % 100}, digest * 64) for n in range(members)]
    outbox.plan(table="AI_Member_Risk", rows=rows)


def fill(members: int) -> None:
    """Rows as a first night leaves them."""
    from tenure.ledger import identities, runs
    from tenure.ledger.models import Contact

    identities.learn(pairs=[(n, f"{n:05}") for n in range(members)])
    names = [(n, f"First {n}", f"Last {n}", f"m{n}@x.example") for n in range(members)]
    rows = [Contact(member=n, first_name=a, last_name=b, email=c, search=f"{a} {b}".lower()) for n, a, b, c in names]
    Contact.objects.bulk_create(rows, batch_size=2_000)
    plan(members, "a")
    with runs.start(as_of=NIGHT.date(), kind="night", by="benchmark"):
        pass


def measure(root: Path, members: int, database: str, empty: str) -> None:
    home, settings = Home(root / "home"), Settings(source=Source(kind="files"), ledger=Ledger(database=database))
    ledger.setup(home, settings)
    ledger.migrate()
    from tenure.custody import back_up, restore
    from tenure.ledger import witness

    fill(members)
    told("digests for all rows", lambda: witness.note(home))
    told("look at a start", lambda: witness.require_whole(home))
    told("note at an end, nothing changed", lambda: witness.note(home))
    told("change the whole outbox", lambda: plan(members, "b"))
    told("note at an end, the whole outbox changed", lambda: witness.note(home))
    Pseudonyms.of(home)
    text = f'[source]\nkind = "files"\npath = "x"\n[ledger]\ndatabase = "{database}"\n'
    write_atomically(home.settings_file, text.encode())
    told("backup, tried", lambda: back_up(home, settings, root / "backups", with_lake=False))
    (made,) = (root / "backups").glob("*.tar.gz")
    other = Home(root / "other")
    told("restore", lambda: restore(made, other, key_file=home.key_file, database=empty))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, default=50_000)
    words.add_argument("--postgresql", action="store_true")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as name, server(given.postgresql) as (database, empty):
        print("| | on the clock | on a processor |\n|---|--:|--:|")
        measure(Path(name), given.members, database, empty)
        from django.db import connections

        connections.close_all()


if __name__ == "__main__":
    main()
