"""The few phrases that figures share."""

from __future__ import annotations

import datetime as dt


def hundred_of(chance: float) -> int:
    """A chance as so many of 100."""
    return round(chance * 100)


def span(low: float, high: float) -> str:
    """A range of chances, such as `48–74`."""
    return f"{hundred_of(low)}–{hundred_of(high)}"


def day(date: dt.date, *, year: bool = True) -> str:
    """A date, such as `March 4, 2026`; of a date without a year, `March 4`."""
    return f"{date:%B} {date.day}, {date.year}" if year else f"{date:%B} {date.day}"


def count(value: float) -> str:
    """A whole number with its thousands apart."""
    return f"{round(value):,}"


def amount(value: float, money: str = "") -> str:
    """An amount of money to three digits, such as `$14,600` or `$1.06 million`: of what is expected, more would be a
    boast."""
    digits = max(0, len(str(int(abs(value)))) - 3)
    rounded = round(value, -digits)
    return f"{money}{rounded / 1e6:.2f} million" if rounded >= 1e6 else f"{money}{rounded:,.0f}"
