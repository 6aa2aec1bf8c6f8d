"""The figures of the day, counted once for each set of scores."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice

from django.conf import settings as django_settings
from django.db.models import Count, F, Func, IntegerField, Q, QuerySet, Subquery, Sum

from tenure.ledger.models import Assignment, CurrentScore, DoNotWake, OutreachStep, ScoreSet
from tenure.ledger.workload import CONTACTS
from tenure.web import place
from tenure.web.asked import SILENT, Asked
from tenure.web.roles import of_chapter
from tenure.web.worklist import (
    ORDERS,
    acts_since,
    call_now,
    changed,
    conditions,
    due_within,
    fell_silent,
    first_year,
    payment_to_fix,
    takes_part_most,
    to_call,
)

HORIZONS = (30, 60, 90)
_MONTHS_SHOWN = 12
_PAYMENTS_SHOWN = 5
_CONTACTED_WITHIN = dt.timedelta(days=90)
_AT_ONCE = 900
_NUMBER = Func(function="COUNT", template="%(function)s(*)", output_field=IntegerField())


@dataclass(frozen=True)
class Due:
    """Renewals due within so many days: how many, and how many of them are expected to lapse."""

    days: int
    members: int
    expected: float


@dataclass(frozen=True)
class MonthAhead:
    """Renewals due in a month: how many, the sum of their chances p of lapsing, and the sum of p (1 − p)."""

    start: dt.date
    due: int
    expected: float
    spread: float


@dataclass(frozen=True)
class FirstYear:
    """Members in their first term who joined so many days ago, and how many of them have done nothing since."""

    since: int
    until: int | None
    members: int
    silent: int


@dataclass(frozen=True)
class Moved:
    """How many members were in one band by the scores before (empty: they had none) and are in another now."""

    was: str
    now: str
    members: int


@dataclass(frozen=True)
class Overview:
    """The current scores in figures; `payments` are the members with most at stake among `payment`."""

    members: int
    call: int
    high: int
    medium: int
    low: int
    new: int
    grace: int
    usual: float
    newly_high: int
    high_first_year: int
    high_organizations: int
    recovered: int
    renewed: int
    renewed_dues: float
    contacted: int
    odd: int
    payment: int
    payment_dues: float
    payments: tuple[int, ...]
    quiet: int
    engaged: int
    first_year: tuple[FirstYear, ...]
    before: dt.date | None
    due: tuple[Due, ...]
    types: tuple[str, ...]
    chapters: tuple[str, ...]
    months: tuple[MonthAhead, ...]
    moved: tuple[Moved, ...]


def overview_of(score_set: ScoreSet, chapter: str | None = None) -> Overview:
    """The figures of *score_set*, of one *chapter* where one is given, counted when it is first asked for."""
    return _counted(made_of(score_set), score_set.as_of, acts_since(score_set), chapter)


def calls_of(score_set: ScoreSet, chapter: str | None = None) -> tuple[int, ...]:
    """Members to be called now, most dues kept per hour first, of one *chapter* where one is given.

    Found once for each set of scores, and anew when somebody is left alone or goes, or the lot is drawn.
    """
    return _calls(_standing(score_set), score_set.pk, chapter)


def counts_of(score_set: ScoreSet, wanted: tuple[Asked, ...], chapter: str | None = None) -> tuple[int, ...]:
    """How many each of *wanted* asks for, of one *chapter* where one is given; counted anew as `calls_of` are."""
    return _counts(_standing(score_set), score_set.pk, wanted, chapter) if wanted else ()


def _standing(score_set: ScoreSet) -> str:
    """What tells the lists of *score_set*, as they are now, from all others."""
    # Who objects or is erased goes from the scores, which are the same set all the same. Each is one look of its own
    # beside the one row of the set: their number is then the one thing that a database counts without reading them.
    found = ScoreSet.objects.filter(pk=score_set.pk).values_list(
        Subquery(CurrentScore.objects.order_by().annotate(n=_NUMBER).values("n")),
        Subquery(Assignment.objects.order_by("-pk").values("pk")[:1]),
        Subquery(DoNotWake.objects.order_by().annotate(n=_NUMBER).values("n")),
        Subquery(DoNotWake.objects.order_by("-at").values("at")[:1]),
    )
    return f"{made_of(score_set)} {list(found)}"


@lru_cache(maxsize=64)
def _counts(key: str, score_set: int, wanted: tuple[Asked, ...], chapter: str | None) -> tuple[int, ...]:
    scores, of = of_chapter(CurrentScore.objects.all(), chapter), ScoreSet.objects.get(pk=score_set)
    counts = {f"n{i}": Count("pk", filter=conditions(asked, of) or None) for i, asked in enumerate(wanted)}
    found = scores.aggregate(**counts)
    return tuple(found[name] for name in counts)


@lru_cache(maxsize=16)
def _calls(key: str, score_set: int, chapter: str | None) -> tuple[int, ...]:
    scores = of_chapter(CurrentScore.objects.all(), chapter)
    found = scores.filter(to_call(ScoreSet.objects.get(pk=score_set))).order_by(*ORDERS["worth"])
    return tuple(found.values_list("member", flat=True))


def made_of(score_set: ScoreSet) -> str:
    """What tells *score_set* from all others, in this process too: what is counted of it can be kept by this."""
    made = f"{score_set.written_at.isoformat()} {score_set.day_at} {place.key_made()}"
    return f"{django_settings.DATABASES['default']['NAME']} {score_set.digest} {made}"


@lru_cache(maxsize=16)
def _counted(key: str, today: dt.date, since: dt.date, chapter: str | None) -> Overview:
    scores = of_chapter(CurrentScore.objects.all(), chapter)
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
        high_first_year=Count("member", filter=changed("high") & Q(joined_on__isnull=False)),
        high_organizations=Count("member", filter=changed("high") & Q(record_type="organization")),
        recovered=Count("member", filter=changed("recovered")),
        renewed=Count("member", filter=changed("renewed")),
        renewed_dues=Sum("dues", filter=changed("renewed"), default=0.0),
        odd=Count("member", filter=changed("odd")),
        payment=Count("member", filter=payment_to_fix()),
        payment_dues=Sum("dues", filter=payment_to_fix(), default=0.0),
        **{f"joined_{days}": Count("member", filter=first_year(days, today, since)) for days in SILENT},
        **{
            f"silent_{days}": Count("member", filter=first_year(days, today, since) & Q(first_act_days=None))
            for days in SILENT
        },
        quiet=Count("member", filter=fell_silent()),
        engaged=Count("member", filter=takes_part_most()),
        renewing=Count("member", filter=Q(renewal_due_on__isnull=False)),
        expected=Sum("p_lapse_renewal", default=0.0),
        **{f"due_{days}": Count("member", filter=within) for days, within in horizons.items()},
        **{f"lost_{days}": Sum("p_lapse_renewal", filter=within, default=0.0) for days, within in horizons.items()},
    )
    due = tuple(Due(days, figures.pop(f"due_{days}"), figures.pop(f"lost_{days}")) for days in HORIZONS)
    first = tuple(
        FirstYear(days, until, figures.pop(f"joined_{days}"), figures.pop(f"silent_{days}"))
        for days, until in zip(SILENT, (*SILENT[1:], None), strict=True)
    )
    expected, renewing = figures.pop("expected"), figures.pop("renewing")
    return Overview(
        **figures,
        usual=expected / renewing if renewing else 0.0,
        before=scores.filter(previous_as_of__isnull=False).values_list("previous_as_of", flat=True).first(),
        contacted=_contacted(scores, today) if figures["renewed"] else 0,
        payments=_payments(scores),
        first_year=first,
        due=due,
        types=_distinct(scores, "member_type"),
        chapters=_distinct(scores, "chapter_id"),
        months=_months(scores, today),
        moved=_moved(scores),
    )


def _moved(scores: QuerySet[CurrentScore]) -> tuple[Moved, ...]:
    pairs = scores.values_list("previous_band", "band").annotate(Count("member")).order_by("previous_band", "band")
    return tuple(Moved(*pair) for pair in pairs)


def _contacted(scores: QuerySet[CurrentScore], today: dt.date) -> int:
    """How many of those who renewed since the scores before had been contacted in the 90 days before."""
    since = dt.datetime.combine(today, dt.time(), tzinfo=dt.UTC) - _CONTACTED_WITHIN
    done = OutreachStep.objects.filter(state=OutreachStep.State.DONE, kind__in=CONTACTS, done_at__gte=since)
    renewed = list(scores.filter(changed("renewed")).values_list("member", flat=True))
    found: set[int] = set()
    for i in range(0, len(renewed), _AT_ONCE):
        found.update(
            done.filter(proposal__member__in=renewed[i : i + _AT_ONCE]).values_list("proposal__member", flat=True)
        )
    return len(found)


def _payments(scores: QuerySet[CurrentScore]) -> tuple[int, ...]:
    ordered = scores.filter(payment_to_fix()).order_by(F("dues").desc(nulls_last=True), "member")
    return tuple(ordered.values_list("member", flat=True)[:_PAYMENTS_SHOWN])


def _distinct(scores: QuerySet[CurrentScore], column: str) -> tuple[str, ...]:
    values = scores.exclude(**{column: ""}).values_list(column, flat=True)
    return tuple(values.order_by(column).distinct())


def _months(scores: QuerySet[CurrentScore], today: dt.date) -> tuple[MonthAhead, ...]:
    # By day, and the days put together here: SQLite would be given each member's month by Python, one at a time.
    p = F("p_lapse_renewal")
    days = (
        scores.filter(renewal_due_on__gte=today)
        .values_list("renewal_due_on")
        .annotate(Count("member"), Sum("p_lapse_renewal"), spread=Sum(p * (1.0 - p)))
        .order_by("renewal_due_on")
    )
    months = groupby(days, key=lambda day: day[0].replace(day=1))
    summed = ((month, list(zip(*each, strict=True))) for month, each in months)
    return tuple(MonthAhead(month, *map(sum, sums)) for month, (_, *sums) in islice(summed, _MONTHS_SHOWN))
