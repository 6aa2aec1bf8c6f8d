"""What a back-test found, as figures with intervals: whole, against its rivals, and slice by slice."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl

from tenure.base.settings import Capacity
from tenure.risk.learners import Floats
from tenure.risk.metrics import auc, calibration_bins, calibration_in_the_large, gains
from tenure.risk.months import shared_by_lead
from tenure.risk.resampling import Draws, calibrated, draw, off_by, percentiles, ranked, saved, summary

RIVALS = {"base_rate": "base_rate", "life_table": "life table", "points_score": "points_score"}
"""What a model has to beat: name in the report and column of the back-test's predictions."""

SEGMENTS = ("member_type", "chapter_id", "region", "record_type")
"""What the gates of the rollout tell segments by: each segment's past decisions are held against what was said."""

ENOUGH = 20
"""Lapses, and renewals, below which a slice is too small to tell anything of."""

_TENTH = 0.10
_YEAR = 365.25
_DAYS_A_MONTH = 365.25 / 12
_SEED = 1


def report(
    predicted: pl.DataFrame,
    folds: list[dict[str, Any]],
    stood: pl.DataFrame,
    members: pl.DataFrame,
    room: Capacity,
    *,
    whole: bool = True,
) -> dict[str, Any]:
    """The back-test in figures.

    How well it foretold is told of each decision once, as `once` has it. Whether its chances are right is told of every
    day alike, as they are brought into line: the last open day of who pays early lies farther off than that of who
    lapses, so that once per decision even true chances would seem too high.

    Args:
        predicted: As `tenure.risk.backtest.BackTest` has it.
        folds: Likewise.
        stood: Where each landmark stood, with the chapter and region that were on record that day; `predicted["at"]`
            are places in it.
        members: All versions of all members, for who pays for whom.
        room: How many members staff can call.
        whole: As `tenure.risk.backtest.Landmarks` has it; where it is not so, chances are judged once per decision.

    Returns:
        `models` (`tenure` and its rivals: every measure of `tenure.risk.resampling`), `better` (by how much lower its
        log loss is than each rival's), `calibration`, `gains`, `slices`, `segments` (the same by `SEGMENTS`),
        `months` (how far whole months were off: `tenure.risk.months.shared_by_lead`), `capacity`, `days_ahead` (how
        far before the end decisions are told, at the middle one), and how much there was to judge by. What cannot be
        told is null.
    """
    days = predicted.with_columns(payer=payers(predicted["member"], members), **_kinds(predicted, stood))
    one = once(days, "ends")
    days = days if whole else one
    y, p = one["lapsed"].to_numpy().astype(np.float64), one["p"].to_numpy()
    draws, draws_of_days = (draw(rows["payer"].to_numpy(), seed=_SEED) for rows in (one, days))
    of_days = days["lapsed"].to_numpy().astype(np.float64)
    capacity, described = reach(one["ends_on"], room)
    columns = {"tenure": "p", **RIVALS}
    # An association that keeps points calls by them; the chances that they stand for change from year to year.
    order = {"points_score": one["points"].to_numpy()}
    found = {
        "folds": folds,
        "models": {
            name: summary(one[column].to_numpy(), y, draws, capacity=capacity, order=order.get(name))
            | calibrated(days[column].to_numpy(), of_days, draws_of_days)
            for name, column in columns.items()
        },
        "better": {name: saved(p, one[column].to_numpy(), y, draws) for name, column in RIVALS.items()},
        "calibration": calibration_bins(days["p"].to_numpy(), of_days, days["term_id"].rank("dense").to_numpy()),
        "gains": gains(p, one["points"].to_numpy(), y),
        "slices": slices(one, days, ("member_type", "renewal", "record_type", "year")),
        "segments": slices(one, days, tuple(name for name in SEGMENTS if name in one.columns)),
        "months": shared_by_lead(days),
        "capacity": described,
        "days_ahead": (one["ends"] - one["as_of"]).dt.total_days().median(),
        "lapse_rate": float(y.mean()) if y.size else 0.0,
        "decisions": int(y.size),
        "members": int(one["member"].n_unique()),
        "payers": int(one["payer"].n_unique()),
    }
    plain: dict[str, Any] = without_nan(found)
    return plain


def once(predicted: pl.DataFrame, end: str = "ends_on") -> pl.DataFrame:
    """Each decision once, at its last landmark 30 days or more before *end*: how the term ended or (`ends`) was to end.

    Where more than half have none so early, terms are of a month or less: those are told at their first landmark.
    """
    decision = ["member", "ends_on"]
    days = predicted.sort("as_of")
    early = days.filter((pl.col(end) - pl.col("as_of")).dt.total_days() >= 30)
    told = early.unique(decision, keep="last", maintain_order=True)
    late = days.unique(decision, keep="first", maintain_order=True).join(told, on=decision, how="anti")
    return told if late.height <= told.height else pl.concat([told, late]).sort("as_of", *decision)


def payers(member: pl.Series, members: pl.DataFrame) -> pl.Series:
    """Who stands behind each of *member*: the organization that was last known to pay for them, else themselves."""
    known = members.sort("valid_from").group_by("member").agg(pl.col("organization").last())
    joined = member.to_frame("member").join(known, on="member", how="left", maintain_order="left")
    return joined.select(pl.coalesce("organization", "member").alias("payer")).to_series()


def reach(ends_on: pl.Series, room: Capacity) -> tuple[dict[str, float], dict[str, Any]]:
    """The shares of the list at which precision and recall are told, and the same for a reader.

    The top tenth always; and as many as staff can call, where the settings say so: calls a month against the
    renewals that came due a month.
    """
    described: dict[str, Any] = {"share": _TENTH, "calls_per_month": None, "calls_share": None}
    calls = room.calls_per_month
    if not calls or not len(ends_on):
        return {"10": _TENTH}, described
    first, last = ends_on.min(), ends_on.max()
    assert isinstance(first, dt.date)
    assert isinstance(last, dt.date)
    # Where all come due on one day of the year, two classes are two years of calls.
    others = ends_on.n_unique() - 1
    spacing = (last - first).days / others if others else _YEAR
    months = max(1.0, ((last - first).days + spacing) / _DAYS_A_MONTH)
    share = min(1.0, calls * months / len(ends_on))
    return {"10": _TENTH, "calls": share}, described | {"calls_per_month": calls, "calls_share": share}


def _kinds(predicted: pl.DataFrame, stood: pl.DataFrame) -> dict[str, pl.Series]:
    """By what slices are told apart."""
    here = stood[predicted["at"].to_numpy()]
    first = here["terms_in_spell"] == 1
    return {
        "member_type": here["member_type"],
        "record_type": here["record_type"],
        **{name: here[name] for name in ("chapter_id", "region") if name in here.columns},
        "renewal": pl.select(pl.when(first).then(pl.lit("first")).otherwise(pl.lit("later"))).to_series(),
        "year": predicted["ends_on"].dt.year().cast(pl.String),
    }


def slices(one: pl.DataFrame, days: pl.DataFrame, by: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every value of the columns *by* with how well its decisions were foretold.

    Args:
        one: Decisions with `p`, `lapsed`, `payer` and the columns *by*.
        days: The same on every day on which their chances are judged.
        by: Which columns.

    Returns:
        `by`, `value`, `decisions`, `lapses`, `predicted`, `observed`; and, where there are enough, `auc` and
        `calibration_in_the_large` with their intervals, and `verdict`: `as foretold`, `more lapsed`, `fewer lapsed`,
        or `too few to tell`.
    """
    answer = []
    for column in by:
        parts = one.filter(pl.col(column).is_not_null()).partition_by(column, as_dict=True)
        every = days.partition_by(column, as_dict=True)
        for (value,), part in sorted(parts.items(), key=lambda item: -item[1].height):
            answer.append({"by": column, "value": str(value), **_slice(part, every[value,])})
    return answer


def _slice(part: pl.DataFrame, days: pl.DataFrame) -> dict[str, Any]:
    lapses = int(part["lapsed"].sum())
    y, p = days["lapsed"].to_numpy().astype(np.float64), days["p"].to_numpy()
    found: dict[str, Any] = {
        "decisions": part.height, "lapses": lapses, "predicted": float(p.mean()), "observed": float(y.mean()),
    }  # fmt: skip
    if min(lapses, part.height - lapses) < ENOUGH:
        return found | {"verdict": "too few to tell"}
    low, high = percentiles(off_by(p, y, draw(days["payer"].to_numpy(), seed=_SEED, repeats=200)))
    verdict = "more lapsed" if low > 0 else "fewer lapsed" if high < 0 else "as foretold"
    ended, said = part["lapsed"].to_numpy().astype(np.float64), part["p"].to_numpy()
    order = percentiles(areas(said, ended, draw(part["payer"].to_numpy(), seed=_SEED, repeats=200)))
    return found | {
        "auc": auc(said, ended), "auc_low": order[0], "auc_high": order[1],
        "calibration_in_the_large": calibration_in_the_large(p, y),
        "calibration_in_the_large_low": low, "calibration_in_the_large_high": high, "verdict": verdict,
    }  # fmt: skip


def areas(p: Floats, y: Floats, draws: Draws) -> Floats:
    """Area under the curve in each repeat."""
    return ranked(p, y, draws, {})["auc"]


def without_nan(value: Any) -> Any:
    """JSON has no NaN: what is not known is null."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
