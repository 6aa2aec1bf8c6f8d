"""What a night read, asked for and left out, in words: requests, rows set aside, members passed over, freshness."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tenure.ledger.models import RunStep, ScoreSet
from tenure.outreach.capacity import RULES
from tenure.web import place, words
from tenure.web.queue_list import playbook_title

_KNOWN_TABLES = {"members": "Members", "terms": "Terms"}


@dataclass(frozen=True)
class Held:
    """Something that was left out: where, what, why, and how many."""

    step: str
    what: str
    why: str
    count: int


def held_back(steps: Iterable[RunStep]) -> list[Held]:
    """What the steps of a run left out: rows set aside, rows that iMIS refused, members passed over; most first."""
    found: list[Held] = []
    for step in steps:
        told = {"sync": _rows, "write back": _refused, "propose": _passed_over}.get(step.name)
        found += told(step.counts) if told else []
    return sorted(found, key=lambda one: (one.step, -one.count))


def _rows(counts: dict[str, Any]) -> list[Held]:
    return [
        Held("Sync", f"Rows of {name.replace('_', ' ')}", words.sentence(str(reason)), int(number))
        for name, table in counts.items()
        if isinstance(table, dict)
        for reason, number in (table.get("quarantined") or {}).items()
    ]


def _refused(counts: dict[str, Any]) -> list[Held]:
    said = {
        "rejected": "Refused by iMIS; tried again the next night, parked after three.",
        "unknown": "Outcome unknown; read back before another attempt.",
        "left": "Not reached; the next night goes on there.",
    }
    refused = counts.get("refused_because") or {}
    found = [Held("Write back", "Rows", words.sentence(str(why)), int(number)) for why, number in refused.items()]
    keys = ("unknown", "left") if found else tuple(said)
    return found + [Held("Write back", "Rows", said[key], int(counts[key])) for key in keys if counts.get(key)]


def _passed_over(counts: dict[str, Any]) -> list[Held]:
    found = []
    for name, members in (counts.get("held_back") or {}).items():
        playbook, _, rule = name.partition(": ")
        why = words.sentence(RULES.get(rule, rule))
        found.append(Held("Propose", f"Members, {playbook_title(playbook)}", why, int(members)))
    if counts.get("control"):
        why = "Drawn into a control group, to compare with."
        found.append(Held("Propose", "Members", why, int(counts["control"])))
    if counts.get("faulty"):
        why = "Drafts that lack a ground for something they say, or an address."
        found.append(Held("Propose", "Drafts", why, int(counts["faulty"])))
    return found


def requests(steps: Iterable[RunStep]) -> str:
    """How many requests a run took of iMIS, to read and to write; empty where none are counted."""
    used: Counter[str] = Counter()
    for step in steps:
        used[step.name] += int(step.counts.get("requests") or 0)
    if not sum(used.values()):
        return ""
    reading, writing = used["sync"], sum(used.values()) - used["sync"]
    most = place.settings().source.requests_per_hour
    limit = f", at most {most:,} an hour" if most else ""
    return f"{words.plural(sum(used.values()), 'request')}: {reading:,} to read, {writing:,} to write{limit}"


@dataclass(frozen=True)
class Fresh:
    """How fresh a table, or a kind of activity, is."""

    title: str
    day: dt.date
    newest: str
    age: str
    state: str
    is_stopped: bool


def freshness(score_set: ScoreSet | None) -> list[Fresh]:
    """The newest record of each table and kind as the last night knew them; stopped ones first, then the oldest."""
    if score_set is None:
        return []
    stopped = {one["feed"]: one for one in score_set.day.get("outages", [])}
    rows = [(name, dt.date.fromisoformat(day)) for name, day in (score_set.day.get("newest") or {}).items()]
    ordered = sorted(rows, key=lambda row: (row[0] not in stopped, row[0] not in _KNOWN_TABLES, row[1], row[0]))
    return [
        Fresh(
            title=_KNOWN_TABLES.get(name, name.replace("_", " ").capitalize()),
            day=day,
            newest=words.short_day(day),
            age=words.age(day, score_set.as_of),
            state="Stopped for everybody" if name in stopped else "",
            is_stopped=name in stopped,
        )
        for name, day in ordered
    ]


def last_sync() -> RunStep | None:
    """The sync that read the records last; none where none has ended well."""
    return RunStep.objects.filter(name="sync", state__in=("done", "unchanged")).order_by("-id").first()


def feeds(step: RunStep | None) -> list[tuple[str, str, str, str]]:
    """Each feed of the last sync: its name, rows at the source, rows in the lake, and rows read that time."""
    return [
        (
            name.replace(".", ": ").replace("_", " ").capitalize(),
            _number(source),
            _number(lake),
            _number(read),
        )
        for name, source, lake, read in feed_counts(step)
    ]


def feed_counts(step: RunStep | None) -> list[tuple[str, int | None, int | None, int | None]]:
    """The same as numbers, under the names that the mapping has; None for what a sync did not count."""
    counts = (step.counts.get("feeds") or {}) if step else {}
    return [(name, feed.get("source"), feed.get("lake"), feed.get("read")) for name, feed in counts.items()]


def _number(rows: int | None) -> str:
    return "–" if rows is None else words.count(rows)
