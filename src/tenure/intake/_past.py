"""A past for records that iMIS overwrites: versions rebuilt from its log of changes, backward from today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from tenure.lake import NOT_GIVEN

SLOW = frozenset(
    ("member_id", "record_type", "organization_id", "join_date", "chapter_id", "industry", "region", "country")
)
"""Columns whose value of today may stand for the past where no log tells it."""

ONCE = ("birth_year", "gender")
"""Columns that are no part of a version."""


def rebuild(members: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Every version of every member.

    Args:
        members: Today's rows, all text: columns of the contract, `valid_from` the last change of the record.
        changes: `member_id`, `at` (text, comparable), `column` (of the contract), `old` (text or null).

    Returns:
        The columns of *members*: a first version from 1970 on, one from each logged change on, and today's. A field
        that is logged says in each what it said then; one that is not, and that may follow the outcome, is null
        before today's version.
    """
    logged = changes.join(members.select("member_id"), on="member_id", how="semi").sort("member_id", "at")
    starts = pl.concat(
        [
            members.select("member_id", at=pl.lit(NOT_GIVEN.isoformat())),
            logged.select("member_id", "at"),
            members.select("member_id", at="valid_from"),
        ]
    )
    points = starts.unique().sort("member_id", "at")
    versions = points.join(members.drop("valid_from"), on="member_id", how="left").with_columns(
        today=pl.col("at") == pl.col("at").max().over("member_id")
    )
    told = set(logged["column"].unique())
    for column in members.columns:
        if column in told:
            versions = _as_it_was(versions, logged.filter(pl.col("column") == column), column)
        elif column not in SLOW and column not in ONCE and column != "valid_from":
            versions = versions.with_columns(pl.when("today").then(column).alias(column))
    return versions.rename({"at": "valid_from"}).select(members.columns)


def _as_it_was(versions: pl.DataFrame, log: pl.DataFrame, column: str) -> pl.DataFrame:
    """*versions* with *column* as the next change after each version's start says it was before."""
    changed = log.select("member_id", pl.col("at").alias("changed_at"), pl.col("old"))
    # Which change comes next: the count of changes up to a version's start is the place of the one after it.
    numbered = changed.with_columns(place=pl.int_range(pl.len()).over("member_id"))
    so_far = (
        versions.select("member_id", "at")
        .join(changed.select("member_id", "changed_at"), on="member_id")
        .filter(pl.col("changed_at") <= pl.col("at"))
        .group_by("member_id", "at")
        .len("place")
    )
    return (
        versions.join(so_far, on=["member_id", "at"], how="left")
        .with_columns(pl.col("place").fill_null(0).cast(pl.Int64))
        .join(numbered.select("member_id", "place", "old", "changed_at"), on=["member_id", "place"], how="left")
        .with_columns(pl.when(pl.col("changed_at").is_not_null()).then("old").otherwise(column).alias(column))
        .drop("place", "old", "changed_at")
        .sort("member_id", "at")
    )


def single_changes(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Entries of the change log, one row for each property that was changed; other rows as they are."""
    rows: list[dict[str, Any]] = []
    for entry in entries:
        changed = entry.get("Properties")
        if not isinstance(changed, list):
            rows.append(dict(entry))
            continue
        head = {name: value for name, value in entry.items() if name != "Properties"}
        rows += [{**head, **one} for one in changed if isinstance(one, dict)]
    return rows
