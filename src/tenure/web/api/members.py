"""Members with their current score and reasons, and one of them with the score of each night."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Query, Router

from tenure.ledger import identities
from tenure.ledger.models import CurrentScore
from tenure.ledger.tokens import Scope
from tenure.web import place
from tenure.web.api.common import known, needs, told_of
from tenure.web.api.shapes import Members, MembersAsked, OneMember
from tenure.web.asked import Asked
from tenure.web.record import record_of
from tenure.web.roles import own, sees
from tenure.web.shell import current_scores
from tenure.web.worklist import is_call, matching, reason_kinds, some_of

router = Router(tags=["Members"])
_NIGHT = ("as_of", "risk_score", "band", "p_lapse_renewal", "p_low", "p_high")
_OWN = (
    "as_of", "band", "risk_score", "risk_rank", "p_lapse_renewal", "p_low", "p_high", "p_lapse_30", "p_lapse_60",
    "p_lapse_90", "predicted_lapse_on", "lapse_earliest_on", "lapse_latest_on", "renewal_due_on", "in_grace",
    "against", "model_version",
)  # fmt: skip


@router.get(
    "members", response=Members, url_name="members", operation_id="listMembers", openapi_extra=needs(Scope.SCORES)
)
def members(request: HttpRequest, asked: Query[MembersAsked]) -> dict[str, Any]:
    """Active members with their score and its reasons, in the order of the work list, as the addresses of Today ask."""
    score_set = current_scores(request)
    if score_set is None:
        return {"as_of": None, "total": 0, "page": asked.page, "size": asked.size, "next": None, "members": []}
    wanted = Asked(
        band=asked.band, kind=asked.type, chapter=asked.chapter, due=asked.due, grace=asked.grace, call=asked.call,
        now=asked.now, change=asked.change, payment=asked.payment, silent=int(asked.silent) if asked.silent else None,
        quiet=asked.quiet, engaged=asked.engaged, words=" ".join(asked.q.split()), sort=asked.sort,
    )  # fmt: skip
    found = own(request, matching(wanted, score_set))
    total, rows = found.count(), some_of(found, (asked.page - 1) * asked.size, asked.size)
    people = known(row.member for row in rows)
    return {
        "as_of": score_set.as_of,
        **told_of(request, asked, total),
        "members": [_member(row, people[row.member]) for row in rows],
    }


@router.get(
    "members/{path:member_id}", response=OneMember, url_name="member", operation_id="getMember",
    openapi_extra=needs(Scope.SCORES),
)  # fmt: skip
def member(request: HttpRequest, member_id: str) -> dict[str, Any]:
    """One member, with what each night said of them. The id is that of the source, to the letter."""
    found = identities.member_of(member_id=member_id) if "\0" not in member_id else None
    if found is None:
        raise Http404
    score, lake = CurrentScore.objects.filter(member=found).first(), place.lake()
    facts = record_of(lake, found, place.now().date()).facts
    chapter = facts.get("chapter_id") or (score.chapter_id if score else "")
    if not sees(request, chapter):
        raise Http404
    return {
        **known([found])[found],
        "member_type": facts.get("member_type") or (score.member_type if score else ""),
        "chapter_id": chapter or "",
        "score": _score(score) if score else None,
        "history": [{name: row.get(name) for name in _NIGHT} for row in lake.score_course(found).to_dicts()],
    }


def _member(row: CurrentScore, person: dict[str, str]) -> dict[str, Any]:
    about = {name: getattr(row, name) for name in ("member_type", "chapter_id", "dues", "engaged_days", "engaged_in")}
    return {**person, **about, "score": _score(row)}


def _score(row: CurrentScore) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in _OWN}, "call_now": is_call(row), "reasons": _reasons(row)}


def _reasons(row: CurrentScore) -> list[dict[str, Any]]:
    given = (
        (row.reason_1, row.reason_1_points), (row.reason_2, row.reason_2_points), (row.reason_3, row.reason_3_points),
    )  # fmt: skip
    told = zip(given, reason_kinds(row), strict=True)
    return [{"text": text, "points": points, "kind": kind} for (text, points), kind in told if text]
