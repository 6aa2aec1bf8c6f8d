"""What the ledger's file said of things that only a run may change, so that a byte flipped within a value is noticed.

SQLite notices a page whose structure is torn, but not another digit in a number or another letter in a name. So the
rows of `KEPT`, which are added to and never changed, and the current scores, which a run replaces as a whole, have a
digest that lies beside the ledger. Contacts, the outbox, runs, staff and audit events are not among them: they may
change at any time. A server looks after its own pages.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import models

from tenure.ledger.models import CurrentScore, Identity, ModelPromotion, Run, ScoreSet, SignedLabels

Told = dict[str, Any]

KEPT: dict[str, type[models.Model]] = {
    "who is who": Identity,
    "model promotions": ModelPromotion,
    "signed labels": SignedLabels,
}
"""What is only ever added to, by the words that staff have for it."""

_SCORES = "current scores"
_AT_ONCE = 1_000


def content_of(path: Path) -> Told:
    """How the ledger at *path* stands, as of one moment: its form, and for each part how many rows, and their digest.

    Reads each row of these parts once; a second for 50,000 members.
    """
    with _opened(path) as ledger:
        told: Told = {"form": _form(ledger)}
        told |= {words: _rows(ledger, model, _count(ledger, model)) for words, model in KEPT.items()}
        return told | {_SCORES: _scores(ledger)}


def changed_parts(path: Path, sealed: Told) -> list[str]:
    """Which parts of the ledger at *path* do not say any more what they said when *sealed* was taken, in words.

    Rows that were added since are left out, and so are current scores that a later run made before it was cut off. A
    ledger whose tables took another form since is another ledger.
    """
    with _opened(path) as ledger:
        if _form(ledger) != sealed["form"]:
            return []
        parts = [(words, model) for words, model in KEPT.items() if words in sealed]
        changed = [words for words, model in parts if _rows(ledger, model, sealed[words]["rows"]) != sealed[words]]
        if not _made_later(ledger, sealed[_SCORES]["run"]) and _scores(ledger) != sealed[_SCORES]:
            changed.append(_SCORES)
        return changed


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, to be read as of one moment whatever others write meanwhile."""
    address = f"file:{quote(str(path))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=60)) as connection:
        # A byte that makes a text unreadable is told by its digest, not by a decoder.
        connection.text_factory = bytes
        connection.execute("BEGIN")
        yield connection


def _form(ledger: sqlite3.Connection) -> str:
    """Through which change of the tables it came last."""
    last = ledger.execute("SELECT name FROM django_migrations WHERE app = 'ledger' ORDER BY id DESC LIMIT 1").fetchone()
    return last[0].decode(errors="replace") if last else ""


def _count(ledger: sqlite3.Connection, model: type[models.Model]) -> int:
    count: int = ledger.execute(f'SELECT count(*) FROM "{model._meta.db_table}"').fetchone()[0]
    return count


def _rows(ledger: sqlite3.Connection, model: type[models.Model], first: int) -> Told:
    """The *first* rows in the order in which they were added, out of the table itself and not an index of it."""
    digest, found = hashlib.blake2b(digest_size=16), 0
    asked = f'SELECT * FROM "{model._meta.db_table}" NOT INDEXED ORDER BY rowid LIMIT ?'
    rows = ledger.execute(asked, (first,))
    while some := rows.fetchmany(_AT_ONCE):
        found += len(some)
        digest.update(repr(some).encode())
    return {"rows": found, "digest": digest.hexdigest()}


def _scores(ledger: sqlite3.Connection) -> Told:
    """The current scores with the row that says which they are."""
    rows, which = (_rows(ledger, model, _count(ledger, model)) for model in (CurrentScore, ScoreSet))
    return {**rows, "set": which["digest"], "run": _run_of(ledger)}


def _run_of(ledger: sqlite3.Connection) -> int:
    made = ledger.execute(f'SELECT run_id FROM "{ScoreSet._meta.db_table}"').fetchone()
    return made[0] or 0 if made else 0


def _made_later(ledger: sqlite3.Connection, run: int) -> bool:
    """Whether a run after *run* made the current scores; a number that no run has is none."""
    found = _run_of(ledger)
    known = ledger.execute(f'SELECT 1 FROM "{Run._meta.db_table}" WHERE id = ?', (found,)).fetchone()
    return found > run and known is not None
