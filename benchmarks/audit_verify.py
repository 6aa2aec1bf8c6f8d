"""What checking the audit log costs, beside a bare chain of SHA-256 over the same lines in the same run.

    python benchmarks/audit_verify.py --rows 1000000

Three ways: the export as `tenure audit verify FILE` reads it, the same log in a SQLite ledger, and appending to it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tenure import ledger
from tenure.base.home import Home
from tenure.base.settings import Settings, Source
from tenure.ledger.verifying import links_of, verify

AT_ONCE = 20_000
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def bare(path: Path) -> None:
    last = b""
    with path.open("rb") as lines:
        for line in lines:
            last = hashlib.sha256(last + line).digest()


def append(rows: int) -> None:
    from tenure.ledger import audit

    for first in range(0, rows, AT_ONCE):
        acts = [
            audit.Act("step:member:deliver", f"step {n}", n % 5_000, None, {"step": n, "digest": f"{n:064x}"})
            for n in range(first, min(first + AT_ONCE, rows))
        ]
        audit.record_all(acts, by="tenure work", clock=lambda: NOON)


def append_singly(rows: int) -> None:
    from tenure.ledger import audit

    for number in range(rows):
        audit.record("step:member:deliver", by="tenure work", subject=f"step {number}", clock=lambda: NOON, step=number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        home = Home(Path(name) / "home")
        ledger.setup(home, Settings(source=Source(kind="files")))
        ledger.migrate()
        from tenure.ledger import anchors, audit

        written = seconds(lambda: append(rows))
        export = Path(name) / "log.jsonl"
        with export.open("wb") as file:
            file.writelines(line + b"\n" for line in audit.lines())

        def of_export() -> None:
            with export.open("rb") as lines:
                assert verify(links_of(lines)).is_whole

        yardstick = seconds(lambda: bare(export))
        for what, took in (
            ("a bare chain of SHA-256", yardstick),
            ("verify an export", seconds(of_export)),
            ("verify a SQLite ledger", seconds(lambda: anchors.verify_ledger([]))),
            ("append, 20,000 at a time", written),
        ):
            print(f"{what:26} {took:7.2f} s for {rows:,} rows   {took / yardstick:5.1f} times the bare chain")
        print(f"{'append one at a time':26} {seconds(lambda: append_singly(300)) / 300 * 1e3:7.2f} ms each")


if __name__ == "__main__":
    main()
