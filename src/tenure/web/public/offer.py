"""An offer, of dues in parts or of time: what it is, and a button that takes it up."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from tenure.web import place
from tenure.web.public.answer import EARLY, has_left, has_renewed, is_known, is_over, note
from tenure.web.public.tickets import holder_of, message, unhurried, unknown

_TAKEN = "You have taken the offer up"
_IN_PARTS = "Nothing is charged now. Somebody of the membership office sets the payments up and writes to you."
_OF_TIME = "There is nothing to pay now. Somebody of the membership office keeps your place open and writes to you."


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@unhurried
def page(request: HttpRequest, token: str) -> HttpResponse:
    """What is offered, and its button. Taking it up is noted; staff set it up in iMIS."""
    holder = holder_of("offer", token)
    if holder is None or holder.step is None or holder.step.kind != "offer":
        return unknown(request)
    if not has_left(holder.step):
        return message(request, *EARLY)
    details, dues = holder.step.details, holder.step.proposal.dues
    parts, grace_days = _whole(details.get("installments"), 2, 24), _whole(details.get("grace_days"), 1, 366)
    taken = _OF_TIME if grace_days and not parts else _IN_PARTS
    if is_known("accepted", holder):
        return message(request, _TAKEN, taken)
    if is_over(holder) or has_renewed(holder.step):
        return message(request, "This offer is closed", "Your membership office can tell you what is possible now.")
    if request.method == "POST":
        note("accepted", holder)
        return message(request, _TAKEN, taken)
    context = {
        "token": token,
        "title": "Keep your place open" if grace_days and not parts else "Pay your dues in parts",
        "parts": parts,
        "part": f"{place.settings().association.currency}{dues / parts:,.2f}" if parts and dues else "",
        "grace_days": grace_days,
    }
    return render(request, "public_offer.html", context)


def _whole(value: Any, least: int, most: int) -> int:
    """*value* where it is a whole number in this range, else 0."""
    return value if isinstance(value, int) and least <= value <= most else 0
