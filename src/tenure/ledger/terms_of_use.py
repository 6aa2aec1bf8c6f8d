"""What somebody answered for about the terms on which records are read; the audit log itself is the record."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.ledger import audit
from tenure.ledger.models import AuditEvent

ACT = "extraction:term:answer"


@dataclass(frozen=True)
class Answer:
    """The last word on one question.

    Args:
        reply: `yes`, `no` or `not-applicable`.
        by: Who answered.
        at: When.
        why: On what it rests, such as the contract's number.
        source: Of which source it was said.
    """

    reply: str
    by: str
    at: dt.datetime
    why: str
    source: str


def answer(*, question: str, reply: str, by: str, why: str, source: str, clock: Clock = system_clock) -> None:
    """Write down what *by* answers for; earlier answers stay in the log."""
    with transaction.atomic():
        audit.record(ACT, by=by, subject=question, clock=clock, reply=reply, why=why, source=source)


def answers() -> dict[str, Answer]:
    """The last answer to each question that was ever answered."""
    rows = AuditEvent.objects.filter(act=ACT).order_by("number")
    return {
        row.subject: Answer(row.details["reply"], row.by, row.at, row.details["why"], row.details["source"])
        for row in rows
    }
