"""The lake as its readers see it."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import duckdb
import polars as pl

from tenure.base.errors import DamagedStore
from tenure.base.home import write_atomically
from tenure.lake import _activity
from tenure.lake._batch import Batch, read_frame
from tenure.lake._duck import another, connect, parquet
from tenure.lake._manifest import LiveFile, Manifest
from tenure.lake._nights import Nights
from tenure.lake._shape import SHAPES, Shape

_KEPT_QUARANTINES = 60


def _no_checkpoint(step: str) -> None:
    """What a batch tells of its steps, unheard."""


class Lake:
    """Everything that is known of an association's members, and since when.

    Every call reads the manifest anew, so a page that was opened before a night sees the new rows after it. A reader
    that holds a connection keeps what it had until one more batch has been written.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._nights = Nights(root / "scores")

    @classmethod
    def open(cls, root: Path) -> Lake:
        """The lake below *root*, which is made when missing.

        Raises:
            DamagedStore: The manifest is not ours, or a file that it names is not there.
        """
        root.mkdir(parents=True, exist_ok=True)
        lake = cls(root)
        missing = sum(not (root / path).is_file() for path in lake._manifest.paths())
        if missing:
            raise DamagedStore(
                f"{missing} files of the lake at {root} are missing",
                mend="restore them from a backup, or delete the folder: the next sync builds it again from the source",
            )
        return lake

    @property
    def _manifest(self) -> Manifest:
        return Manifest.load(self._root / "manifest.json")

    @property
    def version(self) -> int:
        """Counts the batches that changed a row; 0 is an empty lake."""
        return self._manifest.version

    @property
    def watermarks(self) -> dict[str, str]:
        """How far each feed was read."""
        return dict(self._manifest.watermarks)

    @property
    def log(self) -> list[dict[str, Any]]:
        """One entry per batch, oldest first: version, source, at, and per table the rows new, changed, removed."""
        return list(self._manifest.log)

    def snapshot(self) -> tuple[bytes, list[str]]:
        """For a copy: the text of the manifest, and the names of all files that belong to it, below the root.

        They stay as they are until one more batch but one is written.
        """
        path = self._root / "manifest.json"
        if not path.exists():
            return b"", []
        text = path.read_bytes()
        beside = [*(self._root / "scores").glob("????-??-??.parquet"), *(self._root / "quarantine").glob("[!.]*")]
        names = [file.relative_to(self._root).as_posix() for file in beside if file.is_file()]
        return text, sorted({*Manifest.parse(text, path).paths(), *names})

    def rows(self, table: str) -> int:
        """How many rows *table* has."""
        return self._manifest.rows(table)

    def is_empty(self, table: str) -> bool:
        """Whether *table* has no rows."""
        return self.rows(table) == 0

    def batch(self, *, source: str, at: dt.datetime, checkpoint: Callable[[str], None] = _no_checkpoint) -> Batch:
        """Begin a batch; use it in a `with` block and `commit()` it there.

        Args:
            source: Who gave the rows, for the log.
            at: The instant of the batch, timezone-aware.
            checkpoint: Told of each step of the commit; tests end the process in it.

        Raises:
            HeldBack: Another process is writing.
        """
        return Batch(self._root, source=source, at=at, checkpoint=checkpoint)

    def erase(self, members: Collection[int], *, at: dt.datetime) -> int:
        """Take *members* (pseudonyms) out of every table and every scored night; no file of before stays.

        Args:
            members: Whom.
            at: The instant, timezone-aware.

        Returns:
            How many rows of tables went, and scores of nights.

        Raises:
            HeldBack: Another process is writing.
        """
        with self.batch(source="erasure", at=at) as batch:
            removed = batch.without(members)
            batch.commit(keep_replaced=False)
        return removed + self._nights.erase(members)

    def set_objection(self, member: int, *, objects: bool | None, at: dt.datetime) -> int:
        """Let every version of *member* say whether they object to being profiled; how many were changed.

        It is said of the past too: no day that is looked at again shall show them.

        Raises:
            HeldBack: Another process is writing.
        """
        with self.batch(source="objection", at=at) as batch:
            said = pl.when(pl.col("member") == member).then(pl.lit(objects)).otherwise("objects_to_profiling")
            change = batch.replace("members", batch.current("members").with_columns(objects_to_profiling=said))
            batch.commit()
        return change.changed

    def members(self) -> pl.DataFrame:
        """All versions of all members; `plain` marks a version whose `valid_from` the source did not give."""
        return self._read("members")

    def terms(self) -> pl.DataFrame:
        """All versions of all terms. `term_id` is a keyed digest of the source's."""
        return self._read("terms")

    def programs(self) -> pl.DataFrame:
        """Events, courses, committees and benefits, one row per `ref`."""
        return self._read("programs")

    def program_changes(self) -> pl.DataFrame:
        """What the association changed, and when."""
        return self._read("program_changes")

    def entered_changes(self) -> pl.DataFrame:
        """What staff entered that the association changed: whom it concerns, and from when to when that was known."""
        return self._read("entered_changes")

    def audit_attributes(self) -> pl.DataFrame:
        """Birth year and gender by member, for fairness audits alone."""
        return self._read("audit_attributes")

    def departures(self) -> pl.DataFrame:
        """When it was seen that the source no longer had a member, or had one again: `member`, `known_at`, `gone`."""
        return self._read("departures")

    def departed(self, as_of: dt.date | None = None) -> list[int]:
        """Pseudonyms of members whom the source no longer had by the end of *as_of*; by the last sync without it."""
        rows = self._read("departures")
        if as_of is not None:
            rows = rows.filter(pl.col("known_at").dt.date() <= as_of)
        last = rows.sort("known_at").unique("member", keep="last", maintain_order=True)
        return sorted(last.filter("gone")["member"])

    def members_and_absences(self) -> pl.DataFrame:
        """All versions of all members, with when the source was last seen not to have them any more (`away_from`).

        `away_until` is when it was seen to have them again. UTC naive; null for never.
        """
        rows = self._read("departures").sort("member", "known_at")
        left = rows.filter("gone").group_by("member").agg(away_from=pl.col("known_at").last())
        back = rows.filter(~pl.col("gone")).group_by("member").agg(back=pl.col("known_at").last())
        away = left.join(back, on="member", how="left").with_columns(
            away_until=pl.when(pl.col("back") > pl.col("away_from")).then("back")
        )
        return self.members().join(away.drop("back"), on="member", how="left", maintain_order="left")

    def connect(self, *, ordered: bool = False) -> duckdb.DuckDBPyConnection:
        """A DuckDB in memory with a view of each table but the audit attributes; close it when done.

        The view of activity has `day_number` and `known_number` too: the day of each act, and the first day at whose
        end it had happened and was on record, counted from 1970-01-01.

        Make nothing in it that is not temporary: the views are shared with whoever else reads the same rows.

        Args:
            ordered: Rows come in the order in which they lie.
        """
        manifest = self._manifest
        files = tuple((shape.name, manifest.files(shape.name)) for shape in SHAPES.values() if not shape.hidden)
        # The folder may be another one: a change of the key of the pseudonyms puts one of the same names in its place.
        return another(_opened(self._root, self._root.stat().st_ino, files, ordered))

    def first_known(self) -> dict[str, dt.date]:
        """The first day on which anything of each kind of activity was on record, of anyone; reads no rows."""
        with self.connect() as connection:
            return _activity.first_known(connection, self.activity_files())

    def newest_record(self, until: dt.date, *, of_terms: bool = False) -> dt.date | None:
        """The day on which a term, an act or a change of a member, or with *of_terms* a term, was last recorded before
        the start of *until*; None where none was."""
        with self.connect() as connection:
            query = f"SELECT max(known)::DATE FROM ({_recorded(of_terms=of_terms)}) WHERE known < $1"
            found = connection.execute(query, [until]).fetchone()
        return found[0] if found else None

    def days_recorded(self, since: dt.date, until: dt.date, *, of_terms: bool = False) -> list[dt.date]:
        """The days from *since* to before *until* on which anything of that was recorded, in order."""
        query = f"""
            SELECT DISTINCT known::DATE AS day FROM ({_recorded(of_terms=of_terms)})
            WHERE known >= $1 AND known < $2 ORDER BY day"""
        with self.connect() as connection:
            return [day for (day,) in connection.execute(query, [since, until]).fetchall()]

    def activity_files(self) -> list[Path]:
        """The Parquet files of activity, one per month, oldest first; each sorted by member, then time."""
        return [self._root / file.path for file in self._manifest.files("activity")]

    def rows_between(self, first: dt.date, last: dt.date) -> int:
        """How many rows of activity the months from that of *first* to that of *last* have."""
        return sum(file.rows for file in self._months_between(first, last))

    def activity_between(self, first: dt.date, last: dt.date) -> str:
        """A SELECT of the rows of those months, with the columns of the view of activity; opens no other files."""
        return _activity.view(self._root, self._months_between(first, last))

    def _months_between(self, first: dt.date, last: dt.date) -> tuple[LiveFile, ...]:
        months = f"{first:%Y-%m}", f"{last:%Y-%m}"
        return tuple(file for file in self._manifest.files("activity") if months[0] <= file.part <= months[1])

    def timeline(
        self,
        member: int,
        before: dt.datetime | dt.date | None = None,
        limit: int = 50,
        kinds: Iterable[str] | None = None,
    ) -> pl.DataFrame:
        """What a *member* did, newest first.

        Args:
            member: The pseudonym.
            before: Only what occurred before this instant (UTC) or the start of this day.
            limit: At most so many rows.
            kinds: Only these kinds.

        Returns:
            The columns of activity.
        """
        wanted, found = sorted(kinds or ()), 0
        frames: list[pl.DataFrame] = []
        until = _naive(before)
        for path in self._months_until(until):
            scan = pl.scan_parquet(path, hive_partitioning=False).filter(pl.col("member") == member)
            scan = scan.filter(pl.col("occurred_at") < until) if until else scan
            scan = scan.filter(pl.col("kind").is_in(wanted)) if wanted else scan
            frames.append(scan.select(list(SHAPES["activity"].columns)).collect())
            found += frames[-1].height
            if found >= limit:
                break
        rows = pl.concat([SHAPES["activity"].empty(), *frames])
        return rows.sort("occurred_at", "activity_key", descending=True).head(limit)

    def acts_since(
        self, member: int | Collection[int], since: dt.date, *, columns: Collection[str] | None = None
    ) -> pl.DataFrame:
        """What *member*, or several, did from the start of the day *since* on, newest first: all *columns* of activity,
        or some; few others are read.

        One look at all months at once; for a member's page, where opening a DuckDB would take longer than reading.
        """
        months = f"{since:%Y-%m}"
        files = [self._root / file.path for file in self._manifest.files("activity") if file.part >= months]
        shape, order = SHAPES["activity"], ["occurred_at", "activity_key"]
        wanted = list(columns or shape.columns)
        if not files:
            return shape.empty().select(wanted)
        theirs = pl.col("member") == member if isinstance(member, int) else pl.col("member").is_in(list(member))
        scan = pl.scan_parquet(files, hive_partitioning=False, schema=shape.columns, extra_columns="ignore").filter(
            theirs & (pl.col("occurred_at") >= _naive(since))
        )
        if columns is None:
            return shape.conform(scan.collect()).sort(order, descending=True)
        return scan.select(*{*wanted, *order}).collect().sort(order, descending=True).select(wanted)

    def versions_of(
        self, table: Literal["members", "terms"], *members: int, columns: Collection[str] | None = None
    ) -> pl.DataFrame:
        """All versions of the rows of one of *members* or several, with all *columns* or some; no others are read."""
        mine = pl.col("member").is_in(members) if members[1:] else pl.col("member") == members[0]
        return self._where(table, mine, columns)

    def people_of(self, organization: int) -> list[int]:
        """Members whose newest row names *organization*, by pseudonym."""
        return sorted(self._newest().filter(pl.col("organization") == organization)["member"])

    def once_people_of(self, organization: int) -> list[int]:
        """Members of whom any row, also one of old, names *organization*, by pseudonym."""
        return sorted(self._where("members", pl.col("organization") == organization, ["member"])["member"].unique())

    def employers_of(self, members: Collection[int]) -> dict[int, str]:
        """Where each of *members* works, by their newest row; who names no employer is left out."""
        rows = self._newest().filter(pl.col("member").is_in(list(members)) & (pl.col("employer") != ""))
        return dict(rows.select("member", "employer").iter_rows())

    def _newest(self) -> pl.DataFrame:
        return _newest(self._root, self._root.stat().st_ino, self._manifest.files("members"))

    def write_scores(self, as_of: dt.date, frame: pl.DataFrame) -> None:
        """Store the scores of the night *as_of*, in place of what it had, sorted by `member`, which must be there."""
        self._nights.write(as_of, frame)

    def scores(self, as_of: dt.date | None = None) -> pl.DataFrame | None:
        """The scores of *as_of*, or of the latest night; None when there are none."""
        return self._nights.read(as_of)

    def score_dates(self) -> list[dt.date]:
        """The nights that have scores, oldest first."""
        return self._nights.dates()

    def score_digests(self) -> dict[dt.date, str]:
        """The nights that have scores, oldest first, each with the digest of its file; empty for one that has none."""
        return self._nights.digests()

    def seal_scores(self) -> None:
        """Note what the files of scored nights hold, where that is not noted yet; a night that is stored notes it."""
        self._nights.seal()

    def torn_scores(self) -> list[Path]:
        """The files of scored nights that do not hold what was stored.

        Raises:
            DamagedStore: The note of it is damaged.
        """
        return self._nights.torn()

    def score_history(self, member: int) -> pl.DataFrame:
        """Every night's scores of one member, oldest first; without columns when there are none."""
        return self._nights.history(member)

    def score_course(self, member: int) -> pl.DataFrame:
        """The same in short and far sooner: `as_of`, `risk_score`, `band` and chances, as far as nights have them."""
        return self._nights.history(member, is_whole=False)

    def score_of(self, member: int, as_of: dt.date) -> dict[str, Any] | None:
        """One member's score of one night, but for the rank; None where that night has none."""
        return self._nights.row(member, as_of)

    def write_quarantine(self, at: dt.datetime, frame: pl.DataFrame) -> Path | None:
        """Keep which rows were set aside and why (`table`, `row`, `column`, `reason`); the last sixty are kept."""
        if frame.is_empty():
            return None
        folder, body = self._root / "quarantine", io.BytesIO()
        frame.write_parquet(body, compression="zstd")
        path = folder / f"{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}.parquet"
        write_atomically(path, body.getvalue())
        for old in sorted(folder.glob("*.parquet"))[:-_KEPT_QUARANTINES]:
            old.unlink(missing_ok=True)
        return path

    def _read(self, table: str) -> pl.DataFrame:
        return read_frame(self._root, SHAPES[table], self._manifest.files(table))

    def _where(self, table: str, condition: pl.Expr, columns: Collection[str] | None = None) -> pl.DataFrame:
        """The rows of *table* of which *condition* holds; of them *columns*, or all."""
        shape = SHAPES[table]
        wanted = list(columns or shape.columns)
        frames = [
            pl.scan_parquet(
                self._root / file.path, hive_partitioning=False, schema=shape.columns, missing_columns="insert",
                extra_columns="ignore",
            ).filter(condition).select(wanted).collect()
            for file in self._manifest.files(table)
        ]  # fmt: skip
        return pl.concat(frames) if frames else shape.empty().select(wanted)

    def _months_until(self, until: dt.datetime | None) -> list[Path]:
        files = sorted(self._manifest.files("activity"), key=lambda file: file.part, reverse=True)
        return [self._root / file.path for file in files if until is None or file.part <= f"{until:%Y-%m}"]


def _recorded(*, of_terms: bool) -> str:
    """A SELECT of `known`: when each term was recorded, and unless *of_terms* each act and change of a member. What a
    plain export says of members has no time of its own."""
    terms = "SELECT recorded_at AS known FROM terms"
    others = "SELECT recorded_at FROM activity UNION ALL SELECT valid_from FROM members WHERE NOT plain"
    return terms if of_terms else f"{terms} UNION ALL {others}"


def _naive(moment: dt.datetime | dt.date | None) -> dt.datetime | None:
    if isinstance(moment, dt.datetime):
        return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return dt.datetime(moment.year, moment.month, moment.day) if moment else None  # noqa: DTZ001


@lru_cache(maxsize=4)
def _opened(
    root: Path, folder: int, files: tuple[tuple[str, tuple[LiveFile, ...]], ...], ordered: bool
) -> duckdb.DuckDBPyConnection:
    """A database with a view of each table in *files*, which are named from *root*: nothing but names is kept in it."""
    connection = connect(spill=root / "spill", ordered=ordered)
    for name, live in files:
        connection.execute(f"CREATE VIEW {name} AS {_rows_of(root, SHAPES[name], live)}")
    return connection


@lru_cache(maxsize=1)
def _newest(root: Path, folder: int, files: tuple[LiveFile, ...]) -> pl.DataFrame:
    """Of every member's newest row in *files*: `member`, `organization`, `employer`.

    Pages ask for those of a few members at a time, whom no order of the rows brings together. They are some 40 bytes a
    member, so all are kept until a batch changes one.
    """
    rows = read_frame(root, SHAPES["members"], files).select("member", "organization", "employer", "valid_from")
    return rows.sort("valid_from").unique("member", keep="last", maintain_order=True).drop("valid_from")


def _rows_of(root: Path, shape: Shape, files: tuple[LiveFile, ...]) -> str:
    if shape.name == "activity":
        return _activity.view(root, files)
    rows = parquet(root / file.path for file in files)
    return f"SELECT {shape.sql_columns()} FROM {rows}" if files else shape.sql_empty()
