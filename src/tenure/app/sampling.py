"""Sending samples: a draft as the member would see it, to the person of staff who asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenure.app.gatekeeping import Members, footing_of
from tenure.app.house import House
from tenure.app.letters import Mailing
from tenure.base.errors import BadInput
from tenure.outreach import tokens
from tenure.outreach.channels.parcel import NotTaken, Parcel, Refused, Unsure

if TYPE_CHECKING:
    from tenure.ledger.lease import Fence

SUBJECT = "Test: "
TOKEN = "sample"  # noqa: S105 - stands where a member's token would


def send(house: House, mailing: Mailing, members: Members, sample: Any, fence: Fence) -> str:
    """Send one sample, if nobody else did; gives how it ended, for the worker's tally.

    It is tried once: whoever misses it asks again. It carries neither the member's address nor anything by which its
    reader could act for the member: links of the member's own lead nowhere, and there is no one-click header.

    Raises:
        HeldBack: Another worker has taken over.
    """
    from tenure.ledger import samples
    from tenure.ledger.models import Staff

    if not samples.take(sample=sample, clock=house.clock, fence=fence):
        return "sample void"
    person = Staff.objects.filter(username=sample.asked_by, is_active=True).exclude(email="").first()
    try:
        if person is None:
            raise Refused("the account is closed, or has no address any more")
        reference = samples.audit_act(sample=sample, to=person.username, clock=house.clock)
        mailing.mailer.send(_parcel(house, members, sample.step, reference, person.email), lambda: None)
    except (NotTaken, Refused, Unsure, BadInput) as error:
        samples.fail(sample=sample, why=error.message)
        return "sample failed"
    return "sample"


def _parcel(house: House, members: Members, step: Any, reference: str, address: str) -> Parcel:
    below = footing_of(house, members, step, TOKEN)
    return Parcel(
        kind="notice",
        reference=reference,
        recipient=address,
        subject=SUBJECT + step.subject,
        body=tokens.shown(step.body, TOKEN),
        at=house.clock(),
        footer=below.text,
    )
