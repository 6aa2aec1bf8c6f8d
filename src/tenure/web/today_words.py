"""What the page of the day says in words: its opening sentence, how fresh it is, payments, first-year members."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from math import ceil
from typing import Any

from tenure.charts import interval
from tenure.impact.kept import LEAST_DECIDED
from tenure.ledger.models import ScoreSet
from tenure.web import place, words
from tenure.web.overview import FirstYear, Overview
from tenure.web.run_words import last_sync
from tenure.web.worklist import acts_since


def opening(figures: Overview, calls: int, waiting: int, told: int) -> list[dict[str, str]]:
    """The sentence that opens the page, in pieces of which some are links; what there is none of is left out."""
    parts = [
        {"text": f"{words.count(calls)} to call", "link": "?now=1&sort=worth#work"},
        {"text": f"{words.plural(waiting, 'draft')} to approve", "link": "/queue/"},
        {"text": f"{words.plural(figures.payment, 'payment')} to fix", "link": "#payments"},
        {"text": words.plural(told, "alert"), "link": "#alerts"},
    ]
    counts = (waiting, figures.payment, told)
    there = [parts[0], *(part for part, count in zip(parts[1:], counts, strict=True) if count)]
    pieces: list[dict[str, str]] = []
    for i, part in enumerate(there):
        pieces += [{"text": " and " if i == len(there) - 1 else ", "}, part] if i else [part]
    return [*pieces, {"text": "."}]


def fresh(score_set: ScoreSet) -> str:
    """How old scores and records are, by the association's clock."""
    scored = f"Scored {words.instant(score_set.written_at)}"
    read = last_sync()
    return f"{scored}; records read {words.instant(read.started_at)}" if read else scored


def hours(calls: int) -> str:
    """How far the hours of staff reach, where the settings state them."""
    capacity = place.settings().capacity
    week = int(capacity.minutes_per_week / capacity.minutes_per_call)
    if not week or not calls:
        return ""
    return f"Your hours reach {words.plural(week, 'call')} a week" + (", all of these" if week >= calls else "")


@dataclass(frozen=True)
class Contact:
    """Whether contact is working, in words.

    Args:
        answer: What stands beside the question.
        picture: The difference with its interval; empty while there is none.
        reach: The ends of the picture's line, in points.
        lines: What the answer rests on.
    """

    answer: str
    picture: str
    reach: int
    lines: tuple[str, ...]


def contact(score_set: ScoreSet) -> Contact | None:
    """What the night counted of those whom playbooks wanted, in both arms; None for a night that counted nothing."""
    told = score_set.day.get("contact")
    if told is None:
        return None
    if not told["wanted"]:
        said = "No playbook has wanted anybody with a renewal ahead. Once one does, the lot leaves some out."
        return Contact("Nothing to compare yet", "", 0, (said,))
    decided = f"{words.count(told['decided'])} of {words.plural(told['wanted'], 'renewal')} decided"
    if told["points"] is None:
        arms = f"{words.count(told['treated'])} wanted, {words.count(told['control'])} left out by lot"
        return Contact("Too early", "", 0, (f"{decided}: {arms}. Told from {LEAST_DECIDED} of either on.",))
    low, high = told["low"], told["high"]
    answer = "Yes, it keeps members" if low > 0 else "No, it loses members" if high < 0 else "Cannot tell yet"
    reach = max(10, 10 * ceil(max(abs(low), abs(high)) / 10))
    shares = [words.in_hundred(told[f"{arm}_kept"] / told[arm]) for arm in ("treated", "control")]
    lines = (
        f"{words.points(told['points'])} points, 95 % range {words.points(low)} to {words.points(high)}, "
        "however often one looks.",
        f"Renewed: {shares[0]} in 100 of {words.count(told['treated'])} whom playbooks wanted, "
        f"{words.count(told['reached'])} of them reached; {shares[1]} in 100 of {words.count(told['control'])} left "
        f"out by lot. {decided}; compared within playbook and band.",
    )
    return Contact(answer, interval(told["points"], low, high, reach=reach), reach, lines)


def first_year(rows: tuple[FirstYear, ...], score_set: ScoreSet) -> dict[str, Any]:
    """The table of first-year members who have done nothing, and what that has meant in past years."""
    silent = sum(row.silent for row in rows)
    is_recorded = acts_since(score_set) < dt.date.max
    done = f"{words.plural(silent, 'first-year member')} {'has' if silent == 1 else 'have'} done nothing"
    past = score_set.day.get("first_year")
    said = ""
    if past:
        shares = [words.in_hundred(past[kind]["lapsed"] / past[kind]["decided"]) for kind in ("silent", "others")]
        decided = [words.count(past[kind]["decided"]) for kind in ("silent", "others")]
        said = (
            f"Of {decided[0]} members silent for {past['days']} days in past years, {shares[0]} in 100 lapsed at the "
            f"first renewal; of {decided[1]} others, {shares[1]}."
        )
    return {
        "rows": [
            (row, f"{row.since} to {row.until - 1} days ago" if row.until else f"{row.since} days ago or more",
             round(100 * row.silent / row.members) if row.members else None)
            for row in rows
        ],
        "finding": done if is_recorded else "Nobody knows which first-year members have done nothing",
        "is_recorded": is_recorded,
        "members": sum(row.members for row in rows),
        "past": said,
        "is_known": score_set.day_at is not None,
    }  # fmt: skip
