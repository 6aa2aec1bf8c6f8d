"""Which role opens which address: one table, from which the gate before every page and the tests are made.

An address that is not in the table opens for nobody; each refusal leaves an audit row (`middleware.denials`). What a
liaison sees is narrowed to one chapter by `own`, on every list, page and file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from tenure.ledger import rights
from tenure.ledger.models import Staff
from tenure.ledger.rights import Act
from tenure.ledger.tokens import Scope

Row = TypeVar("Row", bound=Model)

PUBLIC = "public"
SIGNED_IN = "signed in"

ROUTES: dict[str, Act | str] = {
    "today": Act.SEE,
    "today-csv": Act.EXPORT,
    "today-json": Act.EXPORT,
    "months-file": Act.SEE,
    "first-year-file": Act.SEE,
    "bands-file": Act.SEE,
    "contact-file": Act.SEE,
    "gone": Act.SEE,
    "gone-file": Act.EXPORT,
    "member": Act.SEE,
    "history-file": Act.SEE,
    "reasons-file": Act.SEE,
    "member-file": Act.EXPORT,
    "timeline-file": Act.EXPORT,
    "receipt": Act.SEE,
    "receipt-file": Act.EXPORT,
    "member-call": Act.DECIDE,
    "answer-take-up": Act.DECIDE,
    "queue": Act.SEE,
    "passed-over": Act.SEE,
    "passed-over-file": Act.EXPORT,
    "queue-csv": Act.EXPORT,
    "queue-json": Act.EXPORT,
    "queue-bulk": Act.DECIDE,
    "queue-preview": Act.SEE,
    "queue-edit": Act.DECIDE,
    "queue-reject": Act.DECIDE,
    "queue-revoke": Act.DECIDE,
    "queue-sample": Act.DECIDE,
    "queue-decide": Act.DECIDE,
    "queue-approve": Act.DECIDE,
    "queue-many": Act.DECIDE,
    "queue-undo": Act.DECIDE,
    "playbooks": Act.SEE,
    "playbooks-file": Act.SEE,
    "contacted-file": Act.SEE,
    "playbook": Act.SEE,
    "playbook-file": Act.SEE,
    "playbook-switch": Act.PLAYBOOKS,
    "audit": Act.AUDIT,
    "audit-csv": Act.AUDIT,
    "audit-json": Act.AUDIT,
    "sending": Act.SEE,
    "pauses-file": Act.SEE,
    "sending-pause": Act.PAUSE,
    "sending-resume": Act.PAUSE,
    "sending-outcome": Act.DECIDE,
    "sending-replay": Act.PAUSE,
    "reports": SIGNED_IN,
    "report-choose": SIGNED_IN,
    "report-file": Act.EXPORT,
    "keys": SIGNED_IN,
    "settings": SIGNED_IN,
    "second-factor": SIGNED_IN,
    "second-factor-off": SIGNED_IN,
    "password": SIGNED_IN,
    "people": Act.STAFF,
    "people-file": Act.STAFF,
    "person": Act.STAFF,
    "webhooks": Act.WEBHOOKS,
    "webhooks-file": Act.WEBHOOKS,
    "webhook-change": Act.WEBHOOKS,
    "phases": Act.MODEL,
    "phases-file": Act.MODEL,
    "phase-move": Act.PHASES,
    "mapping": Act.MODEL,
    "mapping-file": Act.MODEL,
    "mapping-keep": Act.MAPPING,
    "left-alone": Act.SEE,
    "left-alone-file": Act.EXPORT,
    "left-alone-change": Act.DECIDE,
    "changes": Act.SEE,
    "changes-file": Act.SEE,
    "change-enter": Act.CHANGES,
    "change-withdraw": Act.CHANGES,
    "views": Act.SEE,
    "views-file": Act.SEE,
    "view-save": Act.SEE,
    "view-change": Act.SEE,
    "tokens": Act.TOKENS,
    "tokens-file": Act.TOKENS,
    "token-revoke": Act.TOKENS,
    "api": SIGNED_IN,
    "api-openapi": PUBLIC,
    "api-members": Act.EXPORT,
    "api-member": Act.SEE,
    "api-proposals": Act.EXPORT,
    "api-proposal": Act.SEE,
    "api-approve": Act.DECIDE,
    "api-second": Act.DECIDE,
    "api-reject": Act.DECIDE,
    "api-snooze": Act.DECIDE,
    "api-runs": Act.MODEL,
    "api-run": Act.MODEL,
    "api-model": Act.MODEL,
    "api-webhooks": Act.WEBHOOKS,
    "api-webhook": Act.WEBHOOKS,
    "membership": Act.SEE,
    "membership-file": Act.EXPORT,
    "membership-figure": Act.SEE,
    "model": Act.MODEL,
    "model-file": Act.MODEL,
    "model-card": Act.MODEL,
    "model-promote": Act.SERVE,
    "model-rollback": Act.SERVE,
    "runs": Act.MODEL,
    "runs-file": Act.MODEL,
    "runs-list": Act.MODEL,
    "run": Act.MODEL,
    "run-file": Act.MODEL,
    "public-unsubscribe": PUBLIC,
    "public-answer": PUBLIC,
    "public-offer": PUBLIC,
    "sign-in": PUBLIC,
    "sign-in-code": PUBLIC,
    "oidc": PUBLIC,
    "oidc-done": PUBLIC,
    "sign-out": SIGNED_IN,
    "sign-out-everywhere": SIGNED_IN,
    "health": PUBLIC,
}
"""By the name of a route: what its reader must be allowed to do."""

SCOPES: dict[str, Scope] = {
    "api-members": Scope.SCORES,
    "api-member": Scope.SCORES,
    "api-proposals": Scope.QUEUE,
    "api-proposal": Scope.QUEUE,
    "api-approve": Scope.DECIDE,
    "api-second": Scope.DECIDE,
    "api-reject": Scope.DECIDE,
    "api-snooze": Scope.DECIDE,
    "api-runs": Scope.RUNS,
    "api-run": Scope.RUNS,
    "api-model": Scope.RUNS,
    "api-webhooks": Scope.WEBHOOKS,
    "api-webhook": Scope.WEBHOOKS,
}
"""By the name of a route of the API: what a token must have been made for, besides what its account may."""


def opens(role: str, route: str) -> bool:
    """Whether an account of *role* opens *route*; an address that is not declared, never."""
    needed = ROUTES.get(route)
    if needed is None:
        return False
    return (isinstance(needed, str) and not isinstance(needed, Act)) or role in rights.TABLE[Act(needed)]


class Gate(ABC):
    """Looks at every request for an address that is not public: its route is known then, its page not begun."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        route = request.resolver_match.view_name if request.resolver_match else ""
        return None if ROUTES.get(route) == PUBLIC else self.stopped(request, route)

    @abstractmethod
    def stopped(self, request: HttpRequest, route: str) -> HttpResponse | None:
        """The answer in place of the page of *route*; None lets the request through."""


class RoleGate(Gate):
    """Refuses what the reader's role does not open."""

    def stopped(self, request: HttpRequest, route: str) -> None:
        if not opens(getattr(request.user, "role", ""), route):
            raise PermissionDenied


def reader(request: HttpRequest) -> Staff:
    """Whoever reads the page; nobody else comes as far as one that is not public.

    Raises:
        PermissionDenied: Nobody is signed in.
    """
    if not isinstance(request.user, Staff):
        raise PermissionDenied
    return request.user


def may(person: Any, act: Act, *, chapter: str | None = None) -> bool:
    """Whether *person*, who is signed in, may do *act*; on a member of *chapter*, where one is given."""
    return isinstance(person, Staff) and rights.may(person, act, chapter=chapter)


def own(request: HttpRequest, rows: QuerySet[Row]) -> QuerySet[Row]:
    """*rows* (which have a `chapter_id`) as far as the reader may see them."""
    return of_chapter(rows, rights.chapter_of(reader(request)))


def of_chapter(rows: QuerySet[Row], chapter: str | None) -> QuerySet[Row]:
    """*rows* of one *chapter*, of nobody where it is empty; all of them for None."""
    return rows if chapter is None else rows.filter(chapter_id=chapter).exclude(chapter_id="")


def sees(request: HttpRequest, chapter: str | None) -> bool:
    """Whether the reader may see a member of *chapter*."""
    mine = rights.chapter_of(reader(request))
    return mine is None or (mine != "" and mine == (chapter or ""))
