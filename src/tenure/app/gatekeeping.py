"""The last look before a step leaves, and what goes with it; the rules themselves are those of `tenure.outreach`."""

from __future__ import annotations

from typing import Any

from tenure.app.carrying import Gate, Verdict, Wrap
from tenure.app.house import House
from tenure.outreach.channels.parcel import Parcel


def gate_of(house: House) -> Gate:
    """What looks at a step once more, with what the ledger and the lake know now."""

    def look(step: Any) -> Verdict | None:
        from django.db.models import Q

        from tenure.ledger.models import Suppression

        here = Q(member=step.proposal.member) & (Q(channel="") | Q(channel=step.kind))
        found = Suppression.objects.filter(here, lifted_at=None).first()
        return Verdict("suppressed", f"the member is not reached by this channel: {found.why}") if found else None

    return look


def wrap_of(house: House) -> Wrap:
    """What makes the parcel of a step."""

    def wrap(step: Any) -> Parcel:
        from tenure.ledger import identities

        member = step.proposal.member
        return Parcel(
            kind=step.kind,
            reference=step.reference,
            recipient=step.recipient,
            subject=step.subject,
            body=step.body,
            at=house.clock(),
            details=step.details,
            member_id=identities.ids_of(members=[member]).get(member, ""),
        )

    return wrap
