"""Proposals as a night would make them, for tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tenure.base.settings import Outreach, Settings, Source

NIGHT = dt.datetime(2025, 3, 1, 2, 10, tzinfo=dt.UTC)
MORNING = dt.datetime(2025, 3, 1, 8, tzinfo=dt.UTC)
BODY = "Dear {name},\n\nYou have been with us since 2016.\n\nWarm regards,\nMarta Lindqvist"


def staff(**roles: str) -> None:
    """Accounts by name and role, such as `marta="manager"`; a liaison's is `liaison:Gulf`. They cannot sign in."""
    from tenure.ledger.models import Staff

    for name, role in roles.items():
        kind, _, chapter = role.partition(":")
        Staff.objects.create(username=name, role=kind, chapter_id=chapter, created_at=NIGHT, password="!")


def known_staff(**roles: str) -> None:
    """Accounts as for `staff`, of which the audit log tells as well."""
    from tenure.ledger import staff as accounts

    for name, role in roles.items():
        kind, _, chapter = role.partition(":")
        accounts.create(username=name, password=None, by="test", role=kind, chapter=chapter, clock=lambda: NIGHT)


def settings(**outreach: Any) -> Settings:
    """Settings with something of `[outreach]` in them."""
    return Settings(source=Source(kind="files"), outreach=Outreach(**outreach))


def new(member: int = 1, **changes: Any) -> Any:
    """A proposal of one email, as `tenure.ledger.proposals.propose` takes it."""
    from tenure.ledger.proposals import NewProposal

    given: dict[str, Any] = {
        "playbook": "early-reminder",
        "playbook_version": 7,
        "occasion": "renewal:2025-04-15",
        "cause": "band became medium",
        "as_of": NIGHT.date(),
        "stage": "before",
        "band": "medium",
        "risk_score": 38,
        "p_lapse_renewal": 0.38,
        "chapter_id": "Gulf",
        "minutes": 3.0,
        "expires_on": NIGHT.date() + dt.timedelta(days=21),
        "steps": (email(),),
    }
    return NewProposal(member=member, **{**given, **changes})


def email(**changes: Any) -> Any:
    """A step that is an email."""
    from tenure.ledger.proposals import NewStep

    given: dict[str, Any] = {
        "kind": "email",
        "template": "early-reminder@7#1",
        "recipient": "member1@example.org",
        "subject": "Your standards library access",
        "body": BODY,
        "details": {"purpose": "renewal"},
    }
    return NewStep(**{**given, **changes})


def opened(*proposals: Any) -> list[int]:
    """Open *proposals*, else one; gives their numbers."""
    from tenure.ledger.models import Proposal
    from tenure.ledger.proposals import propose

    before = set(Proposal.objects.values_list("pk", flat=True))
    propose(proposals=proposals or (new(),), by="tenure run", clock=lambda: NIGHT)
    return sorted(set(Proposal.objects.values_list("pk", flat=True)) - before)


def seen(*proposals: int) -> dict[int, str]:
    """What somebody who looks at *proposals* now sees: step to digest."""
    from tenure.ledger.models import OutreachStep

    return dict(OutreachStep.objects.filter(proposal__in=proposals).values_list("pk", "digest"))
