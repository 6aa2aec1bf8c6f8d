"""What came of a step, and what a member did after it; each piece of news once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.ledger import audit
from tenure.ledger.lease import Fence, fenced
from tenure.ledger.models import OutreachStep, Response

KINDS = {
    "delivered": "Taken by the mail server or provider",
    "bounced": "The address was refused",
    "unsubscribed": "Does not want such messages any more",
    "replied": "Answered",
    "answered": "Answered the question",
    "accepted": "Took the offer up",
    "attended": "Came to an event",
    "paid": "Paid something",
    "renewed": "Renewed",
    "completed": "Staff did the task",
}
"""What can be noted, in words."""

_AT_ONCE = 900


@dataclass(frozen=True)
class News:
    """One piece of news.

    Args:
        member: The pseudonym.
        kind: One of `KINDS`.
        source: Where it comes from, such as `lake`, `mail`, `imis`, `page` or `staff`.
        reference: The source's own for it, so that it is noted once.
        at: When it happened.
        step: What it came of; the newest step that was done before it, where None.
        value: More, in a few words; sealed under the member's key in the audit log.
    """

    member: int
    kind: str
    source: str
    reference: str
    at: dt.datetime
    step: int | None = None
    value: str = ""


def note(*, news: News, by: str, clock: Clock = system_clock) -> bool:
    """Write down one piece of news; whether it was new.

    Raises:
        UsageError: There is no such kind.
    """
    return note_all(news=[news], by=by, clock=clock) == 1


def note_all(*, news: Iterable[News], by: str, clock: Clock = system_clock, fence: Fence | None = None) -> int:
    """Write down what of *news* is not known yet, each in a transaction of its own; gives how many were new.

    Raises:
        UsageError: There is no such kind.
        HeldBack: *fence* says that another process writes by now.
    """
    given = list(news)
    unknown = {one.kind for one in given} - set(KINDS)
    if unknown:
        raise UsageError(f"there is no response {min(unknown)!r}", mend=f"it is one of {', '.join(KINDS)}")
    known = _known({one.source for one in given}, [one.reference for one in given])
    fresh = {(one.source, one.reference): one for one in given if (one.source, one.reference) not in known}
    return sum(_note(one, by, clock, fence) for one in fresh.values())


def done_steps(*, since: dt.datetime) -> list[tuple[int, int, dt.datetime, str]]:
    """Step, member, when it was done, and kind, of everything done since then, oldest first."""
    steps = OutreachStep.objects.filter(state=OutreachStep.State.DONE, done_at__gte=since)
    found = steps.order_by("done_at", "id").values_list("pk", "proposal__member", "done_at", "kind")
    return [(step, member, at, str(kind)) for step, member, at, kind in found if at is not None]


def _known(sources: set[str], references: list[str]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for i in range(0, len(references), _AT_ONCE):
        rows = Response.objects.filter(source__in=sources, reference__in=references[i : i + _AT_ONCE])
        found.update(rows.values_list("source", "reference"))
    return found


def _note(news: News, by: str, clock: Clock, fence: Fence | None) -> bool:
    step = news.step if news.step is not None else _newest_step(news)
    try:
        with fenced(fence):
            Response.objects.create(
                member=news.member,
                step_id=step,
                kind=news.kind,
                value=news.value[:400],
                source=news.source,
                reference=news.reference,
                at=news.at,
                noted_at=clock(),
            )
            _record(news, step, by, clock)
    except IntegrityError:
        # Somebody else noted it between our look and now.
        return False
    return True


def _record(news: News, step: int | None, by: str, clock: Clock) -> None:
    about = OutreachStep.objects.filter(pk=step).only("proposal", "reference").first() if step is not None else None
    audit.record(
        "response:member:note",
        by=by,
        subject=about.reference if about else "",
        clock=clock,
        member=news.member,
        sealed={"value": news.value} if news.value else None,
        kind=news.kind,
        source=news.source,
        step=step,
        proposal=about.proposal_id if about else None,
        happened=news.at.isoformat(timespec="seconds"),
    )


def _newest_step(news: News) -> int | None:
    steps = OutreachStep.objects.filter(proposal__member=news.member, state=OutreachStep.State.DONE)
    return steps.filter(done_at__lte=news.at).order_by("-done_at", "-id").values_list("pk", flat=True).first()
