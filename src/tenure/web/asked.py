"""What an address asks the work list for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BANDS = {"high": "High", "medium": "Medium", "low": "Low", "new": "New"}
SORTS = {"rank": "highest risk", "date": "soonest renewal", "dues": "highest dues", "rise": "sharpest rise"}
CHANGES = ("high", "recovered")
_LONGEST_WORD = 100
_MOST_DAYS = 3650


@dataclass(frozen=True)
class Asked:
    """What an address asks the list for; whatever cannot be understood counts as not asked.

    Args:
        band, kind, chapter: As in the scores; empty for all. `kind` is the member type.
        due: Ends within so many days.
        grace: In grace only.
        call: The top 10 % only.
        change: `high` for newly high since the last scores, `recovered` for no longer high.
        words: In the name, or the beginning of the id.
        sort: A key of `SORTS`.
        page: From 1.
    """

    band: str = ""
    kind: str = ""
    chapter: str = ""
    due: int | None = None
    grace: bool = False
    call: bool = False
    change: str = ""
    words: str = ""
    sort: str = "rank"
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Read an address."""
        band, sort, change = query.get("band", ""), query.get("sort", ""), query.get("change", "")
        return cls(
            band=band if band in BANDS else "",
            kind=query.get("type", "")[:_LONGEST_WORD],
            chapter=query.get("chapter", "")[:200],
            due=_number(query.get("due", ""), _MOST_DAYS),
            grace=query.get("grace") == "1",
            call=query.get("call") == "1",
            change=change if change in CHANGES else "",
            words=" ".join(query.get("q", "").replace("\0", "").split())[:_LONGEST_WORD],
            sort=sort if sort in SORTS else "rank",
            page=_number(query.get("page", ""), 10**6) or 1,
        )

    @property
    def narrows(self) -> bool:
        """Whether it leaves anyone out."""
        return self != Asked(sort=self.sort, page=self.page)

    def parameters(self) -> dict[str, str]:
        """The parameters of the address that asks for this, without sort and page."""
        given = {
            "q": self.words,
            "band": self.band,
            "type": self.kind,
            "chapter": self.chapter,
            "due": "" if self.due is None else str(self.due),
            "grace": "1" if self.grace else "",
            "call": "1" if self.call else "",
            "change": self.change,
        }
        return {name: value for name, value in given.items() if value}


def _number(text: str, most: int) -> int | None:
    """A whole number from 1 to *most*; None for anything else."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        return None
    return int(text) if 1 <= int(text) <= most else None
