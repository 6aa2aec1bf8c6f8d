"""Who is no longer a member since a night: what had been said of them, and what is on record of their end."""

from __future__ import annotations

import datetime as dt
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from typing import Any

import polars as pl
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenure.lake import Lake
from tenure.ledger import contacts, identities
from tenure.ledger.models import ScoreSet
from tenure.ledger.rights import chapter_of
from tenure.web import place, words
from tenure.web.asked import BANDS, number
from tenure.web.cells import list_file
from tenure.web.overview import made_of
from tenure.web.roles import reader
from tenure.web.shell import current_scores
from tenure.web.worklist import last_contacts

PAGE_SIZE = 50
SPANS = {1: "The scores before", 7: "7 days", 30: "30 days", 90: "90 days"}
"""By the `days` of the address: how far back one looks."""
_HOW = {"deceased": "Died", "merged": "Merged into another record", "transferred": "Transferred"}


@dataclass(frozen=True)
class Gone:
    """A member who had a score in the night *since* and has none any more; the chance is that night's, from 0 to 1."""

    member_id: str
    name: str
    member_type: str
    chapter_id: str
    dues: float | None
    since: dt.date
    band: str
    p_lapse_renewal: float
    p_low: float
    p_high: float
    term_ended_on: dt.date | None
    how: str
    last_contact: str


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The list, a page at a time."""
    days, score_set, since, found = _asked(request)
    paging = Paginator(found, PAGE_SIZE)
    part = paging.get_page(number(request.GET.get("page", "")) or 1)
    context = {
        "rows": [(one, BANDS.get(one.band, one.band.capitalize())) for one in part.object_list],
        "finding": _finding(found, since, score_set), "spans": SPANS, "days": days, "since": since,
        "has_scores": score_set is not None,
        "number": part.number, "last": paging.num_pages,
        "lost": sum(one.dues or 0 for one in found),
    }  # fmt: skip
    return render(request, "gone.html", context)


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The whole list as CSV or JSON."""
    columns = tuple(field.name for field in fields(Gone))
    return list_file("gone", columns, [astuple(one) for one in _asked(request)[-1]], form)


def gone_since(score_set: ScoreSet, since: dt.date, chapter: str | None) -> list[Gone]:
    """Members with a score of the night *since* and none among the current ones, those with the highest dues first.

    Who objects to being profiled is a member still and is left out, as is whoever was erased.

    Args:
        score_set: The current scores.
        since: An earlier night that has scores.
        chapter: Whose members; None for everyone's.
    """
    lake, as_of = place.lake(), score_set.as_of
    nights = sorted(lake.score_digests().items())
    former = _former(f"{made_of(score_set)} {nights}", score_set.as_of, since)
    if chapter is not None:
        former = former.filter((pl.col("chapter_id") == chapter) & (pl.col("chapter_id") != ""))
    members = former["member"].to_list()
    facts, ends, departed = _last_facts(lake, members), _last_terms(lake, members), set(lake.departed())
    ids, names = identities.ids_of(members=members), contacts.names_of(members=members)
    contacted = last_contacts(members, as_of)
    found = [
        Gone(
            member_id=ids[row["member"]],
            name=names.get(row["member"]) or f"Member {ids[row['member']]}",
            member_type=row["member_type"] or "",
            chapter_id=row["chapter_id"] or "",
            dues=row["dues"],
            since=since,
            band=row["band"],
            p_lapse_renewal=row["p_lapse_renewal"],
            p_low=row["p_low"],
            p_high=row["p_high"],
            term_ended_on=ends.get(row["member"], {}).get("ends_on"),
            how=_how(fact, ends.get(row["member"], {}), as_of, has_departed=row["member"] in departed),
            last_contact=contacted.get(row["member"], ""),
        )
        for row in former.iter_rows(named=True)
        if row["member"] in ids and not (fact := facts.get(row["member"], {})).get("objects_to_profiling")
    ]
    return sorted(found, key=lambda one: (-(one.dues or 0), one.name, one.member_id))


@lru_cache(maxsize=8)
def _former(made: str, as_of: dt.date, since: dt.date) -> pl.DataFrame:
    """What the night *since* said of those of whom the night *as_of* says nothing; kept, since no page changes it."""
    then, now = place.lake().scores(since), place.lake().scores(as_of)
    if then is None or now is None:
        return pl.DataFrame(schema={"member": pl.Int64, "chapter_id": pl.String})
    return then.join(now, on="member", how="anti")


def _how(fact: dict[str, Any], term: dict[str, Any], as_of: dt.date, *, has_departed: bool) -> str:
    if fact.get("deceased_on"):
        return "Died"
    if term.get("ended_by"):
        said = str(term["ended_by"])
        return _HOW.get(said, said.replace("_", " ").capitalize())
    if has_departed:
        return "No longer in the source"
    if term.get("ends_on") and term["ends_on"] < as_of:
        return "Not renewed by the end of grace"
    return "No term of their own any more"


def _last_facts(lake: Lake, members: list[int]) -> dict[int, dict[str, Any]]:
    """The newest version of each member's row."""
    if not members:
        return {}
    rows = lake.versions_of("members", *members).sort("valid_from").unique("member", keep="last", maintain_order=True)
    return {row["member"]: row for row in rows.iter_rows(named=True)}


def _last_terms(lake: Lake, members: list[int]) -> dict[int, dict[str, Any]]:
    """The last version of each member's last term."""
    if not members:
        return {}
    rows = lake.versions_of("terms", *members).sort("starts_on", "recorded_at", maintain_order=True)
    return {row["member"]: row for row in rows.iter_rows(named=True)}


def _asked(request: HttpRequest) -> tuple[int, ScoreSet | None, dt.date | None, list[Gone]]:
    """How far back the address looks, the current scores, the night that is compared with, and who is gone."""
    days = number(request.GET.get("days", "")) or 1
    days = days if days in SPANS else 1
    score_set = current_scores(request)
    if score_set is None:
        return days, None, None, []
    nights = [night for night in place.lake().score_dates() if night < score_set.as_of]
    wanted = score_set.as_of - dt.timedelta(days=days)
    since = max((night for night in nights if night <= wanted), default=min(nights, default=None))
    if since is None:
        return days, score_set, None, []
    return days, score_set, since, gone_since(score_set, since, chapter_of(reader(request)))


def _finding(found: list[Gone], since: dt.date | None, score_set: ScoreSet | None) -> str:
    if since is None or score_set is None:
        return "The second night shows who left"
    day = words.day(since, near=score_set.as_of)
    if not found:
        return f"Nobody left since {day}"
    high = sum(one.band == "high" for one in found)
    return f"{words.plural(len(found), 'member')} left since {day}; {words.count(high)} of them had been high"
