"""An invented log of five years in a lake of its own, as large as asked for: few very active members, many quiet ones.

Activity follows a Zipf-like law over members, eight kinds of event differ in how often they come, a hundredth of the
events are recorded late. Yearly terms go with them. No membership in it means anything; it is there for its size.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from tenure.lake import Lake, Sql

LAST = dt.date(2026, 11, 1)
AT = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
_DAYS = 1826
_FIRST = np.datetime64("2021-11-01", "us")
MEAN = {
    "login": 48, "event_attended": 7, "email_sent": 80, "email_opened": 32, "email_clicked": 8, "payment": 6,
    "committee_meeting": 3, "resource_download": 16,
}  # fmt: skip
"""Events a member, by kind: 200 in all."""


def pseudonyms(members: int) -> np.ndarray:
    return np.sort(np.random.default_rng(11).choice(2**62, members, replace=False))


def event_lake(root: Path, members: int) -> Lake:
    """A lake of *members* with 200 events each, made if it is not there."""
    lake = Lake.open(root)
    if lake.rows("activity"):
        return lake
    rng = np.random.default_rng(7)
    began = np.maximum(rng.uniform(-0.8, 0.95, members), 0) * _DAYS
    stays = np.minimum(rng.exponential(4.5 * 365, members) + 60, _DAYS - began)
    staging = root / "invented.parquet"
    _events(rng, began, stays).write_parquet(staging)
    with lake.batch(source="benchmark", at=AT) as batch:
        batch.replace("members", _members(began))
        batch.replace("terms", _terms(began, stays))
        batch.connection.execute(f"CREATE TABLE invented AS SELECT * FROM '{staging}' ORDER BY occurred_at")
        batch.replace("activity", Sql("SELECT (hash(rowid) >> 2)::BIGINT AS activity_key, * FROM invented"))
        batch.commit()
    staging.unlink()
    return lake


def _events(rng: np.random.Generator, began: np.ndarray, stays: np.ndarray) -> pl.DataFrame:
    n = began.size
    active = (rng.permutation(n) + 1.0) ** -0.6
    active /= active.mean()
    long = stays / stays.mean()
    frames = []
    for kind, mean in MEAN.items():
        own = np.sqrt(active) if kind in ("event_attended", "email_opened", "payment") else active
        weight = long if kind == "email_sent" else long * own * (0.3 + 0.7 * rng.gamma(1.2, 1 / 1.2, n))
        who = np.repeat(np.arange(n), rng.poisson(mean * weight / weight.mean()))
        day = np.floor(began[who] + rng.random(who.size) * stays[who])
        second = (np.clip(rng.normal(13.5, 4, who.size), 0, 23.99) * 3600).astype(np.int64)
        at = _FIRST + day.astype("timedelta64[D]") + second.astype("timedelta64[s]")
        late = np.where(rng.random(who.size) < 0.01, rng.integers(1, 60, who.size), 0).astype("timedelta64[D]")
        frames.append(pl.DataFrame({
            "member": pseudonyms(n)[who], "kind": pl.repeat(kind, who.size, eager=True), "occurred_at": at,
            "recorded_at": at + late,
            "value": rng.lognormal(4.6, 0.8, who.size).round(2) if kind in ("payment", "login") else None,
            "ref": None, "chapter_id": pl.repeat("C1", who.size, eager=True) if kind == "committee_meeting" else None,
        }, schema_overrides={"value": pl.Float64, "ref": pl.String, "chapter_id": pl.String}))  # fmt: skip
    return pl.concat(frames)


def _members(began: np.ndarray) -> pl.DataFrame:
    n = began.size
    joined = (_FIRST + began.astype("timedelta64[D]")).astype("datetime64[us]")
    kinds = np.array(["REG", "STU", "RET", "ORG"])[np.arange(n) % 4]
    frame = pl.DataFrame({"member": pseudonyms(n), "valid_from": joined, "member_type": kinds})
    return frame.with_columns(
        join_date=pl.col("valid_from").dt.date(), record_type=pl.lit("individual"), plain=pl.lit(value=False),
        chapter_id=pl.lit("C1"), organization=pl.lit(None, pl.Int64),
    )  # fmt: skip


def _terms(began: np.ndarray, stays: np.ndarray) -> pl.DataFrame:
    """Yearly terms from each member's first day on, paid on time, for as long as the member stays."""
    years = (stays // 365).astype(int) + 1
    who = np.repeat(np.arange(began.size), years)
    number = np.arange(who.size) - np.repeat(np.cumsum(years) - years, years)
    starts = (_FIRST + (began[who].astype(int) + 365 * number).astype("timedelta64[D]")).astype("datetime64[D]")
    frame = pl.DataFrame({"member": pseudonyms(began.size)[who], "term_id": np.arange(who.size), "starts_on": starts})
    return frame.with_columns(
        pl.col("term_id").cast(pl.String), ends_on=pl.col("starts_on") + pl.duration(days=364),
        paid_on=pl.col("starts_on"), recorded_at=pl.col("starts_on").cast(pl.Datetime("us")), dues=pl.lit(120.0),
        member_type=pl.lit("REG"), auto_renew=pl.lit(value=False), installments=pl.lit(value=False),
    ).filter(pl.col("starts_on") <= LAST)  # fmt: skip
