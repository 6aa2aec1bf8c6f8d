"""What the gate at sending is told of members, and what goes with a message; the rules are those of `outreach.gate`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import polars as pl

from tenure.app.carrying import Verdict, Wrap
from tenure.app.house import House
from tenure.app.outages import outages
from tenure.base.pseudonym import Pseudonyms
from tenure.membership import standing
from tenure.outreach import footer, gate
from tenure.outreach.channels.parcel import Parcel
from tenure.outreach.law import law_for
from tenure.outreach.tokens import Ticket, Tokens, link

if TYPE_CHECKING:
    from tenure.ledger.models import Contact
    from tenure.outreach.gate import MemberNow

_WITH_FOOTER = ("email", "offer", "survey")
_ALLOWED = ("email_allowed", "sms_allowed", "phone_allowed")


class Members:
    """What is known of members at this moment: the lake as of the end of today, and contacts of the ledger.

    Args:
        house: The association's.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._stood: dict[int, dict[str, Any]] = {}
        self._read: tuple[int, dt.date, frozenset[int]] | None = None
        self._outages: tuple[tuple[int, dt.date], tuple[str, ...]] | None = None

    def prepare(self, members: Collection[int]) -> None:
        """Read what the lake knows of *members*, in one go."""
        wanted = self._house.lake.version, self._house.clock().date(), frozenset(members)
        if wanted == self._read:
            return
        self._stood = self._standing(sorted(wanted[2]), wanted[1])
        self._read = wanted

    def now(self, member: int) -> MemberNow:
        """What the gate wants to know of *member*."""
        if self._read is None or member not in self._read[2] or self._read[0] != self._house.lake.version:
            self.prepare([member])
        stood = self._stood.get(member, {})
        contact = _contact(member)
        ended_by = stood.get("ended_by")
        return gate.MemberNow(
            deceased=bool(stood.get("died")) or ended_by == "deceased",
            merged=ended_by == "merged" or bool(stood.get("departed")),
            transferred=ended_by == "transferred",
            objects=bool(stood.get("objects")),
            renewal_due_on=stood.get("renewal_due_on"),
            ended_on=stood["ends"] if stood.get("active") is False else None,
            country=stood.get("country") or "",
            stopped_feeds=self._stopped_feeds(),
            time_zone=contact.time_zone,
            email=contact.email,
            phone=contact.phone,
            email_allowed=stood.get("email_allowed"),
            sms_allowed=stood.get("sms_allowed"),
            phone_allowed=stood.get("phone_allowed"),
        )

    def country(self, member: int) -> str:
        """Where *member* lives, as the source writes it."""
        return self.now(member).country

    def _standing(self, members: list[int], today: dt.date) -> dict[int, dict[str, Any]]:
        """By member: what is known by the end of *today*, so that what a sync has just brought in counts."""
        lake = self._house.lake
        people = lake.members().filter(pl.col("member").is_in(members))
        if people.is_empty():
            return {}
        tomorrow = today + dt.timedelta(days=1)
        terms = lake.terms().filter(pl.col("member").is_in(members))
        rows = pl.DataFrame({"member": members}).with_row_index("row").with_columns(as_of=pl.lit(tomorrow))
        newest = people.sort("valid_from").unique("member", keep="last").select(
            "member", "country", *_ALLOWED,
            pl.col("objects_to_profiling").alias("objects_now"), pl.col("deceased_on").is_not_null().alias("dead_now"),
        )  # fmt: skip
        stood = standing(terms, people, rows, self._house.settings.membership)
        found = newest.join(stood.drop("as_of"), on="member", how="left")
        gone = set(lake.departed())
        return {row["member"]: _plain(row, row["member"] in gone) for row in found.iter_rows(named=True)}

    def _stopped_feeds(self) -> tuple[str, ...]:
        key = self._house.lake.version, self._house.clock().date()
        if self._outages is None or self._outages[0] != key:
            found = () if self._house.lake.is_empty("activity") else tuple(o.feed for o in outages(self._house, key[1]))
            self._outages = key, found
        return self._outages[1]


def _plain(row: dict[str, Any], departed: bool) -> dict[str, Any]:
    """A member's standing, in which a death or an objection counts whether or not there is any term."""
    return {
        **row,
        "departed": departed,
        "died": bool(row.get("died")) or row["dead_now"],
        "objects": bool(row.get("objects")) or bool(row["objects_now"]),
    }


def _contact(member: int) -> Contact:
    """As the source gave it last; nothing in it where there is none."""
    from tenure.ledger.models import Contact

    return Contact.objects.filter(member=member).first() or Contact(member=member)


class Gatekeeper:
    """Asks the gate about a step with what is known now.

    Args:
        house: The association's.
        members: What is known of members.
    """

    def __init__(self, house: House, members: Members) -> None:
        self._house, self._members = house, members
        self._keyed = Pseudonyms.of(house.home)

    def __call__(self, step: Any) -> Verdict | None:
        """Why *step* does not leave now; None when it may."""
        refusal = gate.at_sending(
            step,
            settings=self._house.settings,
            clock=self._house.clock,
            facts_now=self._members.now(step.proposal.member),
            keyed=self._keyed,
        )
        return Verdict(refusal.rule, refusal.words, refusal.until) if refusal else None


def wrap_of(house: House, members: Members) -> Wrap:
    """What makes the parcel of a step."""
    keyed = Pseudonyms.of(house.home)
    tokens = Tokens(keyed)

    def wrap(step: Any) -> Parcel:
        from tenure.ledger import identities

        member = step.proposal.member
        token = tokens.make("unsubscribe", Ticket(member, step.reference, step.proposal.created_at.date()))
        below = footing_of(house, members, step, token) if step.kind in _WITH_FOOTER else footer.Footing("")
        return Parcel(
            kind=step.kind,
            reference=step.reference,
            recipient=step.recipient,
            subject=step.subject,
            body=step.body,
            at=house.clock(),
            details={"assignee": step.proposal.assignee, "band": step.proposal.band, **step.details},
            member_id=identities.ids_of(members=[member]).get(member, ""),
            headers=below.headers,
            footer=below.text,
        )

    return wrap


def footing_of(house: House, members: Members, step: Any, token: str) -> footer.Footing:
    """What stands below the message of *step*, with *token* in the way out; the same for every attempt."""
    return footer.footing(
        purpose=str(step.details.get("purpose", "renewal")),
        commercial=gate.counts_as_commercial(step.details, step.kind),
        mandatory=gate.is_mandatory(step.details),
        law=law_for(members.country(step.proposal.member), house.settings),
        settings=house.settings,
        way_out=link(house.settings.outreach.public_url, "unsubscribe", token),
    )
