"""Tokens: keys by which programs open the API in the name of an account.

A token is shown once, when it is made; its digest alone is kept. What it opens is the less of two: its scopes, and
what the role of its account includes at the moment of each request.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.ledger import audit, rights
from tenure.ledger.models import ApiToken, Staff
from tenure.ledger.rights import Act

PREFIX = "tnr_"
LONGEST_DAYS = 366
USUAL_DAYS = 90
_NOTED_EVERY = dt.timedelta(minutes=5)


class Scope(StrEnum):
    """What a token can be made for."""

    SCORES = "scores:read"
    QUEUE = "queue:read"
    DECIDE = "queue:decide"
    RUNS = "runs:read"
    WEBHOOKS = "webhooks:manage"


WORDS = {
    Scope.SCORES: "read members, their scores with reasons and history",
    Scope.QUEUE: "read proposals and their drafts",
    Scope.DECIDE: "approve, reject and snooze proposals",
    Scope.RUNS: "read runs and the model",
    Scope.WEBHOOKS: "subscribe to what happens, and unsubscribe",
}


def make(
    *, owner: str, name: str, scopes: Sequence[str], by: str, days: int = USUAL_DAYS, clock: Clock = system_clock
) -> tuple[ApiToken, str]:
    """A new token for the account *owner*, and its text, which cannot be had again.

    Args:
        owner: A sign-in name; the token opens no more than this account's role does.
        name: What the account calls it.
        scopes: Of `Scope`, one at least.
        by: Who makes it: the owner, or somebody who manages accounts.
        days: After how many days it ends.
        clock: Gives the present instant.

    Raises:
        UsageError: Name, scopes or days cannot be, or a token of that name stands.
        NotAllowed: *owner* may have no tokens, or *by* may not make any for others.
    """
    wanted, now = _checked(name, scopes, days), clock()
    with transaction.atomic():
        account = rights.require(owner, Act.TOKENS)
        _require_maker(by, account)
        if ApiToken.objects.filter(owner=account, name=name.strip(), revoked_at=None, expires_at__gt=now).exists():
            raise UsageError("a token of that name stands already", mend="revoke it first, or choose another name")
        text = PREFIX + secrets.token_urlsafe(32)
        made = ApiToken.objects.create(
            owner=account, name=name.strip(), hint=text[: len(PREFIX) + 6], digest=digest_of(text), scopes=wanted,
            created_at=now, created_by=by, expires_at=now + dt.timedelta(days=days),
        )  # fmt: skip
        _note("make", made, by, clock, name=made.name, scopes=wanted, until=made.expires_at.date().isoformat())
    return made, text


def holder(text: str, *, clock: Clock = system_clock) -> ApiToken | None:
    """The token that *text* is, with its account; None where it is none, has ended, or the account is closed."""
    if not text.startswith(PREFIX) or len(text) > 100:
        return None
    found = ApiToken.objects.select_related("owner").filter(digest=digest_of(text), revoked_at=None).first()
    return found if found and found.expires_at > clock() and found.owner.is_active else None


def note_use(token: ApiToken, *, clock: Clock = system_clock) -> None:
    """Remember when a token was last used, to within some minutes."""
    now = clock()
    if token.used_at is None or now - token.used_at > _NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(used_at=now)


def note_act(token: ApiToken, route: str, *, clock: Clock = system_clock) -> None:
    """Write down that a token is about to change something; what it changes has a row of its own, by the account."""
    _note("act", token, token.owner.username, clock, route=route)


def revoke(*, token: int, by: str, clock: Clock = system_clock) -> ApiToken:
    """End a token at once.

    Raises:
        UsageError: There is none of that number, or it has ended.
        NotAllowed: It is somebody else's, and *by* does not manage accounts.
    """
    with transaction.atomic():
        row = ApiToken.objects.select_for_update().filter(pk=token, revoked_at=None).first()
        if row is None:
            raise UsageError(f"no token {token} stands", mend="`tenure token list` names those that do")
        _require_maker(by, row.owner)
        row.revoked_at, row.revoked_by = clock(), by
        row.save(update_fields=["revoked_at", "revoked_by"])
        _note("revoke", row, by, clock, name=row.name)
    return row


def standing(*, owner: Staff | None = None, now: dt.datetime) -> list[ApiToken]:
    """Tokens that open something at *now*, of one account or of all, oldest first."""
    found = ApiToken.objects.select_related("owner").filter(revoked_at=None, expires_at__gt=now)
    return list((found if owner is None else found.filter(owner=owner)).order_by("created_at", "pk"))


def digest_of(text: str) -> str:
    """What is kept of a token. It is random enough that its plain digest tells nothing of it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _checked(name: str, scopes: Sequence[str], days: int) -> list[str]:
    if not name.strip() or len(name.strip()) > 100:
        raise UsageError("a token needs a name", mend="say what it is for, in a hundred letters at most")
    unknown = sorted(set(scopes) - set(Scope))
    if unknown or not scopes:
        raise UsageError(
            f"there is no scope {unknown[0]!r}" if unknown else "a token needs a scope",
            mend=f"choose some of {', '.join(Scope)}",
        )
    if not 1 <= days <= LONGEST_DAYS:
        raise UsageError("a token ends after 1 to 366 days", mend="make a new one before it does")
    return sorted(set(scopes))


def _require_maker(by: str, owner: Staff) -> None:
    if by != owner.username:
        rights.require(by, Act.STAFF)


def _note(verb: str, token: ApiToken, by: str, clock: Clock, **details: Any) -> None:
    audit.record(f"token:api:{verb}", by=by, subject=str(token.pk), clock=clock, owner=token.owner.username, **details)
