"""One member: the score, what stands behind it, and what they did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import polars as pl
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenure.charts import Event, Figure, Scored, history, hundred
from tenure.lake import Lake
from tenure.ledger import identities
from tenure.ledger.models import Contact, CurrentScore, Proposal
from tenure.ledger.rights import chapter_of
from tenure.web import member_side, place, timeline, words
from tenure.web.actions import actions_of, proposals_of
from tenure.web.asked import BANDS
from tenure.web.behind import behind
from tenure.web.cells import figure_file, list_file
from tenure.web.overview import calls_of
from tenure.web.passed_over import passed_over_of
from tenure.web.record import Record, chapter_in, record_of, titles_of
from tenure.web.roles import reader, sees
from tenure.web.shell import current_scores
from tenure.web.worklist import is_call, payment_words, since_of

_COUNTED_DAYS = 730
_TERMS_SHOWN = 8
_WIDE = dt.timedelta(days=400)
_ENOUGH = 20
_WHO = dict(timeline.LEGEND)
_CHANNELS = ("email", "phone", "sms")


@require_safe
def page(request: HttpRequest, member_id: str) -> HttpResponse:
    """All that staff need before they pick up the telephone."""
    member = member_or_404(member_id)
    score = CurrentScore.objects.filter(member=member).first()
    score_set = current_scores(request)
    today = score_set.as_of if score_set else place.now().date()
    lake = place.lake()
    known = record_of(lake, member, today - dt.timedelta(days=_COUNTED_DAYS))
    seen_or_404(request, known, score)
    contact = Contact.objects.filter(member=member).first()
    name = contact.name if contact and contact.name else f"Member {member_id}"
    proposals = proposals_of(member)
    nights = lake.score_course(member)
    # For life, or without dues, there is nothing to renew, so that a line of no risk would tell nothing.
    is_free = score is not None and score.renewal_due_on is None
    figure = None if is_free else _history(nights, known, proposals, today)
    context: dict[str, Any] = {
        "member_id": member_id,
        "name": name,
        "contact": contact,
        "about": _about(known.facts, score),
        "score": score,
        "today": today,
        "facts": member_side.facts(known, today),
        "actions": actions_of(proposals),
        "consent": member_side.consents(member, _CHANNELS, known.facts, contact),
        "contacted": member_side.contacts_used(member, score_set),
        "step": member_side.step(proposals, score, is_call=score is not None and is_call(score)),
        "passed_over": passed_over_of(member),
        "organization": _organization(request, known, member, today),
        "terms": [member_side.told(term) for term in known.terms[:_TERMS_SHOWN]],
        "terms_total": len(known.terms),
        "figure": figure,
        "left_alone": member_side.left_alone(member, today),
        **_timeline(request, lake, member, known, proposals, today),
    }
    if score is not None:
        context |= _scored(score, today)
        context["like"] = like_of(score) if score_set and score_set.day_at and not is_free else None
        context["by_payment"] = _by_payment(nights, score)
        context["turn"] = _turn(score, calls_of(score_set, chapter_of(reader(request)))) if score_set else None
    return render(request, "member.html", context)


@require_safe
def history_file(request: HttpRequest, member_id: str, form: str) -> HttpResponseBase:
    """The score history as SVG or CSV."""
    member, score_set = member_or_404(member_id), current_scores(request)
    if score_set is None:
        raise Http404
    lake = place.lake()
    known = record_of(lake, member, score_set.as_of)
    seen_or_404(request, known, CurrentScore.objects.filter(member=member).first())
    figure = _history(lake.score_course(member), known, proposals_of(member), score_set.as_of)
    if figure is None:
        raise Http404
    return figure_file(figure, form, "tenure-score-history")


@require_safe
def timeline_file(request: HttpRequest, member_id: str, form: str) -> HttpResponseBase:
    """A page of the timeline as the address asks for it, as CSV or JSON; the JSON names where the next one begins."""
    member, score_set = member_or_404(member_id), current_scores(request)
    today, lake = score_set.as_of if score_set else place.now().date(), place.lake()
    known = record_of(lake, member, today - dt.timedelta(days=_COUNTED_DAYS))
    seen_or_404(request, known, CurrentScore.objects.filter(member=member).first())
    told = _timeline(request, lake, member, known, proposals_of(member), today)
    rows = [[one.on, _WHO[one.mark], one.text, one.detail] for one in told["entries"]]
    following = urlencode({"show": told["show"], "before": told["earlier"]}) if told["earlier"] else ""
    beside = {"member_id": member_id, "next": f"{request.path}?{following}" if following else None}
    return list_file("timeline", ("on", "what", "text", "detail"), rows, form, **beside)


def member_or_404(member_id: str) -> int:
    """The pseudonym of a member; an address of nobody is not found."""
    member = identities.member_of(member_id=member_id)
    if member is None:
        raise Http404
    return member


def seen_or_404(request: HttpRequest, known: Record, score: CurrentScore | None) -> None:
    """A member of another chapter is as unknown to a liaison as one who does not exist."""
    if not sees(request, chapter_in(known.facts, score)):
        raise Http404


def _organization(request: HttpRequest, known: Record, member: int, today: dt.date) -> dict[str, Any] | None:
    """Nothing for a liaison: others of an organization may be of another chapter."""
    if chapter_of(reader(request)) is not None:
        return None
    return member_side.organization(known, member, today)


def _scored(score: CurrentScore, today: dt.date) -> dict[str, Any]:
    return {
        "band_word": BANDS.get(score.band, score.band.capitalize()),
        "is_call": is_call(score),
        "chance": words.in_hundred(score.p_lapse_renewal),
        "span": words.span(score.p_low, score.p_high),
        "since": since_of(score, today),
        "renewal": words.renewal(score.renewal_due_on, in_grace=score.in_grace, standing=score.standing, today=today),
        "renewal_day": words.day(score.renewal_due_on),
        "value": member_side.value(score),
        "reason": score.leaving_reason.capitalize() if score.leaving_reason else "",
        "payment": payment_words(score, today),
        "but": words.but(score.against),
        "horizons": [
            (days, words.in_hundred(chance))
            for days, chance in ((30, score.p_lapse_30), (60, score.p_lapse_60), (90, score.p_lapse_90))
        ],
        "lapse_day": words.day(score.predicted_lapse_on) if score.predicted_lapse_on else "",
        "lapse_window": _window(score),
        "behind": behind(score),
    }


def _turn(score: CurrentScore, calls: Sequence[int]) -> dict[str, Any] | None:
    """Where the member stands among those to call, and who comes before and after; None for all others."""
    if score.member not in calls:
        return None
    at = calls.index(score.member)
    before, after = calls[at - 1] if at else None, calls[at + 1] if at + 1 < len(calls) else None
    ids = identities.ids_of(members=[one for one in (before, after) if one is not None])
    return {
        "place": at + 1,
        "of": len(calls),
        "before": ids.get(before, "") if before is not None else "",
        "after": ids.get(after, "") if after is not None else "",
    }


def like_of(score: CurrentScore) -> dict[str, Any]:
    """What became of the past decisions that were scored closest, where the night counted them."""
    if score.like_low is None or score.like_high is None:
        return {"decided": 0, "is_told": False}
    low, high = words.in_hundred(score.like_low), words.in_hundred(score.like_high)
    return {
        "decided": score.like_decided,
        "lapsed": score.like_lapsed,
        "is_told": score.like_decided >= _ENOUGH,
        "scored": low if low == high else f"{low} to {high}",
        "span": words.span(*words.share_range(score.like_lapsed, score.like_decided)),
        "squares": hundred(score.like_lapsed, band=score.band, of=score.like_decided),
    }


def _window(score: CurrentScore) -> str:
    if score.lapse_earliest_on is None or score.lapse_latest_on is None:
        return ""
    if score.lapse_earliest_on == score.lapse_latest_on:
        return "the end of the term that is in grace" if score.in_grace else ""
    if score.lapse_latest_on - score.lapse_earliest_on > _WIDE:
        # Years wide, both ends say little; the near one is what can be acted on.
        return f"9 times in 10 not before {words.day(score.lapse_earliest_on)}"
    return f"8 times in 10 between {words.day(score.lapse_earliest_on)} and {words.day(score.lapse_latest_on)}"


def _about(facts: dict[str, Any], score: CurrentScore | None) -> str:
    if "organization" in (facts.get("record_type"), score.record_type if score else ""):
        work = "Organization"
    else:
        work = ", ".join(part for part in (facts.get("job_title"), facts.get("employer")) if part)
    since = facts.get("join_date")
    kind = facts.get("member_type") or (score.member_type if score else "")
    membership = ", ".join(part for part in (kind, f"member since {since.year}" if since else "") if part)
    return " · ".join(part for part in (work, membership) if part)


def _by_payment(nights: pl.DataFrame, score: CurrentScore) -> str:
    """What of the chance is a failed payment, in words; empty where that is not known, or less than 1 in 100."""
    if nights.is_empty() or "p_payment" not in nights.columns:
        return ""
    part = float(nights.filter(pl.col("as_of") == score.as_of)["p_payment"].sum())
    return f"about {words.in_hundred(part)} of them by a failed payment" if round(100 * part) >= 1 else ""


def _history(frame: pl.DataFrame, known: Record, proposals: list[Proposal], today: dt.date) -> Figure | None:
    """The chart of the nights in *frame*, with terms and what we did; None until there are two."""
    if frame.is_empty() or frame.height < 2:
        return None
    columns = ("as_of", "p_lapse_renewal", "p_low", "p_high", "band")
    rows = frame.filter(pl.col("as_of") <= today).select(columns).sort("as_of").iter_rows()
    scores = [Scored(on, chance, low, high, band) for on, chance, low, high, band in rows]
    if len(scores) < 2:
        return None
    told = timeline.terms_as_entries(known.terms, today)
    told += timeline.done_as_entries(proposals, today)
    events = [Event(entry.on, entry.text.partition(",")[0]) for entry in told]
    bands = place.settings().bands
    about = (
        f"Chance of not renewing at the next renewal, in 100; shaded: 90 % range. "
        f"{len(scores):,} nights, the last {words.day(scores[-1].on)}"
    )
    return history(scores, events=events, thresholds=(bands.medium, bands.high), about=about)


def _timeline(
    request: HttpRequest, lake: Lake, member: int, known: Record, proposals: list[Proposal], today: dt.date
) -> dict[str, Any]:
    group = request.GET.get("show", "")
    group = group if group in timeline.GROUPS else ""
    before = _day(request.GET.get("before", ""))
    rows, following = _acts(lake, member, known, before, group, today) if group != "ours" else ([], None)
    told = timeline.entries(rows, titles_of(lake, {row["ref"] for row in rows if row["ref"]}), by_month=not group)
    ours = [*timeline.done_as_entries(proposals, place.now().date()), *timeline.waiting_as_entries(proposals)]
    beside = timeline.terms_as_entries(known.terms, today) if group in ("", "money") else []
    beside += ours if group in ("", "ours") else []
    told += timeline.between(beside, before, following)
    told.sort(key=lambda entry: entry.on, reverse=True)
    counts = timeline.counts_by_group(known.kinds, len(ours))
    return {
        "entries": told,
        "show": group,
        "groups": [(key, title, counts[key]) for key, title in timeline.GROUPS.items()],
        "entries_total": counts[""],
        "earlier": following.isoformat() if following else "",
        "is_paged": before is not None,
        "here": f"?{here}" if (here := request.GET.urlencode()) else "",
        "legend": timeline.LEGEND,
    }


def _acts(
    lake: Lake, member: int, known: Record, before: dt.date | None, group: str, today: dt.date
) -> tuple[list[dict[str, Any]], dt.date | None]:
    """A page of what the member did, and the day before which the next one begins.

    The two years that are counted are read already. What is older is read when somebody turns to it.
    """
    since, kinds = today - dt.timedelta(days=_COUNTED_DAYS), timeline.kinds_in(group)
    if before is not None and before <= since:
        found = lake.timeline(member, before=before, limit=timeline.FETCHED, kinds=kinds)
        return timeline.cut_at_a_day(found.to_dicts())
    found = known.acts if kinds is None else known.acts.filter(pl.col("kind").is_in(kinds))
    found = found if before is None else found.filter(pl.col("occurred_at").dt.date() < before)
    rows, following = timeline.cut_at_a_day(found.head(timeline.FETCHED).to_dicts())
    return rows, following or (since if known.begins_before(since) else None)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
