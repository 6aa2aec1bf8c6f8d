"""Reports by email: who asked for which, and that each leaves once."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.ledger import audit, rights
from tenure.ledger.deliveries import BY
from tenure.ledger.lease import Fence, fenced
from tenure.ledger.models import SentBrief, Staff, Subscription
from tenure.ledger.models.briefs import BriefKind
from tenure.ledger.rights import Act

NEEDS = {BriefKind.DAILY: Act.SEE, BriefKind.WEEKLY: Act.MODEL}
"""What the reader of a report must be allowed to see: the weekly one tells of the whole association."""


def subscribe(*, username: str, kind: str, by: str, clock: Clock = system_clock) -> bool:
    """Send the report *kind* to *username* from now on; False when that is so already.

    Raises:
        UsageError: There is no such account or report, or the account has no address.
        NotAllowed: Their role does not see what the report tells.
    """
    person = _account(username)
    rights.require(person.username, NEEDS[_kind(kind)])
    if not person.email:
        raise UsageError(
            "that account has no address to which a report could go",
            mend="an administrator gives it one: `tenure staff set-email`",
        )
    with transaction.atomic():
        _, made = Subscription.objects.get_or_create(staff=person, kind=kind, defaults={"since": clock()})
        if made:
            audit.record("staff:report:subscribe", by=by, subject=person.username, clock=clock, report=kind)
    return made


def unsubscribe(*, username: str, kind: str, by: str, clock: Clock = system_clock) -> bool:
    """Send the report *kind* to *username* no more; False when they did not get it.

    Raises:
        UsageError: There is no such account or report.
    """
    person = _account(username)
    with transaction.atomic():
        gone, _ = Subscription.objects.filter(staff=person, kind=_kind(kind)).delete()
        if gone:
            audit.record("staff:report:unsubscribe", by=by, subject=person.username, clock=clock, report=kind)
    return bool(gone)


def of(username: str) -> frozenset[str]:
    """The reports that *username* gets."""
    kinds = Subscription.objects.filter(staff__username=username).values_list("kind", flat=True)
    return frozenset(kinds)


def waiting(kind: str, day: dt.date) -> list[Staff]:
    """Who has asked for the report *kind*, may still see it, and was not sent that of *day*."""
    rows = Staff.objects.filter(is_active=True, subscriptions__kind=kind).exclude(email="")
    rows = rows.exclude(briefs__in=SentBrief.objects.filter(kind=kind, day=day)).order_by("username")
    return [person for person in rows if rights.may(person, NEEDS[BriefKind(kind)])]


def take(*, person: Staff, kind: str, day: dt.date, clock: Clock = system_clock, fence: Fence | None = None) -> str:
    """Take the report of *day* in hand, which counts as sent from now on; gives its reference, "" when it was sent.

    Raises:
        HeldBack: *fence* says that another worker has taken over.
    """
    reference = f"notice:report-{kind}-{day.isoformat()}:{person.username}"
    with fenced(fence):
        _, made = SentBrief.objects.get_or_create(staff=person, kind=kind, day=day, defaults={"at": clock()})
        if made:
            audit.record("notice:staff:send", by=BY, subject=reference, clock=clock, report=kind)
    return reference if made else ""


def fail(*, person: Staff, kind: str, day: dt.date, why: str) -> None:
    """Note that a report that was taken in hand did not leave."""
    SentBrief.objects.filter(staff=person, kind=kind, day=day).update(trouble=why[:200])


def _account(username: str) -> Staff:
    person = Staff.objects.filter(username__iexact=username.strip(), is_active=True).first()
    if person is None:
        raise UsageError("there is no such sign-in name", mend="create the account first: `tenure staff add`")
    return person


def _kind(kind: str) -> BriefKind:
    if kind not in BriefKind.values:
        raise UsageError(f"there is no report {kind!r} by email", mend=f"choose {' or '.join(BriefKind.values)}")
    return BriefKind(kind)
