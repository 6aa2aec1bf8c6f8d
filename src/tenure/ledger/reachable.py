"""By which channels members said that they may be reached, and how they answered before, for many members at once."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q, QuerySet

from tenure.ledger.models import Consent, Contact, OutreachStep, Response, Suppression
from tenure.ledger.workload import ANSWERS

_AT_ONCE = 500


@dataclass(frozen=True)
class Said:
    """A statement of consent: whether, by the member's own word, until when, for which channel and purpose."""

    is_given: bool
    is_express: bool
    expires_on: dt.date | None
    channel: str
    purpose: str


@dataclass
class Reached:
    """What the ledger knows of one member.

    Args:
        email, phone: As the source gave them last.
        barred: Channels that a suppression of the member closes; an empty word stands for all of them.
        said: Statements of consent, the newest first.
        sent, answered: Messages and calls done, and those that something came of, by kind of step.
    """

    email: str = ""
    phone: str = ""
    barred: set[str] = field(default_factory=set)
    said: list[Said] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)


def reached(*, members: Iterable[int], kinds: Iterable[str], at: dt.datetime) -> dict[int, Reached]:
    """What is known of each of *members* at *at*; steps of *kinds* count as sent."""
    wanted = sorted(set(members))
    found = {member: Reached() for member in wanted}
    for start in range(0, len(wanted), _AT_ONCE):
        _fill(found, wanted[start : start + _AT_ONCE], tuple(kinds), at)
    return found


def closed_addresses(*, at: dt.datetime) -> dict[str, set[str]]:
    """Digests of addresses that are left alone at *at*, with the channels; an empty word stands for all."""
    found: dict[str, set[str]] = {}
    for digest, channel in _standing(at).exclude(address_digest="").values_list("address_digest", "channel"):
        found.setdefault(digest, set()).add(channel)
    return found


def _fill(found: dict[int, Reached], part: list[int], kinds: tuple[str, ...], at: dt.datetime) -> None:
    for member, email, phone in Contact.objects.filter(member__in=part).values_list("member", "email", "phone"):
        found[member].email, found[member].phone = email, phone
    for barred, channel in _standing(at).filter(member__in=part).values_list("member", "channel"):
        if barred is not None:
            found[barred].barred.add(channel)
    said = Consent.objects.filter(member__in=part).order_by("-at", "-id")
    columns = ("member", "is_given", "is_express", "expires_on", "channel", "purpose")
    for member, is_given, is_express, expires_on, channel, purpose in said.values_list(*columns):
        found[member].said.append(Said(is_given, is_express, expires_on, channel, purpose))
    answers = Response.objects.filter(step=OuterRef("pk"), kind__in=ANSWERS)
    done = OutreachStep.objects.filter(proposal__member__in=part, kind__in=kinds, state=OutreachStep.State.DONE)
    for member, kind, came in done.annotate(came=Exists(answers)).values_list("proposal__member", "kind", "came"):
        found[member].sent[kind] += 1
        found[member].answered[kind] += bool(came)


def _standing(at: dt.datetime) -> QuerySet[Suppression]:
    return Suppression.objects.filter(Q(until=None) | Q(until__gt=at), lifted_at=None, since__lte=at)
