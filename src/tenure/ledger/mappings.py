"""Changing the mapping's file by a named person's word: the one before is kept beside it, and the audit log tells.

The text has been read by `tenure.intake` before; here nobody knows what it means.
"""

from __future__ import annotations

import datetime as dt
import difflib
from pathlib import Path

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import Overtaken, UsageError
from tenure.base.home import write_atomically
from tenure.ledger import audit
from tenure.ledger.playbooks import digest_of
from tenure.ledger.rights import Act, require


def text_of(path: Path) -> str:
    """What the mapping at *path* says, also where it is no text: it can be mended then."""
    return path.read_text(encoding="utf-8", errors="replace")


def keep(*, path: Path, text: str, seen: str, by: str, why: str, clock: Clock = system_clock) -> Path | None:
    """Write *text* as the mapping at *path*, and what was there beside it; gives where that is.

    The same text again changes nothing, and gives None. The next sync reads the new one.

    Args:
        path: The file, which is there.
        text: What it shall say.
        seen: The digest of what *by* was looking at.
        by: Who.
        why: What changes, and why.
        clock: The time.

    Raises:
        NotAllowed: *by* may not change the mapping.
        UsageError: No reason is given, or the file cannot be written.
        Overtaken: It is not what *by* was looking at any more.
    """
    if not why.strip():
        raise UsageError("a change of the mapping needs a reason", mend="say in a few words what changes, and why")
    try:
        with transaction.atomic():
            require(by, Act.MAPPING)
            was, old = path.read_bytes(), text_of(path)
            if digest_of(old) != seen:
                raise _overtaken()
            if old == text:
                return None
            earlier = path.with_name(f"{path.stem}-until-{clock().astimezone(dt.UTC):%Y%m%dT%H%M%S}{path.suffix}")
            _record(path, old, text, earlier, by, why.strip()[:400], clock)
            # The log is ours alone from here on: whoever wrote before us has written by now.
            if path.read_bytes() != was:
                raise _overtaken()
            write_atomically(earlier, was)
            write_atomically(path, text.encode())
    except OSError as error:
        raise UsageError(
            f"{path.name} cannot be written: {error.strerror}", mend="let the account that serves the pages write there"
        ) from error
    return earlier


def _overtaken() -> Overtaken:
    return Overtaken("somebody changed the mapping since you looked", mend="compare before you keep yours")


def earlier(path: Path) -> list[Path]:
    """What the mapping at *path* said before, newest first."""
    return sorted(path.parent.glob(f"{path.stem}-until-*{path.suffix}"), reverse=True)


def _record(path: Path, old: str, text: str, earlier: Path, by: str, why: str, clock: Clock) -> None:
    lines = list(difflib.unified_diff(old.splitlines(), text.splitlines(), n=0, lineterm=""))[2:]
    audit.record(
        "mapping:file:change", by=by, subject=path.name, clock=clock, was=digest_of(old), digest=digest_of(text),
        kept_as=earlier.name, why=why, added=sum(line.startswith("+") for line in lines),
        removed=sum(line.startswith("-") for line in lines),
    )  # fmt: skip
