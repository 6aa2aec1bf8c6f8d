"""What stands beside a member's score: the record, the organization and its people, consent, terms, the next step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
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
from tenure.web.organization_side import KeyPerson, Part, RollUp, people_here, roll_up_of
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


@dataclass(frozen=True)
class Person:
    """One of the people of an organization, as a page or a file lists them.

    Args:
        member_id, name: As the source and its contacts have them.
        risk: The band and the chance, where the person has a score; else empty.
        part: How they took part; None where the page is not that of the organization.
        is_key: Whether they carry it.
        is_here: Whether they belong to it; a key person may have left.
    """

    member_id: str
    name: str
    risk: str
    part: Part | None = None
    is_key: bool = False
    is_here: bool = True

    def said(self, today: dt.date) -> str:
        """All that stands beneath the name."""
        return " · ".join(part for part in (self.risk, _took_part(self.part, today)) if part)


def organization(known: Record, member: int, today: dt.date) -> dict[str, Any] | None:
    """The organization of a person with others of it, or the people of an organization with what they did.

    Those at risk come first, then those who did most; of the others of a person's organization only risk is told.
    """
    payer = known.payer
    if payer is None:
        return None
    roll = _roll_up(known, member, today)
    people = list(roll.people) if roll else _others(payer, member, today)
    if roll is not None and not people and roll.key is None:
        return None
    scores = _scores(people)
    listed = _listed(people, roll, scores, most=_PEOPLE_SHOWN)
    ids, names = identities.ids_of(members=[payer]), contacts.names_of(members=[payer])
    return {
        "member_id": ids.get(payer, "") if roll is None else "",
        "name": names.get(payer) or f"Member {ids.get(payer, '')}",
        "is_own": roll is not None,
        "count": len(people),
        "high": sum(score.band == "high" for score in scores.values()),
        "breadth": _breadth(roll) if roll else "",
        "people": [(one, one.said(today)) for one in listed],
        "key": _key_said(roll.key, today) if roll and roll.key else None,
    }


def people_of(known: Record, member: int, today: dt.date) -> list[Person]:
    """Everybody of the organization, or everybody else of that of a person; in the order of `organization`, and a key
    person who has left after them."""
    if known.payer is None:
        return []
    roll = _roll_up(known, member, today)
    people = list(roll.people) if roll else _others(known.payer, member, today)
    return [*_listed(people, roll, _scores(people)), *(_left(roll.key) if roll and roll.key else ())]


def _left(key: KeyPerson) -> list[Person]:
    """The key person, where they have left and the source has an id of them still."""
    ids, names = identities.ids_of(members=[key.member]), contacts.names_of(members=[key.member])
    if key.is_here or key.member not in ids:
        return []
    name = names.get(key.member) or f"Member {ids[key.member]}"
    return [Person(ids[key.member], name, "", Part(key.days_365, key.last), is_key=True, is_here=False)]


def _roll_up(known: Record, member: int, today: dt.date) -> RollUp | None:
    if known.payer != member:
        return None
    return roll_up_of(place.lake(), place.settings().membership, member, today)


def _others(payer: int, member: int, today: dt.date) -> list[int]:
    found = people_here(place.lake(), place.settings().membership, payer, today)
    return [one for one in found if one != member]


def _scores(people: list[int]) -> dict[int, CurrentScore]:
    """The scores of those of *people* who have one, with no more than what is shown and sorted by."""
    return CurrentScore.objects.only("p_lapse_renewal", "band", "renewal_due_on").in_bulk(people)


def _listed(
    people: list[int], roll: RollUp | None, scores: dict[int, CurrentScore], most: int | None = None
) -> list[Person]:
    """*people* in order, all or the first *most*; names are looked up of these alone."""
    ids, parts = identities.ids_of(members=people), roll.people if roll else {}
    key = roll.key.member if roll and roll.key else None

    def rank(member: int) -> tuple[float, int, str]:
        part = parts.get(member)
        chance = -scores[member].p_lapse_renewal if member in scores else 1
        return chance, -(part.days or 0) if part else 0, ids[member]

    first = sorted((one for one in people if one in ids), key=rank)[:most]
    names = contacts.names_of(members=first)
    return [
        Person(
            ids[one], names.get(one) or f"Member {ids[one]}", _risk(scores.get(one)), parts.get(one), is_key=one == key
        )
        for one in first
    ]


def _breadth(roll: RollUp) -> str:
    """How many took part, of those who do not object to being profiled; empty where nothing is on record."""
    if roll.left_out and roll.left_out == len(roll.people):
        return "Nothing is told of who objects to being profiled"
    if roll.took_part is None:
        return ""
    if not roll.left_out:
        return f"{words.count(roll.took_part)} took part in the last year"
    took_part, asked, left_out = map(words.count, (roll.took_part, len(roll.people) - roll.left_out, roll.left_out))
    objecting = "object to being profiled and are" if roll.left_out > 1 else "objects to being profiled and is"
    return f"{took_part} of {asked} took part in the last year; {left_out} {objecting} not counted"


def _took_part(part: Part | None, today: dt.date) -> str:
    if part is None or part.days is None:
        return ""
    if part.last is None:
        return "Nothing in the last year"
    return f"{words.plural(part.days, 'active day')} in the last year, the last {_day_of(part.last, today)}"


def _day_of(day: dt.date, today: dt.date) -> str:
    return words.day(day, near=today)


def _key_said(key: KeyPerson, today: dt.date) -> dict[str, str] | None:
    """Who the key person is, and what they did; None where the source has no id of them any more."""
    ids, names = identities.ids_of(members=[key.member]), contacts.names_of(members=[key.member])
    if key.member not in ids:
        return None
    gone = "" if key.is_here else "; no longer belongs to it"
    return {
        "member_id": ids[key.member],
        "name": names.get(key.member) or f"Member {ids[key.member]}",
        "said": f"{words.count(key.days)} of {words.plural(key.of, 'active day')} in the year up to three months ago, "
        f"last seen {_day_of(key.last, today)}{gone}",
    }


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
