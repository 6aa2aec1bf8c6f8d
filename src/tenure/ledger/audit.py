"""The record of who did what."""

from __future__ import annotations

from typing import Any

from tenure.base.clock import Clock, system_clock
from tenure.ledger.models import AuditEvent


def record(act: str, *, by: str, subject: str = "", clock: Clock = system_clock, **details: Any) -> AuditEvent:
    """Write down one act; call it inside the transaction that makes the change.

    Args:
        act: What was done, as `thing:subject:verb`, such as `staff:password:change`.
        by: The sign-in name, or the command, that did it.
        subject: What it was done to: never a name or an address of a member.
        details: Figures and short words.
    """
    return AuditEvent.objects.create(at=clock(), by=by, act=act, subject=subject, details=details)
