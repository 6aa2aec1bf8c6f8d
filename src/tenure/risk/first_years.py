"""When a record begins; and first years of it of which only one kind of member is kept: who left, or who stayed.

An export of former members reaches back for years in which everybody in it lapsed; one of present members, for years in
which nobody did. What a model learns from either is wrong, and a rate over all years hides it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from tenure.membership import LAPSED

_TIMES = 4
"""By how much the odds of lapsing must surely be apart: rates of newcomers, of hard years and of a rise in dues differ
by less."""

_SURE = 2.58
"""Standard errors: 99 in 100."""

_ENOUGH = 50
"""Decided renewals in the years after the first ones, below which there is nothing to hold these against."""

_FEW_FIRST = 20

_HARDLY_ANY, _SANE = 0.05, 0.50
"""Where none but present members are kept hardly any lapse for good; and where it is most who did so since, it is those
years that are odd, as at the end of a record that stopped."""

_SHARE = 0.01
"""Of all decided renewals: fewer teach nothing, and records often begin with a handful of odd ones, such as first terms
that were cut to the end of the calendar year."""


_BEGUN = 0.05
"""Terms that begin in a year, of those in the fullest one, for the record to have begun."""


@dataclass(frozen=True)
class FirstYears:
    """Years at the beginning of a record that are unlike all others.

    Args:
        since, until: The first and the last of them.
        decisions: How many of their renewals are decided.
        rate: Share of these that lapsed; where they are too few (`is_few`), that lapsed for good.
        later: The same share of all later ones.
        is_few: Whether far fewer lapsed than later, not far more.
    """

    since: int
    until: int
    decisions: int
    rate: float
    later: float
    is_few: bool

    @property
    def stretch(self) -> str:
        """Those years in words, such as `from 2015 to 2017`."""
        return f"in {self.since}" if self.since == self.until else f"from {self.since} to {self.until}"


def record_begins(starts: pl.Series) -> dt.date:
    """The first day of a record, by the days on which terms began (one and more of them, no nulls).

    It is that of the first term in whose year there began some share of the terms of the fullest year: one that was
    entered for the sake of a member of thirty years begins no record.
    """
    ordered = starts.sort()
    in_its_year = ordered.search_sorted(ordered.dt.offset_by("1y"), side="left").to_numpy() - np.arange(len(ordered))
    first: dt.date = ordered[int(np.argmax(in_its_year >= _BEGUN * in_its_year.max()))]
    return first


def unlike_the_rest(decided: pl.DataFrame, terms: pl.DataFrame, as_of: dt.date) -> FirstYears | None:
    """The first years in which surely far more, or far fewer, renewals lapsed than in all later ones; None in most.

    Years are those in which a term was to end when it began: who resigns is decided earlier, so that by the day of
    leaving the first year on record, and the newest, would seem to lose everybody. Too many is more than half, and
    surely more than of the first renewals of later years: a young association has none but newcomers. Too few is told
    by lapses for good, after which no term of the member began: an export of present members has those too who once
    lapsed and came back.

    Args:
        decided: Renewals that renewed or lapsed, as `tenure.membership.decisions` gives.
        terms: All versions of all terms that are known.
        as_of: The day of the labels: terms count that were to end, with their grace, before it.
    """
    due = _to_end(decided, terms).filter(pl.col("to_end") + pl.duration(days=pl.col("grace")) < as_of)
    years = (
        due.group_by(pl.col("to_end").dt.year().alias("year"))
        .agg(
            pl.len().alias("n"),
            (pl.col("outcome") == LAPSED).sum().alias("lapsed"),
            ((pl.col("outcome") == LAPSED) & (pl.col("last_start") <= pl.col("ends_on"))).sum().alias("gone"),
            (pl.col("terms_in_spell") == 1).sum().alias("first"),
            ((pl.col("terms_in_spell") == 1) & (pl.col("outcome") == LAPSED)).sum().alias("first_lapsed"),
        )
        .sort("year")
    )
    found = [one for last in range(1, years.height) if (one := _split(years, last)) is not None]
    return max(found, key=lambda one: one[0])[1] if found else None


def _to_end(decided: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """With the day on which each term was to end, as first recorded, or where that tells of the leaving already, by how
    long terms of its type last."""
    begun = terms.sort("recorded_at").group_by("term_id").agg(pl.col("ends_on").first().alias("first_end"))
    known = decided.join(begun, on="term_id", how="left")
    left = pl.col("resigned") | pl.col("unpaid")
    lasts = (pl.col("ends_on") - pl.col("starts_on")).dt.total_days()
    last = terms.group_by("member").agg(pl.col("starts_on").max().alias("last_start"))
    usual = known.filter(~left).group_by("member_type").agg(lasts.median().alias("lasts"))
    whole = pl.col("starts_on") + pl.duration(days=pl.col("lasts").fill_null(0).cast(pl.Int64))
    first = pl.coalesce("first_end", "ends_on")
    to_end = pl.when(left).then(pl.max_horizontal(first, whole)).otherwise(first)
    joined = known.join(usual, on="member_type", how="left").join(last, on="member", how="left")
    return joined.with_columns(to_end=to_end)


def _split(years: pl.DataFrame, last: int) -> tuple[float, FirstYears] | None:
    """How much better two rates tell of the years before and after *last* than one does, if they are far apart."""
    here, after = (part.drop("year").sum().row(0, named=True) for part in (years[:last], years[last:]))
    n, rest = here["n"], after["n"]
    if rest < _ENOUGH or n < _SHARE * (n + rest):
        return None
    newcomers = _range(after["first_lapsed"], after["first"])[1] if after["first"] >= _FEW_FIRST else 0.0
    least = _range(here["lapsed"], n)[0]
    is_many = least > max(0.5, newcomers) and _odds(least) > _TIMES * _odds(_range(after["lapsed"], rest)[1])
    is_few = here["gone"] <= _HARDLY_ANY * n and after["gone"] <= _SANE * rest
    is_few = is_few and _TIMES * _odds(_range(here["gone"], n)[1]) < _odds(_range(after["gone"], rest)[0])
    if not is_many and not is_few:
        return None
    k, later = (part["gone" if is_few else "lapsed"] for part in (here, after))
    gain = _fit(k, n) + _fit(later, rest) - _fit(k + later, n + rest)
    since, until = years["year"][0], years["year"][last - 1]
    return gain, FirstYears(since, until, n, k / n, later / rest, is_few)


def _range(k: int, n: int) -> tuple[float, float]:
    """Wilson's interval of a share."""
    z = _SURE**2
    middle, half = (k + z / 2) / (n + z), _SURE * float(np.sqrt(k * (n - k) / n + z / 4)) / (n + z)
    return max(0.0, middle - half), min(1.0, middle + half)


def _odds(p: float) -> float:
    return p / (1 - p) if p < 1 else float("inf")


def _fit(k: int, n: int) -> float:
    """Log-likelihood of *k* of *n* by their own share."""
    p = k / n
    return float(sum(count * np.log(share) for count, share in ((k, p), (n - k, 1 - p)) if count))
