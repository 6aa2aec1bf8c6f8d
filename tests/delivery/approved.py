"""Proposals and steps as the night makes them and a person approves them."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

NOW = dt.datetime(2025, 3, 4, 15, tzinfo=dt.UTC)
AFTER_UNDO = NOW + dt.timedelta(minutes=1)


def proposal(member: int = 1, occasion: str = "renewal:2025-04-30", **more: Any) -> Any:
    """An approved proposal without steps."""
    from tenure.ledger.models import Contact, Proposal

    Contact.objects.get_or_create(member=member, defaults={"email": f"member{member}@example.org"})
    given: dict[str, Any] = {"state": "approved", "stage": "before", "band": "medium", **more}
    return Proposal.objects.create(
        member=member, playbook="medium", playbook_version=1, occasion=occasion, cause="band medium",
        as_of=NOW.date(), created_at=NOW, changed_at=NOW, **given,
    )  # fmt: skip


def step(of: Any, kind: str = "email", *, approved: bool = True, **more: Any) -> Any:
    """A step of a proposal, approved a minute before `AFTER_UNDO` by a person."""
    from tenure.ledger.models import OutreachStep

    position = of.steps.count()
    given: dict[str, Any] = {
        "recipient": f"member{of.member}@example.org", "subject": "Your membership",
        "body": "Dear member,\n\nyou came to four events.", "template": f"medium@1#{position}",
        "details": {"commercial": False}, "state": "approved" if approved else "draft", **more,
    }  # fmt: skip
    leaves_at = NOW + dt.timedelta(seconds=30, days=given.get("wait_days", 0))
    made = OutreachStep(
        proposal=of, position=position, kind=kind, changed_at=NOW, leaves_at=leaves_at,
        reference=f"tn-{secrets.token_hex(8)}", **given,
    )  # fmt: skip
    made.digest = made.content_digest()
    made.save()
    if approved:
        approve(made)
    return made


def approve(made: Any, *, by: str = "maria", at: dt.datetime = NOW, **more: Any) -> Any:
    """A person's approval of a step as it is."""
    from tenure.ledger import audit
    from tenure.ledger.models import Approval

    audit.record(
        "proposal:member:approve", by=by, subject=made.reference, clock=lambda: at, proposal=made.proposal_id,
        step=made.pk, digest=made.digest, kind=made.kind,
    )  # fmt: skip
    return Approval.objects.create(step=made, digest=made.digest, at=at, by=by, **more)
