"""Is the ledger whole, and does it still know what it knew? A small file beside it says how far it had come.

A SQLite file that was cut to nothing, or whose write-ahead log was torn, opens as an older or an empty ledger without a
word; the number of the last run that ended, kept in `ledger.witness`, tells.
"""

from __future__ import annotations

import json

from django.db import connection
from django.db.models import Max

from tenure.base.errors import DamagedStore
from tenure.base.home import Home, write_atomically
from tenure.ledger.models import Run
from tenure.ledger.models.runs import State

NAME = "ledger.witness"


def require_what_it_knew(home: Home) -> None:
    """Compare the ledger with its witness; call it before tables are made that are missing.

    Raises:
        DamagedStore: It knows less than it did, or the witness cannot be read.
    """
    path = home.root / NAME
    if not path.exists():
        return
    try:
        wanted = int(json.loads(path.read_bytes())["run"])
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedStore(f"{path} is damaged", mend="delete it; `tenure doctor` then looks at the ledger") from error
    found = _last_run() if Run._meta.db_table in connection.introspection.table_names() else 0
    if found < wanted:
        raise DamagedStore(
            f"the ledger has lost what it knew: the last run that ended is number {found}, and it was {wanted}",
            mend=f"{mend_of(home)}. If it was set back on purpose, delete {path}",
        )


def note(home: Home) -> None:
    """Write down how far the ledger has come; it is never less than it was."""
    body = json.dumps({"run": _last_run()})
    path = home.root / NAME
    if not path.exists() or path.read_text(encoding="utf-8", errors="replace") != body:
        write_atomically(path, body.encode())


def require_whole(home: Home) -> None:
    """Look through the ledger's file; a server looks after its own.

    Raises:
        DamagedStore: Its structure is damaged.
    """
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        found = cursor.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise DamagedStore(f"{home.ledger} is damaged", mend=mend_of(home))


def mend_of(home: Home) -> str:
    """How a damaged ledger is mended."""
    return (
        f"stop `tenure serve`, then `tenure restore BACKUP --home {home.root} --replace`; "
        f"backups are in {home.root / 'backups'} unless you put them elsewhere"
    )


def _last_run() -> int:
    return int(Run.objects.exclude(state=State.RUNNING).aggregate(last=Max("id"))["last"] or 0)
