"""The tables of the lake as data: the contract's tables with pseudonyms in place of ids."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

NOT_GIVEN = dt.datetime(1970, 1, 1)  # noqa: DTZ001 (the lake's instants are UTC without a zone)
"""`valid_from` of a member's version whose source gave none; such a version has `plain` set."""

TIMESTAMP = pl.Datetime("us")


@dataclass(frozen=True)
class Shape:
    """One table of the lake.

    Args:
        name: Its name, and that of its folder.
        columns: Name to type, in order. Instants are UTC without a zone.
        key: The columns that tell one row from another.
        order: The columns that rows are sorted by on disk.
        hidden: Kept from `Lake.connect()`, so that features cannot read it.
    """

    name: str
    columns: dict[str, pl.DataType]
    key: tuple[str, ...]
    order: tuple[str, ...]
    hidden: bool = False

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """*frame* with exactly these columns and types; a column that is not there is null."""
        return frame.select(
            (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
            for name, kind in self.columns.items()
        )

    def empty(self) -> pl.DataFrame:
        """No rows, all columns."""
        return pl.DataFrame(schema=self.columns)

    def sql_columns(self) -> str:
        """The columns as a list for SQL: names only."""
        return ", ".join(f'"{name}"' for name in self.columns)

    def sql_empty(self) -> str:
        """A SELECT without rows that has these columns and types."""
        nulls = ", ".join(f'NULL::{_SQL_TYPES[kind]} AS "{name}"' for name, kind in self.columns.items())
        return f"SELECT {nulls} WHERE false"


_SQL_TYPES: dict[pl.DataType, str] = {
    pl.Int64(): "BIGINT",
    pl.Int32(): "INTEGER",
    pl.String(): "VARCHAR",
    pl.Float64(): "DOUBLE",
    pl.Boolean(): "BOOLEAN",
    pl.Date(): "DATE",
    TIMESTAMP: "TIMESTAMP",
}

_TEXT, _DAY, _NUMBER, _FLAG, _MEMBER = pl.String(), pl.Date(), pl.Float64(), pl.Boolean(), pl.Int64()

MEMBERS = Shape(
    "members",
    {
        "member": _MEMBER,
        "valid_from": TIMESTAMP,
        "plain": _FLAG,
        "record_type": _TEXT,
        "organization": _MEMBER,
        "member_type": _TEXT,
        "join_date": _DAY,
        "chapter_id": _TEXT,
        "industry": _TEXT,
        "region": _TEXT,
        "country": _TEXT,
        "employer": _TEXT,
        "job_title": _TEXT,
        "profile_completeness": _NUMBER,
        "email_allowed": _FLAG,
        "sms_allowed": _FLAG,
        "phone_allowed": _FLAG,
        "objects_to_profiling": _FLAG,
        "deceased_on": _DAY,
    },
    key=("member", "valid_from"),
    order=("member", "valid_from"),
)

TERMS = Shape(
    "terms",
    {
        "term_id": _TEXT,
        "member": _MEMBER,
        "member_type": _TEXT,
        "starts_on": _DAY,
        "ends_on": _DAY,
        "dues": _NUMBER,
        "billed_on": _DAY,
        "due_on": _DAY,
        "paid_on": _DAY,
        "auto_renew": _FLAG,
        "installments": _FLAG,
        "ended_by": _TEXT,
        "recorded_at": TIMESTAMP,
    },
    key=("term_id", "recorded_at"),
    order=("member", "starts_on", "recorded_at", "term_id"),
)

ACTIVITY = Shape(
    "activity",
    {
        "activity_key": pl.Int64(),
        "member": _MEMBER,
        "kind": _TEXT,
        "occurred_at": TIMESTAMP,
        "recorded_at": TIMESTAMP,
        "value": _NUMBER,
        "ref": _TEXT,
        "chapter_id": _TEXT,
    },
    key=("activity_key",),
    order=("member", "occurred_at", "activity_key"),
)

PROGRAMS = Shape(
    "programs",
    {
        "ref": _TEXT,
        "kind": _TEXT,
        "title": _TEXT,
        "starts_at": TIMESTAMP,
        "chapter_id": _TEXT,
        "price": _NUMBER,
        "format": _TEXT,
    },
    key=("ref",),
    order=("ref",),
)

PROGRAM_CHANGES = Shape(
    "program_changes",
    {"changed_on": _DAY, "change": _TEXT, "scope": _TEXT},
    key=("changed_on", "change", "scope"),
    order=("changed_on", "change", "scope"),
)

ENTERED_CHANGES = Shape(
    "entered_changes",
    {
        "entry": pl.Int64(),
        "changed_on": _DAY,
        "scope": _TEXT,
        "entered_at": TIMESTAMP,
        "withdrawn_at": TIMESTAMP,
    },
    key=("entry",),
    order=("changed_on", "entry"),
)
"""What staff entered in the change ledger beside what the source lists; its words may name people and stay there."""

AUDIT_ATTRIBUTES = Shape(
    "audit_attributes",
    {"member": _MEMBER, "birth_year": pl.Int32(), "gender": _TEXT},
    key=("member",),
    order=("member",),
    hidden=True,
)

DEPARTURES = Shape(
    "departures",
    {"member": _MEMBER, "known_at": TIMESTAMP, "gone": _FLAG},
    key=("member", "known_at"),
    order=("member", "known_at"),
)
"""When it was seen that the source no longer has a member (`gone`), or has one again."""

SHAPES: dict[str, Shape] = {
    shape.name: shape
    for shape in (MEMBERS, TERMS, ACTIVITY, PROGRAMS, PROGRAM_CHANGES, ENTERED_CHANGES, AUDIT_ATTRIBUTES, DEPARTURES)
}
"""Every table of the lake by name."""
