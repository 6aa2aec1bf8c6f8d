"""Situations written down row by row, for tests of playbooks."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from tenure.outreach.situation import COLUMNS

NIGHT = dt.date(2026, 3, 1)

_USUAL: dict[str, Any] = {
    "as_of": NIGHT,
    "record_type": "individual",
    "member_type": "REG",
    "stage": "before",
    "is_new": False,
    "tenure_days": 900,
    "days_to_renewal": 42,
    "auto_renew": False,
    "dues": 200.0,
    "lifetime_value": 1_000.0,
    "top_value": False,
    "band": "medium",
    "band_before": "medium",
    "risk_score": 30,
    "p_lapse_renewal": 0.30,
    "reason": "not clear",
    "chapter_drift": False,
    "hardship": False,
    "displaced": False,
    "active_weeks_90": 3,
}


def situation(*rows: dict[str, Any]) -> pl.DataFrame:
    """One row per member, numbered from 1; what a row leaves out is as usual, or unknown."""
    full = []
    for number, row in enumerate(rows, start=1):
        one = {"member": number, **_USUAL, **row}
        due = one["as_of"] + dt.timedelta(days=one["days_to_renewal"]) if one["days_to_renewal"] is not None else None
        full.append({"renewal_due_on": due, **one})
    return pl.DataFrame(full, schema={name: kind for name, (kind, _) in COLUMNS.items()})
