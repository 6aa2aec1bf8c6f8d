"""The record of who did what.

Each row of the log carries the hash of the row before it. So there is one end to append to, and whoever appends holds
it until their transaction ends: append as the last thing of a transaction that changes rows others want too, or two
such transactions may wait for each other (the database then ends one of them).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from django.db import connection, transaction

from tenure.base.clock import Clock, system_clock
from tenure.ledger import chain, seals
from tenure.ledger.first import first_of
from tenure.ledger.models import AuditEvent, AuditSeal

_APPENDING = 0x74656E617564
"""Names the lock on a PostgreSQL server; any number would do that nobody else uses there."""

_AT_ONCE = 500
_READ_AT_ONCE = 5_000
_OF_A_ROW = tuple(each.name for each in fields(chain.Row))


@dataclass(frozen=True)
class Act:
    """One act that is to be written down; see `record`."""

    act: str
    subject: str = ""
    member: int | None = None
    sealed: Mapping[str, Any] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def record(
    act: str,
    *,
    by: str,
    subject: str = "",
    clock: Clock = system_clock,
    member: int | None = None,
    sealed: Mapping[str, Any] | None = None,
    **details: Any,
) -> AuditEvent:
    """Write down one act; call it inside the transaction that makes the change.

    Args:
        act: What was done, as `thing:subject:verb`, such as `staff:password:change`.
        by: The sign-in name, or the command, that did it.
        subject: What it was done to: never a name or an address of a member.
        clock: Gives the present instant.
        member: The pseudonym of the member it is about; the log keeps the first one.
        sealed: Personal data or free text about *member*: it is kept beside the log under the member's own key, and
            goes when the member is erased.
        details: Figures and short words; nothing personal.
    """
    return record_all([Act(act, subject, member, sealed, details)], by=by, clock=clock)[0]


def record_all(acts: Iterable[Act], *, by: str, clock: Clock = system_clock) -> list[AuditEvent]:
    """Write down many acts of one actor at one moment, in their order; quicker than one by one.

    Raises:
        ValueError: Text is to be sealed and it is not said about whom.
    """
    with transaction.atomic():
        number, previous = _end()
        at = clock()
        events, beside = [], []
        for offset, act in enumerate(map(_by_first, acts), start=1):
            seal = _seal(act, number + offset)
            sealed = seals.digest(bytes(seal.text)) if seal else ""
            event = _event(act, number + offset, previous, sealed, by=by, at=at)
            events.append(event)
            previous = event.hash
            if seal:
                beside.append(seal)
        AuditSeal.objects.bulk_create(beside, batch_size=_AT_ONCE)
        return AuditEvent.objects.bulk_create(events, batch_size=_AT_ONCE)


def lines(*, after: int = 0) -> Iterator[bytes]:
    """The log as it is exported, in its order, from the row after number *after* on; one line a row, no line ends."""
    for row, its_hash in rows(after=after):
        yield chain.line(row.body(), its_hash)


def rows(*, after: int = 0) -> Iterator[tuple[chain.Row, str]]:
    """The rows of the log in their order, each with the hash that it has there, from the one after *after* on."""
    columns = ", ".join(f'"{name}"' for name in (*_OF_A_ROW, "hash"))
    asked = f'SELECT {columns} FROM "{AuditEvent._meta.db_table}" WHERE number > %s ORDER BY number LIMIT %s'
    while some := _asked(asked, after, _READ_AT_ONCE):
        for number, at, by, act, subject, member, details, sealed, previous, its_hash in some:
            when = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
            told = json.loads(details)
            yield chain.Row(number, when, by, act, subject, member, told, sealed, previous), its_hash
        after = some[-1][0]


def row_of(event: AuditEvent) -> chain.Row:
    """*event* as it stands in the chain."""
    return chain.Row(*(getattr(event, name) for name in _OF_A_ROW))


def _asked(statement: str, *values: int) -> list[tuple[Any, ...]]:
    """Rows as the database gives them: what the ORM makes of each would be half the time of a check."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _end() -> tuple[int, str]:
    """The last row's number and hash, which nobody else can build on before this transaction ends."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_APPENDING])
    # SQLite's transactions take the write lock when they begin (`transaction_mode`), so this one is alone already.
    last = AuditEvent.objects.order_by("-number").values_list("number", "hash").first()
    return last or (0, chain.GENESIS)


def _by_first(act: Act) -> Act:
    """The log goes by the first pseudonym, since it is never rewritten."""
    return act if act.member is None else replace(act, member=first_of(act.member))


def _seal(act: Act, number: int) -> AuditSeal | None:
    if not act.sealed:
        return None
    if act.member is None:
        raise ValueError(f"{act.act}: text can only be sealed about a member")
    return AuditSeal(number=number, member=act.member, text=seals.close(act.member, act.sealed))


def _event(act: Act, number: int, previous: str, sealed: str, *, by: str, at: Any) -> AuditEvent:
    event = AuditEvent(
        number=number,
        at=at,
        by=chain.storable(by),
        act=act.act,
        subject=chain.storable(act.subject),
        member=act.member,
        details=chain.plain(act.details),
        sealed=sealed,
        previous=previous,
    )
    event.hash = chain.digest(row_of(event).body())
    return event
