"""The lake, the model and the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from tenure.app.checks.finding import FAULT, NOTE, OK, Finding
from tenure.app.handover import without_values
from tenure.app.house import House
from tenure.app.models import is_due, manifest_for

_SILENCE = dt.timedelta(hours=26)
_DURABLE = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
"""What a SQLite ledger must be set to, lest a power cut or a stray row harm it."""


def lake(house: House) -> Iterator[Finding]:
    """Whether the lake is whole and has what a model needs."""
    counts = {table: house.lake.rows(table) for table in ("members", "terms", "activity")}
    if not counts["members"] or not counts["terms"]:
        yield Finding("lake", NOTE, "nothing has been brought in yet", f"run `tenure run --home {house.home.root}`")
        return
    yield Finding("lake", OK, ", ".join(f"{count:,} {table}" for table, count in counts.items()))
    if not counts["activity"]:
        mend = "add activity to the source: without it a model knows terms alone"
        yield Finding("activity", NOTE, "there is none", mend)


def freshness(house: House) -> Iterator[Finding]:
    """How long ago something new came in."""
    log = house.lake.log
    if not log:
        return
    age = house.clock() - dt.datetime.fromisoformat(log[-1]["at"])
    words = f"something new last came in {age.days} days ago" if age.days else "something new came in today"
    mend = "see whether the exports are made, or the site's records still change"
    yield Finding("freshness", NOTE if age.days > 7 else OK, words, mend if age.days > 7 else "")


def model(house: House) -> Iterator[Finding]:
    """Whether there is a model, whole and fresh."""
    manifest = manifest_for(house)
    if manifest is None:
        yield Finding("model", NOTE, "there is none yet", f"run `tenure run --home {house.home.root}`")
        return
    house.registry.load(manifest["version"])
    grade = manifest["grade"]
    yield Finding("model", OK, f"{manifest['version']}, whole, learnt from {manifest['data']['decisions']:,} decisions")
    weak = grade["letter"] not in ("A", "B", "C")
    mend = "see what it learnt from with `tenure evaluate`" if weak else ""
    yield Finding("grade", NOTE if weak else OK, f"{grade['letter']}: {grade['sentence']}", mend)
    why = is_due(house, house.today)
    yield Finding("retraining", OK, f"the next night trains, since {why}" if why else "not due")


def _shown(cursor, name: str) -> str:
    cursor.execute(f"SHOW {name}")
    return cursor.fetchone()[0]


def ledger(house: House) -> Iterator[Finding]:
    """Whether the ledger opens, keeps what it is told, and is whole."""
    house.open_ledger()
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            weak = [name for name in ("fsync", "synchronous_commit") if _shown(cursor, name) == "off"]
            if weak:
                words = f"commits may be lost when power fails: {' and '.join(weak)} is off"
                yield Finding("ledger", FAULT, words, "switch it on in the settings of the database server")
            else:
                yield Finding("ledger", OK, f"{connection.vendor} answers; a commit survives a power cut")
            return
        found = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in _DURABLE}
        waits = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        whole = cursor.execute("PRAGMA quick_check(1)").fetchone()[0]
    if whole != "ok":
        yield Finding("ledger", FAULT, f"{house.home.ledger} is damaged", "restore it from a backup")
    elif found != _DURABLE or not waits:
        yield Finding("ledger", FAULT, "commits may be lost when power fails", "move the home to a local disk")
    else:
        yield Finding("ledger", OK, "whole; a commit survives a power cut")


def nights(house: House) -> Iterator[Finding]:
    """How the last night went."""
    from tenure.ledger import runs

    last = runs.latest("night")
    if last is None:
        yield Finding(
            "last night", NOTE, "there has been none", f"run `tenure run --home {house.home.root}` once a day"
        )
        return
    words = f"{last.get_state_display().lower()}, for {last.as_of}"
    if last.state in ("failed", "held_back", "partly_done"):
        yield Finding("last night", FAULT, f"{words}: {last.trouble}", last.mend)
    elif house.clock() - last.started_at > _SILENCE:
        hours = (house.clock() - last.started_at).total_seconds() / 3600
        yield Finding("last night", NOTE, f"{words}, {hours:,.0f} hours ago", "see whether the schedule still runs")
    else:
        yield Finding("last night", OK, words)


def outbox(house: House) -> Iterator[Finding]:
    """What still waits to be written into iMIS."""
    from tenure.ledger import outbox as rows

    counts = rows.counts(table=house.settings.writeback.table)
    waiting = counts["pending"] + counts["sending"] + counts["unknown"]
    for state, reason, count in rows.refused(table=house.settings.writeback.table)[:10]:
        then = "tried again the next night" if state == "rejected" else "parked, and tried again after a week"
        mend = f"mend the records in iMIS, or the table's property; they are {then}"
        yield Finding("outbox", NOTE, f"iMIS refused {count:,} rows: {without_values(reason)}", mend)
    if waiting:
        yield Finding("outbox", NOTE, f"{waiting:,} rows wait", "the next night writes them")
    elif not counts["rejected"] + counts["parked"]:
        yield Finding("outbox", OK, f"{counts['done']:,} rows are in iMIS" if counts["done"] else "empty")


def accounts(house: House) -> Iterator[Finding]:
    """Whether anybody can sign in to the staff pages."""
    from tenure.ledger.models import Staff

    count = Staff.objects.filter(is_active=True).count()
    if count:
        yield Finding("staff accounts", OK, f"{count}")
    else:
        yield Finding("staff accounts", NOTE, "there is none", f"run `tenure staff add NAME --home {house.home.root}`")


CHECKS = (
    ("lake", lake),
    ("freshness", freshness),
    ("model", model),
    ("ledger", ledger),
    ("last night", nights),
    ("outbox", outbox),
    ("staff accounts", accounts),
)
