"""The token: got by user name and password, renewed before it ends, and never asked for twice after a refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

import orjson

from tenure.imis._manners import Timekeeping
from tenure.imis._replies import LONGEST_REFUSAL, TRANSIENT, faults_of, json_of, not_imis, refusal, trouble
from tenure.imis._wire import Reply
from tenure.imis.errors import ImisRefused, LockedOut, TokenRefused, WrongCredentials

_RENEW_BEFORE = 300.0
_MOST_RENEWALS_AN_HOUR = 3
_ODD = frozenset(
    {"invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
)
"""Errors of RFC 6749 that speak of no password."""

Post = Callable[[str, dict[str, str], bytes], Reply]


@dataclass
class SignIn:
    """Who we are to an iMIS, and the token that proves it.

    A refusal of the user name and password is remembered: every later call raises it again and sends nothing, since
    iMIS locks an account after a few wrong attempts.

    Args:
        base: The address, for messages.
        username, password: The account's.
        post: Sends one form to a path of the server.
        time: Lifetime is counted by its ticks, so that a wrong clock on either side doesn't matter.
    """

    base: str
    username: str
    password: str = field(repr=False)
    post: Post = field(repr=False)
    time: Timekeeping = field(default_factory=Timekeeping)
    user_name: str = ""
    _token: str = field(default="", repr=False)
    _ends_at: float = 0.0
    _refusal: ImisRefused | None = None
    _renewals: list[float] = field(default_factory=list)

    def token(self) -> str:
        """A token that should be good for some minutes yet.

        Raises:
            WrongCredentials, NotImis: For good.
            ImisUnavailable: For now.
        """
        if not self._token or self.time.ticks() >= self._ends_at:
            self._sign_in()
        return self._token

    def renew(self, what: str) -> None:
        """Forget the token after a 401, so that the next call gets another.

        Raises:
            TokenRefused: iMIS refuses its own tokens again and again.
        """
        now = self.time.ticks()
        self._renewals = [at for at in self._renewals if now - at < 3600.0]
        if len(self._renewals) >= _MOST_RENEWALS_AN_HOUR:
            raise token_refused(what, f"{_MOST_RENEWALS_AN_HOUR} fresh tokens within an hour")
        self._renewals.append(now)
        self._token = ""

    def _sign_in(self) -> None:
        if self._refusal is not None:
            raise self._refusal
        form = {"grant_type": "password", "username": self.username, "password": self.password}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        reply = self.post("/token", headers, urlencode(form).encode())
        if reply.status in TRANSIENT:
            raise trouble(reply, f"signing in to iMIS at {self.base}")
        if reply.status != 200:
            self._refusal = self._why_refused(reply)
            raise self._refusal
        self._take(reply)

    def _take(self, reply: Reply) -> None:
        try:
            found = {} if reply.body.lstrip()[:1] == b"<" else json_of(reply, f"signing in to iMIS at {self.base}")
            token, lives = str(found["access_token"]), float(found.get("expires_in", 1200))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._refusal = not_imis(self.base, "POST /token gives no access token")
            raise self._refusal from error
        self._token = token
        self._ends_at = self.time.ticks() + max(lives - _RENEW_BEFORE, lives / 2)
        self.user_name = str(found.get("userName") or self.username)

    def _why_refused(self, reply: Reply) -> ImisRefused:
        error = _oauth_error(reply.body)
        if reply.status in (400, 401) and error:
            return self._wrong(reply) if error in ("invalid_grant", "access_denied") else self._odd(error)
        if reply.status == 403:
            return ImisRefused(
                f"something in front of iMIS at {self.base} forbids signing in (HTTP 403)",
                mend="ask whoever runs its web application firewall to let this machine POST to /token",
            )
        if reply.status in (404, 405, 400, 401):
            return not_imis(self.base, f"POST /token gives HTTP {reply.status}")
        return refusal(reply, f"signing in to iMIS at {self.base}")

    def _odd(self, error: str) -> ImisRefused:
        # Anything else may be what we sent, said back.
        said = error if error in _ODD else "for a reason that no standard names"
        return ImisRefused(
            f"iMIS at {self.base} doesn't give tokens for a user name and password ({said})",
            mend="ask the vendor whether the password grant of its REST service is switched on",
        )

    def _wrong(self, reply: Reply) -> WrongCredentials:
        said = " ".join(faults_of(reply.body)[0])
        if any(word in said.lower() for word in ("lock", "disabled", "too many")):
            return LockedOut(
                f"the account {self.username} is locked or disabled in iMIS at {self.base}",
                mend="have an administrator unlock it, and correct TENURE_IMIS_PASSWORD before the next try",
            )
        return WrongCredentials(
            f"iMIS at {self.base} refused the user name and password of {self.username}",
            mend="correct `source.username` in tenure.toml or TENURE_IMIS_PASSWORD. Tenure doesn't try again "
            "by itself, since iMIS locks accounts",
        )


def _oauth_error(body: bytes) -> str:
    try:
        found = orjson.loads(body) if len(body) <= LONGEST_REFUSAL else None
    except orjson.JSONDecodeError:
        return ""
    return str(found.get("error") or "") if isinstance(found, dict) else ""


def token_refused(what: str, how_often: str) -> TokenRefused:
    """The error for 401s that a fresh token doesn't end."""
    return TokenRefused(
        f"{what}: iMIS answers 401 in spite of {how_often}",
        mend="the account may lack the right to it (for a panel source see its Security tab), or something revokes "
        "its tokens; sign in to iMIS as the account and look",
    )
