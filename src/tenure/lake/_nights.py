"""Scores on disk: one Parquet file a night, whole for the newest night and the last one of each month.

Of every other night lies there what differed the night after, column by column: the values that differed, by member; a
column that was recoded for everybody (what is usual for a type, the model's version) by the pairs of old and new. Ranks
follow from the probabilities and are not kept at all. So a year stays small where little
changes, the newest night reads as one file, and no night is more than a month of files away from a whole one. Each file
is replaced in one step, in an order in which every night can be read at any moment. What a page tells of a member's
nights lies beside them month by month as well (`tenure.lake._months`), and is made from them.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from tenure.base.errors import DamagedStore
from tenure.base.home import write_atomically
from tenure.lake._months import COLUMNS, Months, month_of
from tenure.lake._night_seals import NightSeals

_ROW_GROUP = 2_048  # sorted by member, so that one member's row is found without reading the night

_CHANGED, _THERE = "changed_columns", "there"
"""In a night that is kept by its differences: a bit for each column whose value it gives, and whether the member was
scored at all."""

_RECODED = "recoded"
"""The note of the file that says, for a column, what each value of the night after had been."""

_MOST_CODES = 200
_RESTORE = "take it from a backup: `tenure restore BACKUP --replace`; nights before it may be told by it"
_RANK, _RANKED = "risk_rank", "p_lapse_renewal"


Codes = dict[str, list[tuple[Any, Any]]]
"""For a column, pairs of the value of the night after and the value it had been."""


class Nights:
    """The folder of scored nights.

    Args:
        folder: Where the files lie; made when first written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._seals, self._months = folder, NightSeals(folder), Months(folder / "by-month")

    def write(self, as_of: dt.date, frame: pl.DataFrame) -> None:
        """Store the scores of one night, in place of what that night had."""
        whole = frame.with_columns(pl.lit(as_of).cast(pl.Date).alias("as_of")).sort("member")
        found = self.read(as_of)
        if found is not None and found.schema == whole.schema and found.equals(whole):
            return
        earlier = [day for day in self.dates() if day < as_of]
        # What was kept of the night before is so after it too, which is told otherwise then and says the same.
        standing = self._standing(month_of(as_of)) - {as_of}
        if earlier:
            self._keep_whole(earlier[-1])
        self._store(as_of, whole)
        for day in (as_of, *earlier[-1:]):
            self._keep_differences(day)
        self._gather(month_of(as_of), standing, {as_of: whole})
        self._gather_one_more()

    def dates(self) -> list[dt.date]:
        """The nights that have scores, oldest first."""
        return sorted(dt.date.fromisoformat(path.stem) for path in self._folder.glob("????-??-??.parquet"))

    def digests(self) -> dict[dt.date, str]:
        """By night, oldest first, the digest of what its file holds; empty for one that has none."""
        return {day: digest for nights in self._digests().values() for day, digest in nights.items()}

    def seal(self) -> None:
        """Note what the files hold that have no digest yet."""
        self._seals.seal([self._path(day) for day in self.dates()])

    def torn(self) -> list[Path]:
        """The files that do not hold what was written."""
        return self._seals.torn([self._path(day) for day in self.dates()])

    def read(self, as_of: dt.date | None = None) -> pl.DataFrame | None:
        """The scores of *as_of*, or of the latest night; None when there are none."""
        known = self.dates()
        day = as_of or (known[-1] if known else None)
        if day is None or day not in known:
            return None
        steps = []
        for later in known[known.index(day) :]:
            steps.append((later, self._read(later)))
            if _is_whole(steps[-1][1]):
                break
        _, answer = steps.pop()
        for earlier, differences in reversed(steps):
            answer = _before(answer, differences, self._recoded(earlier), earlier)
        return answer

    def history(self, member: int, *, is_whole: bool = True) -> pl.DataFrame:
        """Every night's scores of one *member* but for the rank, oldest first; without columns when there are none.

        Args:
            member: The pseudonym.
            is_whole: All that each night has; else the columns of `tenure.lake._months.COLUMNS`, in far less time.
        """
        if is_whole:
            nights = self._told_by_nights(member, self.dates())
            return pl.concat(nights, how="diagonal_relaxed") if nights else pl.DataFrame()
        found: list[pl.DataFrame] = []
        for month, digests in self._digests().items():
            kept = self._months.read(month, digests, member)
            found += [kept] if kept is not None else map(_shown, self._told_by_nights(member, list(digests)))
        found = [one for one in found if one.height]
        return pl.concat(found, how="diagonal_relaxed") if found else pl.DataFrame()

    def row(self, member: int, as_of: dt.date) -> dict[str, Any] | None:
        """What the night *as_of* said of one *member*, but for the rank; None when it said nothing."""
        steps: list[dt.date] = []
        for day in self.dates():
            if day >= as_of:
                steps.append(day)
                if _CHANGED not in self._read(day, member).columns:
                    break
        found = self._told_by_nights(member, steps) if steps[:1] == [as_of] else []
        first = found[0].row(0, named=True) if found else {}
        return first if first.get("as_of") == as_of else None

    def _told_by_nights(self, member: int, days: list[dt.date]) -> list[pl.DataFrame]:
        """The row of each of *days* that has one, oldest first; the last of them is a whole night."""
        nights: list[pl.DataFrame] = []
        row: dict[str, Any] | None = None
        kinds: dict[str, Any] = {}
        for day in reversed(days):
            found = self._read(day, member)
            if _is_whole(found):
                kinds = {name: kind for name, kind in found.schema.items() if name != _RANK}
                row = found.select(*kinds).row(0, named=True) if found.height else None
            else:
                row = _told(found, row, self._recoded(day))
            if row is not None:
                nights.append(pl.DataFrame([row | {"as_of": day}], schema=kinds))
        return nights[::-1]

    def erase(self, members: Collection[int]) -> int:
        """Take *members* out of every night; how many rows went. What is left reads as it did, but for the ranks."""
        removed = 0
        for month in sorted(self._months.known() | self._digests().keys()):
            nights = list(self._digests().get(month, ()))
            whole = set(nights) == self._standing(month)
            kept = self._months.rows(month, nights) if nights and whole else None
            # Whatever ends this half-way, the month is not there rather than with whom it must not have.
            self._months.drop(month)
            removed += sum(self._erase(day, members) for day in nights)
            if kept is not None:
                self._months.write(month, kept.filter(~pl.col("member").is_in(list(members))), self._digests()[month])
        return removed

    def _erase(self, day: dt.date, members: Collection[int]) -> int:
        night = self._read(day)
        rest = night.filter(~pl.col("member").is_in(list(members)))
        if rest.height < night.height:
            notes = None if _is_whole(night) else {_RECODED: json.dumps(self._recoded(day))}
            self._store(day, rest, notes)
        return night.height - rest.height

    def _digests(self) -> dict[str, dict[dt.date, str]]:
        """By month, its nights with the digest of each; empty for one that has none."""
        noted = self._seals.last()
        found: dict[str, dict[dt.date, str]] = {}
        for day in self.dates():
            found.setdefault(month_of(day), {})[day] = noted.get(self._path(day).name, "")
        return found

    def _standing(self, month: str) -> set[dt.date]:
        """The nights of *month* that its file has as they are."""
        return self._months.standing(month, {day: one for day, one in self._digests().get(month, {}).items() if one})

    def _gather(self, month: str, standing: set[dt.date], fresh: dict[dt.date, pl.DataFrame]) -> None:
        """Write the file of *month* anew: from what it has of *standing*, the *fresh* nights, and the others' files."""
        nights = list(self._digests()[month])
        kept = self._months.rows(month, standing) if standing else None
        given = standing if kept is not None else set()
        found = [kept] if kept is not None else []
        rest = [day for day in nights if day not in given]
        if rest:
            wholes = fresh if fresh.keys() >= set(rest) else dict(self._wholes(nights))
            found += [_shown(wholes[day], "member") for day in rest]
        self.seal()
        self._months.write(month, pl.concat(found, how="diagonal_relaxed"), self._digests()[month])

    def _gather_one_more(self) -> None:
        """Do the same for the last month that has no file or another's, as after an update or a restore."""
        for month, nights in reversed(self._digests().items()):
            if self._standing(month) != nights.keys():
                self._gather(month, set(), {})
                return

    def _wholes(self, nights: list[dt.date]) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """Each of *nights* with its scores, the newest first, which is a whole one."""
        after: pl.DataFrame | None = None
        for day in reversed(nights):
            found = self._read(day)
            after = found if after is None or _is_whole(found) else _before(after, found, self._recoded(day), day)
            yield day, after

    def _keep_whole(self, day: dt.date) -> None:
        whole = self.read(day)
        if whole is not None and not _is_whole(self._read(day)):
            self._store(day, whole)

    def _keep_differences(self, day: dt.date) -> None:
        """Put what differed the night after in place of a whole night, unless it is the last of its month."""
        later = [other for other in self.dates() if other > day]
        if not later or (later[0].year, later[0].month) != (day.year, day.month):
            return
        mine, after = self._read(day), self.read(later[0])
        if after is not None and mine.schema == after.schema:
            codes = _recoding(mine, after)
            self._store(day, _differences(mine, _with_codes(after, codes)), {_RECODED: json.dumps(codes)})

    def _store(self, day: dt.date, frame: pl.DataFrame, notes: dict[str, str] | None = None) -> None:
        body = io.BytesIO()
        frame.write_parquet(body, compression="zstd", row_group_size=_ROW_GROUP, metadata=notes)
        self._seals.expect(self._path(day), body.getvalue())
        write_atomically(self._path(day), body.getvalue())

    def _recoded(self, day: dt.date) -> Codes:
        codes: Codes = json.loads(pl.read_parquet_metadata(self._path(day)).get(_RECODED, "{}"))
        return codes

    def _read(self, day: dt.date, member: int | None = None) -> pl.DataFrame:
        path = self._path(day)
        try:
            scan = pl.scan_parquet(path, hive_partitioning=False)
            return (scan if member is None else scan.filter(pl.col("member") == member)).collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise DamagedStore(f"{path} cannot be read", mend=_RESTORE) from error

    def _path(self, as_of: dt.date) -> Path:
        return self._folder / f"{as_of.isoformat()}.parquet"


def _shown(night: pl.DataFrame, *more: str) -> pl.DataFrame:
    """Of *night* what is kept by month, and *more*."""
    return night.select(name for name in (*more, *COLUMNS) if name in night.columns)


def _is_whole(night: pl.DataFrame) -> bool:
    return _CHANGED not in night.columns


def _values(night: pl.DataFrame) -> list[str]:
    """The columns that are compared, in order; each has its bit."""
    return [name for name in night.columns if name not in ("member", "as_of", _CHANGED, _THERE)]


def _rank(night: pl.DataFrame) -> pl.Series:
    """Share of members with a lower probability."""
    return ((night[_RANKED].rank("min") - 1) / max(night.height, 1)).alias(_RANK)


def _has_its_rank(night: pl.DataFrame) -> bool:
    both = _RANK in night.columns and _RANKED in night.columns
    return both and night[_RANK].equals(_rank(night))


def _recoding(night: pl.DataFrame, after: pl.DataFrame) -> Codes:
    """For each column that differs for most, what its values had been for most who have them the night after."""
    names = [name for name in _values(night) if night.schema[name] in (pl.Float64, pl.Int64, pl.String)]
    both = night.join(after, on="member", suffix="_after")
    codes: Codes = {}
    for name in names:
        value, later = pl.col(name), pl.col(f"{name}_after")
        known = both.filter(value.is_not_null() & later.is_not_null())
        if known.select((value != later).sum()).item() * 2 < max(both.height, 1):
            continue
        if known[f"{name}_after"].n_unique() <= _MOST_CODES:
            usual = known.group_by(later).agg(value.mode().first()).sort(later)
            codes[name] = [(new, old) for new, old in usual.rows() if new != old]
    return codes


def _with_codes(after: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    recoded = [
        pl.col(name).replace(pl.Series([new for new, _ in pairs]), pl.Series([old for _, old in pairs]))
        for name, pairs in codes.items()
        if pairs
    ]
    return after.with_columns(recoded)


def _differences(night: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """What *night* had otherwise than the night after: values where they differ, and who was not yet or no longer."""
    names = [name for name in _values(night) if name != _RANK or not _has_its_rank(night)]
    both = night.select("member", *names).join(after.select("member", *names), on="member", how="left", suffix="_after")
    new = ~pl.col("member").is_in(after["member"].implode())
    differs = {name: new | pl.col(name).ne_missing(pl.col(f"{name}_after")) for name in names}
    bits = [differs[name].cast(pl.Int64) * (1 << place) for place, name in enumerate(names)]
    told = both.select(
        "member",
        *(pl.when(differs[name]).then(pl.col(name)).alias(name) for name in names),
        pl.sum_horizontal(bits).cast(pl.Int64).alias(_CHANGED),
        pl.lit(value=True).alias(_THERE),
    ).filter(pl.col(_CHANGED) != 0)
    gone = after.join(night, on="member", how="anti").select("member")
    marks = gone.with_columns(pl.lit(0, pl.Int64).alias(_CHANGED), pl.lit(value=False).alias(_THERE))
    return pl.concat([told, marks], how="diagonal").sort("member")


def _before(after: pl.DataFrame, differences: pl.DataFrame, codes: Codes, day: dt.date) -> pl.DataFrame:
    """The night of *day*, from the night after it and what differed."""
    names = _values(differences)
    both = _with_codes(after, codes).join(differences, on="member", how="full", coalesce=True, suffix="_before")
    bit = {name: pl.col(_CHANGED).fill_null(0) & (1 << place) != 0 for place, name in enumerate(names)}
    patched = both.filter(pl.col(_THERE).fill_null(value=True)).with_columns(
        *(pl.when(bit[name]).then(pl.col(f"{name}_before")).otherwise(pl.col(name)).alias(name) for name in names),
        pl.lit(day).cast(pl.Date).alias("as_of"),
    )
    answer = patched.select(after.columns).sort("member")
    ranked = _RANK in after.columns and _RANK not in names
    return answer.with_columns(_rank(answer)) if ranked else answer


def _told(found: pl.DataFrame, after: dict[str, Any] | None, codes: Codes) -> dict[str, Any] | None:
    """One member's row from that of the night after and what differed."""
    given = found.row(0, named=True) if found.height else {_THERE: after is not None, _CHANGED: 0}
    if not given[_THERE]:
        return None
    row = dict(after or {"member": given["member"]})
    for name, pairs in codes.items():
        row[name] = dict(pairs).get(row.get(name), row.get(name))
    own = {name: given[name] for place, name in enumerate(_values(found)) if given[_CHANGED] >> place & 1}
    return row | {name: value for name, value in own.items() if name != _RANK}
