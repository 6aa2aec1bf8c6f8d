"""Whether a new model may take over: both on the same past renewals, each as it would have spoken before them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tenure.risk.metrics import at_capacity, auc, calibration_line, log_loss
from tenure.risk.report import ENOUGH, once, payers, without_nan
from tenure.risk.resampling import draw, lines, percentiles, saved

MARGIN = 0.02
"""By what share of the champion's log loss a challenger may seem worse, as chance and two fits of one record do."""

_FEWEST = 50
"""Renewals in common below which two models cannot be compared, and the newer one serves."""

_SLOPES = (0.9, 1.1)
_FARTHER = 0.1


@dataclass(frozen=True)
class Contest:
    """What came of it.

    Args:
        passed: Whether the challenger may take over.
        words: Why, in a clause.
        evidence: The figures; plain JSON.
    """

    passed: bool
    words: str
    evidence: dict[str, Any]


def compare(challenger: pl.DataFrame, champion: pl.DataFrame, members: pl.DataFrame, terms: pl.DataFrame) -> Contest:
    """Hold the back-test of a challenger against that of the champion.

    It passes unless its log loss is surely higher (the 95 % interval of the difference lies wholly on that side), or
    seems higher by more than `MARGIN`; or is surely higher by more than that for a member type that has enough
    renewals to tell; or its probabilities are surely stretched, and more so than the champion's.

    Args:
        challenger: As `Registry.decisions` gives.
        champion: Likewise.
        members: All versions of all members, for who pays for whom.
        terms: All versions of all terms, for the member type of each renewal.
    """
    both = _in_common(challenger, champion, members, terms)
    y = both["lapsed"].to_numpy().astype(np.float64)
    lapses = int(y.sum())
    facts: dict[str, Any] = {"decisions": int(y.size), "lapses": lapses}
    if y.size < _FEWEST or min(lapses, y.size - lapses) < ENOUGH // 2:
        return Contest(True, f"only {y.size} renewals are known to both, so the newer one serves", facts)
    found = facts | _figures(both) | {"by_type": _by_type(both)}
    trouble = _trouble(found)
    change = f"log loss {found['champion_log_loss']:.4f} → {found['challenger_log_loss']:.4f} on {y.size:,} renewals"
    evidence: dict[str, Any] = without_nan(found)
    if trouble:
        return Contest(False, f"{trouble} ({change})", evidence)
    return Contest(True, f"no worse than the one before ({change})", evidence)


def _in_common(
    challenger: pl.DataFrame, champion: pl.DataFrame, members: pl.DataFrame, terms: pl.DataFrame
) -> pl.DataFrame:
    """Renewals that both foretold on the same day, labelled as the newer knows them."""
    keys = ["member", "ends_on", "as_of"]
    theirs = champion.select(*keys, pl.col("p_lapse_renewal").alias("before"))
    joined = once(challenger.rename({"p_lapse_renewal": "p"}).join(theirs, on=keys, how="inner"))
    kinds = (
        terms.sort("recorded_at").unique(["member", "ends_on"], keep="last").select("member", "ends_on", "member_type")
    )
    with_type = joined.join(kinds, on=["member", "ends_on"], how="left", maintain_order="left")
    return with_type.with_columns(payer=payers(with_type["member"], members))


def _figures(both: pl.DataFrame) -> dict[str, Any]:
    y = both["lapsed"].to_numpy().astype(np.float64)
    said = {"challenger": both["p"].to_numpy(), "champion": both["before"].to_numpy()}
    draws = draw(both["payer"].to_numpy(), seed=1)
    found: dict[str, Any] = saved(said["challenger"], said["champion"], y, draws)
    for who, p in said.items():
        intercept, slope = calibration_line(p, y)
        found[f"{who}_log_loss"], found[f"{who}_auc"] = log_loss(p, y), auc(p, y)
        found[f"{who}_caught"], found[f"{who}_calibration_slope"] = at_capacity(p, y, 0.1)[1], slope
        low, high = percentiles(lines(p, y, draws, intercept, slope)["calibration_slope"])
        found[f"{who}_calibration_slope_low"], found[f"{who}_calibration_slope_high"] = low, high
    top = max(1, round(0.1 * y.size))
    first = [set(np.argsort(-p, kind="stable")[:top].tolist()) for p in said.values()]
    return found | {"same_top_tenth": len(first[0] & first[1]) / top}


def _by_type(both: pl.DataFrame) -> list[dict[str, Any]]:
    """Each member type that has enough renewals to tell, with what the challenger saves there."""
    answer = []
    for (kind,), part in (
        both.filter(pl.col("member_type").is_not_null()).partition_by("member_type", as_dict=True).items()
    ):
        y = part["lapsed"].to_numpy().astype(np.float64)
        if min(y.sum(), y.size - y.sum()) < ENOUGH:
            continue
        draws = draw(part["payer"].to_numpy(), seed=1, repeats=200)
        answer.append({"member_type": kind, "decisions": int(y.size),
                       **saved(part["p"].to_numpy(), part["before"].to_numpy(), y, draws)})  # fmt: skip
    return answer


def _trouble(found: dict[str, Any]) -> str:
    """Why the challenger may not take over; empty when it may."""
    if found["share_high"] < 0:
        return "worse than the one that serves"
    if found["share"] < -MARGIN:
        return "it seems worse than the one that serves"
    worse = [one["member_type"] for one in found["by_type"] if one["share_high"] < -MARGIN]
    if worse:
        return f"worse for members of type {', '.join(sorted(worse))}"
    return "its chances are more stretched than those of the one that serves" if _stretched(found) else ""


def _stretched(found: dict[str, Any]) -> bool:
    """Whether the slope surely lies outside of what may be, and well farther from one than the champion's; or cannot be
    told though the champion's can."""
    low, high = (found[f"challenger_calibration_slope_{end}"] for end in ("low", "high"))
    if np.isnan(low) or np.isnan(high):
        return not np.isnan(found["champion_calibration_slope_low"])
    off = {who: abs(found[f"{who}_calibration_slope"] - 1) for who in ("challenger", "champion")}
    return bool((high < _SLOPES[0] or low > _SLOPES[1]) and off["challenger"] > off["champion"] + _FARTHER)
