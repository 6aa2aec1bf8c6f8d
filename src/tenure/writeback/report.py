"""What a write-back did, or would do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from tenure.base.errors import TenureError


@dataclass(frozen=True)
class Change:
    """What one row in iMIS needs in order to hold what it shall.

    Args:
        member_id: Whose row.
        kind: `create`, `update`, or `none` when it already holds it.
        fields: By property, what iMIS holds and what it shall hold.
    """

    member_id: str
    kind: Literal["create", "update", "none"]
    fields: dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Rejection:
    """A row that iMIS refused, while it took others.

    Args:
        member_id: Whose row.
        faults: What iMIS said.
        fields: The properties it named.
    """

    member_id: str
    faults: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def reason(self) -> str:
        """The property and what is wrong with it, such as `Reason1: Reason is not allowed.`"""
        named = ", ".join(dict.fromkeys(self.fields))
        said = "; ".join(self.faults) or "refused without a word"
        return said if not named or named.lower() in said.lower() else f"{named}: {said}"


@dataclass
class WritebackReport:
    """The outcome of one write-back.

    Args:
        table: Where it wrote.
        dry_run: Whether it only looked.
        installed: Whether the table was made (or, in a dry run, would be).
        columns_added: Columns that an older table lacked.
        changes: What was found to be needed, row by row; the same in a dry run and in the run after it.
        created, updated: Rows written.
        unchanged: Rows that held already what they shall.
        rejected: Rows that iMIS refused one by one.
        unknown: Rows of which it isn't known whether iMIS saved them; read back in the next run.
        left: Rows not reached.
        requests: Requests sent to iMIS for all this.
        trouble: Why it stopped before the end, if it did.
    """

    table: str
    dry_run: bool = False
    installed: bool = False
    columns_added: tuple[str, ...] = ()
    changes: list[Change] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    unknown: int = 0
    left: int = 0
    requests: int = 0
    trouble: TenureError | None = None

    @property
    def written(self) -> int:
        """Rows created or updated."""
        return self.created + self.updated

    @property
    def complete(self) -> bool:
        """Whether every row is where it shall be."""
        return not (self.rejected or self.unknown or self.left or self.trouble)

    def as_json(self) -> dict[str, Any]:
        """Counts and troubles, without any member's values."""
        return {
            "table": self.table,
            "dry_run": self.dry_run,
            "installed": self.installed,
            "columns_added": list(self.columns_added),
            "to_create": sum(change.kind == "create" for change in self.changes),
            "to_update": sum(change.kind == "update" for change in self.changes),
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": len(self.rejected),
            "unknown": self.unknown,
            "left": self.left,
            "requests": self.requests,
            "trouble": self.trouble.message if self.trouble else None,
        }
