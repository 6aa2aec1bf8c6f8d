"""How a number becomes a phrase that a membership manager would say."""

from __future__ import annotations

import math
from collections.abc import Callable

Say = Callable[[float, float | None], str]


def number(value: float) -> str:
    """A number as people write it: whole where it can be, one decimal where it must."""
    if abs(value - round(value)) < 0.05 or abs(value) >= 20:
        return f"{round(value):,}"
    return f"{value:.1f}"


def days(value: float) -> str:
    """A number of days."""
    if math.isnan(value):
        return "an unknown number of days"
    whole = round(value)
    return f"{whole:,} day" if whole == 1 else f"{whole:,} days"


def _many(value: float, one: str, many: str) -> str:
    return f"{number(value)} {one if number(value) == '1' else many}"


def counted(one: str, many: str, period: str) -> Say:
    """«3 logins in the last 90 days; members like this, 9»."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return f"No record of {many} yet"
        own = f"No {one} in {period}" if round(value, 1) == 0 else f"{_many(value, one, many)} in {period}"
        return own if usual is None or math.isnan(usual) else f"{own}; members like this, {number(usual)}"

    return say


def since(what: str, never: str) -> Say:
    """«No login for 94 days; members like this, 12»."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value) or value >= 730:
            own = never
        elif value < 1.5:
            return f"Latest {what} in the last two days"
        else:
            own = f"No {what} for {days(value)}"
        if usual is None or math.isnan(usual):
            return own
        if value < usual:
            own = f"Latest {what} {days(value)} ago"
        tail = "most have none either" if usual >= 730 else f"the usual gap for members like this is {number(usual)}"
        return f"{own}; {tail}"

    return say


def share(what: str) -> Say:
    """«Opened 1 in 10 messages …»: a share as so many in a hundred."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return f"Nothing sent, so no share of messages {what}"
        own = f"{round(100 * value)} in 100 messages {what}"
        return own if usual is None or math.isnan(usual) else f"{own}; members like this, {round(100 * usual)}"

    return say


def trending(what: str, days: int = 90) -> Say:
    """«Logins down by 80 % on the year before»; the value is (recent − earlier) / (recent + earlier), of *days*."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return f"Too little record of {what} for a trend"
        if value <= -0.99:
            return f"{what.capitalize()} stopped: none in {days} days, after some in the year before"
        if value >= 0.99:
            return f"{what.capitalize()} began lately, with none in the year before"
        change = 2 * value / (1 - value)  # back from the bounded form to recent / earlier − 1
        if abs(change) < 0.05:
            return f"{what.capitalize()} as often as in the year before"
        return (
            f"{what.capitalize()} {'up' if change > 0 else 'down'} by {round(100 * abs(change))} % on the year before"
        )

    return say


def money(what: str) -> Say:
    """«Dues 320; members like this, 280»."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return f"No {what.lower()} on record"
        own = f"{what} {number(value)}"
        return own if usual is None or math.isnan(usual) else f"{own}; members like this, {number(usual)}"

    return say


def either(yes: str, no: str, unknown: str = "") -> Say:
    """A yes-or-no fact."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return unknown or no
        return yes if value >= 0.5 else no

    return say


def valued(what: str, unit: str, unknown: str) -> Say:
    """«Minutes a session: 12; members like this, 20»: any number with a name."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return unknown
        own = f"{what} {number(value)}{unit}"
        return own if usual is None or math.isnan(usual) else f"{own}; members like this, {number(usual)}"

    return say


def times(did: str, never: str) -> Say:
    """«Moved to a higher type once», «… 3 times», or the words for never."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value) or value < 0.5:
            return never
        return f"{did} once" if round(value) == 1 else f"{did} {number(value)} times"

    return say


def hundredths(what: str, unknown: str) -> Say:
    """«40 in 100 volunteer shifts completed; members like this, 80»."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return unknown
        own = f"{round(100 * value)} in 100 {what}"
        return own if usual is None or math.isnan(usual) else f"{own}; members like this, {round(100 * usual)}"

    return say


def against_last_term(what: str) -> Say:
    """«Active on 60 % fewer days than …»; the value is (now − then) / (now + then)."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return f"No earlier term to set {what} against"
        if value <= -0.99:
            return f"No active day in {what}, after some at the same place of the term before"
        if value >= 0.99:
            return f"Active in {what}, with no active day at the same place of the term before"
        change = round(100 * abs(2 * value / (1 - value)))
        if change < 5:
            return f"In {what} active on as many days as at the same place of the term before"
        more = "more" if value > 0 else "fewer"
        return f"In {what} active on {change} % {more} days than at the same place of the term before"

    return say
