"""A fact, and how dates, counts and money are put in words for members and staff."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tenure.insights.evidence import Act, Evidence

_MOST_RECORDS = 5
_TABLES = {"activity": "Activity", "terms": "Terms", "members": "Member record", "programs": "Programs"}


@dataclass(frozen=True)
class Fact:
    """Something that is so, with what it rests on.

    Args:
        key: Which fact; `tenure.insights.facts.KEYS` says what each means.
        words: As a sentence to the member says it: `4 downloads`, `since 2016`.
        value: The same as a value.
        shown: What staff see beside the clause: `4 downloads, Apr 2 to Nov 21, 2025. Activity`.
        table: Where it comes from: `activity`, `terms`, `members` or `programs`.
        records: Up to five ids of rows of it, newest first, as the lake has them; or refs of programs.
        recorded_on: When the newest of all rows behind it was recorded.
        sayable: Whether it may be said to the member.
    """

    key: str
    words: str
    value: str | int | float | dt.date
    shown: str
    table: str
    records: tuple[str, ...]
    recorded_on: dt.date
    sayable: bool = True


def day(date: dt.date) -> str:
    """`April 2, 2025`."""
    return f"{date:%B} {date.day}, {date.year}"


def short_day(date: dt.date) -> str:
    """`Apr 2, 2025`."""
    return f"{date:%b} {date.day}, {date.year}"


def stretch(first: dt.date, last: dt.date) -> str:
    """`Apr 2 to Nov 21, 2025`; one day where both are the same."""
    if first == last:
        return short_day(last)
    begun = f"{first:%b} {first.day}" if first.year == last.year else short_day(first)
    return f"{begun} to {short_day(last)}"


def money(amount: float) -> str:
    """`245` or `245.50`: the currency is not on record."""
    return f"{amount:,.0f}" if round(amount, 2) == round(amount) else f"{amount:,.2f}"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 download`, `4 downloads`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def the(title: str) -> str:
    """A title within a sentence: `the Annual Conference`; one that has an article keeps its own."""
    title = title.strip()
    return title if title.lower().startswith(("the ", "a ", "an ")) else f"the {title}"


def of_acts(key: str, words: str, value: str | float | dt.date, acts: Sequence[Act], *, told: str = "") -> Fact:
    """A fact that rests on *acts*, newest first; *told* is what staff read in place of the words."""
    shown = f"{told or words}, {stretch(acts[-1].day, acts[0].day)}. {_TABLES['activity']}"
    records = tuple(str(act.key) for act in acts[:_MOST_RECORDS])
    return Fact(key, words, value, shown, "activity", records, max(act.recorded for act in acts))


def of_rows(
    key: str,
    words: str,
    value: str | float | dt.date,
    table: str,
    rows: Sequence[tuple[str, dt.date]],
    *,
    told: str = "",
) -> Fact:
    """A fact that rests on *rows* of *table*: the id of each and when it was recorded, newest first."""
    shown = f"{told or words}. {_TABLES[table]}"
    return Fact(
        key, words, value, shown, table, tuple(name for name, _ in rows[:_MOST_RECORDS]), max(on for _, on in rows)
    )


def of_record(key: str, words: str, value: str | float | dt.date, evidence: Evidence, *, told: str = "") -> Fact:
    """A fact that the member's record states."""
    record = evidence.record
    # A plain export has today's values and does not say since when.
    known = evidence.as_of - dt.timedelta(days=1) if record.get("plain") else record["valid_from"].date()
    return of_rows(key, words, value, "members", [(str(record["valid_from"]), known)], told=told)


def of_terms(
    key: str, words: str, value: str | float | dt.date, terms: Sequence[dict[str, Any]], *, told: str = ""
) -> Fact:
    """A fact that rests on *terms*, oldest first."""
    rows = [(str(term["term_id"]), term["recorded_at"].date()) for term in reversed(terms)]
    return of_rows(key, words, value, "terms", rows, told=told)


def if_none_renews(in_grace: int) -> str:
    """On what the least net rests: `if none of the 3 in grace renews`.

    Args:
        in_grace: How many members are in grace whose term ended within, at least 1.
    """
    return "if the one in grace does not renew" if in_grace == 1 else f"if none of the {in_grace:,} in grace renews"
