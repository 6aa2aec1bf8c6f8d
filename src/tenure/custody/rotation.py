"""Changing the key of the pseudonyms, with all history kept.

Nobody's id is needed: the new key turns every pseudonym that is there. Each store is written anew beside the old one,
while the pages go on by the old one. Then these wait for a moment, in which all take their places: the folders, the
ledger in one transaction, and the key last. What was cut off goes on when the command is given again; until then no
other command opens the home, and pages do so only as long as nothing has taken its place.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tenure.base import key_change
from tenure.base.clock import Clock, system_clock
from tenure.base.errors import DamagedStore, HeldBack, UsageError
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
_WORKER_SECONDS = 90.0
"""A message that is on its way when the worker is to give way takes no longer."""


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
        HeldBack: A night is under way, or a worker does not pause.
        DamagedStore: A store is not whole; nothing was changed.
    """
    from tenure.ledger import lease, renaming, witness

    if not why.strip():
        raise UsageError("changing the key needs a reason", mend="say why in a few words; it stays in the audit log")
    with ExitStack() as held:
        held.enter_context(lease.take("night", clock=clock))
        backup = None
        if not home.next_key_file.exists():
            witness.require_whole(home)
            require_unbroken(home)
            _clear(home)
            made = back_up(home, settings, home.root / BACKUPS, clock=clock)
            _require_whole_models(home, made.damaged)
            backup = made.path
            later = "\n".join([read_key(home.key_file), secrets.token_hex(32)])
            write_atomically(home.next_key_file, later.encode(), mode=0o600)
        held.enter_context(_worker_paused(home, clock, may_give_up=backup is not None))
        text = home.next_key_file.read_text()
        turned, key = _turning(read_key(home.key_file), text), fingerprint(text)
        _make_anew(home, turned, key, text)
        is_done = renaming.is_done(key)
        if not is_done:
            # Reckoned while pages still go on; those who come meanwhile are few.
            turned = _reckoned(turned, renaming.members())
        with key_change.alone(home):
            for folder in key_change.stores(home):
                _put_in_place(folder, key)
            members = 0 if is_done else renaming.rename(turned, key=key, by=by, why=why, clock=clock)
            home.next_key_file.replace(home.key_file)
        _clear(home)
        seal(home)
        witness.note(home)
    return Rotated(members, backup)


def _require_whole_models(home: Home, damaged: Mapping[str, DamagedStore]) -> None:
    """A damaged model cannot be written anew by another key, and would keep pseudonyms by the one before."""
    for version, error in damaged.items():
        raise DamagedStore(error.message, mend=f"move {home.models / version} away, and give the command again")


def _turning(before: str, after: str) -> Callable[[int], int]:
    """What gives the pseudonym by the key *after* for one by the key *before*."""
    old, new = Pseudonyms.read(before), Pseudonyms.read(after)
    return lambda member: new.present(old.first(member))


def _reckoned(turned: Callable[[int], int], members: Iterable[int]) -> Callable[[int], int]:
    """*turned*, which knows what it gives for *members*."""
    known = {member: turned(member) for member in members}
    return lambda member: known[member] if member in known else turned(member)


@contextmanager
def _worker_paused(home: Home, clock: Clock, *, may_give_up: bool) -> Iterator[None]:
    """Wait for the worker, which gives way when the next key is there; without one, *may_give_up* takes that away.

    Raises:
        HeldBack: It has not given way.
    """
    from tenure.ledger import lease

    until = time.monotonic() + _WORKER_SECONDS
    while True:
        try:
            held = lease.take("work", clock=clock)
            break
        except HeldBack:
            if time.monotonic() > until:
                if may_give_up:
                    home.next_key_file.unlink()
                raise
        time.sleep(0.2)
    with held:
        yield


def _make_anew(home: Home, turned: Callable[[int], int], key: str, text: str) -> None:
    signer = Signer(Pseudonyms.read(text).secret("models"))
    _anew(home.lake, key, lambda folder: _turn_tables(folder, turned))
    _anew(home.receipts, key, lambda folder: _turn_tables(folder, turned))
    _anew(home.models, key, lambda folder: Registry(folder, signer).rename(lambda column: _turned(column, turned)))
    shutil.rmtree(home.root / "spool", ignore_errors=True)


def _anew(folder: Path, key: str, change: Callable[[Path], None]) -> None:
    """Let *change* work on a copy of *folder* beside it; once, however often it is cut off."""
    fresh, said = key_change.beside(folder, "fresh"), key_change.mark(key)
    if not folder.exists() or (folder / said).exists() or (fresh / said).exists():
        return
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(folder, fresh)
    change(fresh)
    (fresh / said).touch()


def _put_in_place(folder: Path, key: str) -> None:
    """Put what was made anew in the place of *folder*; once, however often it is cut off."""
    fresh, former = key_change.beside(folder, "fresh"), key_change.beside(folder, "former")
    if not (fresh / key_change.mark(key)).exists():
        return
    if folder.exists():
        shutil.rmtree(former, ignore_errors=True)
        folder.rename(former)
    fresh.rename(folder)


def _clear(home: Home) -> None:
    """Take away what a change that has ended leaves: the former folders, and marks."""
    for folder in key_change.stores(home):
        for word in ("former", "fresh"):
            shutil.rmtree(key_change.beside(folder, word), ignore_errors=True)
        for said in folder.glob(key_change.mark("*")):
            said.unlink()


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
