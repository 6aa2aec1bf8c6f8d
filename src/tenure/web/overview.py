"""The figures of the day, counted once for each set of scores."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings as django_settings
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from tenure.charts import Month
from tenure.ledger.models import CurrentScore, ScoreSet
from tenure.web.worklist import call_now, changed, due_within

HORIZONS = (30, 60, 90)
_MONTHS_SHOWN = 12


@dataclass(frozen=True)
class Due:
    """Renewals due within so many days: how many, and how many of them are expected to lapse."""

    days: int
    members: int
    expected: float


@dataclass(frozen=True)
class Overview:
    """The current scores in figures."""

    members: int
    call: int
    high: int
    medium: int
    low: int
    new: int
    grace: int
    usual: float
    newly_high: int
    recovered: int
    before: dt.date | None
    due: tuple[Due, ...]
    types: tuple[str, ...]
    chapters: tuple[str, ...]
    months: tuple[Month, ...]


def overview_of(score_set: ScoreSet, chapter: str | None = None) -> Overview:
    """The figures of *score_set*, of one *chapter* where one is given, counted when it is first asked for."""
    key = f"{django_settings.DATABASES['default']['NAME']} {score_set.digest} {score_set.written_at.isoformat()}"
    return _counted(key, score_set.as_of, chapter)


@lru_cache(maxsize=16)
def _counted(key: str, today: dt.date, chapter: str | None) -> Overview:
    scores = CurrentScore.objects.all()
    if chapter is not None:
        scores = scores.filter(chapter_id=chapter).exclude(chapter_id="")
    horizons = {days: due_within(days, today) for days in HORIZONS}
    figures = scores.aggregate(
        members=Count("member"),
        call=Count("member", filter=call_now()),
        high=Count("member", filter=Q(band="high")),
        medium=Count("member", filter=Q(band="medium")),
        low=Count("member", filter=Q(band="low")),
        new=Count("member", filter=Q(band="new")),
        grace=Count("member", filter=Q(in_grace=True)),
        newly_high=Count("member", filter=changed("high")),
        recovered=Count("member", filter=changed("recovered")),
        renewing=Count("member", filter=Q(renewal_due_on__isnull=False)),
        expected=Sum("p_lapse_renewal", default=0.0),
        **{f"due_{days}": Count("member", filter=within) for days, within in horizons.items()},
        **{f"lost_{days}": Sum("p_lapse_renewal", filter=within, default=0.0) for days, within in horizons.items()},
    )
    due = tuple(Due(days, figures.pop(f"due_{days}"), figures.pop(f"lost_{days}")) for days in HORIZONS)
    expected, renewing = figures.pop("expected"), figures.pop("renewing")
    return Overview(
        **figures,
        usual=expected / renewing if renewing else 0.0,
        before=scores.filter(previous_as_of__isnull=False).values_list("previous_as_of", flat=True).first(),
        due=due,
        types=_distinct(scores, "member_type"),
        chapters=_distinct(scores, "chapter_id"),
        months=_months(scores, today),
    )


def _distinct(scores: QuerySet[CurrentScore], column: str) -> tuple[str, ...]:
    values = scores.exclude(**{column: ""}).values_list(column, flat=True)
    return tuple(values.order_by(column).distinct())


def _months(scores: QuerySet[CurrentScore], today: dt.date) -> tuple[Month, ...]:
    rows = (
        scores.filter(renewal_due_on__gte=today)
        .annotate(month=TruncMonth("renewal_due_on"))
        .values("month")
        .annotate(due=Count("member"), expected=Sum("p_lapse_renewal"))
        .order_by("month")
    )
    return tuple(Month(row["month"], row["due"], row["expected"]) for row in rows[:_MONTHS_SHOWN])
