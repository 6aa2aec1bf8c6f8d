"""Who asks the API: the token in the header, and nothing else. Cookies do not count here, so no page can misuse it."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from tenure.ledger import tokens
from tenure.ledger.models import ApiToken
from tenure.web import place
from tenure.web.api.problems import MEDIA_TYPE, PREFIX, concerns, problem
from tenure.web.roles import SCOPES, Gate

PER_MINUTE = 600
"""Requests that one token may make in a minute."""

_OPEN = f"{PREFIX}openapi.json"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Answer = Callable[[HttpRequest], HttpResponse]


def bearer(answer: Answer) -> Answer:
    """Let the account of the token be who asks; without one nothing opens but the description."""

    def asked(request: HttpRequest) -> HttpResponse:
        if not concerns(request):
            return answer(request)
        token = _token(request)
        request.user = token.owner if token else AnonymousUser()
        request.token = token  # type: ignore[attr-defined]  # ours, beside what Django puts there
        if token is None and request.path != _OPEN:
            return _unknown(request)
        return _in_form(request, answer(request))

    return asked


class Turnstile(Gate):
    """After the gate of roles: the token's scopes, its pace, and a row of the log for what would change something."""

    def stopped(self, request: HttpRequest, route: str) -> HttpResponse | None:
        token: ApiToken | None = getattr(request, "token", None)
        if token is None:
            return None
        needed = SCOPES.get(route)
        if needed is None or needed not in token.scopes:
            mend = f"make a token with the scope {needed}" if needed else ""
            return problem(request, 403, "the token was not made for this", mend=mend)
        wait = _PACE.wait(token.pk, time.monotonic())
        if wait:
            answer = problem(request, 429, "too many requests", mend=f"at most {PER_MINUTE} a minute; wait")
            answer.headers["Retry-After"] = str(wait)
            return answer
        tokens.note_use(token, clock=place.now)
        if request.method not in _SAFE:
            tokens.note_act(token, route, clock=place.now)
        return None


class Pace:
    """How often each token was used within the last minute, in this process.

    Args:
        most: Uses that fit into a minute.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._uses: defaultdict[int, deque[float]] = defaultdict(deque)

    def wait(self, token: int, now: float) -> int:
        """Count one use at *now*, in seconds; how many seconds to wait where it is one too many, else 0."""
        with self._lock:
            uses = self._uses[token]
            while uses and uses[0] <= now - 60:
                uses.popleft()
            if len(uses) >= self._most:
                return max(1, round(uses[0] + 60 - now))
            uses.append(now)
        return 0


_PACE = Pace(PER_MINUTE)


def _token(request: HttpRequest) -> ApiToken | None:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    return tokens.holder(text.strip(), clock=place.now) if kind.lower() == "bearer" else None


def _unknown(request: HttpRequest) -> HttpResponse:
    given = "Authorization" in request.headers
    what = "this token opens nothing: it is unknown, revoked or has ended" if given else "a token is needed"
    answer = problem(request, 401, what, where="header Authorization", mend="send `Authorization: Bearer tnr_…`")
    answer.headers["WWW-Authenticate"] = 'Bearer realm="Tenure"'
    return answer


def _in_form(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """What a library answered in words of its own, in our form."""
    if answer.status_code < 400 or answer.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
        return answer
    allowed = answer.headers.get("Allow")
    what = "this address takes other methods" if answer.status_code == 405 else "the request could not be answered"
    ours = problem(request, answer.status_code, what, mend=f"one of {allowed}" if allowed else "")
    if allowed:
        ours.headers["Allow"] = allowed
    return ours
