"""The renewal class that is at stake, against that of last year on the same day, for Today and for Membership."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import reverse

from tenure.charts import dumbbell
from tenure.insights.shares import difference
from tenure.ledger import figures
from tenure.membership.renewal_classes import FIRST_DAY, LAST_DAY
from tenure.web import place, words

FEW = 30
"""With fewer members than so many, this year or last, a change cannot be told from chance."""

_difference = lru_cache(maxsize=4096)(difference)
"""A page asks for the range of each change several times, and all day for the same ones."""


@dataclass(frozen=True)
class Change:
    """A share of this year beside that of last year.

    Args:
        renewed, due: This year.
        renewed_before, due_before: Last year, as it stood on the same day.
    """

    renewed: int
    due: int
    renewed_before: int
    due_before: int

    @property
    def now(self) -> float | None:
        return self.renewed / self.due if self.due else None

    @property
    def before(self) -> float | None:
        return self.renewed_before / self.due_before if self.due_before else None

    @property
    def is_few(self) -> bool:
        """Whether there are too few of either year to compare."""
        return min(self.due, self.due_before) < FEW

    @property
    def points(self) -> float | None:
        """This year less last year, in points of a hundred."""
        return None if self.now is None or self.before is None else 100 * (self.now - self.before)

    @property
    def range(self) -> tuple[float, float]:
        """The 95 % range of the change, in points."""
        low, high = _difference(self.renewed, self.due, self.renewed_before, self.due_before)
        return 100 * low, 100 * high

    @property
    def verdict(self) -> str:
        """`few`, `ahead`, `behind`, or `alike`, where the range holds no change."""
        if self.is_few:
            return "few"
        low, high = self.range
        return "ahead" if low > 0 else "behind" if high < 0 else "alike"


@dataclass(frozen=True)
class ClassNow:
    """One renewal class, in words.

    Args:
        month: As in an address, such as `2025-02`.
        name: Such as `February class`.
        when: How far before or after its end it stands.
        finding: What is to be said of it, a sentence without a full stop.
        change: The numbers.
        rate, rate_before: Shares in words.
        points: The change in words, with its range; or why there is none.
        points_alone: The change in words.
        range_words: What is to be known of it: its range, or why there is none.
        picture: Both shares on one line.
        address: The page that tells more.
        year_before: Of last year's class.
    """

    month: str
    name: str
    when: str
    finding: str
    change: Change
    rate: str
    rate_before: str
    points: str
    points_alone: str
    range_words: str
    picture: str
    address: str
    year_before: int


def class_today(chapter: str | None) -> ClassNow | None:
    """The class at stake, of a liaison's *chapter* alone; None where nothing is kept or nobody's term ends."""
    kept = figures.kept(part=figures.RECORD, chapter=chapter or "") if chapter != "" else None
    chosen = at_stake(kept.body["classes"]) if kept else None
    return None if chosen is None else told(chosen)


def at_stake(classes: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The first class whose grace runs or whose end is near, among those that are no smaller than a quarter of the
    largest; where none is in play, the last one that had members."""
    some = [one for one in classes if one["due"]]
    grace = place.settings().membership.grace_of("default")
    in_play = [one for one in some if one["day"] in range(FIRST_DAY, min(grace, LAST_DAY) + 1)]
    most = max((one["due"] for one in in_play), default=0)
    return next((one for one in in_play if 4 * one["due"] >= most), some[-1] if some else None)


def told(one: dict[str, Any]) -> ClassNow:
    """A class of the kept figures, in words."""
    ends = dt.date.fromisoformat(one["ends"])
    change = Change(one["renewed"], one["due"], one["renewed_before"], one["due_before"])
    month = f"{ends:%Y-%m}"
    return ClassNow(
        month=month,
        name=f"{ends:%B} class",
        when=when(one["day"]),
        finding=_finding(f"{ends:%B}", change),
        change=change,
        rate=words.percent(change.now),
        rate_before=words.percent(change.before),
        points=points_words(change),
        points_alone=words.points(change.points),
        range_words=_range_words(change),
        picture=dumbbell(change.now, change.before, 0.0, 1.0),
        address=f"{reverse('membership')}?month={month}#class",
        year_before=ends.year - 1,
    )


def when(day: int) -> str:
    """How far a *day* lies from the end of the month of a class."""
    if day == 0:
        return "on the last day of its month"
    return f"{words.days(abs(day))} {'after' if day > 0 else 'before'} the end of its month"


def points_words(change: Change) -> str:
    """The change with its range; or why it is not told."""
    if change.points is None:
        return "Nothing to compare with"
    if change.is_few:
        return "Too few to tell"
    low, high = change.range
    return f"{words.points(change.points)}, range {words.points(low)} to {words.points(high)}"


def _range_words(change: Change) -> str:
    if change.points is None:
        return "No class of last year to compare with"
    if change.is_few:
        return f"Too few to tell: fewer than {FEW} in either year"
    low, high = change.range
    said = {"ahead": "more than chance", "behind": "more than chance", "alike": "may be chance"}[change.verdict]
    return f"95 % range {words.points(low)} to {words.points(high)}, {said}"


def _finding(month: str, change: Change) -> str:
    if change.points is None:
        return f"{change.renewed:,} of {change.due:,} of the {month} class have renewed"
    if change.is_few:
        return f"The {month} class is too small to be compared: {change.renewed:,} of {change.due:,} have renewed"
    size = f"{abs(change.points):.1f} points"
    return {
        "ahead": f"The {month} class runs {size} ahead of last year",
        "behind": f"The {month} class runs {size} behind last year",
        "alike": f"The {month} class renews as last year’s did by this day",
    }[change.verdict]
