"""Is the ledger whole, and does it still say what it said? A small file beside it says how far it had come.

A SQLite file that was cut to nothing, or whose write-ahead log was torn, opens as an older or an empty ledger without a
word; the number of the last run that ended, kept in `ledger.witness`, tells. A byte flipped within a value is told by
the digests of rows; see `tenure.ledger.row_digests`.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import connection
from django.db.models import Max

from tenure.base.errors import DamagedStore
from tenure.base.home import Home, write_atomically
from tenure.ledger import row_digests
from tenure.ledger.models import Run
from tenure.ledger.models.runs import State

NAME = "ledger.witness"


def require_what_it_knew(home: Home) -> None:
    """Compare the ledger with its witness; call it before tables are made that are missing.

    Raises:
        DamagedStore: It knows less than it did, or the witness cannot be read.
    """
    path = home.root / NAME
    wanted = int(_witness(home).get("run", 0))
    found = _last_run() if Run._meta.db_table in connection.introspection.table_names() else 0
    if found < wanted:
        raise DamagedStore(
            f"the ledger has lost what it knew: the last run that ended is number {found}, and it was {wanted}",
            mend=f"{mend_of(home)}. If it was set back on purpose, delete {path}",
        )


def note(home: Home) -> None:
    """Write down how far the ledger has come, which is never less than it was, and what it says."""
    path = home.root / NAME
    # Whoever deleted the witness lets the ledger pass as it is.
    row_digests.take(connection, anew=not path.exists())
    told: dict[str, Any] = {"run": _last_run()}
    body = json.dumps({**told, "check": _check(told)})
    if not path.exists() or path.read_text(encoding="utf-8", errors="replace") != body:
        write_atomically(path, body.encode())


def require_whole(home: Home) -> None:
    """Look through the ledger: a file's structure, and whether what nobody has changed says what it said.

    Raises:
        DamagedStore: Its structure is damaged, an index tells another thing than its table, or a value is another than
            when a run ended last, though no statement changed it.
    """
    knew, place, onto = bool(_witness(home)), "the ledger on its server", " --database ADDRESS-OF-AN-EMPTY-ONE"
    if connection.vendor == "sqlite":
        place, onto = str(home.ledger), ""
        with connection.cursor() as cursor:
            found = cursor.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise DamagedStore(f"{place} is damaged", mend=mend_of(home))
    if knew and (harmed := row_digests.harmed(connection)):
        raise DamagedStore(
            f"{place} is damaged: what it says is not what was written ({'; '.join(harmed)})",
            mend=f"{mend_of(home, onto=onto)}. If it was changed on purpose, delete {home.root / NAME}",
        )


def mend_of(home: Home, *, onto: str = "") -> str:
    """How a damaged ledger is mended; *onto* is a further option of the command that does it."""
    return (
        f"stop `tenure serve`, then `tenure restore BACKUP --home {home.root} --replace{onto}`; "
        f"backups are in {home.root / 'backups'} unless you put them elsewhere"
    )


def _witness(home: Home) -> dict[str, Any]:
    """What the witness says; nothing where there is none."""
    path = home.root / NAME
    if not path.exists():
        return {}
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
        check = found.pop("check", None)  # the first witnesses had none
        whole = int(found["run"]) >= 0 and check in (None, _check(found))
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise DamagedStore(f"{path} is damaged", mend="delete it; `tenure doctor` then looks at the ledger")
    return found


def _check(told: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()


def _last_run() -> int:
    return int(Run.objects.exclude(state=State.RUNNING).aggregate(last=Max("id"))["last"] or 0)
