"""The machine and the home directory."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tenure.app.checks.finding import FAULT, NOTE, OK, Finding
from tenure.app.house import House
from tenure.base.ledger_address import VARIABLE, holds_password

_GIB = 1024**3
SHARES = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "9p"}
"""File systems over a network, on which the log of SQLite may be damaged."""


def settings(house: House) -> Iterator[Finding]:
    """The settings file, which was read before this."""
    yield Finding("settings", OK, f"{house.home.settings_file} is valid")


def python(house: House) -> Iterator[Finding]:
    """The interpreter."""
    yield Finding("Python", OK, f"{sys.version_info.major}.{sys.version_info.minor} on {sys.platform}")


def home(house: House) -> Iterator[Finding]:
    """Whether the home can be written."""
    root = house.home.root
    if os.access(root, os.W_OK):
        yield Finding("home", OK, f"{root} can be written")
    else:
        yield Finding("home", FAULT, f"{root} cannot be written", "give the account that runs Tenure the right to it")


def privacy(house: House) -> Iterator[Finding]:
    """Whether others on this machine can read the home."""
    if os.name == "posix" and house.home.root.stat().st_mode & 0o004:
        words = "others on this machine may look into the home"
        yield Finding("privacy", NOTE, words, f"chmod 750 {house.home.root}, if this machine is not yours alone")
    else:
        yield Finding("privacy", OK, "others on this machine cannot look into the home")


def memory(house: House) -> Iterator[Finding]:
    """How much memory the machine has, where it tells."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return
    gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / _GIB
    if gib < 1.8:
        mend = "give it 2 GiB at least; 4 GiB suffice for 50,000 members"
        yield Finding("memory", NOTE, f"{gib:,.1f} GiB, which a first training may exceed", mend)
    else:
        yield Finding("memory", OK, f"{gib:,.1f} GiB")


def time_zone(house: House) -> Iterator[Finding]:
    """Whether the association's time zone is one."""
    name = house.settings.association.time_zone
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        mend = f'set `association.time_zone` in {house.home.settings_file} to one such as "America/New_York"'
        yield Finding("time zone", FAULT, f"`{name[:40]}` is none", mend)
        return
    if name == "UTC" and house.settings.source.kind != "files":
        words = "UTC: iMIS is taken to state its times in it"
        mend = "servers mostly keep local time: if yours does, set `association.time_zone`, before the first sync"
        yield Finding("time zone", NOTE, words, mend)
    else:
        yield Finding("time zone", OK, f"{name}, where it is now {house.clock().astimezone(zone):%H:%M}")


def disk(house: House) -> Iterator[Finding]:
    """Room on the disk."""
    free = shutil.disk_usage(house.home.root).free
    words = f"{free / _GIB:,.1f} GiB free"
    if free < 0.5 * _GIB:
        yield Finding("disk", FAULT, words, "free at least 0.5 GiB; a night writes its files beside the old ones")
    elif free < 3 * _GIB:
        yield Finding("disk", NOTE, words, "free some before the association's history grows")
    else:
        yield Finding("disk", OK, words)


def share(house: House) -> Iterator[Finding]:
    """Whether the home lies on a network share, where SQLite's log cannot work."""
    kind = file_system_of(house.home.root)
    if kind in SHARES and not house.settings.ledger.database:
        mend = "move the home to a local disk, or set `ledger.database` to a PostgreSQL address"
        yield Finding("network share", FAULT, f"the home lies on {kind}, where SQLite may be damaged", mend)
    else:
        yield Finding("network share", OK, "the home is not on one" if kind not in SHARES else "PostgreSQL is used")


def file_system_of(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The kind of file system that *path* lies on, where the machine tells in *mounts*; else empty."""
    if not mounts.is_file():
        return ""
    rows = [line.split() for line in mounts.read_text(encoding="utf-8").splitlines()]
    places = [(row[1].replace("\\040", " "), row[2]) for row in rows if len(row) > 2]
    fitting = [(where, kind) for where, kind in places if path.is_relative_to(where)]
    return max(fitting, key=lambda item: len(item[0]), default=("", ""))[1]


def secrets(house: House) -> Iterator[Finding]:
    """The pseudonym key, and who else may read the secrets."""
    folder, key = house.home.root / "secrets", house.home.key_file
    if not key.is_file():
        mend = "restore it from a backup if this home has been used; otherwise the first sync makes it"
        yield Finding("pseudonym key", FAULT if house.home.ledger.exists() else NOTE, "there is none", mend)
    elif house.home.next_key_file.exists():
        mend = "if nobody is at it, `tenure key rotate members` goes on; until then no other command opens the home"
        yield Finding("pseudonym key", FAULT, "is being changed, or that was cut off", mend)
    else:
        yield Finding("pseudonym key", OK, "is there; keep a copy of it apart from the backups")
    open_to_others = [path.name for path in folder.glob("*") if os.name == "posix" and path.stat().st_mode & 0o077]
    if open_to_others:
        words = f"others on this machine may read {', '.join(sorted(open_to_others))}"
        yield Finding("secrets", FAULT, words, f"chmod 600 {folder}/*")
    else:
        yield Finding("secrets", OK, "only this account may read them")
    if holds_password(house.settings.ledger.database):
        words = "`ledger.database` in tenure.toml holds a password, which whoever sees the settings sees too"
        mend = f"take it out of the address, and write it into {folder}/ledger.password or set {VARIABLE}"
        yield Finding("secrets", NOTE, words, mend)


CHECKS = (
    ("settings", settings),
    ("Python", python),
    ("home", home),
    ("privacy", privacy),
    ("memory", memory),
    ("time zone", time_zone),
    ("disk", disk),
    ("network share", share),
    ("secrets", secrets),
)
