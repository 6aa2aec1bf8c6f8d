"""What members answered on pages of their own, until somebody has taken it up."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.ledger import responses
from tenure.ledger.calls import LOGGED
from tenure.ledger.models import OutreachStep, Response
from tenure.ledger.responses import News
from tenure.ledger.rights import Act, require

SHOWN_FOR = {"accepted": dt.timedelta(days=90), "answered": dt.timedelta(days=30)}
"""For how long an answer waits for somebody; an offer that was taken up longer than a word."""


@dataclass(frozen=True)
class Answer:
    """One answer that nobody has taken up.

    Args:
        number: Of the response.
        member: The pseudonym.
        kind: `accepted` (an offer) or `answered` (a question).
        value: What was chosen and said.
        at: When.
        playbook, version: What asked.
    """

    number: int
    member: int
    kind: str
    value: str
    at: dt.datetime
    playbook: str
    version: int


def waiting(*, now: dt.datetime, chapter: str | None = None) -> list[Answer]:
    """Answers that nobody has taken up, offers first, the oldest first.

    One is taken up when somebody says so, or logs a call to the member after it; and it is over when the member has
    renewed since.

    Args:
        now: The present instant.
        chapter: Of members of this one; None for everyone's.
    """
    rows = _open(now) if chapter is None else _open(now).filter(step__proposal__chapter_id=chapter).exclude(
        step__proposal__chapter_id=""
    )  # fmt: skip
    found = rows.order_by("kind", "at", "pk").values_list(
        "pk", "member", "kind", "value", "at", "step__proposal__playbook", "step__proposal__playbook_version"
    )
    return [Answer(*row) for row in found]


def take_up(*, answer: int, by: str, clock: Clock = system_clock) -> bool:
    """Note that *by* has taken an answer up; whether nobody had before.

    Raises:
        UsageError: There is no such answer.
        NotAllowed: Their role does not let them decide about this member.
    """
    with transaction.atomic():
        row = Response.objects.filter(pk=answer, kind__in=SHOWN_FOR, source="page").select_related("step").first()
        if row is None or row.step is None:
            raise UsageError("there is no such answer", mend="look at Today again")
        require(by, Act.DECIDE, chapter=row.step.proposal.chapter_id)
        news = News(row.member, "completed", "staff", _reference(row.pk), clock(), row.step.pk)
        return responses.note(news=news, by=by, clock=clock)


def _reference(number: int) -> str:
    return f"taken-up:{number}"


def _open(now: dt.datetime) -> QuerySet[Response]:
    """Answers of late, less those that were taken up."""
    late = Q()
    for kind, span in SHOWN_FOR.items():
        late |= Q(kind=kind, at__gte=now - span)
    after = Response.objects.filter(member=OuterRef("member"), at__gte=OuterRef("at"))
    taken = Response.objects.filter(source="staff", step=OuterRef("step"), kind="completed", at__gte=OuterRef("at"))
    called = OutreachStep.objects.filter(
        template=LOGGED, proposal__member=OuterRef("member"), done_at__gte=OuterRef("at")
    )
    rows = Response.objects.filter(late, source="page", at__lte=now, step__isnull=False)
    return rows.exclude(Exists(taken)).exclude(Exists(called)).exclude(Exists(after.filter(kind="renewed")))
