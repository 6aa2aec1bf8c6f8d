"""Whom a change of the association concerns: everybody, or those whom its scope names."""

from __future__ import annotations

from dataclasses import dataclass

FIELDS = {
    "member_type": "members of one type",
    "chapter_id": "members of one chapter",
    "ref": "those who used one program before",
    "kind": "those who used one kind of program, or did one kind of thing, before",
}
"""What a scope may go by, as `program_changes.scope` writes it, and whom it means."""


@dataclass(frozen=True)
class Scope:
    """Whom a change concerns; written as `member_type=STU`, and as nothing for everybody.

    Args:
        field: Of `FIELDS`; empty for everybody. One that is not of them concerns nobody.
        value: Of that field.
    """

    field: str = ""
    value: str = ""

    @classmethod
    def of(cls, text: str) -> Scope:
        """The scope that *text* writes."""
        field, _, value = text.strip().partition("=")
        return cls(field.strip(), value.strip())

    def __str__(self) -> str:
        return f"{self.field}={self.value}" if self.field else ""
