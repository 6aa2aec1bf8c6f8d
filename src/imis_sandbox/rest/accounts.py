"""Who may come in: accounts, tokens, lock-out."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate

from imis_sandbox.rest import wire

LIFETIME = 1_209_599
"""Seconds that a token lives: two weeks less one second."""
ATTEMPTS = 5
"""Wrong passwords in a row that lock an account (a guess)."""


@dataclass
class Account:
    """A user of the site; a *master* may write everything."""

    name: str
    password: str
    master: bool = False
    failures: int = 0
    locked: bool = False


@dataclass
class Accounts:
    """The site's accounts and the tokens given out.

    Args:
        accounts: By lower-case name.
        clock: Seconds since 1970, of the real clock: tokens do not know the association's time.
        lifetime: Of a token, seconds.
    """

    accounts: dict[str, Account]
    clock: Callable[[], float] = time.time
    lifetime: int = LIFETIME
    _tokens: dict[str, tuple[Account, float]] = field(default_factory=dict)

    def grant(self, form: dict[str, str]) -> wire.Json:
        """Answer a request for a token; names of fields come in any case."""
        given = {name.lower(): value for name, value in form.items()}
        if given.get("grant_type", "").lower() not in ("password", "refresh_token"):
            raise _oauth("unsupported_grant_type", "The grant type is not supported.")
        account = self.accounts.get(given.get("username", "").strip().lower())
        if account is None:
            raise _oauth("invalid_grant", "The user name or password is incorrect.")
        self._check(account, given.get("password", ""))
        return self._issue(account)

    def account_of(self, header: str) -> Account:
        """The account of an Authorization header; 401 when there is none."""
        scheme, _, token = header.partition(" ")
        found = self._tokens.get(token.strip())
        if scheme.lower() != "bearer" or found is None or found[1] <= self.clock():
            raise wire.denied()
        return found[0]

    def unlock(self) -> None:
        """Let every account try again."""
        for account in self.accounts.values():
            account.failures, account.locked = 0, False

    def revoke(self) -> None:
        """Forget every token."""
        self._tokens.clear()

    def _check(self, account: Account, password: str) -> None:
        if account.locked:
            raise _oauth("invalid_grant", "The user account is locked.")
        if not secrets.compare_digest(account.password.encode(), password.encode()):
            account.failures += 1
            account.locked = account.failures >= ATTEMPTS
            raise _oauth("invalid_grant", "The user name or password is incorrect.")
        account.failures = 0

    def _issue(self, account: Account) -> wire.Json:
        token, now = secrets.token_urlsafe(192), self.clock()
        self._tokens[token] = (account, now + self.lifetime)
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": self.lifetime,
            "userName": account.name.upper(),
            ".issued": formatdate(now, usegmt=True),
            ".expires": formatdate(now + self.lifetime, usegmt=True),
        }


def _oauth(error: str, description: str) -> wire.Refusal:
    return wire.Refusal(400, {"error": error, "error_description": description})
