"""Letting another model serve, and taking it back: each on a page that says what follows, by those who may."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tenure.base.errors import DamagedStore, UsageError
from tenure.base.pseudonym import Pseudonyms
from tenure.base.signing import Signer
from tenure.ledger import serving
from tenure.web import place, words
from tenure.web.manifests import damaged, manifests
from tenure.web.shell import current_scores


@require_http_methods(["GET", "HEAD", "POST"])
def promote(request: HttpRequest, version: str) -> HttpResponse:
    """Let a challenger, or a model that served before, serve."""
    found = {one["version"]: one for one in manifests(place.home())}
    present = _present(found)
    if version not in found or present is None or present["version"] == version:
        raise Http404
    if request.method != "POST":
        return _asked(request, found[version], present, "promote")
    return _done(request, found[version], present, "promote")


@require_http_methods(["GET", "HEAD", "POST"])
def rollback(request: HttpRequest) -> HttpResponse:
    """Let the model serve again that served before the present one."""
    found = {one["version"]: one for one in manifests(place.home())}
    present = _present(found)
    former = serving.would_serve_again(found.get(present["version"])) if present else None
    if present is None or former not in found:
        raise Http404
    if request.method != "POST":
        return _asked(request, found[former], present, "rollback")
    if request.POST.get("to") != former:
        trouble = f"By now a rollback leads to {former}. Look at what follows, and say it again."
        return _asked(request, found[former], present, "rollback", trouble=trouble, status=409)
    return _done(request, found[former], present, "rollback")


def _present(found: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """The model that serves; of a damaged one its version alone."""
    version = serving.version_chosen(list(found.values()), damaged(place.home()))
    return found.get(version, {"version": version}) if version else None


def _done(request: HttpRequest, wanted: dict[str, Any], present: dict[str, Any], act: str) -> HttpResponse:
    by, why = request.user.get_username(), request.POST.get("why", "").strip()
    if not why:
        return _asked(request, wanted, present, act, trouble="Say why; the audit log keeps it.", status=422)
    try:
        if act == "promote":
            serving.promote(_registry(), wanted["version"], by=by, why=why, clock=place.now)
        else:
            serving.rollback(_registry(), by=by, why=why, clock=place.now)
    except (UsageError, DamagedStore) as error:
        return _asked(request, wanted, present, act, trouble=words.trouble(error), status=409)
    return redirect("model")


def _asked(
    request: HttpRequest,
    wanted: dict[str, Any],
    present: dict[str, Any],
    act: str,
    *,
    trouble: str = "",
    status: int = 200,
) -> HttpResponse:
    score_set = current_scores(request)
    context = {
        "wanted": wanted,
        "present": present,
        "act": act,
        "trouble": trouble,
        "why": request.POST.get("why", ""),
        "night": words.day(score_set.as_of) if score_set else "",
        "is_older": "as_of" in present and serving.age(wanted) < serving.age(present),
    }
    return render(request, "model_act.html", context, status=status)


def _registry() -> Any:
    # Reading a model whole takes numerical libraries that no other page needs.
    from tenure.risk.registry import Registry

    home = place.home()
    return Registry(home.models, Signer(Pseudonyms.of(home).secret("models")))
