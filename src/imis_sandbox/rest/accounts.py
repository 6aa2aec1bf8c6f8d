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
    """A user of the site; a *master* may write everything, a contact (with a *party*) may do next to nothing."""

    name: str
    password: str
    master: bool = False
    party: str = ""
    failures: int = 0
    locked: bool = False
    locked_at: float = 0.0


@dataclass
class Accounts:
    """The site's accounts and the tokens given out.

    Args:
        accounts: By lower-case name.
        clock: Seconds since 1970, of the real clock: tokens do not know the association's time.
        lifetime: Of a token, seconds.
        contact: Makes the account of a contact with a login of that name.
        refreshed: Whose sign-on a request with a refresh token completes.
    """

    accounts: dict[str, Account]
    clock: Callable[[], float] = time.time
    lifetime: int = LIFETIME
    contact: Callable[[str], Account | None] = lambda name: None
    refreshed: Callable[[dict[str, str]], Account] | None = None
    tried: bool = False
    """Whether a contact ever tried to sign in."""
    _tokens: dict[str, tuple[Account, float]] = field(default_factory=dict)

    def grant(self, form: dict[str, str]) -> wire.Json:
        """Answer a request for a token; names of fields come in any case."""
        given = {name.lower(): value for name, value in form.items()}
        kind = given.get("grant_type", "").lower()
        if kind == "refresh_token" and self.refreshed is not None:
            return self._issue(self.refreshed(given))
        if kind != "password":
            raise oauth("unsupported_grant_type", "The grant type is not supported.")
        return self._issue(self.sign_in(given.get("username", ""), given.get("password", "")))

    def sign_in(self, name: str, password: str) -> Account:
        """The account of a name and password; 400 when they are wrong or the account is locked."""
        account = self.find(name)
        if account is None:
            raise oauth("invalid_grant", "The user name or password is incorrect.")
        self.tried = self.tried or bool(account.party)
        self._check(account, password)
        return account

    def find(self, name: str) -> Account | None:
        """The account of a user name in any case, a contact's included."""
        key = name.strip().lower()
        if key not in self.accounts:
            made = self.contact(key)
            if made is not None:
                self.accounts[key] = made
        return self.accounts.get(key)

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
            raise oauth("invalid_grant", "The user account is locked.")
        if not secrets.compare_digest(account.password.encode(), password.encode()):
            account.failures += 1
            if account.failures >= ATTEMPTS:
                account.locked, account.locked_at = True, self.clock()
            raise oauth("invalid_grant", "The user name or password is incorrect.")
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


def oauth(error: str, description: str) -> wire.Refusal:
    """400 as the token address refuses."""
    return wire.Refusal(400, {"error": error, "error_description": description})
