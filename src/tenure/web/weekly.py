"""The weekly report: how the membership stands, what was done in the week, and what came of it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Count, Max, Q

from tenure.base.settings import Settings
from tenure.briefing import Brief, Link, Part
from tenure.charts import Column, Table
from tenure.lake import Lake
from tenure.ledger import anchors
from tenure.ledger.calls import LOGGED
from tenure.ledger.models import AuditEvent, OutreachStep, Proposal, Response, ScoreSet
from tenure.outreach.playbook import REACHES_MEMBER
from tenure.web import words
from tenure.web.daily import fresh
from tenure.web.membership_figures import figures_of, standing
from tenure.web.membership_rates import RateRow, rate_rows, rates_finding
from tenure.web.membership_scope import Asked, Shown, shown_for
from tenure.web.queue_list import playbook_title

_WEEK = dt.timedelta(days=7)
_APPROVED = (Proposal.State.APPROVED, Proposal.State.DONE)
_CAME = {
    "renewed": "renewed",
    "paid": "paid something",
    "accepted": "took an offer up",
    "replied": "replied",
    "answered": "answered the question",
    "attended": "came to an event",
    "bounced": "have an address that was refused",
    "unsubscribed": "want no more such messages",
}


def weekly(lake: Lake, settings: Settings, now: dt.datetime, chapter: str | None = None) -> Brief | None:
    """How the week went, of the whole association whatever the *chapter*, since it goes to those who see it whole.

    Args:
        lake: What was read from iMIS.
        settings: The association's.
        now: UTC; the week is the seven days before.
        chapter: Not asked for.

    Returns:
        None before the first scores.
    """
    score_set = ScoreSet.objects.first()
    if score_set is None:
        return None
    since = now - _WEEK
    acted, shown = _counts(since), shown_for(Asked(), None)
    stands = f"{standing(shown.body['now'])}. " if shown else ""
    return Brief(
        kind="weekly",
        day=now.date(),
        subject=f"{settings.association.name}: the week to {words.day(now.date())}",
        opening=f"{stands}{_opening(acted)}",
        fresh=fresh(score_set, now),
        parts=(*(_membership(shown) if shown else ()), *_parts(acted, since, now)),
    )


def _membership(shown: Shown) -> Iterator[Part]:
    figures = figures_of(shown)
    link = Link("Membership", "/membership/")
    rows = rate_rows(shown, lambda key: "")
    table = Table(
        "Of those who were due in a year, who renewed", _RATES, tuple(_rates(row) for row in rows if row.renewal.due)
    )
    for key in ("class", "dues", "movement"):
        if key in figures:
            yield Part(figures[key].finding, figure=figures[key], link=link)
    yield Part(rates_finding(rows), table=table, link=link)


_RATES = (Column("Type", False), *(Column(name) for name in ("Renewed", "Due", "In 100", "Year before")))


def _rates(row: RateRow) -> tuple[str, ...]:
    one = row.renewal
    now = words.in_hundred(one.now) if one.due else "–"
    before = words.in_hundred(one.before) if one.due_before else "–"
    return row.name, words.count(one.renewed), words.count(one.due), now, before


def _counts(since: dt.datetime) -> Sequence[Mapping[str, Any]]:
    """By playbook: proposals of the week, what was decided on any in it, and how many wait, whenever they were made."""
    made, decided, waiting = Q(created_at__gte=since), Q(decided_at__gte=since), Q(state=Proposal.State.OPEN)
    rows = Proposal.objects.filter(made | decided | waiting).exclude(playbook=LOGGED).values("playbook")
    return list(
        rows.annotate(
            version=Max("playbook_version"),
            made=Count("pk", filter=made),
            approved=Count("pk", filter=decided & Q(state__in=_APPROVED)),
            rejected=Count("pk", filter=decided & Q(state=Proposal.State.REJECTED)),
            waiting=Count("pk", filter=waiting),
        ).order_by("playbook")
    )


def _opening(acted: Sequence[Mapping[str, Any]]) -> str:
    made, approved = sum(one["made"] for one in acted), sum(one["approved"] for one in acted)
    if not made and not approved:
        return "No playbook proposed anything this week."
    waiting = Proposal.objects.filter(state=Proposal.State.OPEN).count()
    return f"{words.plural(made, 'proposal')} this week, {words.count(approved)} approved; {words.count(waiting)} wait."


def _parts(acted: Sequence[Mapping[str, Any]], since: dt.datetime, now: dt.datetime) -> Iterator[Part]:
    if acted:
        yield Part("What was proposed and decided", table=_decided(acted), link=Link("The queue", "/queue/"))
    if left := _left(since):
        yield Part("What reached members", words=(left,), link=Link("Sending", "/sending/"))
    if came := _came(since):
        yield Part("What came of it", words=(came, "How much of it would have come anyway, control groups tell."))
    anchor = anchors.current(clock=lambda: now)
    yield Part(
        "The audit log",
        words=(
            f"Its {words.plural(AuditEvent.objects.count(), 'row')} end in number {anchor.number} with the hash "
            f"{anchor.hash}. Whoever keeps this letter can tell later whether anything before was changed.",
        ),
        link=Link("The audit log", "/audit/"),
    )


def _decided(acted: Sequence[Mapping[str, Any]]) -> Table:
    names, keys = ("Proposed", "Approved", "Rejected", "Waiting"), ("made", "approved", "rejected", "waiting")
    rows = tuple(
        (playbook_title(one["playbook"], one["version"]), *(words.count(one[key]) for key in keys)) for one in acted
    )
    columns = (Column("Playbook", False), *(Column(name) for name in names))
    return Table("Proposals made, and decided, in the seven days; those that wait now", columns, rows)


def _left(since: dt.datetime) -> str:
    done = OutreachStep.objects.filter(kind__in=REACHES_MEMBER, done_at__gte=since)
    sent = Counter(done.filter(state=OutreachStep.State.DONE).values_list("kind", flat=True))
    dropped = OutreachStep.objects.filter(state=OutreachStep.State.DROPPED, changed_at__gte=since).count()
    names = {choice.value: choice.label.lower() for choice in OutreachStep.Kind}
    said = [words.plural(number, names[kind]) for kind, number in sent.most_common()]
    if calls := OutreachStep.objects.filter(template=LOGGED, done_at__gte=since).count():
        said.append(words.plural(calls, "call logged", "calls logged"))
    if dropped:
        said.append(f"{words.count(dropped)} dropped at sending by a rule")
    return f"{', '.join(said)}." if said else ""


def _came(since: dt.datetime) -> str:
    found = Response.objects.filter(at__gte=since, kind__in=_CAME).values_list("kind", "member").distinct()
    counts = Counter(kind for kind, _ in found)
    said = [f"{words.count(counts[kind])} {about}" for kind, about in _CAME.items() if counts[kind]]
    return f"After they were contacted, {', '.join(said)}." if said else ""
