"""The audit log on a page: who did what, when, to what; newest first."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenure.ledger import identities, seals
from tenure.ledger.first import first_of, pseudonyms
from tenure.ledger.models import AuditEvent
from tenure.web import place
from tenure.web.asked import number
from tenure.web.cells import csv_file, list_file

PAGE_SIZE = 50
_COLUMNS = ("number", "at", "by", "act", "subject", "member_id", "details", "hash")


@dataclass(frozen=True)
class Asked:
    """What an address asks of the log; whatever cannot be understood counts as not asked."""

    act: str = ""
    by: str = ""
    member_id: str = ""
    proposal: int | None = None
    since: dt.date | None = None
    before: int | None = None

    @classmethod
    def of(cls, query: Any) -> Asked:
        """Read an address."""
        try:
            since = dt.date.fromisoformat(query.get("since", ""))
        except ValueError:
            since = None
        words = {name: query.get(key, "").replace("\0", "").strip()[:150] for name, key in _WORDS.items()}
        return cls(
            **words, proposal=number(query.get("proposal", "")), since=since, before=number(query.get("before", ""))
        )

    def parameters(self) -> dict[str, str]:
        """The parameters of the address that asks for this, from the newest on."""
        given = {
            "act": self.act, "by": self.by, "member": self.member_id, "proposal": str(self.proposal or ""),
            "since": self.since.isoformat() if self.since else "",
        }  # fmt: skip
        return {name: value for name, value in given.items() if value}


_WORDS = {"act": "act", "by": "by", "member_id": "member"}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """A page of the log, with text about members where it has not been erased."""
    asked = Asked.of(request.GET)
    found = list(matching(asked)[: PAGE_SIZE + 1])
    events = found[:PAGE_SIZE]
    texts = seals.texts_of(numbers=[event.number for event in events if event.sealed])
    keyed = pseudonyms()
    ids = _ids({keyed.present(event.member) for event in events if event.member is not None})
    context = {
        "asked": asked,
        "narrowed": [f"{name} {value}" for name, value in asked.parameters().items()],
        "rows": [_row(event, ids, texts.get(event.number)) for event in events],
        "older": urlencode({**asked.parameters(), "before": events[-1].number}) if len(found) > PAGE_SIZE else "",
        "files": urlencode(asked.parameters()),
        "total": AuditEvent.objects.count(),
    }
    return render(request, "audit.html", context)


@require_safe
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """Everything that the address asks for; `tenure audit export` gives what can be verified."""
    return csv_file(_lines(matching(Asked.of(request.GET))), f"tenure-audit-{place.now():%Y-%m-%d}.csv")


@require_safe
def as_json(request: HttpRequest) -> HttpResponseBase:
    """One page of what the address asks for, newest first, and the address of the next."""
    asked = Asked.of(request.GET)
    found = list(matching(asked)[: PAGE_SIZE + 1])
    events, ids = found[:PAGE_SIZE], _ids()
    older = urlencode({**asked.parameters(), "before": events[-1].number}) if len(found) > PAGE_SIZE else ""
    rows = [[*_record(event, ids), event.details, event.hash] for event in events]
    return list_file("audit", _COLUMNS, rows, "json", next=f"{request.path}?{older}" if older else None)


def matching(asked: Asked) -> QuerySet[AuditEvent]:
    """The rows that *asked* asks for, newest first."""
    found = AuditEvent.objects.order_by("-number")
    if asked.act:
        found = found.filter(act__startswith=asked.act)
    if asked.by:
        found = found.filter(by__iexact=asked.by)
    if asked.member_id:
        member = identities.member_of(member_id=asked.member_id)
        found = found.none() if member is None else found.filter(member=first_of(member))
    if asked.proposal:
        found = found.filter(details__proposal=asked.proposal)
    if asked.since:
        found = found.filter(at__gte=dt.datetime.combine(asked.since, dt.time(), tzinfo=dt.UTC))
    return found.filter(number__lt=asked.before) if asked.before else found


def _ids(members: Collection[int] | None = None) -> dict[int, str]:
    """The source's id by the first pseudonym, as the log has it: of *members* by their present ones, or of all."""
    keyed = pseudonyms()
    return {keyed.first(member): told for member, told in identities.ids_of(members=members).items()}


def _row(event: AuditEvent, ids: dict[int, str], text: dict[str, Any] | None) -> dict[str, Any]:
    sealed = "" if not event.sealed else _said(text) if text else "erased with the member"
    return {
        "event": event,
        "member_id": ids.get(event.member, "") if event.member is not None else "",
        "details": [(name, _plain(value)) for name, value in event.details.items() if value not in ("", None, [])],
        "sealed": sealed,
    }


def _said(text: dict[str, Any]) -> str:
    return "; ".join(f"{name}: {_plain(value)}" for name, value in text.items())


def _plain(value: Any) -> str:
    """A value as the page says it; digests of steps stand in the CSV."""
    if isinstance(value, list) and all(isinstance(one, dict) and {"step", "kind"} <= one.keys() for one in value):
        return ", ".join(f"{one['kind']} {one['step']}" for one in value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _lines(events: QuerySet[AuditEvent]) -> Iterator[Iterable[object]]:
    yield _COLUMNS
    ids = _ids()
    for event in events.iterator(chunk_size=1000):
        details = json.dumps(event.details, ensure_ascii=False, sort_keys=True)
        number, _, *others = _record(event, ids)
        yield number, event.at, *others, details, event.hash


def _record(event: AuditEvent, ids: dict[int, str]) -> tuple[object, ...]:
    """All columns of a row but its details and its hash."""
    member_id = ids.get(event.member, "") if event.member is not None else ""
    return event.number, event.at.isoformat(), event.by, event.act, event.subject, member_id
