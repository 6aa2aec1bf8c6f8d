"""Signing in by an identity provider: away to it, and back."""

from __future__ import annotations

import logging
import secrets
from dataclasses import asdict
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from tenure.base.errors import NotAllowed, SourceRefused, SourceUnavailable, UsageError
from tenure.base.settings import Oidc
from tenure.ledger import federation, staff
from tenure.ledger.federation import Vouched
from tenure.web import oidc, place, words
from tenure.web.signin import THROTTLED, begin_session, following_of, form

_BEGUN = "provider"
_SECONDS = 10 * 60
_log = logging.getLogger("tenure.web")


@login_not_required
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider; what it must bring back lies in its session."""
    settings, following = _settings_or_404(), following_of(request)
    attempt = oidc.Attempt.new()
    try:
        there = oidc.address(oidc.provider_of(settings), settings, attempt, _back(request))
    except (SourceRefused, SourceUnavailable) as error:
        return _failed(request, error, status=502)
    request.session[_BEGUN] = {**asdict(attempt), "next": following, "at": int(place.session_now().timestamp())}
    return HttpResponseRedirect(there)


@login_not_required
@require_http_methods(["GET"])
def done(request: HttpRequest) -> HttpResponse:
    """Where the provider sends the browser back to: sign in whom it vouches for."""
    settings, begun = _settings_or_404(), request.session.pop(_BEGUN, None) or {}
    if staff.is_throttled(**_guess(request), clock=place.now):
        staff.note_throttled(**_guess(request), clock=place.now)
        return form(request, "/", trouble=THROTTLED, status=429)
    late = int(place.session_now().timestamp()) - begun.get("at", 0) > _SECONDS
    if late or not secrets.compare_digest(begun["state"].encode(), request.GET.get("state", "").encode()):
        return _refused(request, "That sign-in was begun elsewhere, or too long ago. Begin again.")
    if "error" in request.GET or not request.GET.get("code"):
        return _refused(request, f"{words.sentence(settings.name)} did not let you in.")
    try:
        claims = _claims(request, settings, oidc.Attempt(begun["state"], begun["nonce"], begun["verifier"]))
        vouched = vouched_by(claims, settings)
        person = federation.account_of(vouched, may_create=settings.create_accounts, clock=place.now)
    except (SourceRefused, SourceUnavailable) as error:
        return _failed(request, error, status=502)
    except (NotAllowed, UsageError) as error:
        return _refused(request, words.trouble(error))
    begin_session(request, person, via="oidc")
    guess = {**_guess(request), "username": person.username}
    staff.note_guess(**guess, right=True, via="oidc", clock=place.now)
    return redirect(begun.get("next", "/"))


def vouched_by(claims: dict[str, Any], settings: Oidc) -> Vouched:
    """What checked *claims* say of somebody, with the role that their groups give.

    Raises:
        NotAllowed: They have no name here, their address is not confirmed, or none of their groups gives a role.
    """
    username = claims.get(settings.username_claim)
    if not isinstance(username, str) or not username.strip():
        raise NotAllowed(
            f"the identity provider gives no `{settings.username_claim}`", mend="see `oidc.username_claim`"
        )
    if settings.username_claim == "email" and claims.get("email_verified") is not True:
        raise NotAllowed("your address is not confirmed at the identity provider", mend="have it confirmed there")
    groups = claims.get(settings.groups_claim)
    given = {groups} if isinstance(groups, str) else {one for one in groups or () if isinstance(one, str)}
    role = next((role for group, role in settings.roles.items() if group in given), "")
    if settings.roles and not role:
        raise NotAllowed("none of your groups gives a role here", mend="ask whoever gives groups at your organization")
    role, _, chapter = role.partition(":")
    name = claims.get("name")
    full_name = name if isinstance(name, str) else ""
    return Vouched(claims["iss"], claims["sub"], username.strip()[:150], full_name, role, chapter)


def _claims(request: HttpRequest, settings: Oidc, attempt: oidc.Attempt) -> dict[str, Any]:
    return oidc.claims_for(
        oidc.provider_of(settings), settings, attempt, code=request.GET["code"][:4096], back=_back(request),
        secret=oidc.secret_of(place.home()), now=place.session_now(),
    )  # fmt: skip


def _settings_or_404() -> Oidc:
    settings = place.settings().oidc
    if not (settings.issuer and settings.client_id):
        raise Http404
    return settings


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("oidc-done"))


def _guess(request: HttpRequest) -> dict[str, str]:
    """What is counted against an address: nobody's name is known, so each attempt goes by its own."""
    return {"username": f"state {request.GET.get('state', '')}"[:150], "address": request.META.get("REMOTE_ADDR", "")}


def _refused(request: HttpRequest, trouble: str) -> HttpResponse:
    staff.note_guess(**_guess(request), right=False, via="oidc", clock=place.now)
    return form(request, "/", trouble=trouble, status=403)


def _failed(request: HttpRequest, error: SourceRefused | SourceUnavailable, *, status: int) -> HttpResponse:
    reference = getattr(request, "reference", "")
    _log.error("%s %s %s", reference, "oidc", error.message)
    trouble = f"Signing in by another provider did not work. It is in the log as {reference}."
    return form(request, "/", trouble=trouble, status=status)
