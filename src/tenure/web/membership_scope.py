"""What an address of the Membership page asks for, and the kept figures that answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenure.ledger import figures

ROWS = {"type": "Type", "chapter": "Chapter"}
_LONGEST = 200


@dataclass(frozen=True)
class Asked:
    """Whom the page is about, and how it is cut; whatever cannot be understood counts as not asked.

    Args:
        kind: The member type; empty for all.
        chapter: Empty for all; of a liaison always the own one.
        by: What the rows of the tables are: `type` or `chapter`.
        month: The renewal class, such as `2025-02`; empty for the one at stake.
    """

    kind: str = ""
    chapter: str = ""
    by: str = "type"
    month: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str], own: str | None) -> Asked:
        """Read an address, for a reader who sees the chapter *own* alone where one is given."""
        by, month = query.get("by", ""), query.get("month", "")
        return cls(
            kind=query.get("type", "")[:_LONGEST].replace("\0", ""),
            chapter=query.get("chapter", "")[:_LONGEST].replace("\0", "") if own is None else own,
            by=by if by in ROWS and own is None else "type",
            month=month if len(month) == 7 and month.replace("-", "").isdigit() else "",
        )

    def parameters(self, own: str | None = None) -> dict[str, str]:
        """The parameters of the address that asks for this; what goes without saying is left out."""
        given = {
            "type": self.kind,
            "chapter": self.chapter if own is None else "",
            "by": "" if self.by == "type" else self.by,
            "month": self.month,
        }
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True)
class Shown:
    """The figures that answer an address.

    Args:
        asked: The address.
        body: What follows from the record, of the scope that is asked for.
        dues: What follows from the scores, by horizon; empty where nothing is due.
        dues_as_of: Their day, ISO; empty where none are kept.
        types, chapters: What can be asked for.
    """

    asked: Asked
    body: dict[str, Any]
    dues: list[dict[str, Any]]
    dues_as_of: str
    types: tuple[str, ...]
    chapters: tuple[str, ...]

    @property
    def scope(self) -> str:
        """Whom it is about, in words; empty for everyone."""
        chapter = f"chapter {self.asked.chapter}" if self.asked.chapter else ""
        return ", ".join(part for part in (self.asked.kind, chapter) if part)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The types or the chapters of the scope."""
        found: list[dict[str, Any]] = self.body["chapters" if self.asked.by == "chapter" else "types"]
        return found


def shown_for(asked: Asked, own: str | None) -> Shown | None:
    """The kept figures for *asked*; None where there are none.

    A type or a chapter that nobody is in answers as empty figures would: there are none.
    """
    if own == "":
        return None
    record = figures.kept(part=figures.RECORD, chapter=asked.chapter, member_type=asked.kind)
    if record is None:
        return None
    scores = figures.kept(part=figures.SCORES, chapter=asked.chapter, member_type=asked.kind)
    whole = record if not asked.kind else figures.kept(part=figures.RECORD, chapter=asked.chapter)
    everyone = whole if own is not None or not asked.chapter else figures.kept(part=figures.RECORD)
    latest = scores or figures.kept(part=figures.SCORES)
    return Shown(
        asked,
        record.body,
        scores.body if scores else [],
        latest.as_of.isoformat() if latest else "",
        _keys(whole, "types"),
        _keys(everyone, "chapters") if own is None else (),
    )


def is_kept() -> bool:
    """Whether any figures are kept."""
    return figures.kept(part=figures.RECORD) is not None


def _keys(row: Any, name: str) -> tuple[str, ...]:
    return tuple(one["key"] for one in row.body[name]) if row is not None else ()
