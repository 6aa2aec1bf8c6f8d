"""Whom the last night selected and did not list: each with the playbook and the rule that held them back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

from django.core.paginator import Paginator
from django.db.models import Count, F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenure.ledger import identities
from tenure.ledger.models import PassedOver
from tenure.outreach.capacity import RULES
from tenure.web import words
from tenure.web.asked import number
from tenure.web.cells import list_file
from tenure.web.queue_list import names_of, playbook_title
from tenure.web.roles import own

PAGE_SIZE = 50
_AT_ONCE = 500


@dataclass(frozen=True)
class Held:
    """One member who was held back, under the names of the files."""

    member_id: str
    name: str
    chapter_id: str
    band: str
    playbook: str
    playbook_version: int
    cause: str
    rule: str
    why: str
    worth: float | None


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The list, a page at a time, of one rule where the address names one."""
    rule = _rule(request)
    found = _asked(request, rule)
    paging = Paginator(found, PAGE_SIZE)
    part = paging.get_page(number(request.GET.get("page", "")) or 1)
    last = found.first()
    context = {
        "rows": [
            (one, playbook_title(one.playbook, one.playbook_version), words.kept(one.worth) if one.worth else "")
            for one in _told(list(part.object_list))
        ],
        "rules": passed_over_by_rule(request), "rule": rule, "total": paging.count,
        "why": words.sentence(RULES.get(rule, "")), "as_of": last.as_of if last else None,
        "number": part.number, "last": paging.num_pages,
    }  # fmt: skip
    return render(request, "passed_over.html", context)


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """All that the address asks for, as CSV or JSON."""
    rows = [list(asdict(one).values()) for one in _in_parts(_asked(request, _rule(request)))]
    return list_file("passed-over", tuple(field.name for field in fields(Held)), rows, form)


def passed_over_of(member: int) -> list[str]:
    """By which playbooks the last night selected *member* and did not list them, each with why, in words."""
    rows = PassedOver.objects.filter(member=member).order_by("playbook", "occasion")
    return [
        f"{playbook_title(row.playbook, row.playbook_version)}. {words.sentence(RULES.get(row.rule, row.rule))}"
        for row in rows
    ]


def passed_over_by_rule(request: HttpRequest) -> list[tuple[str, str, int]]:
    """Each rule that held somebody back, its words, and how many of those whom the reader may see; the most first."""
    counted = own(request, PassedOver.objects.all()).values("rule").annotate(n=Count("pk")).order_by("-n", "rule")
    return [(row["rule"], RULES.get(row["rule"], row["rule"]), row["n"]) for row in counted]


def _rule(request: HttpRequest) -> str:
    rule = request.GET.get("rule", "")
    return rule if rule in RULES else ""


def _asked(request: HttpRequest, rule: str) -> QuerySet[PassedOver]:
    found = own(request, PassedOver.objects.all())
    ordered = found.order_by(F("worth").desc(nulls_last=True), "member", "playbook")
    return ordered.filter(rule=rule) if rule else ordered


def _in_parts(found: QuerySet[PassedOver]) -> Iterator[Held]:
    part: list[PassedOver] = []
    for row in found.iterator(chunk_size=_AT_ONCE):
        part.append(row)
        if len(part) == _AT_ONCE:
            yield from _told(part)
            part = []
    yield from _told(part)


def _told(rows: list[PassedOver]) -> Iterator[Held]:
    """*rows* with names and ids, looked up for all of them at once."""
    members = [row.member for row in rows]
    ids, names = identities.ids_of(members=members), names_of(members)
    for row in rows:
        yield Held(
            member_id=ids.get(row.member, ""), name=names[row.member], chapter_id=row.chapter_id, band=row.band,
            playbook=row.playbook, playbook_version=row.playbook_version, cause=row.cause, rule=row.rule,
            why=RULES.get(row.rule, row.rule), worth=row.worth,
        )  # fmt: skip
