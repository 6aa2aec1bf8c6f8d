"""What stands beside a member's score: the record, the organization and its people, consent, terms, the next step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from tenure.base.pseudonym import Pseudonyms
from tenure.ledger import contacts, identities, permissions
from tenure.ledger.models import Assignment, Consent, Contact, CurrentScore, DoNotWake, Proposal, ScoreSet
from tenure.outreach.gate import WINDOW
from tenure.outreach.known import contacts_of
from tenure.web import place, words
from tenure.web.asked import BANDS
from tenure.web.queue_draft import talking_points
from tenure.web.queue_list import playbook_title
from tenure.web.record import Record, Term

_PEOPLE_SHOWN = 12
_LABELS = {"callback": "call", "task": "task", "email": "write", "sms": "write", "in_app": "write",
           "offer": "offer a payment plan", "survey": "ask", "alert": "read the alert"}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """The next step: what, of which proposal, whose it is, what to speak about, and what an hour of it keeps."""

    title: str
    proposal: int | None
    playbook: str
    whose: str
    points: tuple[str, ...]
    worth: str


def step(proposals: Iterable[Proposal], score: CurrentScore | None, *, is_call: bool) -> Step | None:
    """The step that waits, else a call where the member is marked; talking points of the newest that has any.

    Args:
        proposals: Of the member, the newest first, with their steps.
        score: Of the member.
        is_call: Whether the member is marked to be called now.
    """
    rows = list(proposals)
    waiting = next((row for row in rows if row.state == Proposal.State.OPEN), None)
    points = next((tuple(found) for row in rows if (found := talking_points(list(row.steps.all())))), ())
    worth = f"Keeps {words.kept(score.worth)} an hour of calls, as assumed." if score and score.worth else ""
    if waiting is None:
        return Step("call", None, "", "", points, worth) if is_call else None
    kinds = [one.kind for one in waiting.steps.all()]
    title = next((_LABELS[kind] for kind in kinds if kind in _LABELS), "decide")
    named = playbook_title(waiting.playbook, waiting.playbook_version)
    return Step(title, waiting.pk, named, waiting.assignee, points, worth)


def contacts_used(member: int, score_set: ScoreSet | None) -> list[tuple[str, str]]:
    """How often the member was contacted in 30 days, and whether the lot left them out to compare with."""
    now = place.now()
    used = sum(one.at > now - WINDOW for one in contacts_of(member))
    names = score_set.day.get("experiments", ["holdout"]) if score_set else ["holdout"]
    drawn = Assignment.objects.filter(member=member, arm="control", experiment__in=names)
    control = [name.replace("-", " ") for name in drawn.order_by("experiment").values_list("experiment", flat=True)]
    most = place.settings().outreach.contacts_per_month
    return [
        ("This month", f"{used} of {words.plural(most, 'contact')} used"),
        ("Control group", f"Yes ({', '.join(control)}): left alone to compare with" if control else "No"),
    ]


def left_alone(member: int, today: dt.date) -> str:
    """Until when, by whose word and why no playbook proposes the member; empty where nobody said so."""
    row = DoNotWake.objects.filter(Q(until=None) | Q(until__gte=today), member=member).first()
    if row is None:
        return ""
    until = f"Until {words.day(row.until, near=today)}" if row.until else "Until lifted"
    return f"{until}: {row.why} ({row.by})"


def value(score: CurrentScore) -> tuple[str, str]:
    """What is at stake: dues of a term, and over the years to come."""
    dues = f"{words.money(score.dues)} a term" if score.dues else "No dues known"
    if score.lifetime_value is None:
        return dues, ""
    top = ", among the top 5 %" if score.is_top_value else ""
    return dues, f"{words.money(score.lifetime_value)} expected over ten years{top}"


def organization(known: Record) -> dict[str, Any] | None:
    """The organization of a person with others of it, or the people of an organization; those at risk first."""
    mine = known.facts.get("organization")
    people = known.peers[: 10 * _PEOPLE_SHOWN]
    if mine is None and not known.peers:
        return None
    wanted = [*people, *([mine] if mine is not None else [])]
    ids, names = identities.ids_of(members=wanted), contacts.names_of(members=wanted)
    scores = CurrentScore.objects.in_bulk(list(people))
    rows = _riskiest(people, ids, names, scores)
    its_id, its_name = (ids.get(mine, ""), names.get(mine)) if mine is not None else ("", None)
    return {
        "member_id": its_id,
        "name": its_name or f"Member {its_id}",
        "is_own": mine is None,
        "count": len(known.peers),
        "high": sum(score.band == "high" for score in scores.values()),
        "people": _named(rows[:_PEOPLE_SHOWN], ids, names, scores),
    }


def people_of(known: Record) -> list[tuple[str, str, str]]:
    """Id, name and risk of everybody else of the organization, those at risk first."""
    ids, names = identities.ids_of(members=known.peers), contacts.names_of(members=known.peers)
    scores = CurrentScore.objects.in_bulk(list(known.peers))
    return _named(_riskiest(known.peers, ids, names, scores), ids, names, scores)


def _riskiest(
    people: Iterable[int], ids: Mapping[int, str], names: Mapping[int, str], scores: Mapping[int, CurrentScore]
) -> list[int]:
    return sorted(
        (member for member in people if member in ids),
        key=lambda member: (-scores[member].p_lapse_renewal if member in scores else 1, names.get(member, "")),
    )


def _named(
    people: Iterable[int], ids: Mapping[int, str], names: Mapping[int, str], scores: Mapping[int, CurrentScore]
) -> list[tuple[str, str, str]]:
    return [(ids[member], names.get(member) or f"Member {ids[member]}", _risk(scores.get(member))) for member in people]


def _risk(score: CurrentScore | None) -> str:
    if score is None or score.renewal_due_on is None:
        return ""
    return f"{BANDS.get(score.band, score.band.capitalize())}, {words.in_hundred(score.p_lapse_renewal)} in 100"


def facts(known: Record, today: dt.date) -> list[tuple[str, str]]:
    """What is on record, by name; what is not known is left out."""
    here, last = known.facts, known.terms[0] if known.terms else None
    found: list[tuple[str, str | None]] = [
        ("Type", here.get("member_type")),
        ("Joined", words.day(here["join_date"]) if here.get("join_date") else None),
        ("Terms", words.plural(len(known.terms), "term") if known.terms else "none of their own"),
        ("Dues", f"{words.money(last.dues)} a term" if last and last.dues else None),
        ("Renews itself", _yes_no(last.auto_renew) if last else None),
        ("Installments", _yes_no(last.installments) if last else None),
        ("Chapter", here.get("chapter_id")),
        ("Industry", here.get("industry")),
        ("Region", ", ".join(part for part in (here.get("region"), here.get("country")) if part) or None),
        ("Profile", _filled(here.get("profile_completeness"))),
    ]
    return [(name, value) for name, value in found if value]


def _filled(share: float | None) -> str | None:
    return None if share is None else f"{round(100 * share)} % filled in"


def _yes_no(value: bool | None) -> str | None:
    return None if value is None else "Yes" if value else "No"


def consents(member: int, channels: Collection[str], record: dict[str, Any], contact: Contact | None) -> dict[str, str]:
    """What holds for each of *channels*: a suppression before what was stated to us, and that before the record."""
    addresses = {
        channel: "" if contact is None else contact.email if channel == "email" else contact.phone
        for channel in channels
    }
    keyed = Pseudonyms.of(place.home())
    barred = permissions.barring_each(member=member, addresses=addresses, at=place.now(), keyed=keyed)
    stated = permissions.consents_of(member=member, channels=channels, purpose=permissions.EVERY)
    return {
        channel: _consent(barred[channel], stated[channel], record.get(f"{channel}_allowed")) for channel in channels
    }


def _consent(barred: Collection[permissions.Barred], stated: Consent | None, allowed: bool | None) -> str:
    if barred:
        return f"Not to be reached: {', '.join(dict.fromkeys(one.why for one in barred))}"
    if stated is not None and not stated.is_given:
        return "Consent withdrawn"
    return {True: "Allowed", False: "Not allowed", None: "Consent not stated"}[allowed]


def told(term: Term) -> dict[str, str]:
    """One term in words."""
    paid = words.short_day(term.paid_on) if term.paid_on else "not paid" if term.dues else "–"
    return {
        "from": words.short_day(term.starts_on),
        "to": words.short_day(term.ends_on) if term.ends_on else "for life",
        "kind": term.member_type,
        "dues": words.money(term.dues) if term.dues is not None else "–",
        "paid": paid,
        "ended": term.ended_by or "",
    }
