"""The moment before a step leaves, as one in which everything is well, for tests of the gate."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from messages import settings

from tenure.outreach.gate import Known, MemberNow, Moment, Step

NOON = dt.datetime(2025, 3, 4, 17, tzinfo=dt.UTC)
DUE = dt.date(2025, 4, 15)
SETTINGS = settings(public_url="https://members.harbor.example.org")
STEP = Step("email", "ada@example.org", "renewal", False, False, 1, "renewal:2025-04-15", DUE)
MEMBER = MemberNow(renewal_due_on=DUE, country="United States", email="Ada@example.org", phone="+1 212 555 0100")


def moment(
    *, step: dict[str, Any] | None = None, member: dict[str, Any] | None = None, known: dict[str, Any] | None = None,
    now: dt.datetime = NOON, **outreach: Any,
) -> Moment:  # fmt: skip
    """A moment in which the email may leave, but for what is given."""
    rules = settings(public_url="https://members.harbor.example.org", **outreach)
    return Moment(
        replace(STEP, **step or {}), replace(MEMBER, **member or {}), replace(Known(), **known or {}), rules, now
    )
