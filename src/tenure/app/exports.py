"""Scores and past decisions as files, with the source's own ids and the contract's columns and types."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from tenure.app.house import House
from tenure.app.models import manifest_for, version_named
from tenure.base.errors import DamagedStore, TenureError, UsageError
from tenure.base.spreadsheets import CUT, FORMULA, KEPT_WHOLE
from tenure.membership.contract import DECISION_COLUMNS, SCORE_COLUMNS, ColumnType

FORMATS = (".parquet", ".csv")

_TYPES: dict[ColumnType, pl.DataType] = {
    "string": pl.String(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us", "UTC"),
    "double": pl.Float64(),
    "int": pl.Int64(),
    "bool": pl.Boolean(),
}


def scores(house: House, as_of: dt.date | None = None, *, causes: bool = False) -> pl.DataFrame:
    """The scores of the night *as_of*, or of the night run last, in the contract's form, by falling risk.

    Args:
        house: The association's.
        as_of: Which night.
        causes: With `tenure.risk.causes.COLUMNS` at the end: what of each chance is a failed payment.

    Raises:
        TenureError: That night has no scores.
    """
    frame = house.lake.scores(as_of or _night_run_last(house))
    if frame is None:
        raise TenureError(
            f"there are no scores of {as_of}" if as_of else "there are no scores yet",
            mend=_nights(house) if as_of else f"run `tenure run --home {house.home.root}`",
        )
    ordered = with_member_ids(house, frame).sort(["p_lapse_renewal", "member_id"], descending=[True, False])
    if not causes:
        return _shaped(ordered, SCORE_COLUMNS)
    from tenure.risk.causes import COLUMNS, with_causes

    return _shaped(with_causes(ordered), (*SCORE_COLUMNS, *((name, "double") for name in COLUMNS)))


def _night_run_last(house: House) -> dt.date | None:
    """The day of the night that was run last, which is not the latest day after a night of the past was made again."""
    house.open_ledger()
    from tenure.ledger.models import RunStep

    step = RunStep.objects.filter(name="score", state__in=("done", "unchanged")).order_by("-id").first()
    return step.run.as_of if step is not None and step.run.as_of in house.lake.score_dates() else None


def decisions(house: House, version: str | None = None) -> pl.DataFrame:
    """The out-of-time predictions behind a model's back-test, in the contract's form, by member and day.

    Without a *version*, those of the model that served the night run last.

    Raises:
        TenureError: There is no model, or none of that *version*.
    """
    night = None if version else _night_run_last(house)
    served = manifest_for(house, night) if night else None
    found = (served or version_named(house, version))["version"]
    frame = with_member_ids(house, house.registry.decisions(found)).sort(["member_id", "ends_on", "as_of"])
    return _shaped(frame, DECISION_COLUMNS)


def write(frame: pl.DataFrame, path: Path) -> None:
    """Put *frame* at *path*, as Parquet or CSV by its ending; a reader sees the old file or the new one.

    In CSV, what a spreadsheet could take for a formula gets an apostrophe before it; Parquet has it to the letter.

    Raises:
        UsageError: The ending is another, or the folder is not there.
    """
    check_target(path)
    with _whole(path) as part:
        if path.suffix.lower() == ".csv":
            texts = [name for name, kind in frame.schema.items() if kind == pl.String]
            frame.with_columns(_without_formulas(name) for name in texts).write_csv(part, null_value="")
        else:
            frame.write_parquet(part, compression="zstd")


def write_bytes(content: bytes, path: Path) -> None:
    """Put *content* at *path*, whose folder is there; a reader sees the old file or the new one."""
    with _whole(path) as part:
        part.write_bytes(content)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file beside *path* that takes its place when the block ends well, and else is gone."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield part
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _without_formulas(column: str) -> pl.Expr:
    text = pl.col(column)
    bare = text.str.replace_all("\0", "", literal=True).str.replace_all(CUT, KEPT_WHOLE)
    return pl.when(text.str.contains(FORMULA)).then(pl.concat_str(pl.lit("'"), bare)).otherwise(bare).alias(column)


def tell(house: House, what: str, rows: int) -> None:
    """Write into the audit log that members' data left the home, as *what*."""
    house.open_ledger()
    from tenure.ledger import audit

    audit.record("export:file:write", by="tenure export", subject=what, clock=house.clock, rows=rows)


def check_target(path: Path) -> None:
    """Whether a frame can be put at *path*.

    Raises:
        UsageError: As for `write`.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"`{path}` ends neither in .parquet nor in .csv", mend="choose one of the two")
    require_folder(path)


def require_folder(path: Path) -> None:
    """Whether the folder of *path* is there.

    Raises:
        UsageError: It is not.
    """
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder `{path.parent}`", mend="create it, or choose another")


def with_member_ids(house: House, frame: pl.DataFrame) -> pl.DataFrame:
    """*frame* with the source's `member_id` beside the pseudonym.

    Raises:
        DamagedStore: The ledger does not know all of them.
    """
    house.open_ledger()
    from tenure.ledger import identities

    known = identities.ids_of()
    names = pl.DataFrame(
        {"member": list(known), "member_id": list(known.values())},
        schema={"member": pl.Int64, "member_id": pl.String},
    )
    joined = frame.drop("member_id", strict=False).join(names, on="member", how="left")
    missing = joined["member_id"].null_count()
    if missing:
        raise DamagedStore(
            f"the ledger does not know the ids of {missing} members", mend="run `tenure sync`, which brings them anew"
        )
    return joined


def _shaped(frame: pl.DataFrame, columns: Sequence[tuple[str, ColumnType]]) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(_TYPES[kind]) for name, kind in columns)


def _nights(house: House) -> str:
    dates = house.lake.score_dates()
    if not dates:
        return f"run `tenure run --home {house.home.root}`"
    return f"the nights with scores are {', '.join(map(str, dates[-5:]))}"
