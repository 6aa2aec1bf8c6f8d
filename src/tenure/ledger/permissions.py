"""Consent and suppressions: who may be reached, by which channel, and who said so.

Consent is a line of statements, of which the newest for a member, channel and purpose rules; nothing in it is changed.
A suppression beats any approval and any consent. It is about a member, or about an address, of which a keyed digest
alone is kept, so that the address stays out of reach after its member was erased.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from django.db import transaction
from django.db.models import Q

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.base.pseudonym import Pseudonyms
from tenure.ledger import audit
from tenure.ledger.models import Consent, Contact, DoNotWake, Suppression

Why = Literal["unsubscribe", "complaint", "objection", "bounce", "stop", "staff"]
WHYS: tuple[Why, ...] = ("unsubscribe", "complaint", "objection", "bounce", "stop", "staff")
"""Why somebody is not reached; `stop` is the answer to a text message, `staff` a word given to a member of staff."""

CHANNELS = ("email", "sms", "in_app", "phone")
EVERY = ""
"""Stands for every channel, or every purpose."""

_ADDRESS = "address"


@dataclass(frozen=True)
class Barred:
    """A suppression that holds: why, since when, of which channel (empty: of every one)."""

    why: str
    channel: str
    since: dt.datetime


def address_digest(address: str, keyed: Pseudonyms) -> str:
    """What is kept of *address*: its digest in one case, without blanks; a number without its signs."""
    plain = "".join(address.casefold().split())
    if "@" not in plain:
        plain = "".join(c for c in plain if c.isdigit())
    return keyed.digest(_ADDRESS, plain)


def give(
    *, member: int, channel: str, source: str, by: str, purpose: str = EVERY, express: bool = True,
    expires_on: dt.date | None = None, clock: Clock = system_clock,
) -> Consent:  # fmt: skip
    """Write down that *member* consents.

    Args:
        member: Pseudonym.
        channel: One of `CHANNELS`, or empty for every one.
        source: How it is known, such as `renewal form 2026`.
        by: Who says so.
        purpose: What it is for, such as `renewal`; empty for every purpose.
        express: The member said it; else it follows from something that the member did.
        expires_on: From when on it holds no longer.
        clock: Gives the present instant.

    Raises:
        UsageError: There is no such channel, or no source was named.
    """
    return _state(member, channel, purpose, True, express, source, expires_on, by, clock)


def withdraw(
    *, member: int, channel: str, source: str, by: str, purpose: str = EVERY, clock: Clock = system_clock
) -> Consent:
    """Write down that *member* consents no more; see `give`. For every purpose, it ends what was given for any."""
    return _state(member, channel, purpose, False, True, source, None, by, clock)


def consent_of(*, member: int, channel: str, purpose: str) -> Consent | None:
    """The newest statement that is about *channel* and *purpose*, whichever way it goes; none where there is none.

    One that has expired is given too: `expires_on` tells.
    """
    return consents_of(member=member, channels=(channel,), purpose=purpose)[channel]


def consents_of(*, member: int, channels: Collection[str], purpose: str) -> dict[str, Consent | None]:
    """The same for several *channels*, looked up once."""
    about = Q(channel__in=(*channels, EVERY)) & Q(purpose__in=(purpose, EVERY))
    said = list(Consent.objects.filter(about, member=member).order_by("-at", "-id"))
    return {channel: next((one for one in said if one.channel in (channel, EVERY)), None) for channel in channels}


def suppress(
    *, why: Why, source: str, by: str, member: int | None = None, address: str = "", channel: str = EVERY,
    keyed: Pseudonyms | None = None, until: dt.datetime | None = None, clock: Clock = system_clock,
) -> Suppression:  # fmt: skip
    """Leave a member, an address, or both alone from now on; once more changes nothing.

    Args:
        why: One of `WHYS`.
        source: How it is known, such as `one-click unsubscribe`.
        by: Who says so.
        member: Pseudonym.
        address: An email address or a number, of which only the digest is kept.
        channel: One of `CHANNELS`, or empty for every one.
        keyed: Makes the digest; needed with *address*.
        until: When it ends; never, where none is given.
        clock: Gives the present instant.

    Raises:
        UsageError: Neither member nor address is given, or channel or reason are not known.
    """
    _known(channel, why)
    if (member is None and not address) or (address and keyed is None):
        raise UsageError("a suppression needs a member or an address", mend="name one of the two")
    digest = address_digest(address, keyed) if address and keyed else ""
    with transaction.atomic():
        now = clock()
        same = Suppression.objects.filter(member=member, address_digest=digest, channel=channel, why=why)
        standing = same.filter(lifted_at=None, until=until).first()
        if standing is not None:
            return standing
        row = Suppression.objects.create(
            member=member, address_digest=digest, channel=channel, why=why, source=source[:100], since=now,
            until=until, by=by,
        )  # fmt: skip
        audit.record(
            "suppression:member:add", by=by, subject=str(row.pk), clock=clock, member=member, why=why,
            channel=channel, source=source[:100], until=until.isoformat() if until else "",
        )  # fmt: skip
    return row


def lift(*, suppression: int, by: str, why: str, clock: Clock = system_clock) -> None:
    """End a suppression.

    Raises:
        UsageError: There is none of that number, it was lifted, or it is the member's own objection or complaint,
            which only a new consent of the member can end.
    """
    with transaction.atomic():
        row = Suppression.objects.select_for_update().filter(pk=suppression, lifted_at=None).first()
        if row is None:
            raise UsageError(f"no suppression {suppression} stands", mend="`tenure consent show` lists those that do")
        if row.why in ("complaint", "objection", "unsubscribe", "stop") and not _consented_since(row):
            raise UsageError(
                f"a suppression by {row.why} is the member's own word",
                mend="write down the member's new consent first, with its source",
            )
        row.lifted_at, row.lifted_by = clock(), by
        row.save(update_fields=["lifted_at", "lifted_by"])
        # Words about a member are sealed, so that they go when the member is erased.
        sealed = {"why": why} if row.member is not None and why else None
        audit.record(
            "suppression:member:lift", by=by, subject=str(row.pk), clock=clock, member=row.member, sealed=sealed
        )


def barring(
    *, member: int, channel: str, at: dt.datetime, address: str = "", keyed: Pseudonyms | None = None
) -> tuple[Barred, ...]:
    """The suppressions that hold at *at* for *member* or *address* on *channel*, oldest first."""
    return barring_each(member=member, addresses={channel: address}, at=at, keyed=keyed)[channel]


def barring_each(
    *, member: int, addresses: Mapping[str, str], at: dt.datetime, keyed: Pseudonyms | None = None
) -> dict[str, tuple[Barred, ...]]:
    """The same for several channels, each with its address (empty where there is none), looked up once."""
    digests = {channel: address_digest(one, keyed) for channel, one in addresses.items() if one and keyed is not None}
    who = Q(member=member) | Q(address_digest__in=digests.values()) if digests else Q(member=member)
    standing = Q(lifted_at=None) & Q(since__lte=at) & (Q(until=None) | Q(until__gt=at))
    rows = Suppression.objects.filter(who & standing & Q(channel__in=(*addresses, EVERY))).order_by("since", "id")
    found = list(rows)
    return {
        channel: tuple(
            Barred(row.why, row.channel, row.since)
            for row in found
            if row.channel in (channel, EVERY) and (row.member == member or row.address_digest == digests.get(channel))
        )
        for channel in addresses
    }


def record_of(
    *, member: int, at: dt.datetime, keyed: Pseudonyms
) -> tuple[tuple[Consent, ...], tuple[Suppression, ...]]:
    """All that *member* stated, the newest first, and the suppressions of member or addresses that stand at *at*."""
    said = Consent.objects.filter(member=member).order_by("-at", "-id")
    contact = Contact.objects.filter(member=member).first()
    addresses = [address for address in (contact.email, contact.phone) if address] if contact else []
    who = Q(member=member) | Q(address_digest__in=[address_digest(each, keyed) for each in addresses])
    standing = Suppression.objects.filter(who, Q(until=None) | Q(until__gt=at), lifted_at=None)
    return tuple(said), tuple(standing.order_by("since", "id"))


def not_to_wake(*, member: int, on: dt.date) -> str:
    """Why *member* is left alone on that day; empty where nobody said so."""
    row = DoNotWake.objects.filter(Q(until=None) | Q(until__gte=on), member=member).first()
    return row.why if row else ""


def _state(
    member: int, channel: str, purpose: str, is_given: bool, express: bool, source: str,
    expires_on: dt.date | None, by: str, clock: Clock,
) -> Consent:  # fmt: skip
    _known(channel, "staff")
    if not source.strip():
        raise UsageError("a consent needs its source", mend="say how it is known, such as the form and its year")
    with transaction.atomic():
        row = Consent.objects.create(
            member=member, channel=channel, purpose=purpose, is_given=is_given, is_express=express,
            source=source.strip()[:100], at=clock(), expires_on=expires_on, by=by,
        )  # fmt: skip
        audit.record(
            f"consent:member:{'give' if is_given else 'withdraw'}", by=by, subject=str(row.pk), clock=clock,
            member=member, channel=channel, purpose=purpose, express=express, source=row.source,
            expires_on=expires_on.isoformat() if expires_on else "",
        )  # fmt: skip
    return row


def _known(channel: str, why: str) -> None:
    if channel not in (*CHANNELS, EVERY):
        raise UsageError(f"there is no channel `{channel}`", mend=f"one of {', '.join(CHANNELS)}; empty for every one")
    if why not in WHYS:
        raise UsageError(f"`{why}` is no reason for a suppression", mend=f"one of {', '.join(WHYS)}")


def _consented_since(row: Suppression) -> bool:
    if row.member is None:
        return False
    later = Consent.objects.filter(member=row.member, is_given=True, is_express=True, at__gt=row.since)
    return later.filter(channel__in=(row.channel, EVERY)).exists()
