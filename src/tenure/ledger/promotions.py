"""Which model serves from which night on, by whose word; each change with its audit row in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.ledger import audit
from tenure.ledger.models import ModelPromotion

How = ModelPromotion.How


def record(
    *,
    version: str,
    replaced: str,
    effective_on: dt.date,
    how: str,
    by: str,
    why: str,
    evidence: dict[str, Any] | None = None,
    clock: Clock = system_clock,
) -> ModelPromotion:
    """Write down that *version* serves from the night of *effective_on* on.

    Raises:
        UsageError: Nobody is named, or no reason is given.
    """
    by, why = by.strip(), why.strip()
    if not by or not why:
        raise UsageError("a change of the model needs a name and a reason", mend="pass --by NAME and --why WORDS")
    with transaction.atomic():
        row = ModelPromotion.objects.create(
            at=clock(), effective_on=effective_on, version=version, replaced=replaced, how=how, by=by, why=why,
            evidence=evidence or {},
        )  # fmt: skip
        audit.record(
            f"model:{'rollback' if how == How.ROLLBACK else 'promotion'}:record",
            by=by,
            subject=version,
            clock=clock,
            replaced=replaced,
            effective_on=effective_on.isoformat(),
            how=str(how),
            why=why,
        )
    return row


@contextmanager
def vouched(*, version: str, by: str, why: str, clock: Clock = system_clock) -> Iterator[None]:
    """Write down that *by* vouches for *version*; taken back when what the block does fails.

    Raises:
        UsageError: Nobody is named, or no reason is given.
    """
    by, why = by.strip(), why.strip()
    if not by or not why:
        raise UsageError("a signature needs a name and a reason", mend="pass --by NAME and --why WORDS")
    with transaction.atomic():
        audit.record("model:signature:record", by=by, subject=version, clock=clock, why=why)
        yield


def until(day: dt.date | None = None) -> list[ModelPromotion]:
    """Every change that had taken effect by *day* (all without it), in the order in which they took effect."""
    rows = ModelPromotion.objects.order_by("effective_on", "id")
    return list(rows.filter(effective_on__lte=day) if day else rows)


def before_last(day: dt.date | None = None) -> str | None:
    """The version that a rollback on *day* returns to; None when there is none before the one that serves.

    A rollback takes back the promotion that it undoes, so that two rollbacks go back by two.
    """
    served: list[str] = []
    for row in until(day):
        if row.how == How.ROLLBACK and row.version in served:
            del served[len(served) - served[::-1].index(row.version) :]
        elif not served or served[-1] != row.version:
            served.append(row.version)
    return served[-2] if len(served) > 1 else None
