"""Single sign-on: client applications, the start page on which a user signs in, and the refresh token handed over.

Besides, the site's own page: who signs in there has a login cookie, and scripts of the page call the service with it
and with the verification token that the page has in a hidden input.
"""

from __future__ import annotations

import html
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from imis_sandbox.rest import wire
from imis_sandbox.rest.accounts import Account, Accounts, oauth

LIFETIME = 60
"""Minutes that a refresh token lives when its application does not say."""


@dataclass
class Application:
    """A client application, as an administrator registers it in Settings > Contacts."""

    client_id: str
    secret: str
    redirect_url: str
    lifetime_minutes: float = LIFETIME


@dataclass
class SignOn:
    """The site's client applications and the refresh tokens that wait to be used, each once.

    Args:
        accounts: Who may sign in.
        clock: Seconds since 1970, of the real clock.
    """

    accounts: Accounts
    clock: Callable[[], float] = time.time
    applications: dict[str, Application] = field(default_factory=dict)
    _waiting: dict[str, tuple[str, Account, float]] = field(default_factory=dict)
    _sessions: dict[str, tuple[str, Account]] = field(default_factory=dict)

    def register(self, body: wire.Json) -> wire.Json:
        """Register or replace an application; 400 when something is missing."""
        given = {name: str(body.get(name) or "") for name in ("client_id", "client_secret", "redirect_url")}
        missing = [name for name, value in given.items() if not value]
        if missing:
            raise wire.Refusal(400, f"A client application needs {' and '.join(missing)}.")
        minutes = float(body.get("lifetime_minutes", LIFETIME))
        made = Application(given["client_id"], given["client_secret"], given["redirect_url"], minutes)
        self.applications[made.client_id.lower()] = made
        return self.report()

    def report(self) -> wire.Json:
        """The applications, without their secrets."""
        listed = [
            {"client_id": one.client_id, "redirect_url": one.redirect_url, "lifetime_minutes": one.lifetime_minutes}
            for one in self.applications.values()
        ]
        return {"clients": listed, "waiting": len(self._waiting)}

    def start(self, client: str, form: dict[str, str]) -> str:
        """The start page of an application: a form to sign in, and once signed in the hand-over to the application.

        Args:
            client: The id of the application, of `{host}/{id}.aspx`.
            form: What was sent; empty when the page is opened.
        """
        application = self.applications.get(client.lower())
        if application is None:
            raise wire.not_found("The resource cannot be found.")
        if not form:
            return _page(_SIGN_IN)
        try:
            account = self.accounts.sign_in(form.get("username", ""), form.get("password", ""))
        except wire.Refusal:
            return _page("<p role='alert'>The user name or password is incorrect.</p>" + _SIGN_IN)
        token = self.hand_out(application, account)
        return _page(_HAND_OVER.format(url=html.escape(application.redirect_url), token=token))

    def visit(self, cookie: str, form: dict[str, str]) -> tuple[str, str]:
        """The site's own page, and the login cookie to set: the form to sign in, or the page of who has.

        Args:
            cookie: The login cookie; empty when there is none.
            form: What was sent; empty when the page is opened.
        """
        if form:
            try:
                account = self.accounts.sign_in(form.get("username", ""), form.get("password", ""))
            except wire.Refusal:
                return _page("<p role='alert'>The user name or password is incorrect.</p>" + _SIGN_IN), ""
            cookie = secrets.token_urlsafe(48)
            self._sessions[cookie] = (secrets.token_urlsafe(48), account)
        verification, account_ = self._sessions.get(cookie, ("", None))
        if account_ is None:
            return _page(_SIGN_IN), ""
        context = {
            "baseUrl": "/", "websiteRoot": "/", "isAnonymous": False, "loggedInPartyId": account_.party,
            "selectedPartyId": account_.party,
        }  # fmt: skip
        return _page(_SIGNED_IN.format(token=verification, context=html.escape(json.dumps(context)))), cookie

    def visitor(self, cookie: str, verification: str) -> Account:
        """Whose login cookie and verification token come together; 401 when they do not."""
        expected, account = self._sessions.get(cookie, ("", None))
        if account is None or not secrets.compare_digest(expected.encode(), verification.encode()):
            raise wire.denied()
        return account

    def hand_out(self, application: Application, account: Account) -> str:
        """A refresh token for a user who is signed in."""
        token = secrets.token_urlsafe(96)
        until = self.clock() + 60.0 * application.lifetime_minutes
        self._waiting[token] = (application.client_id.lower(), account, until)
        return token

    def complete(self, given: dict[str, str]) -> Account:
        """Whose refresh token an application brings; 400 when it is not its own, used, or too old."""
        client = given.get("client_id", "").lower()
        application = self.applications.get(client)
        secret = given.get("client_secret", "")
        if application is None or not secrets.compare_digest(application.secret.encode(), secret.encode()):
            raise oauth("invalid_client", "The client application or its secret is unknown.")
        owner, account, until = self._waiting.pop(given.get("refresh_token", ""), ("", None, 0.0))
        if account is None or owner != client or until <= self.clock():
            raise oauth("invalid_grant", "The refresh token is invalid or has expired.")
        return account

    def forget(self) -> None:
        """What the recycling of the application does: every refresh token and login cookie is void."""
        self._waiting.clear()
        self._sessions.clear()


_SIGN_IN = """<form method="post"><label>User name <input name="username"></label>
<label>Password <input name="password" type="password"></label><button>Sign in</button></form>"""
_HAND_OVER = """<form id="sso" method="post" action="{url}">
<input type="hidden" name="refresh_token" value="{token}"><button>Continue</button></form>
<script>document.getElementById("sso").submit()</script>"""


_SIGNED_IN = """<input type="hidden" id="__RequestVerificationToken" name="__RequestVerificationToken" value="{token}">
<input type="hidden" id="__ClientContext" name="__ClientContext" value="{context}"><p>You are signed in.</p>"""


def _page(body: str) -> str:
    return f"<!doctype html><html lang='en'><head><title>Sign in</title></head><body>{body}</body></html>"
