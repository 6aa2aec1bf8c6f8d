"""What a threshold selects among those whose renewal is near: members, lapses, calls for nothing, dues, hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, sqrt
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from tenure.ledger.models import CurrentScore, ScoreSet
from tenure.web import place, words
from tenure.web.overview import made_of

NEAR_DAYS = 90
_NINETY = 1.645


@dataclass(frozen=True)
class Slider:
    """A threshold that can be moved: the name in the address, its words, and where it may stand."""

    key: str
    title: str
    unit: str
    least: int
    most: int
    step: int
    usual: int


@dataclass(frozen=True)
class Selected:
    """What a slider selects where it stands.

    Args:
        slider: Which one.
        at: Where it stands.
        members: How many are selected.
        lapses: How many of them are expected to lapse, the sum of their chances.
        low, high: The 90 % range of that, by chance alone.
        caught: The share of all expected lapses that they are, from 0 to 1.
        stays: How many would stay anyway.
        dues: Dues that are expected not to come from them.
        hours: Staff time, by the minutes that a call takes.
    """

    slider: Slider
    at: int
    members: int
    lapses: float
    low: float
    high: float
    caught: float
    stays: float
    dues: float
    hours: float


def near(as_of: dt.date) -> QuerySet[CurrentScore]:
    """Members in grace, and those whose term ends within 90 days."""
    return CurrentScore.objects.filter(renewal_due_on__lte=as_of + dt.timedelta(days=NEAR_DAYS))


def sliders(total: int) -> tuple[Slider, ...]:
    """The sliders for *total* members whose renewal is near."""
    capacity = place.settings().capacity
    most = max(10, min(total, 100_000))
    calls = min(3 * capacity.calls_per_month, most) or max(1, round(most / 20))
    return (
        Slider("calls", "Calls from the top", "calls", 0, most, max(1, most // 100), calls),
        Slider("score", "Score from", "in 100", 1, 99, 1, round(place.settings().bands.high * 100)),
        Slider("rank", "Top by rank", "%", 1, 100, 1, 10),
        Slider("value", "Top by lifetime value", "%", 1, 100, 1, 5),
    )


def selected(score_set: ScoreSet, query: Mapping[str, str]) -> tuple[list[Selected], dict[str, Any]]:
    """What each slider selects where the address puts it, and the whole that it selects from."""
    key, as_of = made_of(score_set), score_set.as_of
    members, valued = _known(key, as_of)
    found = [(slider, _within(query.get(slider.key, ""), slider)) for slider in sliders(members)]
    told = _summed(key, as_of, valued, tuple((slider.key, place) for slider, place in found))
    return [_told(slider, place, told[slider.key], told["whole"]) for slider, place in found], told["whole"]


@lru_cache(maxsize=16)
def _known(key: str, as_of: dt.date) -> tuple[int, int]:
    """How many are near, and how many of them have a lifetime value; counted once for each set of scores."""
    known = near(as_of).aggregate(members=Count("member"), valued=Count("lifetime_value"))
    return known["members"], known["valued"]


@lru_cache(maxsize=64)
def _summed(key: str, as_of: dt.date, valued: int, places: tuple[tuple[str, int], ...]) -> dict[str, dict[str, Any]]:
    """The sums of what each slider selects at its place, and of the whole; once for each set of scores and places."""
    here, at = near(as_of), dict(places)
    # One look at them all for what is a condition; what is a place in an order needs a look of its own.
    conditions = {
        "whole": None,
        "score": Q(risk_score__gte=at["score"]),
        "rank": Q(risk_rank__gte=1 - at["rank"] / 100),
    }
    sums = here.aggregate(**{f"{key}_{name}": one for key, q in conditions.items() for name, one in _sums(q).items()})
    told = {key: {name: sums[f"{key}_{name}"] for name in _sums(None)} for key in conditions}
    for name, rows in _orders(here, at, valued).items():
        told[name] = rows.aggregate(**_sums(None))
    return told


def _orders(here: QuerySet[CurrentScore], at: Mapping[str, int], valued: int) -> dict[str, QuerySet[CurrentScore]]:
    """The first of *here* by risk and by lifetime value, as far as the sliders reach."""
    by_value = here.filter(lifetime_value__isnull=False).order_by("-lifetime_value", "member")
    return {
        "calls": here.order_by("-p_lapse_renewal", "member")[: at["calls"]],
        "value": by_value[: ceil(valued * at["value"] / 100)],
    }


def _sums(within: Q | None) -> dict[str, Any]:
    """What is added up: over all, or over those *within* a condition."""
    p = F("p_lapse_renewal")
    return {
        "members": Count("member", filter=within),
        "lapses": Sum(p, filter=within, default=0.0),
        "spread": Sum(p * (1 - p), filter=within, default=0.0),
        "dues": Sum(p * F("dues"), filter=within, default=0.0),
    }


def _told(slider: Slider, at: int, sums: dict[str, Any], whole: dict[str, Any]) -> Selected:
    half = _NINETY * sqrt(sums["spread"])
    return Selected(
        slider=slider,
        at=at,
        members=sums["members"],
        lapses=sums["lapses"],
        low=max(0.0, sums["lapses"] - half),
        high=min(float(sums["members"]), sums["lapses"] + half),
        caught=sums["lapses"] / whole["lapses"] if whole["lapses"] else 0.0,
        stays=sums["members"] - sums["lapses"],
        dues=sums["dues"],
        hours=sums["members"] * place.settings().capacity.minutes_per_call / 60,
    )


def _within(text: str, slider: Slider) -> int:
    """Where a slider stands: as *text* says, as far as it can be there; where it usually is for anything else."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        return slider.usual
    return max(slider.least, min(slider.most, int(text)))


def summary(whole: dict[str, Any]) -> str:
    """Of whom the sliders select."""
    return (
        f"{words.plural(whole['members'], 'member')} in grace or due within {NEAR_DAYS} days, of whom about "
        f"{words.count(whole['lapses'])} will lapse"
    )
