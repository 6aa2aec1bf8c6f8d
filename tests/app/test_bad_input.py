"""Bad input gets words, a mend and an exit code; nothing half-written is left, and yesterday's scores stay."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from calls import AS_OF, tenure

Change = Callable[[Path], object]


def _edit(table: str, *columns: pl.Expr, drop: str = "", rename: dict[str, str] | None = None) -> Change:
    """Change *columns* of a table, drop one, or rename some."""

    def change(folder: Path) -> None:
        path = folder / f"{table}.csv"
        frame = pl.read_csv(path, infer_schema=False).with_columns(*columns)
        frame = frame.drop(drop) if drop else frame
        frame.rename(rename or {}).write_csv(path)

    return change


def _add(table: str, share: float = 0.01, **values: str) -> Change:
    """Add copies of a few rows of a table, with other *values*; `#` stands for a number of its own."""

    def change(folder: Path) -> None:
        path = folder / f"{table}.csv"
        frame = pl.read_csv(path, infer_schema=False)
        some = frame.head(max(1, int(share * frame.height))).with_row_index("at")
        new = some.with_columns(
            pl.concat_str(pl.lit(value.removesuffix("#")), pl.col("at").cast(pl.String)).alias(name)
            if value.endswith("#")
            else pl.lit(value).alias(name)
            for name, value in values.items()
        ).drop("at")
        pl.concat([frame, new]).write_csv(path)

    return change


def _truncated(folder: Path) -> None:
    whole = folder / "activity.parquet"
    pl.read_csv(folder / "activity.csv", infer_schema=False).write_parquet(whole)
    whole.write_bytes(whole.read_bytes()[:-2000])
    (folder / "activity.csv").unlink()


def _mixed_encodings(folder: Path) -> None:
    path = folder / "members.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[7] = lines[7].rstrip(b"\r\n") + b"\xe9\n"
    path.write_bytes(b"".join(lines))


def _emptied(folder: Path) -> None:
    path = folder / "terms.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")


STOPS: dict[str, tuple[Change, int, list[str]]] = {
    "a missing column": (_edit("terms", drop="starts_on"), 1, ["terms.csv", "`starts_on`"]),
    "a renamed column": (_edit("terms", rename={"starts_on": "start_on"}), 1, ["`starts_on`", "`start_on`"]),
    "a wrong type": (_edit("terms", pl.lit("much").alias("dues")), 3, ["terms.csv", "dues", "5%"]),
    "dates that cannot be read": (_edit("terms", pl.lit("soon").alias("starts_on")), 3, ["terms.csv", "starts_on"]),
    "a missing file": (lambda folder: (folder / "terms.csv").unlink(), 1, ["terms.parquet nor terms.csv"]),
    "an empty table": (_emptied, 3, ["terms"]),
    "a truncated Parquet file": (_truncated, 1, ["activity.parquet", "not a whole Parquet file"]),
    "mixed encodings": (_mixed_encodings, 1, ["members.csv", "line 8", "byte"]),
}
"""What stops a night: how to make it, the exit code, and what the message must name."""

BEARABLE: dict[str, tuple[Change, list[str]]] = {
    "an unreadable date": (_add("terms", term_id="X#", starts_on="soon"), ["starts_on"]),
    "a repeated key": (_add("activity", kind="login", occurred_at="2024-01-01T00:00:00Z"), ["key"]),
    "activity of an unknown member": (_add("activity", activity_id="X#", member_id="nobody#"), ["member"]),
    "terms that overlap": (_add("terms", term_id="X#"), ["overlap"]),
    "a term that ends before it starts": (_add("terms", term_id="X#", ends_on="1999-01-01"), ["before"]),
    "rows from the future": (_add("activity", activity_id="X#", recorded_at="2999-01-01T00:00:00Z"), ["future"]),
}
"""What a night bears in a few rows: how to make it, and a word of the reason that is given."""


def _digests(home: Path) -> dict[str, str]:
    kept = [path for part in ("lake/tables", "lake/scores", "models") for path in (home / part).rglob("*.*")]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept if path.is_file()}


@pytest.mark.parametrize("name", STOPS)
def test_it_stops_the_night_and_leaves_everything_as_it_was(name: str, night: Path, tmp_path: Path):
    change, code, words = STOPS[name]
    change(night.parent / "exports")
    before = _digests(night)

    done = tenure("run", "--home", night, "--as-of", "2025-03-02")

    assert done.code == code, done.told
    assert all(word in done.err for word in words), done.err
    assert "\n\nhint: " in done.err
    assert "Traceback" not in done.told
    assert _digests(night) == before
    assert tenure("export", "scores", "--home", night, "--as-of", AS_OF, "--out", tmp_path / "s.csv").code == 0


@pytest.mark.parametrize("name", BEARABLE)
def test_a_few_bad_rows_are_set_aside_and_counted(name: str, night: Path):
    change, words = BEARABLE[name]
    change(night.parent / "exports")

    done = tenure("sync", "--home", night, "--json")

    assert done.code == 0, done.told
    step = done.json["steps"][0]
    aside = {
        reason: count
        for table in step["counts"].values()
        if "quarantined" in table
        for reason, count in table["quarantined"].items()
    }
    assert aside, step
    assert any(word in reason for reason in aside for word in words), aside
    assert step["notices"], "a person is told"


def test_too_few_lapses_hold_the_night_back(tmp_path: Path, exports: Path):
    """The records are in; no scores are given, and the message says how many lapses there are."""
    few = tmp_path / "few"
    few.mkdir()
    payers = pl.read_csv(exports / "terms.csv", infer_schema=False)["member_id"]
    chosen = payers.unique(maintain_order=True).head(20).to_list()
    for name in ("members", "terms"):
        frame = pl.read_csv(exports / f"{name}.csv", infer_schema=False)
        frame.filter(pl.col("member_id").is_in(chosen)).write_csv(few / f"{name}.csv")
    home = tmp_path / "home"
    tenure("init", "--home", home, "--source", "files", "--path", few)

    done = tenure("run", "--home", home, "--as-of", AS_OF, "--json")

    assert done.code == 3, done.told
    assert done.json["error"]["kind"] == "BelowDataFloor"
    assert "lapses" in done.json["error"]["message"]
    assert done.json["exit_code"] == 3


def test_another_night_under_way_holds_this_one_back(night: Path):
    """The holder of the lease is this process, which lives."""
    import datetime as dt
    import os
    import socket
    import sqlite3

    now = dt.datetime.now(dt.UTC)
    with sqlite3.connect(night / "ledger.sqlite3") as ledger:
        row = ("night", f"{socket.gethostname()}:{os.getpid()}:x", now, now + dt.timedelta(minutes=9), 7)
        ledger.execute("DELETE FROM ledger_lease")
        ledger.execute(
            "INSERT INTO ledger_lease (name, holder, taken_at, expires_at, token) VALUES (?, ?, ?, ?, ?)", row
        )

    done = tenure("run", "--home", night)

    assert done.code == 3
    assert "is under way since" in done.err
