"""Fills the disk at random moments of a night, and looks for what was harmed.

    python benchmarks/full_disk.py [--points 100] [--members 120] [--seed 1]

The home lies on a small file system in memory (in a mount namespace of its own, so that nothing of it is left; Linux
only, with root's rights or without). At a random moment of each night its last byte is taken. The night must do its
work, or end with exit code 1, words about the disk and a hint to free some of it; the ledger must be whole, and the
lake hold what it held before or what it holds after the night. When there is room again the same night must come to
its end.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from kills import content

ROOM = 300 * 1024 * 1024
FIRST = dt.date(2025, 3, 1)
BIN = Path(sys.executable).parent


def tenure(*arguments: object) -> subprocess.CompletedProcess[str]:
    """One command as a process."""
    command = [BIN / "tenure", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


class Disk:
    """A small disk, and what fills it.

    Args:
        place: Where it is mounted.
    """

    def __init__(self, place: Path) -> None:
        self.filler = place / "filler"
        self.place = place

    def fill(self) -> None:
        """Leave not a byte free."""
        found = os.statvfs(self.place)
        with self.filler.open("wb") as file:
            for size in (found.f_bavail * found.f_frsize, *[1 << power for power in range(24, 11, -1)]):
                with contextlib.suppress(OSError):
                    os.posix_fallocate(file.fileno(), file.tell(), size)
                    file.seek(0, os.SEEK_END)

    def free(self) -> None:
        """Give all of it back."""
        self.filler.unlink(missing_ok=True)


class Nights:
    """Nights of one home, each with news.

    Args:
        home: On the small disk.
        exports: Where its records come from.
        disk: The disk.
        seed: Decides when the disk is filled.
    """

    def __init__(self, home: Path, exports: Path, disk: Disk, seed: int) -> None:
        self.home, self.exports, self.disk = home, exports, disk
        self.day, self.dice = FIRST, random.Random(seed)
        self.ended: Counter[str] = Counter()

    def news(self) -> None:
        """Another day, on which every tenth member signed in."""
        self.day += dt.timedelta(days=1)
        path = self.exports / "activity.csv"
        head, first = path.read_text().splitlines()[:2]
        names, values = head.split(","), first.split(",")
        members = [line.split(",")[names.index("member_id")] for line in path.read_text().splitlines()[1:400]]
        at = f"{self.day - dt.timedelta(days=1)}T12:00:00Z"
        given = {"kind": "login", "occurred_at": at, "recorded_at": at, "value": "", "ref": "", "chapter_id": ""}
        rows = []
        for place, member in enumerate(sorted(set(members))[::10]):
            row = {**dict(zip(names, values, strict=True)), **given, "member_id": member}
            row["activity_id"] = f"{self.day:%Y%m%d}-{place}"
            rows.append(",".join(row[name] for name in names))
        with path.open("a") as file:
            file.write("\n".join(rows) + "\n")

    def usual(self) -> float:
        """How many seconds a night of this home takes in peace."""
        self.news()
        began = time.monotonic()
        done = tenure("run", "--home", self.home, "--as-of", self.day)
        assert done.returncode == 0, done.stderr
        return time.monotonic() - began

    def fill(self, after: float) -> None:
        """One night whose disk is filled after so many seconds, and the same night with room."""
        self.news()
        before = content(self.home)
        filling = threading.Timer(after, self.disk.fill)
        filling.start()
        done = tenure("run", "--home", self.home, "--as-of", self.day)
        filling.cancel()
        filling.join()
        self.disk.free()
        self.look_whole()
        during = content(self.home)
        self.ended[self._told(done)] += 1
        again = tenure("run", "--home", self.home, "--as-of", self.day)
        assert again.returncode == 0, again.stderr[-2000:]
        assert during in (before, content(self.home)), "a part of a sync was left"
        self.look_whole()

    def _told(self, done: subprocess.CompletedProcess[str]) -> str:
        if done.returncode == 0:
            return "had room enough"
        assert done.returncode == 1, (done.returncode, done.stderr[-2000:])
        error = done.stderr.partition("error: ")[2]
        assert "disk" in error, done.stderr[-2000:] + self._faults()
        assert "hint: free some space" in error
        return "said that the disk is full"

    def _faults(self) -> str:
        return "".join(path.read_text() for path in (self.home / "logs").glob("fault-*.log"))

    def look_whole(self) -> None:
        """The ledger is whole, and every model is there with all its files or not at all."""
        with sqlite3.connect(self.home / "ledger.sqlite3") as ledger:
            assert ledger.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for folder in (self.home / "models").glob("[!.]*"):
            assert (folder / "manifest.json").stat().st_size


def prepare(place: Path, beside: Path, members: int, seed: int) -> Nights:
    """A home with one night in it."""
    exports, home = beside / "exports", place / "home"
    export = [str(BIN / "imis-sandbox"), "export", "--out", str(exports), "--format", "csv", "--members", str(members)]
    past = ["--seed", "5", "--today", "2025-03-10", "--years", "4", "--events-per-year", "12"]
    subprocess.run([*export, *past], check=True, capture_output=True)
    tenure("init", "--home", home, "--source", "files", "--path", exports)
    path = home / "tenure.toml"
    rules = {"refits": 4, "threads": 1, "train_every_days": 100_000}
    text = path.read_text()
    for name, value in rules.items():
        text = text.replace(f"# {name} =", f"{name} = {value}  #", 1)
    path.write_text(text)
    first = tenure("run", "--home", home, "--as-of", FIRST)
    assert first.returncode == 0, first.stderr
    return Nights(home, exports, Disk(place), seed)


def inside(place: Path, points: int, members: int, seed: int) -> None:
    """All of it, where *place* may be mounted over."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(place)], check=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tenure-full-") as beside:
        nights = prepare(place, Path(beside), members, seed)
        usual = nights.usual()
        for _ in range(points):
            nights.fill(nights.dice.uniform(0.05, 1.0) * usual)
    words = ", ".join(f"{count} {words}" for words, count in nights.ended.most_common())
    print(
        f"{points} nights on a disk that filled up ({words}; {time.monotonic() - began:.0f} s): "
        "nothing harmed, each came to its end when there was room"
    )


def main() -> None:
    """Go into a mount namespace of its own, and begin."""
    words = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    words.add_argument("--points", type=int, default=100)
    words.add_argument("--members", type=int, default=120)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    told = words.parse_args()
    if told.inside:
        inside(told.inside, told.points, told.members, told.seed)
        return
    place = Path(tempfile.mkdtemp(prefix="tenure-small-disk-"))
    alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    numbers = ["--points", told.points, "--members", told.members, "--seed", told.seed]
    command = [*alone, sys.executable, __file__, *map(str, numbers), "--inside", str(place)]
    try:
        sys.exit(subprocess.run(command).returncode)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
