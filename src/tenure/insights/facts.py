"""Facts of a member, each with the rows it comes from: what a draft may say, and what staff see beside it.

A fact is said in words that an association would use to its member. What it knows by watching (logins, messages) and
what a member would not want to read in a letter (payments that failed, tickets still open) is for staff alone: such
facts are not `sayable`. Nothing of scores, hardship or displacement is a fact here at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tenure.base.settings import Settings
from tenure.insights import membership_facts, taking_part_facts
from tenure.insights.evidence import Evidence, evidence_of
from tenure.insights.saying import Fact, short_day
from tenure.lake import Lake

__all__ = ["FOR_STAFF", "KEYS", "Fact", "card_of", "facts_of"]

KEYS: dict[str, str] = membership_facts.KEYS | taking_part_facts.KEYS
"""Each fact and what it means; which of them a member has depends on the record."""

FOR_STAFF = frozenset({
    "tier", "payment_failed", "installments_missed", "payment_history", "last_login", "logins_year", "last_contact",
    "tickets_open", "unsubscribed",
})  # fmt: skip
"""What is never said to the member."""


def facts_of(lake: Lake, settings: Settings, members: Sequence[int], as_of: dt.date) -> dict[int, dict[str, Fact]]:
    """The facts of each of *members*, from what was recorded before *as_of*.

    Args:
        lake: Where from.
        settings: The association's own.
        members: Pseudonyms; those of whom nothing is known are left out.
        as_of: The day, at its start.
    """
    return {
        evidence.member: {fact.key: fact for fact in _facts(evidence)}
        for evidence in evidence_of(lake, settings, members, as_of)
    }


def _facts(evidence: Evidence) -> Iterator[Fact]:
    for fact in (*membership_facts.of_membership(evidence), *taking_part_facts.of_taking_part(evidence)):
        told = _of_people(fact) if evidence.record.get("record_type") == "organization" else fact
        yield told if _may_be_said(fact) else replace(told, sayable=False)


_OWN = frozenset({"last_login", "logins_year", "last_contact"})
"""Of what is taken part in, what is counted of the record itself, without its people."""


def _of_people(fact: Fact) -> Fact:
    """A *fact* of an organization as staff see it: that its people are among those who did it."""
    if fact.key not in taking_part_facts.KEYS or fact.key in _OWN:
        return fact
    return replace(fact, shown=f"{fact.shown} of it and its people")


def _may_be_said(fact: Fact) -> bool:
    is_code = fact.key == "chapter" and not any(letter.islower() for letter in fact.words)
    return fact.key not in FOR_STAFF and not is_code


def card_of(facts: Mapping[str, Fact]) -> list[tuple[str, str]]:
    """What staff want to see before they act: eight lines, each with its name, for one member's *facts*."""
    return [
        ("Last login", _login(facts)),
        ("RSVPs", _words(facts, "rsvps_year", "none in a year")),
        ("Posts", _words(facts, "posts_year", "none in a year")),
        ("Member", _member(facts)),
        ("Open tickets", _words(facts, "tickets_open", "none")),
        ("Unsubscribed", _words(facts, "unsubscribed", "no")),
        ("Payments", _payments(facts)),
        ("Last contact", _contact(facts)),
    ]


def _words(facts: Mapping[str, Fact], key: str, otherwise: str) -> str:
    return facts[key].words if key in facts else otherwise


def _login(facts: Mapping[str, Fact]) -> str:
    if "last_login" not in facts:
        return "none of its own in two years" if "people" in facts else "none in two years"
    return f"{_short(facts['last_login'])}; {facts['logins_year'].words} in a year"


def _member(facts: Mapping[str, Fact]) -> str:
    parts = [facts[key].words for key in ("joined", "was_member", "renewals", "tier") if key in facts]
    return ", ".join(parts) or "no term on record"


def _payments(facts: Mapping[str, Fact]) -> str:
    parts = [facts[key].words for key in ("payment_history", "installments_missed") if key in facts]
    return ", ".join(parts) or "none on record"


def _contact(facts: Mapping[str, Fact]) -> str:
    if "last_contact" not in facts:
        return "none on record"
    return f"{facts['last_contact'].words}, {_short(facts['last_contact'])}"


def _short(fact: Fact) -> str:
    return short_day(fact.value) if isinstance(fact.value, dt.date) else str(fact.value)
