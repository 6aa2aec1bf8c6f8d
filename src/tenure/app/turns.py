"""Whose turn it is, where one machine serves several associations: no two of their nights begin close together.

Each association may have a delay of its own (`tenure.app.schedule.own_delay`), which spreads them without their knowing
of one another; two may still have the same one. Where `night.turns` names a folder that they share, each night that a
schedule calls for takes the next free moment there, and waits for it.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tenure.app.console import Console
from tenure.app.house import House
from tenure.base.errors import UsageError

_NAME = "turns.sqlite3"
_WAIT_FOR_A_LOCK = 60
_WRONG_CLOCK = 86_400
"""Seconds: a turn that lies further ahead was taken when the machine's clock was wrong."""


def wait_for_turn(house: House, console: Console) -> None:
    """Wait until this association may begin; not at all where no folder is shared.

    Raises:
        UsageError: `night.turns` is no folder that this account may write in.
    """
    rules = house.settings.night
    if not rules.turns:
        return
    now = house.clock().timestamp()
    seconds = take_turn(Path(rules.turns), now, rules.apart_seconds) - now
    if seconds > 0:
        console.say(f"others begin first; this night begins in {seconds:,.0f} s")
        time.sleep(seconds)


def take_turn(folder: Path, now: float, apart: float) -> float:
    """The next moment that lies *apart* seconds from all that were given out before; each is given out once.

    Args:
        folder: Shared by all who ask.
        now: Seconds since the epoch.
        apart: Seconds.

    Raises:
        UsageError: *folder* is no folder that this account may write in.
    """
    try:
        with closing(sqlite3.connect(folder / _NAME, timeout=_WAIT_FOR_A_LOCK, isolation_level=None)) as turns:
            turns.execute("BEGIN IMMEDIATE")
            turns.execute("CREATE TABLE IF NOT EXISTS turn (at REAL NOT NULL)")
            last = turns.execute("SELECT max(at) FROM turn WHERE at < ?", (now + _WRONG_CLOCK,)).fetchone()[0]
            at = now if last is None else max(now, last + apart)
            turns.execute("DELETE FROM turn")
            turns.execute("INSERT INTO turn VALUES (?)", (at,))
            turns.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise UsageError(
            f"`night.turns` is `{folder}`, where no turn can be taken ({error})",
            mend="name a folder that the accounts of all associations on this machine may write in, or leave it empty",
        ) from error
    return at
