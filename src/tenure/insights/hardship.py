"""Signs that money is short: payments that failed, installments missed, dues paid late against the member's own habit.

A sensitive guess about a person. It is made only where the association has written down what it is for
(`outreach.hardship_purpose`); it offers a payment plan and nothing else, is shown to staff alone, and is never a
feature of the risk model nor a fact of a draft.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.base.settings import Settings
from tenure.lake import Lake

YEAR = 365

_TROUBLES = """
SELECT a.member,
    count(DISTINCT occurred_at::DATE) FILTER (kind = 'plan_missed')::INTEGER AS missed,
    count(DISTINCT occurred_at::DATE) FILTER (kind = 'payment_failed')::INTEGER AS failed,
    max(occurred_at) FILTER (kind = 'payment_failed')::DATE AS failed_on,
    max(occurred_at) FILTER (kind = 'payment')::DATE AS paid_on,
    count(*) FILTER (kind = 'address_changed')::INTEGER AS moved,
    max(recorded_at)::DATE AS recorded_on
FROM activity a SEMI JOIN asked ON asked.member = a.member
WHERE kind IN ('plan_missed', 'payment_failed', 'payment', 'address_changed')
    AND occurred_at >= $year AND occurred_at < $as_of AND recorded_at < $as_of
GROUP BY a.member"""

_POINTS = {"missed": 2, "slipped": 1, "failed": 1, "open": 1, "late": 1, "moved": 1, "downturn": 1}
_ENOUGH = 2
"""Points from which hardship is said. One missed installment alone is a slip, one failed payment an expired card."""

SCHEMA = {"member": pl.Int64(), "points": pl.Int32(), "why": pl.String(), "hardship": pl.Boolean()}


def hardship_of(lake: Lake, settings: Settings, stood: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Which members' payments say that money is short, from what was recorded before *as_of*.

    Two points and more say so: 2 for installments missed on two days and more within a year, 1 for one; 1 each for
    payments that failed on two days and more, for a failed payment that none has followed, and for the running term
    paid in grace though most of those before were not; and, where `outreach.hardship_by_address` is on, 1 for a change
    of address; and 1 for an industry of which `outreach.hardship_industries` said before *as_of* that it does badly.

    Args:
        lake: Where activity lies.
        settings: The association's own; without a purpose the answer is empty.
        stood: As `tenure.membership.standing` returns, of the members asked about.
        as_of: The day, at its start.

    Returns:
        One line per member with any point, sorted: `member`, `points`, `why` (in words), `hardship`.
    """
    if not settings.outreach.hardship_purpose.strip() or stood.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    troubles = _troubles(lake, stood, as_of)
    known = stood.select("member", "paid", late=_late()).join(troubles, on="member", how="left")
    signs = known.join(_industries(lake, as_of), on="member", how="left").select(
        "member",
        missed=pl.col("missed").fill_null(0) > 1,
        slipped=pl.col("missed").fill_null(0) == 1,
        failed=pl.col("failed").fill_null(0) > 1,
        open=(pl.col("failed_on") > pl.max_horizontal("paid", "paid_on")).fill_null(value=False),
        late="late",
        moved=(pl.col("moved").fill_null(0) > 0) & settings.outreach.hardship_by_address,
        downturn=pl.col("industry").is_in(_doing_badly(settings, as_of)).fill_null(value=False),
    )  # fmt: skip
    points = pl.sum_horizontal(pl.col(sign) * worth for sign, worth in _POINTS.items()).cast(pl.Int32)
    said = [pl.when(sign).then(pl.lit(words)) for sign, words in _WORDS.items()]
    return (
        signs.with_columns(points=points, why=pl.concat_str(said, separator="; ", ignore_nulls=True))
        .filter(pl.col("points") > 0)
        .select("member", "points", "why", hardship=pl.col("points") >= _ENOUGH)
        .sort("member")
    )


_WORDS = {
    "missed": "missed installments on two days and more within a year",
    "slipped": "missed an installment within a year",
    "failed": "payments failed on two days and more within a year",
    "open": "the last payment failed and none has followed",
    "late": "paid this term in grace, as most before were not",
    "moved": "changed address within a year",
    "downturn": "works in an industry that does badly, as the association says",
}


def _doing_badly(settings: Settings, as_of: dt.date) -> list[str]:
    """Industries of which it was said before *as_of*, so that no past day knows of it too early."""
    return [name for name, since in settings.outreach.hardship_industries.items() if since < as_of]


def _industries(lake: Lake, as_of: dt.date) -> pl.DataFrame:
    """The industry of each member, as known at the start of *as_of*."""
    known = lake.members().filter(pl.col("valid_from") < dt.datetime.combine(as_of, dt.time()))
    return known.sort("valid_from").unique("member", keep="last").select("member", "industry")


def _late() -> pl.Expr:
    """The running term was paid in grace, and at most one in three of the spell's renewals were."""
    return ((pl.col("paid_early") < 0) & (pl.col("paid_in_grace") <= 1 / 3)).fill_null(value=False)


def _troubles(lake: Lake, stood: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    start = dt.datetime.combine(as_of, dt.time())
    with lake.connect() as connection:
        connection.register("asked", stood.select("member").to_arrow())
        bounds = {"as_of": start, "year": start - dt.timedelta(days=YEAR)}
        rows = connection.sql(_TROUBLES, params=bounds).to_arrow_table()
    return pl.DataFrame(pl.from_arrow(rows))
