"""How long a backup and its restore take, beside one copy of the same bytes; and what the look at the ledger costs.

    python benchmarks/restoring.py --members 50000 [--postgresql]

An association of so many members is brought in from files, learnt from and scored once; what its model is worth is of
no matter here, so few trees are drawn. Then it is backed up, restored into an empty home with the key alone, and the
night is run there again, which finds nothing to do. With --postgresql, the ledger lies on a server that is started for
it on this machine, and is restored into an empty database of the same server.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import postgresql_server
from tenure.base.home import Home
from tenure.base.settings import read_settings
from tenure.ledger import setup

COMMANDS = Path(sys.executable).parent
TODAY = "2026-03-01"


def timed(name: str, *words: object) -> float:
    began = time.monotonic()
    subprocess.run([COMMANDS / name, *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


@contextlib.contextmanager
def server(wanted: bool) -> Iterator[tuple[str, str]]:
    """The addresses of two empty databases on a server; empty ones where the ledger shall lie in the home."""
    if not wanted:
        yield "", ""
        return
    with postgresql_server.server("tenure") as place:
        with psycopg.connect(f"postgresql://tenure@{place}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE one")
            connection.execute("CREATE DATABASE other")
        yield f"postgresql://tenure@{place}/one", f"postgresql://tenure@{place}/other"


def prepare(folder: Path, members: int, events: int, database: str) -> Path:
    """A home with one night in it."""
    world, home = folder / "world", folder / "home"
    size = ["--members", members, "--events-per-year", events, "--today", TODAY]
    timed("imis-sandbox", "export", "--out", world, *size)
    timed("tenure", "init", "--home", home, "--source", "files", "--path", world)
    path = home / "tenure.toml"
    text = path.read_text().replace("# refits =", "refits = 4  #", 1)
    path.write_text(text.replace('# database = ""', f'database = "{database}"', 1))
    timed("tenure", "run", "--home", home, "--as-of", TODAY)
    return home


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def look(root: Path) -> tuple[float, float]:
    """Seconds to look through the ledger at a start, and to give each of its rows a digest anew."""
    home = Home(root)
    setup(home, read_settings(home))
    from tenure.ledger import witness

    began = time.perf_counter()
    witness.require_whole(home)
    looked = time.perf_counter() - began
    (root / witness.NAME).unlink()
    witness.note(home)
    return looked, time.perf_counter() - began - looked


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, default=50_000)
    words.add_argument("--events-per-year", type=int, default=20)
    words.add_argument("--postgresql", action="store_true")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as name, server(given.postgresql) as (database, empty):
        folder = Path(name)
        home = prepare(folder, given.members, given.events_per_year, database)
        key, kept = folder / "key", folder / "backups"
        timed("tenure", "backup", "--home", home, "--key-to", key)
        backup = timed("tenure", "backup", "--home", home, "--to", kept)
        (made,) = kept.glob("*.tar.gz")
        began = time.monotonic()
        shutil.copytree(home, folder / "copy")
        copy = time.monotonic() - began
        other = folder / "other"
        onto = ["--database", empty] if empty else []
        restore = timed("tenure", "restore", made, "--home", other, "--key", key, *onto)
        again = timed("tenure", "run", "--home", other, "--as-of", TODAY)
        looked, noted = look(home)
        sizes = f"{size_of(home) / 1e6:,.0f} MB in {made.stat().st_size / 1e6:,.0f} MB"
    print("| members | home, backup | backup | restore | over one copy | first night after | look | digests anew |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    print(
        f"| {given.members:,} | {sizes} | {backup:.0f} s | {restore:.0f} s | {restore / copy:.0f} × | {again:.0f} s "
        f"| {looked:.1f} s | {noted:.1f} s |"
    )


if __name__ == "__main__":
    main()
