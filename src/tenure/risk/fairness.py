"""Whether a model treats kinds of members alike: an audit after the fact, by attributes that no feature can read.

Birth year and gender lie in a file that the feature store cannot open; they are joined here, to predictions that were
made without them, and nothing of it flows back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.risk.landmarks import LANDMARKS
from tenure.risk.learners import Floats
from tenure.risk.metrics import auc, calibration_in_the_large
from tenure.risk.report import ENOUGH, areas, once, payers, without_nan
from tenure.risk.resampling import Draws, draw, percentiles
from tenure.risk.verdict import OFF, TOO_FEW, verdict_of

BY = ("age_band", "gender", "region", "member_type", "chapter_id")
"""What groups are told apart by."""

_AGES = ((0, 29, "under 30"), (30, 44, "30 to 44"), (45, 59, "45 to 59"), (60, 200, "60 and over"))
_RATES = (OFF, "selection_rate", "false_positive_rate", "false_negative_rate")
_TOP = 0.10
_SURE = 0.05
"""Chance, over the whole audit, of naming as sure what is none: a difference, or chances of a group that are off."""


def audit(
    decisions: pl.DataFrame,
    attributes: pl.DataFrame,
    members: pl.DataFrame,
    terms: pl.DataFrame,
    *,
    threshold: float | None = None,
) -> dict[str, Any]:
    """Hold each group of members against all others, on the past renewals that are kept with the model.

    As in `tenure.risk.report.report`, whether chances are right is told of every day on which a renewal was still open,
    all alike; who was listed, missed and ranked, of each decision once. The days are those of `LANDMARKS` before the
    end, and none on which a resignation was known.

    Args:
        decisions: As `Registry.decisions` gives.
        attributes: `member`, `birth_year`, `gender`, as `Lake.audit_attributes` gives.
        members: All versions of all members.
        terms: All versions of all terms: `term_id`, `member`, `ends_on`, `ended_by`, `member_type`, `recorded_at`.
        threshold: From which probability on a member is on the list; without it, what puts a tenth on it.

    Returns:
        `threshold`, `decisions`, `groups` and `not_recorded` (attributes of which nothing is known); without any
        decision neither groups nor attributes. A group has `by`, `value`, `decisions`, `lapses`, `lapse_rate` (share of
        the decisions), `predicted` and `observed` (said and lapsed over the days), and, with 20 lapses and 20 renewals
        or more, its rates and `auc` with 95 % intervals, `against_others` (the difference of each from all others) and
        `differs` (those that differ surely, whatever the number of groups looked at) and `surely_off` (whether its own
        chances are off as surely); `verdict` in words, as `tenure.risk.verdict` has them.
    """
    days = _described(decisions.rename({"p_lapse_renewal": "p"}), attributes, members, terms)
    if days.is_empty():
        return {"threshold": threshold, "decisions": 0, "groups": [], "not_recorded": []}
    one = once(days)
    cut = float(np.quantile(one["p"].to_numpy(), 1 - _TOP)) if threshold is None else threshold
    told, by_day = _Rows.of(one, cut), _Rows.of(days, cut)
    groups = _values(one)
    telling = sum(_enough(told.y[told.among(by, value)]) for by, value in groups)
    sure = NormalDist().inv_cdf(1 - _SURE / (2 * max(1, telling * (len(_RATES) + 2))))
    found = {
        "threshold": cut,
        "decisions": one.height,
        "groups": [_group(by, value, told, by_day, sure) for by, value in groups],
        "not_recorded": [by for by in BY if one[by].null_count() == one.height],
    }
    plain: dict[str, Any] = without_nan(found)
    return plain


@dataclass(frozen=True)
class _Rows:
    """Decisions, once or on each of their days, as the audit reckons with them: columns in step."""

    frame: pl.DataFrame
    p: Floats
    y: Floats
    listed: Floats
    decision: NDArray[np.int64]
    draws: Draws

    @classmethod
    def of(cls, frame: pl.DataFrame, cut: float) -> _Rows:
        """From `p`, `lapsed`, `payer`, `member`, `ends_on` and the columns of `BY`; listed from *cut* on."""
        p = frame["p"].to_numpy()
        decision = frame.select(pl.struct("member", "ends_on").rank("dense")).to_series().to_numpy().astype(np.int64)
        draws = draw(frame["payer"].to_numpy(), seed=1, repeats=200)
        y = frame["lapsed"].to_numpy().astype(np.float64)
        return cls(frame, p, y, (p >= cut).astype(np.float64), decision, draws)

    def among(self, by: str, value: str) -> NDArray[np.bool_]:
        """Which rows are of the group."""
        return (self.frame[by] == value).fill_null(value=False).to_numpy()


def _described(
    decisions: pl.DataFrame, attributes: pl.DataFrame, members: pl.DataFrame, terms: pl.DataFrame
) -> pl.DataFrame:
    """Decisions with who decided: type from the term, the rest from what is known of the member now."""
    person = members.sort("valid_from").group_by("member").agg(pl.col("region", "chapter_id").last())
    kinds = (
        terms.sort("recorded_at")
        .unique(["member", "ends_on"], keep="last")
        .select("member", "ends_on", "member_type", "term_id")
    )
    age = pl.col("ends_on").dt.year() - pl.col("birth_year")
    bands = [pl.when(age.is_between(low, high)).then(pl.lit(words)) for low, high, words in _AGES]
    joined = (
        _open(decisions.join(kinds, on=["member", "ends_on"], how="left"), terms)
        .join(attributes, on="member", how="left")
        .join(person, on="member", how="left", maintain_order="left")
    )
    return joined.with_columns(age_band=pl.coalesce(bands), payer=payers(joined["member"], members))


def _open(days: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """Those of *days* that any decision could have: near the end as it was known then, no resignation being known.

    Counted back from an end that a resignation brought forward there are days so far from the one before that no other
    decision has any like them; they would gather those who left.
    """
    versions = terms.select("term_id", "recorded_at", ends_then="ends_on", ended_then="ended_by").sort("recorded_at")
    asked = days.with_columns(pl.col("as_of").cast(pl.Datetime("us")).alias("at")).sort("at")
    known = asked.join_asof(
        versions.with_columns(pl.col("recorded_at").cast(pl.Datetime("us"))), left_on="at", right_on="recorded_at",
        by="term_id", strategy="backward", allow_exact_matches=False, check_sortedness=False,
    )  # fmt: skip
    near = (pl.col("ends_then") - pl.col("as_of")).dt.total_days() <= max(LANDMARKS)
    resigned = pl.col("ended_then") == "resigned"
    kept = known.filter(near.fill_null(value=True) & ~resigned.fill_null(value=False))
    return kept.drop("at", "recorded_at", "ends_then", "ended_then").sort("as_of", "member", "ends_on")


def _values(frame: pl.DataFrame) -> list[tuple[str, str]]:
    counted = [(by, frame[by].drop_nulls().value_counts(sort=True)) for by in BY]
    return [(by, value) for by, values in counted for value in values[by].to_list()]


def _enough(y: Floats) -> bool:
    return bool(min(y.sum(), y.size - y.sum()) >= ENOUGH)


def _group(by: str, value: str, told: _Rows, by_day: _Rows, sure: float) -> dict[str, Any]:
    mask, days = told.among(by, value), by_day.among(by, value)
    own = told.y[mask]
    head: dict[str, Any] = {
        "by": by, "value": value, "decisions": int(own.size), "lapses": int(own.sum()), "lapse_rate": float(own.mean()),
        "predicted": float(by_day.p[days].mean()), "observed": float(by_day.y[days].mean()),
    }  # fmt: skip
    if not _enough(own) or not _enough(told.y[~mask]):
        return head | {"verdict": TOO_FEW}
    inside, outside = (
        _off(by_day, here) | _rates(told, part) | {"auc": _areas(told, part)}
        for here, part in ((days, mask), (~days, ~mask))
    )
    least = _least_spread(told, mask) | {OFF: _least_spread_of_chances(by_day, (days, ~days))}
    against, differs = {}, []
    for name, (point, repeats) in inside.items():
        head |= {name: point, **dict(zip((f"{name}_low", f"{name}_high"), percentiles(repeats), strict=True))}
        gap, gaps = point - outside[name][0], repeats - outside[name][1]
        low, high = percentiles(gaps)
        against[name] = {"difference": gap, "low": low, "high": high}
        spread = max(float(np.nanstd(gaps)), least.get(name, 0.0))
        if spread > 0 and abs(gap) > sure * spread:
            differs.append(name)
    off, redrawn = inside[OFF]
    spread = max(float(np.nanstd(redrawn)), _least_spread_of_chances(by_day, (days,)))
    head |= {"against_others": against, "differs": differs, "surely_off": abs(off) > sure * spread > 0}
    return head | {"verdict": verdict_of(head)}


def _off(rows: _Rows, part: NDArray[np.bool_]) -> dict[str, tuple[float, Floats]]:
    """Lapsed less said over one part of the days: as found, and in each repeat."""
    here = part.astype(np.float64)
    n, gap = rows.draws.sums(here, here * (rows.y - rows.p)).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return {OFF: (calibration_in_the_large(rows.p[part], rows.y[part]), np.asarray(gap / n))}


def _rates(rows: _Rows, part: NDArray[np.bool_]) -> dict[str, tuple[float, Floats]]:
    """What the list made of one part of the decisions: as found, and in each repeat."""
    here, y, listed = part.astype(np.float64), rows.y, rows.listed
    columns = (here, here * y, here * listed, here * listed * (1 - y), here * (1 - listed) * y)
    whole = np.array([[column.sum() for column in columns]])
    with np.errstate(divide="ignore", invalid="ignore"):
        point, repeats = (_shares(sums) for sums in (whole, rows.draws.sums(*columns)))
    return {name: (float(point[name][0]), repeats[name]) for name in point}


def _least_spread(rows: _Rows, mask: NDArray[np.bool_]) -> dict[str, float]:
    """Spread of each difference if there were none: redraws of a group with two rare events show too little of it."""
    y, listed = rows.y, rows.listed
    cases = {
        "selection_rate": (np.ones(y.size, bool), _variance(listed)),
        "false_positive_rate": (y < 0.5, _variance(listed[y < 0.5])),
        "false_negative_rate": (y > 0.5, _variance(listed[y > 0.5])),
    }
    return {
        name: float(np.sqrt(variance * (1 / (among & mask).sum() + 1 / (among & ~mask).sum())))
        for name, (among, variance) in cases.items()
    }


def _least_spread_of_chances(rows: _Rows, parts: Iterable[NDArray[np.bool_]]) -> float:
    """Likewise of lapsed less said, in one part or between two.

    The days of one decision share how it ended and are evidence but once.
    """
    each = float(np.mean(rows.p * (1 - rows.p)))
    return float(np.sqrt(each * sum(1 / np.unique(rows.decision[part]).size for part in parts)))


def _variance(listed: Floats) -> float:
    return float(listed.mean() * (1 - listed.mean()))


def _shares(sums: Floats) -> dict[str, Floats]:
    n, lapsed, listed, wrongly, missed = sums.T
    rates = (listed / n, wrongly / (n - lapsed), missed / lapsed)
    return dict(zip(_RATES[1:], rates, strict=True))


def _areas(rows: _Rows, part: NDArray[np.bool_]) -> tuple[float, Floats]:
    p, y = rows.p[part], rows.y[part]
    return auc(p, y), areas(p, y, draw(rows.draws.cluster[part], seed=2, repeats=200))
