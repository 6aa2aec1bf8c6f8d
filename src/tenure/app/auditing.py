"""What `tenure audit` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenure.app.house import House
from tenure.base.errors import UsageError

if TYPE_CHECKING:
    from tenure.ledger.chain import Row
    from tenure.ledger.verifying import Anchor, Verdict

BY = "tenure audit"
_LONGEST_LINE = 16 << 20


@dataclass(frozen=True)
class Verified:
    """What a check of the log found.

    Args:
        verdict: Of its rows.
        anchors: How many anchors were compared with.
        home_anchors: Where those of this machine lie; empty when none were.
        guards: What should refuse changes in the database and is not there.
        lost: How many anchors of this machine were left out, since they speak of rows that a restore lost.
    """

    verdict: Verdict
    anchors: int
    home_anchors: str = ""
    guards: tuple[str, ...] = ()
    lost: int = 0

    @property
    def is_well(self) -> bool:
        """Whether nothing was found."""
        return self.verdict.is_whole and not self.guards

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        told = asdict(self.verdict) | {"whole": self.verdict.is_whole, "not_ruled_out": self._not_ruled_out()}
        return told | {"anchors": self.anchors, "guards_missing": list(self.guards)}

    def words(self) -> str:
        """For people."""
        verdict = self.verdict
        lines = [f"{verdict.rows:,} rows, {self.anchors:,} anchors. The last hash: {verdict.rows}:{verdict.last}"]
        lines += [f"FOUND  {finding}" for finding in verdict.findings]
        lines += [f"       and {verdict.more:,} more"] if verdict.more else []
        lines += [f"FOUND  the database does not refuse changes: {name} is missing" for name in self.guards]
        lines += ["The rows follow one another as they were written."] if verdict.is_whole else []
        lines += [f"Not ruled out: {words}." for words in self._not_ruled_out()]
        return "\n".join(lines)

    def _not_ruled_out(self) -> list[str]:
        words = [self.verdict.not_ruled_out]
        if self.home_anchors:
            words.append(f"the anchors in {self.home_anchors} prove nothing against somebody who can write there too")
        if self.lost:
            words.append(
                f"{self.lost} anchors there speak of rows that the log says were lost when a backup was put back; "
                "compare with anchors that were kept elsewhere"
            )
        return [each for each in words if each]


def of_export(path: Path, places: Iterable[str]) -> Verified:
    """Check an exported log; needs neither a home nor a database. Errors of the anchors at *places* as there."""
    from tenure.ledger.verifying import links_of, verify

    anchors = _given(places)
    with path.open("rb") as file:
        # A line beyond that is in pieces, of which none is a row.
        lines = iter(partial(file.readline, _LONGEST_LINE), b"")
        return Verified(verify(links_of(lines), anchors), len(anchors))


def of_ledger(house: House, places: Iterable[str]) -> Verified:
    """Check the log in the ledger, against the anchors in the home and those at *places*."""
    house.open_ledger()
    from django.db import connection

    from tenure.ledger import anchors, guards

    folder = anchors.folder_of(house.home, house.settings)
    own, lost = anchors.standing_in(folder)
    known = [*own, *_given(places)]
    missing = tuple(guards.missing(connection))
    return Verified(anchors.verify_ledger(known), len(known), str(folder) if own else "", missing, lost)


def exported(house: House, *, after: int) -> Iterator[bytes]:
    """The lines of the log; that it was exported is its last row."""
    house.open_ledger()
    from tenure.ledger import audit

    audit.record("audit:log:export", by=BY, clock=house.clock, after=after)
    return audit.lines(after=after)


def shown(house: House, *, member_id: str, act: str, subject: str, last: int) -> list[Row]:
    """The newest *last* rows of the log that are about a member, of a kind of act, or of a subject; oldest first.

    Raises:
        UsageError: There is no such member.
    """
    house.open_ledger()
    from tenure.ledger import audit, identities
    from tenure.ledger.first import first_of
    from tenure.ledger.models import AuditEvent

    found = AuditEvent.objects.filter(act__startswith=act)
    if member_id:
        found = found.filter(member=first_of(identities.required(member_id=member_id)))
    found = found.filter(subject=subject) if subject else found
    return [audit.row_of(event) for event in reversed(found.order_by("-number")[:last])]


def line_of(row: Row) -> str:
    """One row for a terminal."""
    details = ", ".join(f"{name} {value}" for name, value in row.details.items() if value not in ("", None, []))
    parts = (f"{row.number:>7}  {row.at:%Y-%m-%d %H:%M}  {row.act}", row.by and f"by {row.by}", row.subject, details)
    return "  ".join(part for part in parts if part)


def anchor(house: House, folder: Path | None) -> tuple[Anchor, Path]:
    """Write down what the log is now into *folder*, or where the settings say.

    Raises:
        DamagedStore: It is not the log that was anchored there before.
    """
    house.open_ledger()
    from tenure.ledger import anchors

    where = folder or anchors.folder_of(house.home, house.settings)
    anchors.require_continued(where)
    return anchors.keep(where, clock=house.clock)


def grants(house: House, role: str) -> str:
    """The SQL that takes from *role* the right to change the log.

    Raises:
        UsageError: The ledger is not on a server, or *role* is no name.
    """
    from tenure.ledger import guards

    if not house.settings.ledger.database:
        raise UsageError(
            "SQLite knows no accounts; the log in its file is guarded by triggers alone",
            mend="use PostgreSQL where the application itself is not trusted",
        )
    return guards.grants(role)


def _given(places: Iterable[str]) -> list[Anchor]:
    from tenure.ledger.verifying import anchors_in

    return [anchor for place in places for anchor in anchors_in(place)]
