"""How a number becomes a phrase that a membership manager would say."""

from __future__ import annotations

import math
from collections.abc import Callable

Say = Callable[[float, float | None], str]

_FAR = 730
"""Days that are looked back: what was last done before them is not known."""


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


def many(value: float, one: str, several: str) -> str:
    """A number of things, in the singular where it is one."""
    return f"{number(value)} {one if number(value) == '1' else several}"


def counted(one: str, several: str, period: str, none: str = "") -> Say:
    """«3 logins in the last 90 days; members like this, 9»; *none* is what there is none of, where it is not *one*."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return f"No record of {several} yet"
        own = f"No {none or one} in {period}" if round(value, 1) == 0 else f"{many(value, one, several)} in {period}"
        if usual is None or math.isnan(usual):
            return own
        return f"{own}; members like this, {'none' if round(usual, 1) == 0 else number(usual)}"

    return say


def since(what: str) -> Say:
    """«No login for 94 days; members like this, 12 days», «No login in two years; the latest of members like this was
    12 days ago»."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return f"No record of any {what} yet"
        is_far = value >= _FAR
        if value < 1.5:
            return f"Latest {what} in the last two days"
        is_nearer = usual is not None and value < usual
        own = f"Latest {what} {days(value)} ago" if is_nearer else f"No {what} for {days(value)}"
        own = f"No {what} in two years" if is_far else own
        if usual is None or math.isnan(usual):
            return own
        if usual >= _FAR:
            return f"{own}; most members like this have none{' either' if is_far else ''}"
        if is_far:
            when = "in the last two days" if usual < 1.5 else f"{days(usual)} ago"
            return f"{own}; the latest of members like this was {when}"
        return f"{own}; members like this, {days(usual)}{' ago' if is_nearer else ''}"

    return say


def share(what: str) -> Say:
    """«Opened 1 in 10 messages …»: a share as so many in a hundred."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return f"Too little is known of messages sent to tell how many were {what}"
        own = f"{round(100 * value)} in 100 messages {what}"
        return own if usual is None or math.isnan(usual) else f"{own}; members like this, {round(100 * usual)}"

    return say


def trending(what: str, days: int = 90) -> Say:
    """«Logins down by 80 % on the year before; members like this, up by 5 %».

    The value is (recent − earlier) / (recent + earlier), of *days*.
    """

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return f"Too little record of {what} for a trend"
        if value <= -0.99:
            return f"{what.capitalize()} stopped: none in {days} days, after some in the year before"
        if value >= 0.99:
            return f"{what.capitalize()} began lately, with none in the year before"
        how = "as often as in" if abs(_relative(value)) < _HARDLY else f"{_in_short(value)} on"
        own = f"{what.capitalize()} {how} the year before"
        return own if usual is None or math.isnan(usual) else f"{own}; members like this, {_in_short(usual)}"

    return say


_HARDLY = 0.05
"""A change by less is told as none."""


def _relative(bounded: float) -> float:
    """Back from (now − then) / (now + then) to now / then − 1."""
    return 2 * bounded / (1 - bounded)


def _percent(change: float) -> str:
    return f"{round(100 * abs(change))} %"


def _in_short(bounded: float) -> str:
    """A change in short, as the usual one is told: «up by 20 %»."""
    if abs(bounded) >= 0.99:
        return "only lately" if bounded > 0 else "none of late"
    change = _relative(bounded)
    return "as often" if abs(change) < _HARDLY else f"{'up' if change > 0 else 'down'} by {_percent(change)}"


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
    """«Stays signed in for 12 minutes; members like this, 20»: any number with a name."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return unknown
        own = f"{what} {number(value)}{unit}"
        return own if usual is None or math.isnan(usual) else f"{own}; members like this, {number(usual)}"

    return say


def lately(what: str, unknown: str) -> Say:
    """«Seldom active of late: 0.3 days, older ones counting less; members like this, 4.6»: a count that fades; and
    where it has faded, «Not active of late; members like this, on 4.6 days, older ones counting less»."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return unknown
        if number(value) == "0":
            if usual is None or math.isnan(usual):
                return f"Not {what} of late"
            if number(usual) == "0":
                return f"Not {what} of late; nor are members like this"
            return f"Not {what} of late; members like this, on {many(usual, 'day', 'days')}, older ones counting less"
        amount = f"{many(value, 'day', 'days')}, older ones counting less"
        if usual is None or math.isnan(usual):
            return f"{what.capitalize()} of late on {amount}"
        often = "Seldom" if value < usual else "Often"
        return f"{often} {what} of late: {amount}; members like this, {number(usual)}"

    return say


def moved(what: str, against: str, unknown: str) -> Say:
    """«Latest invoice 12 % above the last dues»; the value is one amount over the other, less 1."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return unknown
        percent = round(100 * abs(value))
        return (
            f"{what} {percent} % {'above' if value > 0 else 'below'} {against}" if percent else f"{what} like {against}"
        )

    return say


def times(did: str, never: str) -> Say:
    """«Moved to a higher type once», «… 3 times», or the words for never."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value) or value < 0.5:
            return never
        return f"{did} once" if round(value) == 1 else f"{did} {number(value)} times"

    return say


def by_people(say: Say, who: str = "Its people") -> Say:
    """«Its people: 3 logins in the last 90 days; members like this, 9»: of an organization, which acts by them.

    Args:
        say: What is told of a member who is a person.
        who: Whose it is; «To its people» of what was done to them, «It and its people» where its own record counts.
    """

    def say_of_them(value: float, usual: float | None) -> str:
        own = say(value, usual)
        for alone, of_several in _OF_SEVERAL:
            own = own.replace(alone, of_several)
        return f"{who}: {own[0].lower()}{own[1:]}"

    return say_of_them


_OF_SEVERAL = (
    ("Takes part", "take part"), ("Views ", "view "), ("Stays signed", "stay signed"),
    ("the member's own usual gap", "their own usual gap"),
    (" stopped: none", " stopped, with none"), (" of late: ", " of late, on "),
)  # fmt: skip
"""What is told of one person, and of several after a colon: there is no second one."""


def hundredths(what: str, unknown: str) -> Say:
    """«40 in 100 volunteer shifts completed; members like this, 80»."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return unknown
        own = f"{round(100 * value)} in 100 {what}"
        return own if usual is None or math.isnan(usual) else f"{own}; members like this, {round(100 * usual)}"

    return say


def against_last_term(what: str) -> Say:
    """«Active on 60 % fewer days than …; members like this, as often»; the value is (now − then) / (now + then)."""

    def say(value: float, usual: float | None) -> str:
        if math.isnan(value):
            return f"No earlier term to set {what} against"
        if value <= -0.99:
            return f"No active day in {what}, after some at the same place of the term before"
        if value >= 0.99:
            return f"Active in {what}, with no active day at the same place of the term before"
        change = _relative(value)
        if abs(change) < _HARDLY:
            amount = "as many days as"
        else:
            amount = f"{_percent(change)} {'more' if change > 0 else 'fewer'} days than"
        own = f"In {what} active on {amount} at the same place of the term before"
        return own if usual is None or math.isnan(usual) else f"{own}; members like this, {_in_short(usual)}"

    return say
