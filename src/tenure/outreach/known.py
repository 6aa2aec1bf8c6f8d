"""What the ledger knows in the moment of sending, for the gate."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tenure.base.pseudonym import Pseudonyms
from tenure.ledger import deliveries, permissions
from tenure.ledger.models import Assignment, OutreachStep, SendingPause
from tenure.outreach.consent import CHANNEL_OF, Statement
from tenure.outreach.gate import Contacted, Known, Step, counts_as_commercial, is_mandatory

_HOLDOUT = "holdout"


def step_of(step: OutreachStep) -> Step:
    """What the gate needs to know of *step*; what its details do not say is taken for the stricter."""
    details: dict[str, Any] = step.details
    return Step(
        kind=str(step.kind),
        recipient=step.recipient,
        purpose=str(details.get("purpose", "renewal")),
        commercial=counts_as_commercial(details, step.kind),
        mandatory=is_mandatory(details),
        proposal=step.proposal.pk,
        occasion=step.proposal.occasion,
        renewal_due_on=step.proposal.renewal_due_on,
    )


def known_of(step: OutreachStep, now: dt.datetime, keyed: Pseudonyms | None) -> Known:
    """What the ledger knows of *step* and its member at *now*."""
    member, channel = step.proposal.member, CHANNEL_OF.get(step.kind, "")
    pause = SendingPause.objects.filter(ended_at=None).order_by("id").first()
    barred = permissions.barring(member=member, channel=channel, at=now, address=step.recipient, keyed=keyed)
    return Known(
        approved=deliveries.standing(step, now.date()) is not None,
        paused=(pause.why or "no reason given") if pause else "",
        barred=tuple(one.why for one in barred),
        consent=_consent(member, channel, str(step.details.get("purpose", "renewal"))),
        asleep=permissions.not_to_wake(member=member, on=now.date()),
        in_control=in_control(step),
        contacts=contacts_of(member),
    )


def _consent(member: int, channel: str, purpose: str) -> Statement:
    newest = permissions.consent_of(member=member, channel=channel, purpose=purpose)
    return Statement() if newest is None else Statement(newest.is_given, newest.is_express, newest.expires_on)


def in_control(step: OutreachStep) -> bool:
    """Whether the lot left the member of *step* out of what it belongs to."""
    experiments = {_HOLDOUT, step.proposal.playbook, str(step.details.get("experiment", ""))}
    drawn = Assignment.objects.filter(member=step.proposal.member, arm="control", experiment__in=experiments)
    return drawn.exists()


def contacts_of(member: int) -> tuple[Contacted, ...]:
    """What reached *member*, mandatory notices left out."""
    reached = OutreachStep.objects.filter(
        proposal__member=member, state=OutreachStep.State.DONE, kind__in=tuple(CHANNEL_OF)
    ).select_related("proposal")
    return tuple(
        Contacted(one.done_at, one.proposal.pk, one.proposal.occasion)
        for one in reached
        if one.done_at is not None and not is_mandatory(one.details)
    )
