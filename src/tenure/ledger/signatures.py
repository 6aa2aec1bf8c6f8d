"""Who signed the labels, and by which rules they were made."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.ledger import audit
from tenure.ledger.models import SignedLabels


def sign(
    *,
    by: str,
    rules: str,
    as_of: dt.date,
    findings: list[str],
    despite: list[str],
    summary: dict[str, Any],
    why: str = "",
    clock: Clock = system_clock,
) -> SignedLabels:
    """Keep somebody's word for the labels of *as_of*, made by *rules* (a digest), and the audit row of it.

    *findings* are all that spoke against the labels; *despite* are those of them that the person overruled by name.

    Raises:
        UsageError: Nobody is named.
    """
    if not by.strip():
        raise UsageError("a signature needs a name", mend="pass --by NAME")
    with transaction.atomic():
        row = SignedLabels.objects.create(
            at=clock(), by=by.strip(), why=why.strip(), as_of=as_of, rules=rules, findings=findings, summary=summary
        )
        audit.record(
            "labels:signature:record", by=by.strip(), subject=rules[:12], clock=clock, as_of=as_of.isoformat(),
            accepted=findings, overruled=despite, why=why.strip(),
        )  # fmt: skip
    return row


def latest() -> SignedLabels | None:
    """The last signature, valid or void."""
    return SignedLabels.objects.order_by("-id").first()


def valid(rules: str) -> SignedLabels | None:
    """The last signature of labels made by *rules*; None when they were never signed."""
    return SignedLabels.objects.filter(rules=rules).order_by("-id").first()
