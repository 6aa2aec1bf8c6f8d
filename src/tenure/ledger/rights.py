"""Who may do what: one table of acts by role, asked by whatever changes something and by every page."""

from __future__ import annotations

from enum import StrEnum

from tenure.base.errors import NotAllowed
from tenure.ledger.models import Staff
from tenure.ledger.models.staff import Role


class Act(StrEnum):
    """What a role may be asked for."""

    SEE = "see members, scores and proposals"
    EXPORT = "take lists away as files"
    DECIDE = "approve, edit, reject, snooze and reassign proposals"
    SECOND = "be the second person of an approval"
    PAUSE = "stop everything on its way out"
    PLAYBOOKS = "switch playbooks on and off, and edit them"
    PHASES = "move a segment from one phase to the next"
    AUTO_SEND = "let a template leave without being looked at each time"
    AUDIT = "read the audit log"
    MODEL = "read the model's page and the runs"
    TOKENS = "make tokens for programs that act in your name"
    WEBHOOKS = "let other systems be told what happens"
    MAPPING = "change where the records come from"
    STAFF = "manage accounts, roles and everybody's tokens"
    SERVE = "let a model serve, and take it back"
    SHARE = "share a saved view with the team"
    CHANGES = "enter what the association changed"


_EVERYONE = frozenset(Role)
_DECIDERS = frozenset({Role.LIAISON, Role.MANAGER, Role.DIRECTOR})

TABLE: dict[Act, frozenset[Role]] = {
    Act.SEE: _EVERYONE,
    Act.EXPORT: _EVERYONE - {Role.VIEWER},
    Act.DECIDE: _DECIDERS,
    Act.SECOND: frozenset({Role.MANAGER, Role.DIRECTOR}),
    Act.PAUSE: frozenset({Role.MANAGER, Role.DIRECTOR, Role.ADMINISTRATOR}),
    Act.PLAYBOOKS: frozenset({Role.DIRECTOR, Role.ADMINISTRATOR}),
    Act.PHASES: frozenset({Role.DIRECTOR}),
    Act.AUTO_SEND: frozenset({Role.ADMINISTRATOR}),
    Act.AUDIT: frozenset({Role.DIRECTOR, Role.ADMINISTRATOR, Role.AUDITOR}),
    Act.MODEL: _EVERYONE - {Role.LIAISON},
    Act.TOKENS: _EVERYONE - {Role.VIEWER},
    Act.WEBHOOKS: frozenset({Role.ADMINISTRATOR}),
    Act.MAPPING: frozenset({Role.ADMINISTRATOR}),
    Act.STAFF: frozenset({Role.ADMINISTRATOR}),
    Act.SERVE: frozenset({Role.DIRECTOR, Role.ANALYST}),
    Act.SHARE: frozenset({Role.MANAGER, Role.DIRECTOR, Role.ADMINISTRATOR}),
    Act.CHANGES: frozenset({Role.MANAGER, Role.DIRECTOR, Role.ANALYST, Role.ADMINISTRATOR}),
}
"""Each act, and the roles that include it. A liaison's acts reach the members of one chapter alone."""


def may(person: Staff, act: Act, *, chapter: str | None = None) -> bool:
    """Whether *person* may do *act*; on a member of *chapter*, where one is given."""
    if not person.is_active or person.role not in TABLE[act]:
        return False
    own = chapter_of(person)
    return own is None or chapter is None or (own != "" and own == chapter)


def chapter_of(person: Staff) -> str | None:
    """The one chapter that *person* sees; None for everyone's. A liaison without a chapter sees nobody."""
    return person.chapter_id if person.role == Role.LIAISON else None


def require(by: str, act: Act, *, chapter: str | None = None) -> Staff:
    """The account of *by*, which may do *act*; ask inside the transaction that does it.

    Raises:
        NotAllowed: There is no such account, it is closed, or its role does not include *act* there.
    """
    person = Staff.objects.filter(username=by).first()
    if person is None or not may(person, act, chapter=chapter):
        raise NotAllowed(f"your role does not let you {act}", mend="an administrator can change what your role opens")
    return person
