"""Which playbooks there are, each version of their texts, and which are on; by whose word.

The ledger keeps texts and knows nothing of what they mean: whoever adds one has read it with
`tenure.outreach.reading` before.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.ledger import audit
from tenure.ledger.models import Playbook, PlaybookVersion
from tenure.ledger.rights import Act, require

SHIPPED_BY = "tenure"
"""Who is named for the versions that ship."""


@dataclass(frozen=True)
class Kept:
    """One version of a playbook as the ledger has it.

    Args:
        name: Which playbook.
        number: Which version.
        text: The file's text.
        is_on: Whether the playbook is on and this is its current version.
        shipped: Digest of the shipped text that it came from; empty where it did not ship.
    """

    name: str
    number: int
    text: str
    is_on: bool
    shipped: str = ""


def seed(*, texts: Mapping[str, str], clock: Clock = system_clock) -> list[str]:
    """Put in the playbooks that ship, switched off; gives the names of those that are new or were renewed.

    A playbook that nobody has edited and that is off gets the newer text as its next version. One that was edited, or
    is on, stays as it is: what a person has switched on changes by a person's word alone.
    """
    return [name for name, text in sorted(texts.items()) if _seed(name, text, clock)]


def _seed(name: str, text: str, clock: Clock) -> bool:
    digest = digest_of(text)
    with transaction.atomic():
        row = Playbook.objects.select_for_update().filter(pk=name).first()
        if row is not None and (row.shipped == digest or row.is_on or _is_edited(row)):
            return False
        if row is None:
            row = Playbook(name=name, current=0, changed_at=clock(), changed_by=SHIPPED_BY)
        row.shipped = digest
        _append(row, text, by=SHIPPED_BY, why="as it ships", clock=clock)
    return True


def add(*, name: str, text: str, by: str, why: str = "", clock: Clock = system_clock) -> int:
    """Keep *text* as the next version of *name*, or as its first; gives its number.

    The same text again changes nothing.

    A playbook that is on goes on by the new version from the next night; proposals that are open keep theirs.

    Raises:
        NotAllowed: *by* may not edit playbooks.
    """
    with transaction.atomic():
        require(by, Act.PLAYBOOKS)
        row = Playbook.objects.select_for_update().filter(pk=name).first()
        if row is None:
            row = Playbook(name=name, current=0)
        elif _version(row).digest == digest_of(text):
            return row.current
        return _append(row, text, by=by, why=why, clock=clock)


def _append(row: Playbook, text: str, *, by: str, why: str, clock: Clock) -> int:
    row.current, row.changed_at, row.changed_by = row.current + 1, clock(), by
    row.save()
    PlaybookVersion.objects.create(
        playbook=row, number=row.current, text=text, digest=digest_of(text), at=row.changed_at, by=by, why=why
    )
    audit.record(
        "playbook:version:add",
        by=by,
        subject=row.name,
        clock=clock,
        number=row.current,
        digest=digest_of(text),
        why=why,
    )
    return row.current


def switch(*, name: str, on: bool, by: str, why: str = "", clock: Clock = system_clock) -> bool:
    """Let *name* propose from the next night on, or no more; says whether that is a change.

    Raises:
        UsageError: There is no such playbook.
        NotAllowed: *by* may not switch playbooks.
    """
    with transaction.atomic():
        require(by, Act.PLAYBOOKS)
        row = _named(name, locked=True)
        if row.is_on == on:
            return False
        row.is_on, row.changed_at, row.changed_by = on, clock(), by
        row.save(update_fields=["is_on", "changed_at", "changed_by"])
        audit.record(
            "playbook:version:switch", by=by, subject=name, clock=clock, number=row.current, on=on, why=why
        )  # fmt: skip
    return True


def every() -> list[Kept]:
    """The current version of each playbook, by name."""
    rows = Playbook.objects.order_by("name")
    return [_kept(row, _version(row)) for row in rows]


def current(name: str) -> Kept:
    """The current version of *name*.

    Raises:
        UsageError: There is no such playbook.
    """
    row = _named(name)
    return _kept(row, _version(row))


def version(name: str, number: int) -> Kept:
    """Version *number* of *name*.

    Raises:
        UsageError: There is none.
    """
    row = _named(name)
    found = row.versions.filter(number=number).first()
    if found is None:
        raise UsageError(
            f"playbook `{name}` has no version {number}", mend=f"it has versions 1 to {row.current}"
        )  # fmt: skip
    return _kept(row, found)


def history(name: str) -> list[PlaybookVersion]:
    """Every version of *name*, the oldest first."""
    return list(_named(name).versions.order_by("number"))


def diff(name: str, older: int, newer: int) -> str:
    """What changed from version *older* to *newer*, line by line, as a unified diff; empty when nothing did.

    Raises:
        UsageError: There is no such playbook or version.
    """
    before, after = (version(name, number).text.splitlines(keepends=True) for number in (older, newer))
    return "".join(difflib.unified_diff(before, after, f"{name}@{older}", f"{name}@{newer}"))


def digest_of(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _named(name: str, *, locked: bool = False) -> Playbook:
    rows = Playbook.objects.select_for_update() if locked else Playbook.objects
    row = rows.filter(pk=name).first()
    if row is None:
        near = difflib.get_close_matches(name, Playbook.objects.values_list("name", flat=True), n=1)
        mend = f"did you mean `{near[0]}`?" if near else "`tenure playbook list` names those there are"
        raise UsageError(f"there is no playbook `{name}`", mend=mend)
    return row


def _version(row: Playbook) -> PlaybookVersion:
    return row.versions.get(number=row.current)


def _is_edited(row: Playbook) -> bool:
    return _version(row).digest != row.shipped


def _kept(row: Playbook, found: PlaybookVersion) -> Kept:
    return Kept(row.name, found.number, found.text, row.is_on and found.number == row.current, row.shipped)
