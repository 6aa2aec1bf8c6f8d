"""What the audit log is at the end of a night, kept outside the database.

Whoever can write into the ledger could write its log anew from some row on, with new hashes, and the log alone would
not show it; an anchor does, when it lies where they cannot write. An anchor is one small file, never overwritten.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

from django.db.models import QuerySet

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import DamagedStore
from tenure.base.home import Home, write_atomically
from tenure.base.settings import Settings
from tenure.ledger import audit, seals
from tenure.ledger.chain import GENESIS, digest
from tenure.ledger.models import AuditEvent, AuditSeal
from tenure.ledger.verifying import Anchor, Link, Verdict, anchors_in, verify

ERASED = "member:record:erase"
"""The act after which the sealed text of a member is rightly gone."""

FORGOTTEN = "retention:words:delete"
"""The act after which sealed text is rightly gone up to the row that it names: it was kept as long as it may be."""

RESTORED = "ledger:backup:restore"
"""The act that tells that a backup was put back, and what came after it is lost."""

_AT_ONCE = 5_000


def folder_of(home: Home, settings: Settings) -> Path:
    """Where anchors go: `ledger.anchors`, or `anchors/` in the home."""
    return home.root / (settings.ledger.anchors or "anchors")


def current(*, clock: Clock = system_clock) -> Anchor:
    """What the log is now."""
    last = AuditEvent.objects.order_by("-number").values_list("number", "hash").first()
    number, its_hash = last or (0, GENESIS)
    return Anchor(number, its_hash, clock().isoformat(timespec="seconds"))


def keep(folder: Path, *, clock: Clock = system_clock) -> tuple[Anchor, Path]:
    """Write down what the log is now into *folder*; the anchor and its file."""
    anchor = current(clock=clock)
    path = folder / f"audit-{anchor.at[:10]}-{anchor.number}.json"
    if not path.exists():
        body = {"at": anchor.at, "hash": anchor.hash, "number": anchor.number, "what": "anchor of a Tenure audit log"}
        write_atomically(path, (json.dumps(body, sort_keys=True) + "\n").encode())
    return anchor, path


def standing_in(folder: Path) -> tuple[list[Anchor], int]:
    """The anchors in *folder*, and how many more speak of rows that were lost when a backup was put back.

    The log itself tells of such a restore, and whoever can rewrite the log could write that too: an anchor that was
    kept elsewhere is compared whatever the log says.
    """
    found = anchors_in(str(folder)) if folder.is_dir() else []
    restores = list(AuditEvent.objects.filter(act=RESTORED).values_list("number", "at"))
    lost = [a for a in found if any(a.number >= number and _made(a) <= at for number, at in restores)]
    return [anchor for anchor in found if anchor not in lost], len(lost)


def newest_in(folder: Path) -> Anchor | None:
    """The anchor in *folder* that vouches for most, of those that stand."""
    return max(standing_in(folder)[0], key=lambda anchor: anchor.number, default=None)


def _made(anchor: Anchor) -> dt.datetime:
    return dt.datetime.fromisoformat(anchor.at) if anchor.at else dt.datetime.max.replace(tzinfo=dt.UTC)


def require_continued(folder: Path) -> None:
    """See that the log goes on from the newest anchor in *folder*; a quick look, for every night.

    Raises:
        DamagedStore: It is another log than it was.
    """
    anchor = newest_in(folder)
    if anchor is None or not anchor.number:
        return
    found = AuditEvent.objects.filter(number=anchor.number).values_list("hash", flat=True).first()
    if found != anchor.hash:
        raise DamagedStore(
            f"the audit log is not the one that was anchored on {anchor.at[:10]} at row {anchor.number}",
            mend="run `tenure audit verify`; if a backup was put back by hand, move later anchors elsewhere",
        )


def verify_ledger(anchors: list[Anchor]) -> Verdict:
    """Look through the log in the database, and at the sealed text beside it; *anchors* as of `verify`."""
    verdict = verify(links(), anchors)
    for words in _broken_seals():
        verdict.find(words)
    return verdict


def links() -> Iterator[Link]:
    """The rows of the log, as it lies in the database."""
    for row, its_hash in audit.rows():
        yield Link(row.number, row.previous, its_hash, digest(row.body()) == its_hash)


def _broken_seals() -> Iterator[str]:
    """Sealed texts that are not what the log says; those of members who were erased, and old ones, are rightly gone."""
    told = AuditEvent.objects.filter(act=FORGOTTEN).values_list("details", flat=True)
    forgotten = max((int(details["until"]) for details in told), default=0)
    erased = set(AuditEvent.objects.filter(act=ERASED).values_list("member", flat=True))
    wanted = AuditEvent.objects.exclude(sealed="").values_list("number", "member", "sealed")
    for part in _parts(wanted):
        numbers = [number for number, _, _ in part]
        found = {seal.number: seals.digest(bytes(seal.text)) for seal in AuditSeal.objects.filter(number__in=numbers)}
        for number, member, sealed in part:
            if number not in found and member not in erased and number > forgotten:
                yield f"row {number}: its sealed text is gone, though the member was not erased"
            elif found.get(number, sealed) != sealed:
                yield f"row {number}: its sealed text was changed"


def _parts(rows: QuerySet[AuditEvent, tuple[int, int | None, str]]) -> Iterator[list[tuple[int, int | None, str]]]:
    some: list[tuple[int, int | None, str]] = []
    for row in rows.iterator(chunk_size=_AT_ONCE):
        some.append(row)
        if len(some) == 900:
            yield some
            some = []
    if some:
        yield some
