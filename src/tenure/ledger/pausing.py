"""The switch that stops everything on its way out, and lets it go on."""

from __future__ import annotations

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import Overtaken, UsageError
from tenure.ledger import audit, rights
from tenure.ledger.models import SendingPause
from tenure.ledger.rights import Act


def current() -> SendingPause | None:
    """The pause that stands; None while messages may leave."""
    return SendingPause.objects.filter(ended_at=None).order_by("since").first()


def pause(*, by: str, why: str, clock: Clock = system_clock) -> SendingPause:
    """Stop everything on its way out, at once; doing it again changes nothing.

    Raises:
        UsageError: No reason was given.
        NotAllowed: Their role does not include it.
    """
    if not why.strip():
        raise UsageError("a pause needs a reason", mend="say why in a few words, for those who wonder tomorrow")
    with transaction.atomic():
        rights.require(by, Act.PAUSE)
        standing = SendingPause.objects.select_for_update().filter(ended_at=None).first()
        if standing is not None:
            return standing
        made = SendingPause.objects.create(since=clock(), by=by, why=why.strip()[:400])
        audit.record("sending:all:pause", by=by, clock=clock, why=made.why)
    return made


def resume(*, by: str, clock: Clock = system_clock) -> None:
    """Let what is approved leave again.

    Raises:
        Overtaken: Nothing is paused.
        NotAllowed: Their role does not include it.
    """
    with transaction.atomic():
        rights.require(by, Act.PAUSE)
        standing = SendingPause.objects.select_for_update().filter(ended_at=None)
        if not standing.update(ended_at=clock(), ended_by=by):
            raise Overtaken("nothing is paused", mend="load the page again")
        audit.record("sending:all:resume", by=by, clock=clock)
