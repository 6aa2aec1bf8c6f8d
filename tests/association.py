"""A small invented association with a known truth, written straight into a lake: for tests of features and risk.

Members log in, attend and post at a rate of their own, which fades in some; whether they renew depends on what they
did in the months before. Some rows become known late. It knows nothing of the sandbox and is much simpler.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tenure.lake import Lake

EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Invented:
    """What was made, and the truth behind it.

    Args:
        lake: Where it lies.
        first: First day of the history.
        last: First day after it.
        truth: One line per decision: `member`, `ends_on`, `p` (true probability of choosing not to renew, on the day it
            ends), `p_payment` (of choosing to, and having the card declined).
    """

    lake: Lake
    first: dt.date
    last: dt.date
    truth: pl.DataFrame


def invent(
    root: Path,
    *,
    members: int = 1500,
    years: float = 5,
    last: dt.date = dt.date(2025, 3, 1),
    seed: int = 3,
    failing: bool = False,
    recorded: dt.date | None = None,
) -> Invented:
    """Make an association of about *members* members at a time; with *failing*, half renew by themselves and some of
    their cards are declined, those more that were to run out. What they did is on record from *recorded* on."""
    rng = np.random.default_rng(seed)
    first = last - dt.timedelta(days=365 * years)
    begin, end = (first - EPOCH).days, (last - EPOCH).days
    people, terms, activity, truth = [], [], [], []
    for member in range(1, round(members * 2.0) + 1):
        join = begin + int(rng.integers(0, 365)) if member <= members else begin + int(rng.integers(365, end - begin))
        kind = str(rng.choice(["REG", "STU", "ORG"], p=[0.7, 0.2, 0.1]))
        keen = rng.normal(0.6 if kind != "STU" else 0.0, 0.8)
        people.append((member, join, kind, str(rng.choice(["NE", "SW", "MW"]))))
        start, number, auto = join, 0, bool(rng.random() < (0.5 if failing else 0.25))
        while start < end:
            stop = start + 364
            fading = rng.random() < 0.25
            level = np.exp(keen + rng.normal(0, 0.3))
            rates = np.full(12, level) * (np.linspace(1, 0.1, 12) if fading else 1.0)
            acts = rng.poisson(rates)
            days = np.concatenate(
                [start + 30 * m + rng.integers(0, 30, n) for m, n in enumerate(acts)] or [np.array([])]
            )
            kinds = rng.choice(
                ["login", "event_attended", "community_post", "resource_download"], days.size, p=[0.7, 0.1, 0.1, 0.1]
            )
            late = np.where(rng.random(days.size) < 0.1, rng.integers(1, 40, days.size), 0)
            activity += [(member, str(k), int(d), int(d + lag)) for k, d, lag in zip(kinds, days, late, strict=True)]
            recent = acts[-4:].sum()
            odds = (
                0.2
                - 0.55 * np.log1p(recent)
                - 0.35 * min(number, 4)
                - 1.0 * auto
                + 0.5 * (kind == "STU")
                + 0.4 * fading
            )
            p = 1 / (1 + np.exp(-odds))
            expiring = failing and auto and rng.random() < 0.35
            declined = (0.4 if expiring else 0.08) if failing and auto else 0.0
            if expiring:
                activity.append((member, "card_expiring", stop - 120, stop - 120))
            truth.append((member, stop, p, (1 - p) * declined))
            paid = start - int(rng.integers(0, 40)) if number else start
            terms.append((f"{member}-{number}", member, kind, start, stop, 100.0 + 50 * (kind == "ORG"), paid, auto))
            if rng.random() < p:
                break
            if declined and rng.random() < declined:
                activity += [(member, "payment_failed", stop + day, stop + day) for day in (-2, 3)]
                activity.append((member, "login", stop - 20, stop - 20))
                break
            start, number = stop + 1, number + 1
    if recorded is not None:
        activity = [row for row in activity if row[2] >= (recorded - EPOCH).days]
    lake = Lake.open(root)
    at = dt.datetime.combine(last, dt.time(), tzinfo=dt.UTC)
    with lake.batch(source="invented", at=at) as batch:
        batch.replace("members", _members(people))
        batch.replace("terms", _terms(terms, end))
        batch.replace("activity", _activity(activity, end))
        batch.commit()
    known = pl.DataFrame(truth, schema=["member", "ends_on", "p", "p_payment"], orient="row")
    return Invented(lake, first, last, known.with_columns(_day("ends_on")))


def _day(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Int32).cast(pl.Date)


def _instant(name: str, hour: int = 12) -> pl.Expr:
    return (_day(name).cast(pl.Datetime("us")) + pl.duration(hours=hour)).alias(name)


def _members(people: list[tuple[int, int, str, str]]) -> pl.DataFrame:
    frame = pl.DataFrame(people, schema=["member", "join_date", "member_type", "chapter_id"], orient="row")
    return frame.with_columns(
        _day("join_date"),
        valid_from=_instant("join_date", 0),
        plain=pl.lit(value=False),
        record_type=pl.when(pl.col("member_type") == "ORG")
        .then(pl.lit("organization"))
        .otherwise(pl.lit("individual")),
    )


def _terms(terms: list[tuple[object, ...]], end: int) -> pl.DataFrame:
    names = ["term_id", "member", "member_type", "starts_on", "ends_on", "dues", "paid_on", "auto_renew"]
    frame = pl.DataFrame(terms, schema=names, orient="row").filter(pl.col("paid_on") < end)
    return frame.with_columns(_day("starts_on"), _day("ends_on"), recorded_at=_instant("paid_on")).with_columns(
        _day("paid_on")
    )


def _activity(rows: list[tuple[int, str, int, int]], end: int) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["member", "kind", "occurred_at", "recorded_at"], orient="row")
    return frame.filter(pl.col("recorded_at") < end).with_columns(
        _instant("occurred_at", 9), _instant("recorded_at", 10), activity_key=pl.int_range(pl.len(), dtype=pl.Int64)
    )
