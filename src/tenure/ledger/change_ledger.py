"""The change ledger: changes of dues and programs, and events outside, entered once by staff.

An entry counts in scores from the day after it was entered, whatever day it is of: what somebody writes down after
members have left must not seem to have been known before. One that is wrong is withdrawn, and stays to be read.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.lake import Lake
from tenure.ledger import audit
from tenure.ledger.models import EnteredChange
from tenure.ledger.rights import Act, require
from tenure.membership.scope import FIELDS, Scope

LONGEST = 200
"""Letters of the words of an entry, of the value of a scope, and of why one was withdrawn."""

_EARLIEST = dt.date(1900, 1, 1)
_AHEAD = dt.timedelta(days=2 * 366)


@dataclass(frozen=True)
class Listed:
    """One line of the change ledger.

    Args:
        entry: The number of what staff entered; None of what the source lists.
        changed_on: From which day it is so.
        change: What, in words.
        scope: Whom it concerns.
        by, entered_at: Who entered it, and when.
        withdrawn_at, withdrawn_by, why_withdrawn: Who withdrew it, when and why.
    """

    entry: int | None
    changed_on: dt.date
    change: str
    scope: Scope
    by: str = ""
    entered_at: dt.datetime | None = None
    withdrawn_at: dt.datetime | None = None
    withdrawn_by: str = ""
    why_withdrawn: str = ""

    def as_row(self) -> dict[str, Any]:
        """For files and programs."""
        return {**vars(self), "scope": str(self.scope)}


def enter(*, changed_on: dt.date, change: str, scope: Scope, by: str, clock: Clock = system_clock) -> EnteredChange:
    """Write down what changed, on which day, and whom it concerns.

    Args:
        changed_on: The day from which it is so; it may lie ahead.
        change: What, in words that name nobody.
        scope: Whom it concerns.
        by: A sign-in name.
        clock: Gives the present instant.

    Raises:
        UsageError: The day, the words or the scope will not do, or it is entered already.
        NotAllowed: *by* may not enter changes.
    """
    words = _words(change, "a change needs words that say what changed")
    now = clock()
    if not _EARLIEST <= changed_on <= now.date() + _AHEAD:
        raise UsageError(
            f"{changed_on} can hardly be the day of a change", mend="give a day from 1900 on, at most two years ahead"
        )
    _require_scope(scope)
    try:
        with transaction.atomic():
            require(by, Act.CHANGES)
            row = EnteredChange.objects.create(
                changed_on=changed_on, change=words, scope=str(scope), entered_at=now, entered_by=by
            )
            _note("add", row, by, clock)
    except IntegrityError as error:  # the table's own rule, which two at once cannot pass together
        raise UsageError("that change is entered already", mend="withdraw that entry first, or leave it") from error
    return row


def withdraw(*, entry: int, why: str, by: str, clock: Clock = system_clock) -> EnteredChange:
    """Let *entry* count no more, from tomorrow on; it stays to be read.

    Raises:
        UsageError: There is no such entry, it is withdrawn already, or no reason is given.
        NotAllowed: *by* may not enter changes.
    """
    reason = _words(why, "withdrawing an entry needs a reason")
    with transaction.atomic():
        require(by, Act.CHANGES)
        row = EnteredChange.objects.select_for_update().filter(pk=entry).first()
        if row is None:
            raise UsageError(f"there is no entry {entry}", mend="look at the change ledger as it is now")
        if row.withdrawn_at is not None:
            raise UsageError(f"entry {entry} is withdrawn already", mend="look at the change ledger as it is now")
        row.withdrawn_at, row.withdrawn_by, row.why_withdrawn = clock(), by, reason
        row.save(update_fields=["withdrawn_at", "withdrawn_by", "why_withdrawn"])
        _note("withdraw", row, by, clock)
    return row


def entries() -> list[EnteredChange]:
    """All that was entered, of the newest day first; what was withdrawn too."""
    return list(EnteredChange.objects.order_by("-changed_on", "-pk"))


def listed(lake: Lake) -> list[Listed]:
    """What was entered and what the source lists, of the newest day first."""
    own = [
        Listed(
            row.pk, row.changed_on, row.change, Scope.of(row.scope), row.entered_by, row.entered_at,
            row.withdrawn_at, row.withdrawn_by, row.why_withdrawn,
        )
        for row in entries()
    ]  # fmt: skip
    theirs = [
        Listed(None, day, change, Scope.of(scope or ""))
        for day, change, scope in lake.program_changes().select("changed_on", "change", "scope").iter_rows()
    ]
    return sorted([*own, *theirs], key=lambda one: (one.changed_on, one.entry or 0), reverse=True)


def _require_scope(scope: Scope) -> None:
    if scope == Scope():
        return
    if scope.field not in FIELDS:
        raise UsageError(
            "a change concerns everybody, or those of whom its scope names something",
            mend=f"write nothing, or one of {', '.join(f'{field}=…' for field in FIELDS)}",
        )
    if not scope.value or len(scope.value) > LONGEST:
        raise UsageError(
            f"{scope.field}= needs the one that it means", mend=f"name it behind the =, in at most {LONGEST} letters"
        )


def _words(given: str, lacking: str) -> str:
    words = " ".join(unicodedata.normalize("NFC", given).split())
    if not words or len(words) > LONGEST:
        raise UsageError(lacking, mend=f"write it in at most {LONGEST} letters")
    if any(unicodedata.category(letter).startswith("C") for letter in words):
        raise UsageError("there are letters in it that cannot be seen", mend="write it anew instead of pasting it")
    return words


def _note(verb: str, row: EnteredChange, by: str, clock: Clock) -> None:
    """The log goes by the entry's number; its words stay with the entry, which keeps them as long."""
    audit.record(
        f"change:entry:{verb}", by=by, subject=str(row.pk), clock=clock,
        changed_on=row.changed_on.isoformat(), scope=row.scope,
    )  # fmt: skip
