"""How long a backup and its restore take, beside one copy of the same bytes; and what the look at the ledger costs.

    python benchmarks/restoring.py --members 50000

An association of so many members is brought in from files, learnt from and scored once; what its model is worth is of
no matter here, so few trees are drawn. Then it is backed up, restored into an empty home with the key alone, and the
night is run there again, which finds nothing to do.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tenure.base.home import Home
from tenure.base.settings import read_settings
from tenure.ledger import setup

COMMANDS = Path(sys.executable).parent
TODAY = "2026-03-01"


def timed(name: str, *words: object) -> float:
    began = time.monotonic()
    subprocess.run([COMMANDS / name, *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def prepare(folder: Path, members: int, events: int) -> Path:
    """A home with one night in it."""
    world, home = folder / "world", folder / "home"
    size = ["--members", members, "--events-per-year", events, "--today", TODAY]
    timed("imis-sandbox", "export", "--out", world, *size)
    timed("tenure", "init", "--home", home, "--source", "files", "--path", world)
    path = home / "tenure.toml"
    path.write_text(path.read_text().replace("# refits =", "refits = 4  #", 1))
    timed("tenure", "run", "--home", home, "--as-of", TODAY)
    return home


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def look(root: Path) -> tuple[float, float]:
    """Seconds to look through the ledger at a start, and to note what it says at an end."""
    home = Home(root)
    setup(home, read_settings(home))
    from tenure.ledger import witness

    began = time.perf_counter()
    witness.require_whole(home)
    looked = time.perf_counter() - began
    witness.note(home)
    return looked, time.perf_counter() - began - looked


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, default=50_000)
    words.add_argument("--events-per-year", type=int, default=20)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = prepare(folder, given.members, given.events_per_year)
        key, kept = folder / "key", folder / "backups"
        timed("tenure", "backup", "--home", home, "--key-to", key)
        backup = timed("tenure", "backup", "--home", home, "--to", kept)
        (made,) = kept.glob("*.tar.gz")
        began = time.monotonic()
        shutil.copytree(home, folder / "copy")
        copy = time.monotonic() - began
        other = folder / "other"
        restore = timed("tenure", "restore", made, "--home", other, "--key", key)
        again = timed("tenure", "run", "--home", other, "--as-of", TODAY)
        looked, noted = look(home)
        sizes = f"{size_of(home) / 1e6:,.0f} MB in {made.stat().st_size / 1e6:,.0f} MB"
    print("| members | home, backup | backup | restore | over one copy | first night after it | look at start | note |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    print(
        f"| {given.members:,} | {sizes} | {backup:.0f} s | {restore:.0f} s | {restore / copy:.0f} × | {again:.0f} s "
        f"| {looked:.1f} s | {noted:.1f} s |"
    )


if __name__ == "__main__":
    main()
