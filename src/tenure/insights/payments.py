"""What is on record of payments that could not be taken, and of what those members did."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.features.activity import SENT_OR_BILLED
from tenure.lake import Lake
from tenure.membership import TROUBLES

OWN = "own"
"""Stands for each kind of act of a member's own."""

SCHEMA = {
    "member": pl.Int64(), "kind": pl.String(), "occurred_at": pl.Datetime("us"), "recorded_at": pl.Datetime("us"),
}  # fmt: skip

_READ = """
WITH near AS (SELECT member, kind, occurred_at, recorded_at FROM ({activity}) WHERE recorded_at < $as_of),
told AS (SELECT * FROM near WHERE list_contains($troubles, kind))
SELECT * FROM told
UNION ALL
SELECT * FROM near WHERE kind = 'payment' AND member IN (SELECT member FROM told)
UNION ALL
SELECT member, $own, date_trunc('day', occurred_at), min(recorded_at) FROM near
WHERE list_contains($acts, kind) AND member IN (SELECT member FROM told) GROUP BY ALL
"""


def payments_on_record(lake: Lake, *, since: dt.date, as_of: dt.date) -> pl.DataFrame:
    """Payment troubles from *since* on, with payments and acts of those who had any, as recorded before *as_of*.

    Returns:
        `member`, `kind` (of `TROUBLES`, `payment`, or `OWN`, one row a day), `occurred_at` and `recorded_at` (UTC,
        naive; of acts the day, and when the first of it came on record).
    """
    acts = [kind for kind in lake.first_known() if kind not in SENT_OR_BILLED]
    asked = {"as_of": as_of, "troubles": [*TROUBLES], "acts": acts, "own": OWN}
    with lake.connect() as con:
        rows = con.sql(_READ.format(activity=lake.activity_between(since, as_of)), params=asked).to_arrow_table()
    return pl.DataFrame(rows, schema_overrides=SCHEMA).cast(SCHEMA)  # type: ignore[arg-type]
