"""The queries of an iMIS: columns, prompts, limits, codes, and how much there is to read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenure.app.checks.finding import AGAIN, FAULT, NOTE, OK, Finding
from tenure.app.house import House
from tenure.base.errors import TenureError

if TYPE_CHECKING:
    from tenure.imis import ImisClient
    from tenure.intake import Feed, Mapping

_MOST_HOURS = 8.0
_MOST_TYPES_COUNTED = 25


@dataclass(frozen=True)
class _Seen:
    """What a feed showed: how many rows iMIS says there are, and the query's definition where it may be read."""

    name: str
    feed: Feed
    total: int
    definition: dict[str, Any] | None


def look(house: House, client: ImisClient) -> Iterator[Finding]:
    """Every feed of the mapping by itself, then what they come to together."""
    from tenure.intake import read_mapping

    plan = read_mapping(house.settings.source.mapping, house.home)
    yield Finding("mapping", OK, f"`{house.settings.source.mapping}` can be read")
    seen: list[_Seen] = []
    for table, name, feed in plan.feeds():
        yield from _feed(client, table, name, feed, seen)
    yield from _prompts(seen)
    yield from _limits(seen)
    yield from _volumes(house, seen)
    yield _first_load(house, seen)
    yield from _activity_types(client, plan)


def _feed(client: ImisClient, table: str, name: str, feed: Feed, seen: list[_Seen]) -> Iterator[Finding]:
    """One page of a feed, and the columns that are wanted."""
    from tenure.imis import require_columns

    try:
        if feed.entity:
            rows, told = client.first_of(feed.entity, order_by=feed.order_by)
        else:
            rows, told = client.first_of_query(feed.query)
        if rows:
            require_columns(feed.place, rows[0].keys(), feed.wanted)
    except TenureError as error:
        yield Finding(feed.place, FAULT, error.message, error.mend or AGAIN)
        return
    total = max(len(rows), told or 0)
    definition = client.query_definition(feed.query) if feed.query else None
    seen.append(_Seen(name, feed, total, definition))
    if rows:
        yield Finding(feed.place, OK, f"has the {len(feed.wanted)} columns for {table}, and {total:,} rows")
    elif table in ("members", "terms"):
        yield Finding(feed.place, FAULT, f"has no row for {table}", "see inside iMIS whether the query gives any")
    else:
        mend = "nothing need be done if nothing of the kind happens; else run the query inside iMIS"
        yield Finding(feed.place, NOTE, f"answers, but has no row for {table}", mend)


def _prompts(seen: list[_Seen]) -> Iterator[Finding]:
    """Whether what is new can be asked for; a definition that may not be read is none the worse."""
    lacking = [
        one
        for one in seen
        if one.definition is not None and one.feed.since and one.feed.since.lower() not in _prompt_names(one)
    ]
    for one in lacking:
        mend = "add the prompt to the query; without it every sync reads all rows"
        yield Finding("prompts", NOTE, f"{one.feed.place} has no prompt `{one.feed.since}`", mend)
    if not lacking:
        asked = sum(bool(one.feed.since) for one in seen)
        yield Finding("prompts", OK, f"{asked} feeds are asked for what is new, {len(seen) - asked} are read whole")


def _prompt_names(one: _Seen) -> set[str]:
    return {str(item.get("PropertyName", "")).lower() for item in (one.definition or {}).get("Parameters") or []}


def _limits(seen: list[_Seen]) -> Iterator[Finding]:
    known = [(one, (one.definition or {}).get(_LIMIT)) for one in seen]
    limited = [(one, rows) for one, rows in known if rows]
    for one, rows in limited:
        mend = "take the limit off the query: rows beyond it are never seen"
        yield Finding("row limits", FAULT, f"{one.feed.place} gives {rows:,} rows at most", mend)
    if not limited:
        yield Finding("row limits", OK, "no query stops after so many rows")


_LIMIT = "LimitResultsCount"


def _volumes(house: House, seen: list[_Seen]) -> Iterator[Finding]:
    """Whether a feed is of another size than at the last sync, by more than a night lets pass."""
    gate, odd = house.settings.intake.volume_gate, False
    for one in seen:
        known = house.lake.watermarks.get(f"imis.count.{one.name}", "")
        before = int(known) if known.isdigit() else 0
        if before and abs(one.total - before) > gate * before:
            odd = True
            mend = "see inside iMIS what became of the rows; `intake.volume_gate` says how much may change at once"
            yield Finding("volumes", NOTE, f"{one.feed.place}: {one.total:,} rows where there were {before:,}", mend)
    if not odd:
        yield Finding("volumes", OK, f"{sum(one.total for one in seen):,} rows in all, as many as could be expected")


def _first_load(house: House, seen: list[_Seen]) -> Finding:
    """How many requests reading everything takes, and how long within the hourly budget."""
    if "imis.plan" in house.lake.watermarks:
        return Finding("first load", OK, "was done; from now on a night reads what is new")
    source = house.settings.source
    pages = sum(max(1, math.ceil(one.total / source.page_size)) for one in seen)
    hours = pages / source.requests_per_hour if source.requests_per_hour else 0.0
    words = f"about {pages:,} requests" + (f", {hours:,.1f} hours within the budget" if hours >= 0.1 else "")
    if hours <= _MOST_HOURS:
        return Finding("first load", OK, words)
    mend = (
        "start it on a weekend: what is stopped goes on where it was. With the consent of whoever runs iMIS, "
        "`source.requests_per_hour` may be raised until it is done"
    )
    return Finding("first load", NOTE, words, mend)


def _activity_types(client: ImisClient, plan: Mapping) -> Iterator[Finding]:
    """Types of activity that iMIS has and the mapping does not know, with how many rows bear them."""
    from tenure.intake import activity_types, known_codes

    try:
        types = activity_types(client)
    except TenureError as error:
        mend = "let the account read `LegacyActivityType`, or see which codes the report of a sync names"
        yield Finding("activity types", NOTE, error.message, mend)
        return
    unknown = [code for code in types if code not in known_codes(plan)]
    counts = {code: client.count("Activity", {"ACTIVITY_TYPE": code}) or 0 for code in unknown[:_MOST_TYPES_COUNTED]}
    used = {code: rows for code, rows in counts.items() if rows}
    if not used:
        yield Finding("activity types", OK, f"the mapping knows all that are in use, of {len(types)}")
        return
    words = ", ".join(f"{code} ({rows:,} rows)" for code, rows in sorted(used.items(), key=lambda item: -item[1]))
    mend = f'add a line such as `{next(iter(used))} = "committee_joined"` to the mapping, or the code to its `ignore`'
    yield Finding("activity types", NOTE, f"the mapping does not know {words}", mend)
