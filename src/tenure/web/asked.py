"""What an address asks the work list for, and how any address says a number, any form a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from tenure.base.errors import UsageError

BANDS = {"high": "High", "medium": "Medium", "low": "Low", "new": "New"}
SORTS = {
    "worth": "most dues kept per hour",
    "rank": "highest risk",
    "date": "soonest renewal",
    "dues": "highest dues",
    "rise": "sharpest rise",
    "days": "most days of taking part",
}
CHANGES = {
    "high": "newly high risk",
    "recovered": "no longer high",
    "renewed": "renewed",
    "odd": "moved by 30 points or more",
}
SILENT = (30, 60, 90)
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
        now: Those to be called now: see `tenure.web.worklist.to_call`.
        change: A key of `CHANGES`: what became of them since the scores before.
        payment: With a payment to put right only.
        silent: A first-year member who joined that many days ago (one of `SILENT`, up to the next) and did nothing.
        quiet: Those alone who had been active and have done nothing for 90 days.
        engaged: Those alone who take part most of their type.
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
    now: bool = False
    change: str = ""
    payment: bool = False
    silent: int | None = None
    quiet: bool = False
    engaged: bool = False
    words: str = ""
    sort: str = "rank"
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Read an address."""
        band, sort, change = query.get("band", ""), query.get("sort", ""), query.get("change", "")
        silent = number(query.get("silent", ""), _MOST_DAYS)
        return cls(
            band=band if band in BANDS else "",
            kind=query.get("type", "")[:_LONGEST_WORD],
            chapter=query.get("chapter", "")[:200],
            due=number(query.get("due", ""), _MOST_DAYS),
            grace=query.get("grace") == "1",
            call=query.get("call") == "1",
            now=query.get("now") == "1",
            change=change if change in CHANGES else "",
            payment=query.get("payment") == "1",
            silent=silent if silent in SILENT else None,
            quiet=query.get("quiet") == "1",
            engaged=query.get("engaged") == "1",
            words=" ".join(query.get("q", "").replace("\0", "").split())[:_LONGEST_WORD],
            sort=sort if sort in SORTS else "rank",
            page=number(query.get("page", ""), 10**6) or 1,
        )

    @classmethod
    def today(cls, query: Mapping[str, str]) -> Asked:
        """Read the address of the page: one that asks for nobody in particular asks for those to be called now."""
        asked = cls.of(query)
        return asked if any(name in _NAMES for name in query) else cls(now=True, sort="worth", page=asked.page)

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
            "now": "1" if self.now else "",
            "change": self.change,
            "payment": "1" if self.payment else "",
            "silent": "" if self.silent is None else str(self.silent),
            "quiet": "1" if self.quiet else "",
            "engaged": "1" if self.engaged else "",
        }
        return {name: value for name, value in given.items() if value}


_NAMES = frozenset(
    {
        "all",
        "sort",
        "q",
        "band",
        "type",
        "chapter",
        "due",
        "grace",
        "call",
        "now",
        "change",
        "payment",
        "silent",
        "quiet",
        "engaged",
    }
)
"""Every parameter by which an address says whom it is about; `all` asks for everyone."""


def day_in(text: str) -> dt.date | None:
    """The day that somebody wrote into a form, if any.

    Raises:
        UsageError: It is none.
    """
    try:
        return dt.date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as error:
        raise UsageError("that is no day", mend="write it as 2026-12-31, or leave it empty") from error


def number(text: str, most: int = 10**15 - 1) -> int | None:
    """A whole number from 1 to *most*; None for anything else."""
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        return None
    return int(text) if 1 <= int(text) <= most else None
