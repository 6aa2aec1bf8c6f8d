"""Whether a model treats kinds of members alike: an audit after the fact, by attributes that no feature can read.

Birth year and gender lie in a file that the feature store cannot open; they are joined here, to predictions that were
made without them, and nothing of it flows back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm

from tenure.risk.learners import Floats
from tenure.risk.metrics import auc
from tenure.risk.report import ENOUGH, areas, once, payers, without_nan
from tenure.risk.resampling import Draws, draw, percentiles

BY = ("age_band", "gender", "region", "member_type", "chapter_id")
"""What groups are told apart by."""

_AGES = ((0, 29, "under 30"), (30, 44, "30 to 44"), (45, 59, "45 to 59"), (60, 200, "60 and over"))
_RATES = ("calibration_in_the_large", "selection_rate", "false_positive_rate", "false_negative_rate")
_TOP = 0.10
_SURE = 0.05
"""Chance, over the whole audit, of naming a difference where there is none."""


def audit(
    decisions: pl.DataFrame,
    attributes: pl.DataFrame,
    members: pl.DataFrame,
    terms: pl.DataFrame,
    *,
    threshold: float | None = None,
) -> dict[str, Any]:
    """Hold each group of members against all others, on past renewals foretold a month ahead.

    Args:
        decisions: As `Registry.decisions` gives.
        attributes: `member`, `birth_year`, `gender`, as `Lake.audit_attributes` gives.
        members: All versions of all members.
        terms: All versions of all terms.
        threshold: From which probability on a member is on the list; without it, what puts a tenth on it.

    Returns:
        `threshold`, `decisions`, `groups` and `not_recorded` (attributes of which nothing is known). A group has `by`,
        `value`, `decisions`, `lapses`, `lapse_rate`, and, with 20 lapses and 20 renewals or more, its rates and `auc`
        with 95 % intervals, `against_others` (the difference of each from all others) and `differs` (those that differ
        surely, whatever the number of groups looked at); `verdict` in words.
    """
    frame = once(_described(decisions.rename({"p_lapse_renewal": "p"}), attributes, members, terms))
    p, y = frame["p"].to_numpy(), frame["lapsed"].to_numpy().astype(np.float64)
    cut = float(np.quantile(p, 1 - _TOP)) if threshold is None and p.size else float(threshold or 0.5)
    draws = draw(frame["payer"].to_numpy(), seed=1, repeats=200)
    groups = [(by, value, (frame[by] == value).fill_null(value=False).to_numpy()) for by, value in _values(frame)]
    telling = sum(_enough(y[mask]) for *_, mask in groups)
    sure = float(norm.ppf(1 - _SURE / (2 * max(1, telling * (len(_RATES) + 1)))))
    found = {
        "threshold": cut,
        "decisions": int(y.size),
        "groups": [_group(by, value, mask, p, y, cut, draws, sure) for by, value, mask in groups],
        "not_recorded": [by for by in BY if frame[by].null_count() == frame.height],
    }
    plain: dict[str, Any] = without_nan(found)
    return plain


def _described(
    decisions: pl.DataFrame, attributes: pl.DataFrame, members: pl.DataFrame, terms: pl.DataFrame
) -> pl.DataFrame:
    """Decisions with who decided: type from the term, the rest from what is known of the member now."""
    person = members.sort("valid_from").group_by("member").agg(pl.col("region", "chapter_id").last())
    kinds = (
        terms.sort("recorded_at").unique(["member", "ends_on"], keep="last").select("member", "ends_on", "member_type")
    )
    age = pl.col("ends_on").dt.year() - pl.col("birth_year")
    bands = [pl.when(age.is_between(low, high)).then(pl.lit(words)) for low, high, words in _AGES]
    joined = (
        decisions.join(attributes, on="member", how="left")
        .join(person, on="member", how="left")
        .join(kinds, on=["member", "ends_on"], how="left", maintain_order="left")
    )
    return joined.with_columns(age_band=pl.coalesce(bands), payer=payers(joined["member"], members))


def _values(frame: pl.DataFrame) -> list[tuple[str, str]]:
    counted = [(by, frame[by].drop_nulls().value_counts(sort=True)) for by in BY]
    return [(by, value) for by, values in counted for value in values[by].to_list()]


def _enough(y: Floats) -> bool:
    return bool(min(y.sum(), y.size - y.sum()) >= ENOUGH)


def _group(
    by: str, value: str, mask: NDArray[np.bool_], p: Floats, y: Floats, cut: float, draws: Draws, sure: float
) -> dict[str, Any]:
    own = y[mask]
    head: dict[str, Any] = {
        "by": by, "value": value, "decisions": int(own.size), "lapses": int(own.sum()), "lapse_rate": float(own.mean()),
    }  # fmt: skip
    if not _enough(own) or not _enough(y[~mask]):
        return head | {"verdict": "too few to tell"}
    inside, outside = (_rates(p, y, cut, part, draws) for part in (mask, ~mask))
    least = _least_spread(p, y, cut, mask)
    here, there = (_areas(p[part], y[part], draws.cluster[part]) for part in (mask, ~mask))
    inside["auc"], outside["auc"] = here, there
    against, differs = {}, []
    for name, (point, repeats) in inside.items():
        head |= {name: point, **dict(zip((f"{name}_low", f"{name}_high"), percentiles(repeats), strict=True))}
        gap, gaps = point - outside[name][0], repeats - outside[name][1]
        low, high = percentiles(gaps)
        against[name] = {"difference": gap, "low": low, "high": high}
        spread = max(float(np.nanstd(gaps)), least.get(name, 0.0))
        if spread > 0 and abs(gap) > sure * spread:
            differs.append(name)
    return head | {"against_others": against, "differs": differs, "verdict": _verdict(differs, against)}


def _rates(p: Floats, y: Floats, cut: float, part: NDArray[np.bool_], draws: Draws) -> dict[str, tuple[float, Floats]]:
    """Rates of one part of the decisions: as found, and in each repeat."""
    here, listed = part.astype(np.float64), (p >= cut).astype(np.float64)
    columns = (here, here * y, here * (y - p), here * listed, here * listed * (1 - y), here * (1 - listed) * y)
    whole = np.array([[column.sum() for column in columns]])
    with np.errstate(divide="ignore", invalid="ignore"):
        point, repeats = (_shares(sums) for sums in (whole, draws.sums(*columns)))
    return {name: (float(point[name][0]), repeats[name]) for name in _RATES}


def _least_spread(p: Floats, y: Floats, cut: float, mask: NDArray[np.bool_]) -> dict[str, float]:
    """Spread of each difference if there were none: redraws of a group with two rare events show too little of it."""
    listed = (p >= cut).astype(np.float64)
    cases = {
        "calibration_in_the_large": (np.ones(y.size, bool), float(np.mean(p * (1 - p)))),
        "selection_rate": (np.ones(y.size, bool), _variance(listed)),
        "false_positive_rate": (y < 0.5, _variance(listed[y < 0.5])),
        "false_negative_rate": (y > 0.5, _variance(listed[y > 0.5])),
    }
    return {
        name: float(np.sqrt(variance * (1 / (among & mask).sum() + 1 / (among & ~mask).sum())))
        for name, (among, variance) in cases.items()
    }


def _variance(listed: Floats) -> float:
    return float(listed.mean() * (1 - listed.mean()))


def _shares(sums: Floats) -> dict[str, Floats]:
    n, lapsed, gap, listed, wrongly, missed = sums.T
    rates = (gap / n, listed / n, wrongly / (n - lapsed), missed / lapsed)
    return dict(zip(_RATES, rates, strict=True))


def _areas(p: Floats, y: Floats, cluster: NDArray[np.int64]) -> tuple[float, Floats]:
    return auc(p, y), areas(p, y, draw(cluster, seed=2, repeats=200))


_WORDS = {
    "calibration_in_the_large": ("more of them lapsed than was said", "fewer of them lapsed than was said"),
    "selection_rate": ("on the list more often", "on the list less often"),
    "false_positive_rate": ("called for nothing more often", "called for nothing less often"),
    "false_negative_rate": ("missed more often", "missed less often"),
    "auc": ("ranked better", "ranked worse"),
}


def _verdict(differs: list[str], against: dict[str, dict[str, float]]) -> str:
    if not differs:
        return "no difference found"
    return "; ".join(_WORDS[name][0 if against[name]["difference"] > 0 else 1] for name in differs)
