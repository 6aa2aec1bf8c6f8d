"""The audit log as a chain of digests: how a row is written out, and what its hash is. Knows nothing of Django.

A row is one line of JSON: keys sorted, no spaces, UTF-8. Its hash is SHA-256 of that line; the line holds the hash of
the row before it, as `previous`. An exported line is the same line with `"hash":"…"` put in as its last member, so that
whoever takes that member out again has, byte for byte, what was hashed. `docs/audit.md` publishes this.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64
"""What the first row has as `previous`."""

_EXACT = 2**53
"""Up to here every database gives a whole number back as it got it, whether it was written 3 or 3.0."""

_LINE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(slots=True)
class Row:
    """One act, as it stands in the chain.

    Args:
        number: Its place, from 1 on, without a gap.
        at: When, timezone-aware.
        by: Who: a sign-in name or a command.
        act: What, as `thing:subject:verb`.
        subject: To what; never a name or an address of a member.
        member: The pseudonym of the member it is about.
        details: Figures and short words.
        sealed: SHA-256 of the text that lies beside the chain under the member's key; empty without one.
        previous: The hash of the row before.
    """

    number: int
    at: dt.datetime
    by: str
    act: str
    subject: str
    member: int | None
    details: Mapping[str, Any]
    sealed: str
    previous: str

    def body(self) -> bytes:
        """The line that is hashed."""
        return _LINE.encode(self.told()).encode()

    def told(self) -> dict[str, Any]:
        """What the line says."""
        return {
            "act": self.act,
            "at": self.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            "by": self.by,
            "details": plain(self.details),
            "member": None if self.member is None else str(self.member),
            "number": self.number,
            "previous": self.previous,
            "sealed": self.sealed,
            "subject": self.subject,
        }


def digest(body: bytes) -> str:
    """The hash of a row, in hex."""
    return hashlib.sha256(body).hexdigest()


def line(body: bytes, its_hash: str) -> bytes:
    """A row as it is exported: *body* with its hash as the last member."""
    return body[:-1] + b',"hash":"' + its_hash.encode() + b'"}'


def plain(value: Any) -> Any:
    """*value* as every database gives it back: whole numbers without a point, no NaN, no text that cannot be stored.

    Dates become ISO 8601; a figure that is not a number becomes null, a huge one text.
    """
    kind = type(value)
    # What nearly every figure and word is comes first: a check of the log looks at millions of them.
    if kind is str:
        return storable(value)
    if kind is int and -_EXACT <= value <= _EXACT:
        return value
    if kind is dict:
        return {storable(str(key)): plain(each) for key, each in value.items()}
    return _plain_of_another_kind(value)


def _plain_of_another_kind(value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) <= _EXACT else str(value)
        case float():
            return _figure(value)
        case str():
            return storable(value)
        case dt.datetime() | dt.date():
            return value.isoformat()
        case Mapping():
            return {storable(str(key)): plain(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in (sorted(value) if isinstance(value, set | frozenset) else value)]
    return storable(str(value))


def storable(text: str) -> str:
    """*text* without what a database or UTF-8 refuses."""
    if text.isascii():
        return text.replace("\0", "?")
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def _figure(value: float) -> float | int | str | None:
    if not math.isfinite(value):
        return None
    if abs(value) >= _EXACT:
        return repr(value)
    return int(value) if value.is_integer() else value
