"""Random histories of a few members, written into a lake, for properties of features and terms."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
from hypothesis import strategies as st

from tenure.base.settings import Membership
from tenure.features import FEATURES, Feature, FeatureMatrix, build
from tenure.lake import Lake
from tenure.membership import standing
from tenure.membership.contract import KINDS

AT = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
RULES = Membership()
ACTS = ["login", "login", "login", "event_attended", "community_post", "email_clicked", "payment", *KINDS]


def acts(members: tuple[int, ...]) -> st.SearchStrategy[list[dict[str, object]]]:
    """Things done on some days, most known at once and some late."""

    def finish(row: dict) -> dict[str, object]:
        occurred = dt.datetime(2021, 1, 1) + dt.timedelta(days=row.pop("on"), hours=9)
        return row | {"occurred_at": occurred, "recorded_at": occurred + dt.timedelta(days=row.pop("late"))}

    row = st.fixed_dictionaries({
        "member": st.sampled_from(members), "kind": st.sampled_from(ACTS), "on": st.integers(0, 1450),
        "late": st.sampled_from([0, 0, 0, 1, 30, 400]), "value": st.sampled_from([None, 0.5, 30.0]),
        "chapter_id": st.sampled_from([None, "north"]), "ref": st.sampled_from([None, "DINNER", "CONGRESS"]),
    }).map(finish)  # fmt: skip
    return st.lists(row, max_size=60)


def write(root: Path, **tables: list[dict]) -> Lake:
    """A lake of *tables*."""
    lake = Lake.open(root)
    with lake.batch(source="test", at=AT) as batch:
        for table, rows in tables.items():
            keyed = [r | {"activity_key": place} for place, r in enumerate(rows)] if table == "activity" else rows
            if keyed:
                batch.replace(table, pl.DataFrame(keyed, infer_schema_length=None))
        batch.commit()
    return lake


def person(member: int, **given: object) -> dict[str, object]:
    """One version of a member."""
    return {
        "member": member, "valid_from": dt.datetime(2019, 1, 1), "plain": False, "record_type": "individual",
        "organization": None, "member_type": "REG", "join_date": dt.date(2019, 1, 1),
    } | given  # fmt: skip


def term(member: int, starts: dt.date, ends: dt.date, **given: object) -> dict[str, object]:
    """One term, paid and recorded on its first day."""
    at = dt.datetime.combine(starts, dt.time())
    return {
        "term_id": f"{member}-{starts}", "member": member, "member_type": "REG", "starts_on": starts, "ends_on": ends,
        "dues": 100.0, "paid_on": starts, "recorded_at": at,
    } | given  # fmt: skip


def years(member: int, first: int, last: int) -> list[dict[str, object]]:
    """A term for each calendar year."""
    return [term(member, dt.date(year, 1, 1), dt.date(year, 12, 31)) for year in range(first, last + 1)]


def features_of(
    lake: Lake,
    asked: list[tuple[int, dt.date]],
    features: tuple[Feature, ...] = FEATURES,
    rules: Membership = RULES,
) -> FeatureMatrix:
    """The features of these members on these days."""
    rows = pl.DataFrame(
        {"row": range(len(asked)), "member": [m for m, _ in asked], "as_of": [d for _, d in asked]},
        schema={"row": pl.UInt32, "member": pl.Int64, "as_of": pl.Date},
    )
    return build(lake, standing(lake.terms(), lake.members(), rows, rules), rules, features=features)
