"""How the pages say dates, chances, numbers and errors."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from tenure.base.errors import TenureError
from tenure.web import place


def in_hundred(chance: float | None) -> str:
    """A chance as so many of 100, such as `62`."""
    return "–" if chance is None else str(round(chance * 100))


def span(low: float, high: float) -> str:
    """A range of chances, such as `48–74`."""
    return f"{in_hundred(low)}–{in_hundred(high)}"


def share_range(some: int, of: int, *, sure: float = 1.645) -> tuple[float, float]:
    """The range that a share counted as *some* of *of* leaves open, by Wilson's formula; 90 % by default."""
    if not of:
        return 0.0, 1.0
    share, spread = some / of, sure * sure / of
    middle = share + spread / 2
    half = sure * ((share * (1 - share) + spread / 4) / of) ** 0.5
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def count(number: float | None) -> str:
    """A whole number with its thousands apart, such as `11,842`."""
    return "–" if number is None else f"{round(number):,}"


def money(amount: float | None) -> str:
    """An amount in the association's currency, such as `$4,200`."""
    return "–" if amount is None else f"{place.settings().association.currency}{amount:,.0f}"


def kept(worth: float) -> str:
    """What an hour of staff keeps, in what `outreach.worth` counts: `$42`, or `0.043 members`."""
    return f"{worth:.3f} members" if place.settings().outreach.worth == "members" else money(worth)


def plural(number: int, one: str, many: str = "") -> str:
    """A number with its noun, such as `1 member` or `3,000 members`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def day(date: dt.date | None, *, near: dt.date | None = None) -> str:
    """A date, such as `March 4, 2026`; without its year when it is within the half year around *near*."""
    if date is None:
        return "–"
    if near is not None and abs((date - near).days) <= 183:
        return f"{date:%B} {date.day}"
    return f"{date:%B} {date.day}, {date.year}"


def iso(text: object) -> str:
    """A date of a manifest, such as `2025-03-01T02:14:07Z`, in a narrow column."""
    try:
        return short_day(dt.date.fromisoformat(str(text)[:10]))
    except ValueError:
        return str(text)


def short_day(date: dt.date) -> str:
    """A date in a narrow column, such as `Mar 4, 2026`."""
    return f"{date:%b} {date.day}, {date.year}"


def instant(at: dt.datetime) -> str:
    """An instant by the association's clock: the time alone today, else with its day."""
    here = ZoneInfo(place.settings().association.time_zone)
    local, today = at.astimezone(here), place.now().astimezone(here).date()
    return f"at {local:%H:%M}" if local.date() == today else f"on {short_day(local.date())} at {local:%H:%M}"


def days(number: int) -> str:
    """A stretch of days, such as `1 day` or `31 days`."""
    return plural(number, "day")


def renewal(due_on: dt.date | None, *, in_grace: bool, standing: str, today: dt.date) -> str:
    """When a member's term ends, seen from *today*."""
    if due_on is None:
        return {"complimentary": "Complimentary", "lifetime": "Lifetime member"}.get(standing, "No end of term")
    left = (due_on - today).days
    if in_grace or left < 0:
        return f"{days(-left)} into grace"
    return {0: "Ends today", 1: "Ends tomorrow"}.get(left, f"Ends in {days(left)}")


def duration(seconds: float | None) -> str:
    """A length of time, such as `0.4 s`, `12 s`, `3 min 20 s`."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def but(against: str) -> str:
    """The strongest evidence against, as the line that begins with But."""
    text = against.strip()
    if not text or text.startswith("But "):
        return text
    return f"But {text[0].lower()}{text[1:]}" if text[1:2].islower() else f"But {text}"


def age(then: dt.date, today: dt.date) -> str:
    """How long ago a day was: `today`, `yesterday`, `12 days ago`."""
    gone = (today - then).days
    return {0: "today", 1: "yesterday"}.get(gone, f"{days(gone)} ago")


def sentence(text: str) -> str:
    """A message as a sentence: a full stop at its end, its first letter large unless a file or a column begins it."""
    text = begun(text.strip())
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def begun(text: str) -> str:
    """*text* with a large first letter, unless a file or a column begins it."""
    first = text.split()[0].rstrip(",:;") if text.strip() else ""
    return f"{text[0].upper()}{text[1:]}" if first.isalpha() else text


def trouble(error: TenureError) -> str:
    """What is wrong and what to do about it, in sentences."""
    return " ".join(sentence(text) for text in (error.message, error.mend) if text)


def percent(share: float | None) -> str:
    """A share, such as `64.5 %`."""
    return "–" if share is None else f"{100 * share:.1f} %"


def points(change: float | None) -> str:
    """A change in points of a hundred, such as `+2.5` or `−0.9`."""
    if change is None:
        return "–"
    text = f"{change:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def change(number: int) -> str:
    """A count that is added or taken away, such as `+19` or `−510`."""
    return f"{number:+,}".replace("-", "−") if number else "0"
