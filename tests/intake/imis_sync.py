"""One sync of an iMIS into a home; run as a program, it ends itself by SIGKILL after so many words of progress."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
from pathlib import Path

from sandbox_process import PASSWORD

from tenure.base.home import Home
from tenure.base.settings import Association, Intake, Settings, Source
from tenure.imis import ImisClient
from tenure.intake import ImisSource, SyncReport, read_mapping, sync
from tenure.lake import Lake

AT = dt.datetime(2025, 3, 1, 2, tzinfo=dt.UTC)


class Rig:
    """A home that syncs from an iMIS.

    Args:
        root: The home.
        url: The iMIS.
        mapping: Name or path of the mapping.
        zone: The server's.
        at: The instant of the sync.
        overlap_minutes, quarantine_limit: As in the settings.
    """

    def __init__(
        self,
        root: Path,
        url: str,
        *,
        mapping: str = "stock",
        zone: str = "UTC",
        at: dt.datetime = AT,
        overlap_minutes: int = 15,
        quarantine_limit: float = 0.05,
    ) -> None:
        root.mkdir(exist_ok=True)
        self.home, self.url, self.mapping, self.zone, self.at = Home(root), url, mapping, zone, at
        self.limits = Intake(overlap_minutes=overlap_minutes, quarantine_limit=quarantine_limit)
        self.requests = 0

    @property
    def lake(self) -> Lake:
        return Lake.open(self.home.lake)

    def sync(self, progress=lambda *_: None) -> SyncReport:
        settings = Settings(
            source=Source(kind="imis", url=self.url, username="tenure"),
            association=Association(time_zone=self.zone),
            intake=self.limits,
        )
        with ImisClient(self.url, "tenure", PASSWORD, requests_per_hour=0, page_size=500) as client:
            source = ImisSource(client, read_mapping(self.mapping, self.home))
            try:
                return sync(self.home, settings, self.lake, clock=lambda: self.at, source=source, progress=progress)
            finally:
                self.requests = client.requests_used

    def content(self) -> dict[str, list[tuple]]:
        """Every row of every table of the lake, in one order."""
        with self.lake.connect() as db:
            tables = ("members", "terms", "activity", "programs", "program_changes")
            return {table: sorted(map(repr, db.execute(f"FROM {table}").fetchall())) for table in tables}


def main() -> None:
    root, url, calls = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    heard = 0

    def hear(*_: object) -> None:
        nonlocal heard
        heard += 1
        if heard == calls:
            os.kill(os.getpid(), signal.SIGKILL)

    Rig(root, url).sync(hear)


if __name__ == "__main__":
    main()
