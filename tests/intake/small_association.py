"""A small association as a folder of files, good to the letter unless a test spoils it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from tenure.base.home import Home
from tenure.base.settings import Intake, Settings, Source
from tenure.intake import FilesSource, SyncReport, sync
from tenure.lake import Lake

NOW = dt.datetime(2025, 3, 1, 4, tzinfo=dt.UTC)
TABLES = ("members", "terms", "activity", "programs", "program_changes", "contacts")


def tables(size: int = 100) -> dict[str, pl.DataFrame]:
    """Tables of the contract for *size* members with two terms and five activities each."""
    ids = [f"{i:05d}" for i in range(size)]
    members = pl.DataFrame(
        {
            "member_id": ids,
            "record_type": "individual",
            "member_type": ["REG" if i % 3 else "STU" for i in range(size)],
            "join_date": dt.date(2023, 1, 1),
            "chapter_id": ["N" if i % 2 else None for i in range(size)],
            "birth_year": [1950 + i % 50 for i in range(size)],
            "gender": "F",
            "profile_completeness": 0.5,
            "email_allowed": True,
        }
    )
    terms = pl.DataFrame(
        [
            {
                "term_id": f"{member}-{year}",
                "member_id": member,
                "member_type": "REG",
                "starts_on": dt.date(year, 1, 1),
                "ends_on": dt.date(year, 12, 31),
                "dues": 120.0,
                "paid_on": dt.date(year, 1, 1),
                "recorded_at": dt.datetime(year, 1, 1, 9),
            }
            for member in ids
            for year in (2023, 2024)
        ]
    )
    activity = pl.DataFrame(
        [
            {
                "activity_id": f"a{i}-{member}",
                "member_id": member,
                "kind": ("login", "page_view", "payment", "email_sent", "event_registered")[i],
                "occurred_at": dt.datetime(2024, 1 + i, 3, 10),
                "recorded_at": dt.datetime(2024, 1 + i, 3, 11),
                "value": 2.5 if i == 2 else None,
            }
            for member in ids
            for i in range(5)
        ]
    )
    programs = pl.DataFrame(
        {"ref": ["E1", "E2"], "kind": ["event", "event"], "title": ['A, "B"', "C"], "price": [1.0, None]}
    )
    changes = pl.DataFrame({"changed_on": [dt.date(2024, 6, 1)], "change": ["dues rise"], "scope": ["member_type=REG"]})
    contacts = pl.DataFrame({"member_id": ids, "first_name": "Ada", "email": [f"canary{i}@example.org" for i in ids]})
    return dict(zip(TABLES, (members, terms, activity, programs, changes, contacts), strict=True))


@dataclass
class Association:
    """A home and its folder of exports."""

    root: Path
    suffix: str = "csv"
    now: dt.datetime = NOW
    limits: Intake = field(default_factory=Intake)

    @property
    def home(self) -> Home:
        return Home(self.root / "home")

    @property
    def folder(self) -> Path:
        return self.root / "exports"

    @property
    def lake(self) -> Lake:
        return Lake.open(self.home.lake)

    def file(self, table: str) -> Path:
        """Where *table* is exported to."""
        return self.folder / f"{table}.{self.suffix}"

    def export(self, **given: pl.DataFrame) -> None:
        """Write tables of the contract into the folder."""
        self.folder.mkdir(exist_ok=True)
        for table, frame in given.items():
            if self.suffix == "csv":
                frame.write_csv(self.file(table), datetime_format="%Y-%m-%dT%H:%M:%SZ")
            else:
                frame.write_parquet(self.file(table))

    def sync(self) -> SyncReport:
        """One sync of the folder."""
        settings = Settings(source=Source(kind="files", path=str(self.folder)), intake=self.limits)
        return sync(self.home, settings, self.lake, clock=lambda: self.now, source=FilesSource(self.folder))


def spoil(frame: pl.DataFrame, column: str, value: object, rows: int) -> pl.DataFrame:
    """*frame* with *value* in the first so many rows of *column*; a text makes the column one of texts."""
    spoilt = pl.Series([True] * rows + [False] * (frame.height - rows))
    old = pl.col(column)
    if isinstance(value, str) and frame.schema[column] != pl.String:
        old = old.dt.to_string("iso") if frame.schema[column].is_temporal() else old.cast(pl.String)
    return frame.with_columns(pl.when(spoilt).then(pl.lit(value)).otherwise(old).alias(column))
