"""Where the count of members differs from that of the source: from its people to those with a score, line by line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tenure.web import words
from tenure.web.membership_scope import Shown

Body = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One line of a reconciliation: a count, and what it is of."""

    words: str
    count: str
    note: str = ""
    is_sum: bool = False


_STANDINGS = (
    ("over", "Whose last paid term is over", "lapsed, and grace is over too"),
    ("never", "Without a paid term on record", "prospects, staff, people who are billed nowhere"),
    ("listed", "Billed to their organization", "counted with it, once"),
    ("gone", "Died, merged or transferred", ""),
    ("ahead", "Whose first term is yet to begin", ""),
)


def reconciled(shown: Shown, scored: int | None) -> list[Step]:
    """From the people that iMIS has to the members that are counted, and on to those with a score.

    Args:
        shown: The figures, of everyone or of a chapter.
        scored: How many have a score now; None where there are none or they are of another day.
    """
    people, source = shown.body.get("people"), shown.body["source"]
    return [] if people is None else list(_steps(shown, people, source, scored))


def _source_words(source: Body) -> str:
    """What the source is called."""
    return {"imis": "iMIS", "sql": "the database"}.get(source["name"], "the source")


def fits(shown: Shown) -> str:
    """What the reconciliation comes to, a sentence without a full stop."""
    people, source = shown.body.get("people"), shown.body["source"]
    members = words.plural(shown.body["now"]["at_end"], "member")
    if people is None:
        return members
    has = people["source"] if shown.asked.chapter or "has" not in source else source["has"]
    return f"{members} among the {words.count(has)} people of {_source_words(source)}"


def _steps(shown: Shown, people: Body, source: Body, scored: int | None) -> Iterator[Step]:
    where = _source_words(source)
    has = None if shown.asked.chapter else source.get("has")
    if has is not None:
        on = words.short_day(dt.date.fromisoformat(source["on"]))
        yield Step(f"People that {where} has", words.count(has), f"in its members’ query, read on {on}", is_sum=True)
        aside = has - people["source"]
        if aside:
            note = "rows that were set aside, or people who left or came since"
            yield Step("Not on record on this day", words.change(-aside), note)
    else:
        yield Step(f"People on record from {where}", words.count(people["source"]), is_sum=True)
    for standing, title, note in _STANDINGS:
        if people.get(standing):
            yield Step(title, words.change(-people[standing]), note)
    if people["without_record"]:
        note = f"a paid term runs, and {where} has no record of the person any more"
        yield Step("Without a record", words.change(people["without_record"]), note)
    members = shown.body["now"]["at_end"]
    yield Step("Members", words.count(members), "a paid term or its grace runs", is_sum=True)
    if scored is not None:
        objecting, without = people["objecting"], people["without_record"]
        for apart, title in ((objecting, "Who object to being profiled"), (without, "Without a record")):
            if apart:
                yield Step(title, words.change(-apart))
        rest = scored - members + objecting + without
        if rest:
            yield Step("Otherwise", words.change(rest), "came, left or changed between the count and the scores")
        yield Step("Members with a score", words.count(scored), "as Today lists them", is_sum=True)
