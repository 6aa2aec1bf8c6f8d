"""Totals of the Membership page beside its rates: renewal by dues, how those who left went, automatic renewal.

Each line of the record is told apart once and then counted for every scope at once, since there are many scopes and
few members in most.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import polars as pl

from tenure.insights.payments import OWN, SCHEMA
from tenure.membership import TROUBLES
from tenure.membership.automatic import BEGAN, CAME, DECLINED_DAYS, ENDED, declines, enrolled_on, turned
from tenure.membership.bands import UNKNOWN, dues_limits, with_bands
from tenure.membership.numbers import a_year_before
from tenure.membership.outcomes import LAPSED, RENEWED, away_on
from tenure.membership.ways_out import APART, LAPSES, ways_out

Body = dict[str, Any]
Whom = tuple[str, str]
Tally = dict[Whom, Counter[Any]]

_AWAY = {"member": pl.Int64(), "away_from": pl.Datetime("us"), "away_until": pl.Datetime("us")}


@dataclass(frozen=True)
class Told:
    """What was known on a day: spells and decisions with `chapter_id`, and the day."""

    spans: pl.DataFrame
    found: pl.DataFrame
    day: dt.date

    @property
    def since(self) -> dt.date:
        """First day of the year up to the day."""
        return a_year_before(self.day)

    @property
    def decided(self) -> pl.DataFrame:
        """Renewals of the year that are decided."""
        within = pl.col("ends_on").is_between(self.since, self.day, closed="left")
        return self.found.filter(within & pl.col("outcome").is_in([RENEWED, LAPSED]))


@dataclass(frozen=True)
class Happened:
    """What the totals ask of the record beside terms and members; only what was recorded before a day is used of it.

    Args:
        activity: As `tenure.insights.payments.payments_on_record` returns.
        away: `member`, `away_from`, `away_until` (instants, UTC naive) of whom the source was seen without.
    """

    activity: pl.DataFrame
    away: pl.DataFrame

    @classmethod
    def nothing(cls) -> Happened:
        return cls(pl.DataFrame(schema=SCHEMA), pl.DataFrame(schema=_AWAY))

    def days(self, kinds: tuple[str, ...], day: dt.date) -> pl.DataFrame:
        """`member`, `day` of activity of *kinds*, as known on *day*."""
        known = pl.col("recorded_at") < pl.lit(day).cast(pl.Datetime("us"))
        rows = self.activity.filter(known & pl.col("kind").is_in(list(kinds)))
        return rows.select("member", day=pl.col("occurred_at").dt.date()).unique()


class Totals:
    """The totals of every scope.

    Args:
        now, before: What was known on the day, and a year before it.
        terms: All versions of all terms.
        happened: The record beside them.
    """

    def __init__(self, now: Told, before: Told, terms: pl.DataFrame, happened: Happened) -> None:
        self._limits = dues_limits(pl.concat([now.decided["dues"], before.decided["dues"]]))
        self._bands = [_tally(with_bands(one.decided, self._limits), "band", "renewed") for one in (now, before)]
        self._ways = [_tally(_ways(one, happened), "way") for one in (now, before)]
        enrolled, earlier = (enrolled_on(one.spans, one.found, one.day) for one in (now, before))
        self._enrolled = [_tally(one, "auto_renew") for one in (enrolled, earlier)]
        self._turned = _tally(turned(enrolled, earlier), "turn")
        self._compared = not earlier.is_empty()
        self._declines = _tally(declines(now.spans, happened.activity, terms, as_of=now.day), "recovered")

    def of(self, whom: Whom) -> Body:
        """The totals of one chapter and member type, empty for all."""
        now, before = (_ways_of(one.get(whom, Counter())) for one in self._ways)
        return {
            "bands": self._bands_of(whom),
            "ways": {"now": now, "before": before},
            "automatic": self._automatic_of(whom),
        }

    def _bands_of(self, whom: Whom) -> list[Body]:
        tallies = [one.get(whom, Counter()) for one in self._bands]
        ends = [None, *self._limits, None]
        rows = []
        for band in [*range(len(self._limits) + 1), UNKNOWN]:
            low, high = (None, None) if band == UNKNOWN else (ends[band], ends[band + 1])
            now, before = ([one[band, True], one[band, True] + one[band, False]] for one in tallies)
            if now[1] or before[1]:
                rows.append({"from": low, "to": high, "known": band != UNKNOWN, "now": now, "before": before})
        return rows

    def _automatic_of(self, whom: Whom) -> Body:
        now, before = (one.get(whom, Counter()) for one in self._enrolled)
        turn, declined = self._turned.get(whom, Counter()), self._declines.get(whom, Counter())
        return {
            "now": [now[True], now.total()],
            "before": [before[True], before.total()],
            "turns": {name: turn[name] for name in (BEGAN, CAME, ENDED)} if self._compared else None,
            "declined": declined.total(),
            "recovered": declined[True],
            "days": DECLINED_DAYS,
        }


def _ways(told: Told, happened: Happened) -> pl.DataFrame:
    away = away_on(happened.away, told.day)
    troubles, acts = happened.days(TROUBLES, told.day), happened.days((OWN,), told.day)
    return ways_out(told.spans, told.found, away, troubles, acts, since=told.since, until=told.day)


def _ways_of(counted: Counter[Any]) -> Body:
    return {way: counted[way] for way in (*LAPSES, *APART)}


def _tally(frame: pl.DataFrame, *names: str) -> Tally:
    """How many lines have each value of *names*, for everyone, each type, each chapter, and each type of a chapter."""
    found: Tally = {}
    for chapter, kind, *values, count in frame.group_by("chapter_id", "member_type", *names).len().iter_rows():
        key: Hashable = values[0] if len(values) == 1 else tuple(values)
        for whom in {("", ""), ("", kind), (chapter, ""), (chapter, kind)}:
            found.setdefault(whom, Counter())[key] += count
    return found
