"""The page on which staff ask for reports by email, and take them away as files."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from tenure.base.errors import UsageError
from tenure.briefing import letter, paper
from tenure.ledger import briefs, rights
from tenure.ledger.models.briefs import BriefKind
from tenure.web import place, words
from tenure.web.daily import daily
from tenure.web.roles import reader
from tenure.web.weekly import weekly

MADE = {"daily": daily, "weekly": weekly}
"""What makes each report."""

_ABOUT = {
    "daily": "What today holds: whom to call and why, what changed, and what comes up.",
    "weekly": "How the membership stands against last year, what was done in the week, and what it led to.",
}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The reports there are, and which of them the reader gets."""
    return _shown(request)


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Get a report by email from now on, or no more."""
    name, kind = request.user.get_username(), request.POST.get("kind", "")
    change = briefs.unsubscribe if request.POST.get("it") == "stop" else briefs.subscribe
    try:
        change(username=name, kind=kind, by=name, clock=place.now)
    except UsageError as error:
        return _shown(request, trouble=words.trouble(error), status=422)
    return redirect("reports")


@require_safe
def as_file(request: HttpRequest, kind: str, form: str) -> HttpResponse:
    """A report as it stands now, as the email looks (`html`) or for print (`pdf`)."""
    if kind not in _ABOUT or not rights.may(reader(request), briefs.NEEDS[BriefKind(kind)]):
        raise Http404
    settings = place.settings()
    brief = MADE[kind](place.lake(), settings, place.now(), rights.chapter_of(reader(request)))
    if brief is None or form not in ("html", "pdf"):
        raise Http404
    if form == "pdf":
        response = HttpResponse(paper.as_pdf(brief, settings.association.name), content_type="application/pdf")
    else:
        root = request.build_absolute_uri("/").rstrip("/")
        response = HttpResponse(letter.as_html(brief, root, letter.inlined(brief)), content_type="text/html")
    response.headers["Content-Disposition"] = f'attachment; filename="tenure-{kind}-{brief.day}.{form}"'
    return response


def _shown(request: HttpRequest, *, trouble: str = "", status: int = 200) -> HttpResponse:
    person, rules = reader(request), place.settings().reports
    mine = briefs.of(person.get_username())
    when = {
        "daily": "every day" if rules.weekends else "every working day",
        "weekly": f"every {rules.weekly_on.capitalize()}",
    }
    kinds = [
        {"kind": kind, "about": about, "when": when[kind], "mine": kind in mine}
        for kind, about in _ABOUT.items()
        if rights.may(person, briefs.NEEDS[BriefKind(kind)])
    ]
    context = {
        "kinds": kinds,
        "at": rules.at,
        "zone": place.settings().association.time_zone,
        "has_mail": bool(place.settings().mail.host),
        "address": person.email,
        "trouble": trouble,
    }
    return render(request, "reports.html", context, status=status)
