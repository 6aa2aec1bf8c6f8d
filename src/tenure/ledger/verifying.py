"""Is the audit log as it was written? From its rows, or an export of them, and from anchors kept elsewhere.

Knows nothing of Django: a row is read as `docs/audit.md` publishes it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tenure.base.errors import UsageError
from tenure.ledger.chain import GENESIS

_TAG = b',"hash":"'
_LONG = len(_TAG) + 64 + len(b'"}')
_LONGEST_ANCHOR = 1 << 20
_SPOKEN = re.compile(r"(\d+):([0-9a-f]{64})")
_MOST = 20
"""So many findings are told one by one; one changed row makes no more than two, and what follows is counted."""


@dataclass(frozen=True)
class Anchor:
    """What the log was at some moment, kept where nobody who can write into the ledger can write.

    Args:
        number: Of its last row then; 0 of an empty log.
        hash: Of that row.
        at: When, ISO 8601; empty where it is not known.
    """

    number: int
    hash: str
    at: str = ""

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


class Link(NamedTuple):
    """One row, as far as a check needs it: its place, what it says was before it, and whether its hash is its own."""

    number: int
    previous: str
    hash: str
    is_its_own: bool


@dataclass
class Verdict:
    """What was found.

    Args:
        rows: How many rows were looked at.
        last: The hash of the last of them.
        findings: What is not as it was written, each in a sentence.
        more: How many further findings there are.
        anchored: The last row that an anchor vouches for; 0 for none.
    """

    rows: int = 0
    last: str = GENESIS
    findings: list[str] = field(default_factory=list)
    more: int = 0
    anchored: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def find(self, words: str) -> None:
        """Add a finding."""
        if len(self.findings) < _MOST:
            self.findings.append(words)
        else:
            self.more += 1

    @property
    def not_ruled_out(self) -> str:
        """What could have been done without being seen here."""
        if self.anchored >= self.rows:
            return ""
        since = f"after row {self.anchored}" if self.anchored else "at any place"
        return (
            f"no anchor vouches for rows {self.anchored + 1} to {self.rows}. That rows {since} were all written anew, "
            "with new hashes up to the end, or that rows were cut off at the end, cannot be ruled out: compare with an "
            "anchor that was kept elsewhere (--anchor)"
        )


def verify(links: Iterable[Link | str], anchors: Iterable[Anchor] = ()) -> Verdict:
    """Look whether rows follow one another as they were written, and whether *anchors* agree.

    Args:
        links: The rows in their order; what could not be read as one is a sentence about it.
        anchors: What the log was known to be.
    """
    verdict, wanted = Verdict(), _by_number(anchors)
    for link in links:
        verdict.rows += 1
        if isinstance(link, str):
            verdict.find(f"line {verdict.rows}: {link}")
            continue
        _look(verdict, link)
        verdict.last = link.hash
        _compare(verdict, wanted.pop(link.number, ()), link.hash)
    _compare(verdict, wanted.pop(0, ()), GENESIS)
    for number, missing in sorted(wanted.items()):
        verdict.find(f"rows are missing at the end: {_named(missing[0])} was made at row {number}")
    return verdict


def links_of(lines: Iterable[bytes]) -> Iterator[Link | str]:
    """The rows of an export."""
    for text in lines:
        row = text.rstrip(b"\r\n")
        yield link_of(row[:-_LONG] + b"}", row[-66:-2]) if row[-_LONG:-66] == _TAG else "it is no row of an audit log"


def link_of(body: bytes, its_hash: bytes) -> Link | str:
    """The row whose hashed line is *body*."""
    try:
        told = json.loads(body)
        number, previous = told["number"], told["previous"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "it is no row of an audit log"
    if not isinstance(number, int) or not isinstance(previous, str):
        return "it is no row of an audit log"
    found = its_hash.decode("ascii", "replace")
    return Link(number, previous, found, hashlib.sha256(body).hexdigest() == found)


def anchors_in(place: str) -> list[Anchor]:
    """The anchors that *place* names: a file, a directory of them, or `NUMBER:HASH` as it was printed.

    Raises:
        UsageError: It names nothing of the kind.
    """
    if spoken := _SPOKEN.fullmatch(place.strip()):
        return [Anchor(int(spoken[1]), spoken[2])]
    path = Path(place)
    if path.is_dir():
        return [anchor for file in sorted(path.glob("audit-*.json")) for anchor in anchors_in(str(file))]
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(_LONGEST_ANCHOR))
        return [Anchor(int(told["number"]), str(told["hash"]), str(told.get("at", "")))]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            f"{place} is no anchor of an audit log",
            mend="pass a file that `tenure audit anchor` wrote, a directory of them, or NUMBER:HASH as it was printed",
        ) from error


def _by_number(anchors: Iterable[Anchor]) -> dict[int, list[Anchor]]:
    wanted: dict[int, list[Anchor]] = {}
    for anchor in anchors:
        wanted.setdefault(anchor.number, []).append(anchor)
    return wanted


def _look(verdict: Verdict, link: Link) -> None:
    if link.number != verdict.rows:
        verdict.find(f"line {verdict.rows}: row {link.number} stands in the place of row {verdict.rows}")
    if link.previous != verdict.last:
        verdict.find(f"row {link.number}: the row before it is not the one that it was written after")
    if not link.is_its_own:
        verdict.find(f"row {link.number}: it was changed after it was written")


def _compare(verdict: Verdict, anchors: Iterable[Anchor], found: str) -> None:
    for anchor in anchors:
        if anchor.hash != found:
            verdict.find(f"row {anchor.number}: {_named(anchor)} knows another; it or rows before it were rewritten")
        elif verdict.is_whole:
            verdict.anchored = max(verdict.anchored, anchor.number)


def _named(anchor: Anchor) -> str:
    return f"the anchor of {anchor.at[:10]}" if anchor.at else "the anchor"
