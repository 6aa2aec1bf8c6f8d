"""Learning how memberships end: which lapses were a failed payment, and how often death, merger and transfer come."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.base.settings import Membership
from tenure.features import FEATURES, FeatureMatrix
from tenure.features.activity import SENT_OR_BILLED
from tenure.lake import Lake
from tenure.membership import LAPSED, PAYMENT_FAILURE, TROUBLES, decisions, with_exits
from tenure.membership.contract import COMPETING
from tenure.risk.backtest import Landmarks
from tenure.risk.calibration import Calibrator, evenly, fit_calibrator
from tenure.risk.causes import PHASES, Causes, Counted, Split, by_itself, cells, columns, margin
from tenure.risk.fitting import FLOOR
from tenure.risk.landmarks import scheduled
from tenure.risk.learners import Floats, Logistic, fit_logistic, sigmoid
from tenure.risk.metrics import log_loss

COUNTED, LOGISTIC = "counted shares", "regularized logistic"

_TESTED_ON = 0.3
"""Share of the failed payments, the newest, on which the two ways are compared and brought into line."""

_SUBJECTS = frozenset({"timing", "history", "billing", "payments", "overall"})
"""Groups of features that can bear on whether a payment fails, or on who would have left anyway."""

_STRENGTH = 10.0
"""A cell's own share counts as much as that of what contains it once it has this many decisions."""


def exits_known(lake: Lake, found: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """*found* (past decisions as known on *as_of*) with `exit`, by what was recorded before *as_of*."""
    meant = (pl.col("outcome") == LAPSED) & pl.col("auto_renew").fill_null(value=False) & ~pl.col("resigned")
    who = found.filter(meant).select("member").unique()
    own = [kind for kind in lake.first_known() if kind not in SENT_OR_BILLED]
    return with_exits(found, _days(lake, who, [*TROUBLES], as_of), _days(lake, who, own, as_of))


_DAYS = """
    SELECT DISTINCT a.member, a.occurred_at::DATE AS day FROM activity a JOIN asked USING (member)
    WHERE list_contains($1, a.kind) AND a.recorded_at < $2
"""


def _days(lake: Lake, who: pl.DataFrame, kinds: list[str], as_of: dt.date) -> pl.DataFrame:
    """Days on which *who* had activity of these kinds, as known on *as_of*."""
    with lake.connect() as con:
        con.register("asked", who.to_arrow())
        rows = con.sql(_DAYS, params=[kinds, as_of]).to_arrow_table()
    return pl.DataFrame(rows).cast({"member": pl.Int64, "day": pl.Date})


@dataclass(frozen=True)
class _Lapses:
    """Landmarks of lapses of members who renewed by themselves, with whether a payment failed, as known on a day."""

    matrix: FeatureMatrix
    failed: Floats
    members: NDArray[np.int64]
    decision: NDArray[np.int64]

    @classmethod
    def known(cls, lake: Lake, landmarks: Landmarks, day: dt.date) -> _Lapses:
        rows = landmarks.known_by(day)[0].first_draw()
        decided = decisions(landmarks.terms, landmarks.members, landmarks.rules, as_of=day)
        exits = exits_known(lake, decided, day).select("term_id", "exit")
        told = rows.matrix.rows.select("term_id").join(exits, on="term_id", how="left", maintain_order="left")
        keep = (rows.y > 0.5) & by_itself(rows.matrix.rows)
        failed = (told["exit"] == PAYMENT_FAILURE).fill_null(value=False).to_numpy().astype(np.float64)[keep]
        terms = rows.matrix.rows["term_id"].filter(keep).rank("dense").cast(pl.Int64).to_numpy()
        return cls(rows.matrix.take(keep), failed, rows.members[keep], terms)

    def count(self) -> tuple[int, int]:
        """Decisions in which a payment failed, and the others."""
        failures = int(np.unique(self.decision[self.failed > 0.5]).size)
        return failures, int(np.unique(self.decision).size) - failures

    def take(self, keep: NDArray[np.bool_]) -> _Lapses:
        return _Lapses(self.matrix.take(keep), self.failed[keep], self.members[keep], self.decision[keep])


def learn_causes(lake: Lake, landmarks: Landmarks, found: pl.DataFrame, as_of: dt.date, *, seed: int) -> Causes:
    """Learn from all endings known on *as_of*.

    Args:
        lake: What was known when; only what was recorded before *as_of* is read.
        landmarks: Past days with their features.
        found: All decisions as known on *as_of*.
        as_of: The day.
        seed: Fixes every draw.
    """
    split, payment = _learn_split(lake, landmarks, as_of, seed)
    otherwise, usual, ends = _learn_otherwise(found, landmarks.terms, landmarks.rules, as_of)
    return Causes(split, otherwise, usual, {"payment": payment, "otherwise": ends})


def _learn_split(lake: Lake, landmarks: Landmarks, as_of: dt.date, seed: int) -> tuple[Split | None, dict[str, Any]]:
    """The way that foretold the newest of them better, taught by all; and what to say of it.

    What the older ones teach is read as it was known when the newest began.
    """
    known = _Lapses.known(lake, landmarks, as_of)
    failures, others = known.count()
    counts = {"failures": failures, "others": others, "way": None}
    if min(failures, others) < FLOOR:
        why = f"{failures} lapses by a failed payment and {others} others of members who renew by themselves are known"
        return None, counts | {"why": f"{why}; {FLOOR} of each are needed to tell them apart"}
    names = tuple(f.name for f in FEATURES if f.group in _SUBJECTS and f.name in known.matrix.names)
    since = _newest_since(known)
    older = _Lapses.known(lake, landmarks, since)
    newest = known.take((known.matrix.rows["ends"] >= since).to_numpy())
    if min(older.count()) < FLOOR // 2 or min(newest.count()) < FLOOR // 4:
        return Split(names, _counted(known, names), Calibrator()), counts | {
            "way": COUNTED,
            "why": "too few are known to compare it with another",
        }
    return _contested(known, older, newest, names, counts, seed)


def _newest_since(known: _Lapses) -> dt.date:
    ends: dt.date = known.matrix.rows.filter(known.failed > 0.5)["ends"].quantile(1 - _TESTED_ON, "lower")  # type: ignore[assignment]
    return ends


def _contested(
    known: _Lapses, older: _Lapses, newest: _Lapses, names: tuple[str, ...], counts: dict[str, Any], seed: int
) -> tuple[Split, dict[str, Any]]:
    weight = evenly(newest.decision)
    tried: dict[str, tuple[float, Calibrator, Floats]] = {}
    for way, fit in _WAYS.items():
        said = margin(fit(older, names, seed), newest.matrix, names)
        calibrator = fit_calibrator(said, newest.failed, weight)
        tried[way] = log_loss(sigmoid(said), newest.failed), calibrator, sigmoid(said)
    best = min(tried, key=lambda way: tried[way][0])
    _, calibrator, shares = tried[best]
    losses = ", ".join(f"{way} {loss:.4f}" for way, (loss, *_) in sorted(tried.items(), key=lambda one: one[1][0]))
    mean = float((weight * shares).sum() / weight.sum()), float((weight * newest.failed).sum() / weight.sum())
    told = {"way": best, "said": mean[0], "came": mean[1], "judged_on": int(np.unique(newest.decision).size),
            "why": f"lowest log loss on the newest lapses ({losses})"}  # fmt: skip
    return Split(names, _WAYS[best](known, names, seed), calibrator), counts | told


def _counted(known: _Lapses, names: tuple[str, ...], seed: int = 0) -> Counted:
    """Shares with shrinkage from the whole to the phase to the cell."""
    places = cells(columns(known.matrix, names), names)
    weight = evenly(known.decision)
    seen, failed = np.zeros((2, PHASES.size + 1)), np.zeros((2, PHASES.size + 1))
    np.add.at(seen, places, weight)
    np.add.at(failed, places, weight * known.failed)
    share = np.full(seen.shape, (failed.sum() + 1) / (seen.sum() + 4))
    for axes in ((0,), ()):
        n = seen.sum(axis=axes, keepdims=True) if axes else seen
        k = failed.sum(axis=axes, keepdims=True) if axes else failed
        share = (k + _STRENGTH * share) / (n + _STRENGTH)
    return Counted(np.broadcast_to(share, seen.shape).copy())


def _logistic(known: _Lapses, names: tuple[str, ...], seed: int) -> Logistic:
    return fit_logistic(columns(known.matrix, names), known.failed, known.members, seed=seed)


_WAYS: dict[str, Any] = {COUNTED: _counted, LOGISTIC: _logistic}


def _learn_otherwise(
    found: pl.DataFrame, terms: pl.DataFrame, rules: Membership, as_of: dt.date
) -> tuple[dict[str, float], float, dict[str, Any]]:
    """Yearly rates of death, merger and transfer by type, drawn toward the rate of all.

    A class counts once its whole grace is over by the end that was scheduled: who dies is known of sooner than who
    stays.
    """
    whole = scheduled(found, terms).filter(pl.col("scheduled") + pl.duration(days=pl.col("grace")) < as_of)
    lived = whole.with_columns(
        years=((pl.col("ends_on") - pl.col("starts_on")).dt.total_days() + 1).clip(1) / 365.25,
        gone=pl.col("outcome").is_in(list(COMPETING)),
    )
    ends = int(lived["gone"].sum())
    if ends < FLOOR:
        why = f"{ends} deaths, mergers and transfers are known; {FLOOR} are needed to tell their rate"
        return {}, 0.0, {"ends": ends, "yearly": None, "why": why}
    usual = ends / float(lived["years"].sum())
    by_type = lived.group_by("member_type").agg(pl.col("gone").sum(), pl.col("years").sum()).sort("member_type")
    # As much of the usual rate as FLOOR ends would show.
    behind = FLOOR / usual
    rates = {str(kind): float((gone + FLOOR) / (years + behind)) for kind, gone, years in by_type.iter_rows()}
    return rates, usual, {"ends": ends, "yearly": usual}
