"""Accounts that sign in by an identity provider: tied to it once, by its own name for them, and to nobody else."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import NotAllowed
from tenure.ledger import audit, staff
from tenure.ledger.models import OutsideIdentity, Staff
from tenure.ledger.models.staff import Role

BY = "identity provider"


@dataclass(frozen=True)
class Vouched:
    """What an identity provider says of somebody, after it was checked.

    Args:
        issuer, subject: The provider, and its own lasting name for them.
        username: Under which name their account is looked for, the first time.
        full_name: As the pages show it.
        role, chapter: What their groups give; an empty role leaves the account's as it is.
    """

    issuer: str
    subject: str
    username: str
    full_name: str = ""
    role: str = ""
    chapter: str = ""


def account_of(vouched: Vouched, *, may_create: bool, clock: Clock = system_clock) -> Staff:
    """The account of whom a provider vouches for, with the role that it gives.

    The first time it is found by name, or made where *may_create* lets it; from then on by the provider's own name.

    Raises:
        NotAllowed: There is no account, it is closed, or it belongs to somebody else at that provider.
    """
    with transaction.atomic():
        known = OutsideIdentity.objects.select_related("person").filter(
            issuer=vouched.issuer, subject=vouched.subject
        ).first()  # fmt: skip
        person = known.person if known else _tied(vouched, may_create, clock)
        if not person.is_active:
            raise NotAllowed("this account is closed", mend="an administrator can open it again")
        if vouched.role and (person.role, person.chapter_id) != (vouched.role, vouched.chapter):
            person = staff.set_role(
                username=person.username, role=vouched.role, chapter=vouched.chapter, by=BY, clock=clock
            )
    return person


def _tied(vouched: Vouched, may_create: bool, clock: Clock) -> Staff:
    person = staff.find(username=vouched.username)
    if person is None:
        if not may_create:
            raise NotAllowed("there is no account of that name here", mend="an administrator can make one")
        person = staff.create(
            username=vouched.username, password=None, full_name=vouched.full_name[:200], by=BY, clock=clock,
            role=vouched.role or Role.VIEWER, chapter=vouched.chapter,
        )  # fmt: skip
    if OutsideIdentity.objects.filter(person=person, issuer=vouched.issuer).exists():
        raise NotAllowed("the account of that name is somebody else's", mend="an administrator can see whose")
    OutsideIdentity.objects.create(person=person, issuer=vouched.issuer, subject=vouched.subject, at=clock())
    audit.record("staff:identity:tie", by=BY, subject=person.username, clock=clock, issuer=vouched.issuer)
    return person
