"""Syncs that are killed: the lake holds what it held before the night or after it, and in the end every row once."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import time
from pathlib import Path
from typing import Any

from kills import FAILED, PASSWORD, Killer, Pace, Sandbox, Tally, content, sandbox

AGAIN = "a sync"
"""What goes on where it was killed has some pages already."""
FAULTS = {"repeated_page": 0.1, "unavailable": 0.05, "lost_reply": {"rate": 0.05, "match": "/api/"}}


def lane(root: Path, members: int, *, kills: int, seed: int) -> Tally:
    """Nights of syncs, with an association of its own, until *kills* of them have struck."""
    began = time.monotonic()
    with sandbox(members, seed) as site:
        killer = Killer(seed, Pace(memory=1), [AGAIN], lambda: AGAIN)
        nights = _nights(root, site, killer, kills, seed)
    return Tally(killer.struck, nights, killer.attempts, time.monotonic() - began)


def _nights(root: Path, site: Sandbox, killer: Killer, kills: int, seed: int) -> int:
    """Two homes of one key follow the association: one in peace, the other by processes that are killed."""
    peace, war, night = root / "peace", root / "war", 0
    while killer.kills < kills or not night:
        night += 1
        killer.pace.learn(killer.do(sync, peace, site.url, site.today()))
        if night == 1:
            shutil.copytree(peace / "secrets", war / "secrets")
        before, after = content(war), content(peace)
        site.faults(seed * 1000 + night, **FAULTS)
        for _ in killer.until_done(sync, war, site.url, site.today(), kills=kills):
            assert content(war) in (before, after), "a sync left a part of itself"
        site.faults()
        assert content(war) == after, "the two homes hold different rows"
        site.advance()
    killer.do(sync, peace, site.url, site.today())
    killer.do(sync, war, site.url, site.today())
    killer.do(sync, war, site.url, site.today())
    assert content(war) == content(peace), "the same night again changed rows"
    return night


def sync(root: Path, url: str, today: str) -> int:
    """One sync."""
    from tenure.base.errors import SourceUnavailable
    from tenure.base.home import Home
    from tenure.base.settings import Settings, Source
    from tenure.intake import ImisSource, read_mapping, sync
    from tenure.lake import Lake

    root.mkdir(parents=True, exist_ok=True)
    home, at = Home(root), dt.datetime.fromisoformat(f"{today}T02:00:00+00:00")
    settings = Settings(source=Source(kind="imis", url=url, username="tenure"))
    with _client_of(url) as client, contextlib.suppress(SourceUnavailable):
        source = ImisSource(client, read_mapping("stock", home))
        sync(home, settings, Lake.open(home.lake), clock=lambda: at, source=source)
        return 0
    return FAILED


def _client_of(url: str) -> Any:
    """A client that waits less than a polite one would, since nobody else uses this iMIS."""
    from tenure.imis import ImisClient, Timekeeping

    hurried = Timekeeping(sleep=lambda seconds: time.sleep(min(seconds, 0.01)))
    return ImisClient(url, "tenure", PASSWORD, requests_per_hour=0, timeout=20, time=hurried)
