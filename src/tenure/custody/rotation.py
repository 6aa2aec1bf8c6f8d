"""Changing the key of the pseudonyms, with all history kept.

Nobody's id is needed: the new key turns every pseudonym that is there. Each store is written anew beside the old one
and then put in its place, the ledger in one transaction, and the key last. What was cut off goes on when the command is
given again; until then nothing else opens the home, since half of it would go by another key.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.base.home import Home, write_atomically
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import Settings
from tenure.base.signing import Signer
from tenure.custody.backup import back_up
from tenure.custody.keeping import BACKUPS
from tenure.custody.key import fingerprint, read_key
from tenure.custody.seals import require_unbroken, seal
from tenure.lake import Lake
from tenure.risk import Registry

_COLUMNS = ("member", "organization")
"""What columns of files are called that hold pseudonyms."""
_SEALS = ("seals.json", "scores/seals.json")


@dataclass(frozen=True)
class Rotated:
    """What was changed.

    Args:
        members: How many members the ledger names.
        backup: One of the home before it, by the key before; None when a change that was cut off went on.
    """

    members: int
    backup: Path | None


def rotate(home: Home, settings: Settings, *, by: str, why: str, clock: Clock = system_clock) -> Rotated:
    """Give every member another pseudonym by a new key. The ledger must be open.

    Raises:
        UsageError: No reason is given.
        HeldBack: A night is under way, or a worker or the staff pages run.
        DamagedStore: A store is not whole; nothing was changed.
    """
    from tenure.ledger import lease, renaming, witness

    if not why.strip():
        raise UsageError("changing the key needs a reason", mend="say why in a few words; it stays in the audit log")
    with ExitStack() as held:
        for name in ("night", "work"):
            held.enter_context(lease.take(name, clock=clock))
        backup = None
        if not home.next_key_file.exists():
            witness.require_whole(home)
            require_unbroken(home)
            backup = back_up(home, settings, home.root / BACKUPS, clock=clock).path
            later = "\n".join([read_key(home.key_file), secrets.token_hex(32)])
            write_atomically(home.next_key_file, later.encode(), mode=0o600)
        text = home.next_key_file.read_text()
        turned, key = _turning(read_key(home.key_file), text), fingerprint(text)
        _turn_files(home, turned, key, text)
        members = 0 if renaming.is_done(key) else renaming.rename(turned, key=key, by=by, why=why, clock=clock)
        home.next_key_file.replace(home.key_file)
        for folder in (home.lake, home.receipts, home.models):
            (folder / _mark(key)).unlink(missing_ok=True)
        seal(home)
        witness.note(home)
    return Rotated(members, backup)


def _turning(before: str, after: str) -> Callable[[int], int]:
    """What gives the pseudonym by the key *after* for one by the key *before*."""
    old, new = Pseudonyms.read(before), Pseudonyms.read(after)
    return lambda member: new.present(old.first(member))


def _turn_files(home: Home, turned: Callable[[int], int], key: str, text: str) -> None:
    signer = Signer(Pseudonyms.read(text).secret("models"))
    _in_place(home.lake, key, lambda folder: _turn_tables(folder, turned))
    _in_place(home.receipts, key, lambda folder: _turn_tables(folder, turned))
    _in_place(home.models, key, lambda folder: Registry(folder, signer).rename(lambda column: _turned(column, turned)))
    shutil.rmtree(home.root / "spool", ignore_errors=True)


def _in_place(folder: Path, key: str, change: Callable[[Path], None]) -> None:
    """Let *change* work on a copy of *folder*, and put that in its place; once, however often it is cut off."""
    fresh, former = (folder.with_name(f".{folder.name}-{word}") for word in ("fresh", "former"))
    if not folder.exists() and (fresh / _mark(key)).exists():
        fresh.rename(folder)
    if folder.exists() and not (folder / _mark(key)).exists():
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(folder, fresh)
        change(fresh)
        (fresh / _mark(key)).touch()
        folder.rename(former)
        fresh.rename(folder)
    shutil.rmtree(former, ignore_errors=True)


def _mark(key: str) -> str:
    """The file that says that a folder goes by the key with that fingerprint."""
    return f".by-key-{key}"


def _turn_tables(folder: Path, turned: Callable[[int], int]) -> None:
    for path in folder.rglob("*.parquet"):
        _turn_table(path, turned)
    for name in _SEALS:
        (folder / name).unlink(missing_ok=True)
    if (folder / "scores").is_dir():
        Lake.open(folder).seal_scores()


def _turn_table(path: Path, turned: Callable[[int], int]) -> None:
    """Turn one file, with its notes; one that was sorted by member is so again."""
    file = pq.ParquetFile(path)
    table, rows = file.read(), file.metadata.row_group(0).num_rows if file.metadata.num_row_groups else None
    file.close()
    was_sorted = "member" in table.column_names and pl.Series(table.column("member")).is_sorted()
    for name in _COLUMNS:
        if name in table.column_names and pa.types.is_int64(table.schema.field(name).type):
            after = _turned(pl.Series(table.column(name)), turned).to_arrow()
            table = table.set_column(table.column_names.index(name), table.schema.field(name), after)
    if was_sorted:
        table = table.take(pc.sort_indices(table, sort_keys=[("member", "ascending")]))
    pq.write_table(table, path, compression="zstd", row_group_size=rows or None)


def _turned(column: pl.Series, turned: Callable[[int], int]) -> pl.Series:
    """A column of pseudonyms, some of which may be unknown, turned."""
    before = column.drop_nulls().unique()
    after = pl.Series([turned(member) for member in before], dtype=pl.Int64)
    return column.replace(before, after)
