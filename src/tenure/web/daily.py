"""The daily report: what Today shows, for those who do not have the page open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from tenure.base.settings import Settings
from tenure.briefing import Brief, Link, Part
from tenure.charts import Column, Table
from tenure.lake import Lake
from tenure.ledger.models import CurrentScore, Proposal, ScoreSet
from tenure.web import words
from tenure.web.alerts import Alert, alerts
from tenure.web.call import Promised, promised
from tenure.web.membership_figures import class_figure
from tenure.web.membership_scope import Asked, shown_for
from tenure.web.months_ahead import months_figure
from tenure.web.overview import Overview, calls_of, overview_of
from tenure.web.roles import of_chapter
from tenure.web.today_words import contact, first_year, opening
from tenure.web.worklist import in_order, rows_of

_SHOWN = 10


def daily(lake: Lake, settings: Settings, now: dt.datetime, chapter: str | None = None) -> Brief | None:
    """What today holds.

    Args:
        lake: What was read from iMIS.
        settings: The association's; say whether members are named.
        now: UTC.
        chapter: The one whose members it tells of; None for everyone.

    Returns:
        None before the first scores.
    """
    score_set = ScoreSet.objects.first()
    if score_set is None:
        return None
    figures = overview_of(score_set, chapter)
    calls = calls_of(score_set, chapter)
    drafts = of_chapter(Proposal.objects.filter(state=Proposal.State.OPEN), chapter).count()
    told = alerts(score_set, chapter, now)
    to_call = len(calls)
    held = "".join(piece["text"] for piece in opening(figures, to_call, drafts, len(told)))
    return Brief(
        kind="daily",
        day=now.date(),
        subject=f"{settings.association.name}: {words.plural(to_call, 'member')} to call",
        opening=held,
        fresh=fresh(score_set, now),
        parts=(
            *_whom(score_set, in_order(calls[:_SHOWN]), to_call, settings, told, promised(now.date(), chapter)),
            *_parts(score_set, figures, settings, chapter),
        ),
    )


def fresh(score_set: ScoreSet, now: dt.datetime) -> str:
    """How old the scores are."""
    age = words.age(score_set.as_of, now.date())
    return f"Scores of {words.day(score_set.as_of)}, {age}, by model {score_set.model_version}."


def _whom(
    score_set: ScoreSet,
    first: list[CurrentScore],
    to_call: int,
    settings: Settings,
    told: list[Alert],
    back: list[Promised],
) -> Iterable[Part]:
    """What wants somebody today: alerts, whom to call, and whom somebody promised a call."""
    if told:
        heading = words.plural(len(told), "alert")
        yield Part(heading, tuple(f"{one.title}. {one.text}" for one in told), link=Link("Today", "/#alerts"))
    if first:
        heading = f"Call {'first' if to_call > len(first) else 'now'}"
        yield Part(heading, table=_people(first, score_set, settings), link=Link("The whole work list", "/#work"))
    if back:
        yield Part(f"{words.count(len(back))} to call back", table=_back(back, settings), link=Link("Today", "/"))


def _parts(score_set: ScoreSet, figures: Overview, settings: Settings, chapter: str | None) -> Iterable[Part]:
    """What changed, what to mend, and how it goes: as Today tells it, in its order."""
    if figures.before is not None:
        since = f"Since {words.day(figures.before, near=score_set.as_of)}"
        yield Part(since, table=_changes(figures), link=Link("Who they are", "/"))
    if figures.payment:
        heading = f"{words.plural(figures.payment, 'payment')} to fix, {words.money(figures.payment_dues)} at stake"
        yield Part(heading, table=_payments(figures, score_set, settings), link=Link("All of them", "/?payment=1#work"))
    shown = shown_for(Asked(chapter=chapter or ""), chapter)
    if shown is not None and (line := class_figure(shown)) is not None:
        yield Part(line.finding, figure=line, link=Link("Membership", "/membership/"))
    silent = first_year(figures.first_year, score_set)
    if silent["is_known"] and silent["is_recorded"] and silent["members"]:
        yield Part(
            silent["finding"], tuple(filter(None, (_of_joiners(silent), silent["past"]))), link=Link("Today", "/")
        )
    if chapter is None and (working := contact(score_set)) is not None:
        yield Part(f"Is contact working? {working.answer}", working.lines, link=Link("Today", "/#contact"))
    if (chart := months_figure(figures, score_set, chapter)) is not None:
        yield Part(chart.finding, figure=chart, link=Link("Today", "/"))


def _changes(figures: Overview) -> Table:
    renewed = f"{words.money(figures.renewed_dues)} of dues; {words.count(figures.contacted)} had been contacted"
    rows = [
        ("Newly high risk", figures.newly_high, ""),
        ("No longer high", figures.recovered, ""),
        ("Renewed, off the list", figures.renewed, renewed if figures.renewed else ""),
        ("Moved by 30 points or more", figures.odd, "see whether their records are right" if figures.odd else ""),
    ]
    columns = (Column("What", False), Column("Members"), Column("", False))
    return Table(
        "Members whose standing changed", columns, tuple((what, words.count(n), more) for what, n, more in rows)
    )


def _back(back: list[Promised], settings: Settings) -> Table:
    columns = (Column("Member", False), Column("Promised", False), Column("By", False), Column("First", False))
    rows = tuple(
        (_name(one.member_id, one.name, settings), one.said, one.by, f"{one.but}: ask" if one.but else "")
        for one in back[:_SHOWN]
    )
    return Table("Whom somebody promised to be in touch with by today", columns, rows)


def _name(member_id: str, name: str, settings: Settings) -> str:
    return name if settings.reports.names else f"Member {member_id}"


def _payments(figures: Overview, score_set: ScoreSet, settings: Settings) -> Table:
    columns = (Column("Member", False), Column("Dues"), Column("What is wrong", False))
    rows = tuple(
        (_name(one.member_id, one.name, settings), one.dues, one.payment)
        for one in rows_of(in_order(figures.payments), score_set.as_of)
    )
    return Table("Those with most at stake", columns, rows)


def _of_joiners(silent: dict[str, Any]) -> str:
    joined = words.count(silent["members"])
    return f"No login, event, download or post since joining, of {joined} who joined 30 days ago or more."


def _people(scores: list[CurrentScore], score_set: ScoreSet, settings: Settings) -> Table:
    columns = (
        Column("Member", False),
        Column("In 100"),
        Column("Range"),
        Column("Renewal", False),
        Column("Why", False),
    )
    rows = tuple(
        (
            _name(row.member_id, row.name, settings),
            row.chance,
            row.span,
            row.renewal,
            row.reasons[0][0] if row.reasons else "",
        )
        for row in rows_of(scores, score_set.as_of)
    )
    caption = (
        "Most dues kept per hour first; chances of not renewing in 100, with the range that holds nine of ten. "
        "Associated with lapsing in past members; not proof of a cause"
    )
    return Table(caption, columns, rows)
