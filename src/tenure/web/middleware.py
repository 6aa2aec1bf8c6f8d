"""What holds for every answer: a reference number, headers, the limits of a session."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import cast

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from tenure.base.key_change import KeyIsChanging, Steady
from tenure.ledger import audit
from tenure.web import errors, place
from tenure.web.configuration import IDLE_SECONDS, LONGEST_SECONDS

Answer = Callable[[HttpRequest], HttpResponse]

# Short, without letters that are taken for one another when read out over the telephone.
_ALPHABET = "ACDEFGHJKMNPQRTUVWXY34679"
_NOTED_EVERY_SECONDS = 5 * 60


def reference(answer: Answer) -> Answer:
    """Give each request a number, by which an error page can be found in the log."""

    def numbered(request: HttpRequest) -> HttpResponse:
        reference = "".join(secrets.choice(_ALPHABET) for _ in range(8))
        request.reference = reference  # type: ignore[attr-defined]  # ours, beside what Django puts there
        return answer(request)

    return numbered


def headers(answer: Answer) -> Answer:
    """Nothing but the style sheet is kept by a browser or a proxy, and no page asks for a device."""

    def with_headers(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return _without_body(response) if request.method == "HEAD" else response

    return with_headers


def steady(answer: Answer) -> Answer:
    """Let no request be answered half by one key of the pseudonyms and half by the next.

    One that comes while the next key takes over waits for that, and is told to come again where it lasts, or where a
    change was cut off half-way.
    """

    def held(request: HttpRequest) -> HttpResponse:
        try:
            hold = Steady(place.home())
        except KeyIsChanging:
            return errors.changing(request)
        try:
            response = answer(request)
        except BaseException:
            hold.close()
            raise
        if isinstance(response, StreamingHttpResponse):
            # What is left to be made is made when it is sent.
            response.streaming_content = _until_the_end(cast(Iterable[bytes], response.streaming_content), hold)
        else:
            hold.close()
        return response

    return held


def _until_the_end(content: Iterable[bytes], hold: Steady) -> Iterator[bytes]:
    try:
        yield from content
    finally:
        hold.close()


def denials(answer: Answer) -> Answer:
    """Write down who was refused what: the name of the page, never its address, which may hold a member's id."""

    def noted(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        if response.status_code == HTTPStatus.FORBIDDEN and request.user.is_authenticated:
            found = request.resolver_match
            who, page = request.user.get_username(), found.view_name if found else ""
            role = getattr(request.user, "role", "")
            audit.record("access:page:deny", by=who, subject=page, clock=place.now, method=request.method, role=role)
        return response

    return noted


def _without_body(response: HttpResponse) -> HttpResponse:
    """The head of an answer alone: waitress would send what follows, and garble the next answer."""
    if not response.streaming:
        response.content = b""
        return response
    response.close()
    head = HttpResponse(status=response.status_code, headers=dict(response.items()))
    head.cookies = response.cookies
    return head


def session_limits(answer: Answer) -> Answer:
    """End a session that was left alone, or that has lasted long enough."""

    def limited(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now, session = int(place.session_now().timestamp()), request.session
            began, seen = session.get("began", 0), session.get("seen", 0)
            if now - began > LONGEST_SECONDS or now - seen > IDLE_SECONDS:
                logout(request)
            elif now - seen > _NOTED_EVERY_SECONDS:
                session["seen"] = now
        return answer(request)

    return limited
