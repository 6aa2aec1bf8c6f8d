"""Dues in parts: what is offered, and a button that takes it up."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from tenure.web import place
from tenure.web.public.answer import has_renewed, is_known, is_over, note
from tenure.web.public.tickets import holder_of, message, unhurried, unknown

_TAKEN = (
    "You have taken the offer up",
    "Nothing is charged now. Somebody of the membership office sets the payments up and writes to you.",
)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@unhurried
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The plan, and its button. Taking it up is noted; staff set the payments up in iMIS."""
    holder = holder_of("offer", token)
    if holder is None or holder.step is None or holder.step.kind != "offer":
        return unknown(request)
    if is_known("accepted", holder):
        return message(request, *_TAKEN)
    if is_over(holder) or has_renewed(holder.step):
        return message(request, "This offer is closed", "Your membership office can tell you what is possible now.")
    if request.method == "POST":
        note("accepted", holder)
        return message(request, *_TAKEN)
    details, dues = holder.step.details, holder.step.proposal.dues
    parts = details.get("installments")
    parts = parts if isinstance(parts, int) and 2 <= parts <= 24 else 0
    context = {
        "token": token,
        "title": "Pay your dues in parts",
        "parts": parts,
        "part": f"{place.settings().association.currency}{dues / parts:,.2f}" if parts and dues else "",
        "grace_days": details.get("grace_days"),
    }
    return render(request, "public_offer.html", context)
