"""A feed that stops for everyone must not look like every member falling silent: it is named, and what leans on it."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tenure.app.house import House
from tenure.base.errors import TenureError

_LOOK_BACK = dt.timedelta(days=3 * 366)
"""Long enough for a pause that comes once a year to have come more than once."""

_DAYS_TO_TELL = 20
"""Days with rows below which a feed is too rare for its silence to mean anything."""

_CHANCE = 1 / 5_000
"""A silence that comes by chance more often than once in so many pauses is no outage."""


@dataclass(frozen=True)
class Outage:
    """A feed of which nothing came for much longer than it ever paused.

    Args:
        feed: What staff know it by: the query, or the kind.
        since: The last day of which it told something.
        leaning: Titles of the groups of signals that are counted from it.
    """

    feed: str
    since: dt.date
    leaning: tuple[str, ...]

    def __str__(self) -> str:
        groups = ", ".join(self.leaning)
        on_it = f"; signals of {groups} are stale, and so are scores that lean on them" if groups else ""
        return f"{self.feed}: nothing came for anybody since {self.since}{on_it}. See whether the feed still runs"


def outages(house: House, as_of: dt.date) -> Iterator[Outage]:
    """The feeds that have stopped for everyone by *as_of*."""
    with house.lake.connect() as lake:
        rows = lake.execute(
            "SELECT DISTINCT kind, recorded_at::DATE FROM activity WHERE recorded_at < $1 AND recorded_at >= $2",
            [as_of, as_of - _LOOK_BACK],
        ).fetchall()
    days: dict[str, set[dt.date]] = {}
    for kind, day in rows:
        days.setdefault(kind, set()).add(day)
    for feed, kinds in _feeds(house, days).items():
        told = sorted(set().union(*(days.get(kind, set()) for kind in kinds)))
        if _has_stopped(told, as_of):
            yield Outage(feed, told[-1], tuple(_leaning_on(kinds)))


def _has_stopped(days: list[dt.date], as_of: dt.date) -> bool:
    """Whether the silence since the last of *days* is improbable: beyond a multiple of the usual longest pause.

    The multiple is two for a feed with many pauses on record, and more the fewer they are. A pause of the same season
    in a year before counts as usual, however rare it is.
    """
    if len(days) < _DAYS_TO_TELL:
        return False
    pauses = [(b - a).days for a, b in itertools.pairwise(days)]
    silence = (as_of - days[-1]).days
    # The longest pause may have been an outage itself.
    usual = sorted(pauses)[-2]
    return silence > _times(pauses, usual) * max(usual, _in_season(days, silence)) + 1


def _times(pauses: list[int], usual: int) -> float:
    """How many times the pause *usual*, the longest but one, makes a silence that chance does not explain.

    What comes in bursts has many days and few pauses that tell anything: a week of feedback after each congress says
    once how long it may be silent, and not seven times. Pauses are therefore counted as so many equal ones as would
    be known as well from (Kish). Of n that chance alone spaces, with a mean m, the longest but one is about
    m (ln n - 0.4), and a pause beyond x comes with chance exp(-x / m).
    """
    # One that was beyond this would have been called an outage, and says nothing of what is usual.
    cut = [min(pause, 2 * usual + 1) for pause in pauses]
    equal = sum(cut) ** 2 / sum(pause * pause for pause in cut)
    return max(2.0, math.log(1 / _CHANCE) / max(math.log(equal) - 0.4, 0.5))


def _in_season(days: list[dt.date], silence: int) -> int:
    """The longest pause, in days, that lay where the present *silence* lies, one year or two before.

    It lay there where they share half of either.
    """
    longest = 0
    for years in (1, 2):
        since = days[-1] - dt.timedelta(days=round(365.25 * years))
        until = since + dt.timedelta(days=silence)
        for a, b in itertools.pairwise(days):
            pause = (b - a).days
            if 2 * (min(b, until) - max(a, since)).days >= min(pause, silence):
                longest = max(longest, pause)
    return longest


def _feeds(house: House, kinds: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Kinds by feed: those of a mapping that names its codes, else each kind by itself."""
    alone: dict[str, tuple[str, ...]] = {kind: (kind,) for kind in kinds}
    if house.settings.source.kind != "imis":
        return alone
    from tenure import intake

    try:
        plan = intake.read_mapping(house.settings.source.mapping, house.home)
    except TenureError:
        return alone
    found: dict[str, tuple[str, ...]] = {}
    for feed in plan.activity.values():
        kind = feed.columns["kind"]
        found[feed.place] = tuple(sorted({*kind.values.values(), *([kind.value] if kind.value else [])}))
    return found


def _leaning_on(kinds: Iterable[str]) -> Iterator[str]:
    from tenure.features import FEATURES, GROUPS

    silent = set(kinds)
    groups = {feature.group for feature in FEATURES if silent & set(getattr(feature.how, "kinds", ()))}
    yield from (group.title for group in GROUPS if group.name in groups)
