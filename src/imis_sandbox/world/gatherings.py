"""Conferences, webinars and chapter meetings: planned a year at a time, registered for, attended, recorded late."""

from __future__ import annotations

import numpy as np

from imis_sandbox.world import catalog
from imis_sandbox.world.config import DAY, date_of
from imis_sandbox.world.engagement import experience
from imis_sandbox.world.state import ACTIVE, NEVER, ORGANIZATION, Event, State
from imis_sandbox.world.store import Array


def plan(state: State, year: int) -> None:
    """Put a year's events into the calendar; the same year always brings the same events."""
    rng = np.random.default_rng([state.config.seed, year])
    new_year = (np.datetime64(f"{year}-01-01") - np.datetime64("1970-01-01")).astype(int)
    short = f"{year % 100:02d}"
    _add(state, f"CONF{short}", "Annual Conference", "CONF", new_year + 128, 110, NEVER, 495.0, "in person")
    _add(state, f"FALL{short}", "Fall Summit", "CONF", new_year + 285, 80, NEVER, 295.0, "in person")
    for number in range(1, 13):
        day = new_year + int(rng.integers(5, 355))
        _add(state, f"WEB{short}{number:02d}", f"Webinar {number} of {year}", "WEBINAR", day, 25, NEVER, 25.0, "online")
    for chapter, code in enumerate(state.chapters):
        for number in range(1, 5):
            day = new_year + number * 85 + int(rng.integers(-20, 20))
            title = f"{catalog.CHAPTER_NAMES[chapter]} chapter meeting"
            _add(state, f"{code}{short}M{number}", title, "CHAPTER", day, 45, chapter, 15.0, "in person")


def _add(
    state: State, code: str, title: str, kind: str, day: int, lead: int, chapter: int, price: float, form: str
) -> None:
    number = len(state.events)
    state.events.append(Event(number, code, title, kind, day, day - lead, chapter, price, form))


def live(state: State, first: int, last: int) -> None:
    """Announce, and hold, the events of the days from *first* to before *last*."""
    planned = {date_of(event.day).year for event in state.events}
    for year in range(date_of(first).year, date_of(last + 130).year + 1):
        if year not in planned:
            plan(state, year)
    for event in state.events:
        if first <= event.announced < last:
            _announce(state, event)
        if first <= event.day < last:
            _hold(state, event)


def _announce(state: State, event: Event) -> None:
    people, rng = state.people, state.rng
    who = np.flatnonzero((people["status"] == ACTIVE) & (people["kind"] != ORGANIZATION))
    if event.chapter != NEVER:
        who = who[people["chapter"][who] == event.chapter]
    interest = people["x"][who]
    if event.kind != "WEBINAR":
        _invite(state, event, who[people["email_ok"][who] == 1])
    ease = {"CONF": -2.2, "WEBINAR": -3.6, "CHAPTER": -1.6}[event.kind]
    coming = who[rng.random(len(who)) < 1.0 / (1.0 + np.exp(-ease - 1.0 * interest))]
    wait = np.minimum(
        rng.exponential((event.day - event.announced) / 2.5, len(coming)), event.day - event.announced - 1
    )
    at = state.seconds(event.announced + wait.astype(np.int64))
    state.put("event_registered", coming, at, at + 60, ref=event.number, chapter=event.chapter)
    event.registrants = len(coming)
    event.registered = _cancel(state, event, coming, at)


def _cancel(state: State, event: Event, coming: Array, since: Array) -> Array:
    """Some think better of it between registering and the day; the others are returned."""
    canceled = state.rng.random(len(coming)) < 0.08 + 0.06 * state.people["fading"][coming]
    begin = event.day * DAY
    at = since[canceled] + (state.rng.random(int(canceled.sum())) * (begin - since[canceled])).astype(np.int64)
    state.put("event_cancelled", coming[canceled], at, at + 60, ref=event.number, chapter=event.chapter)
    event.canceled = int(canceled.sum())
    return coming[~canceled]


def _invite(state: State, event: Event, who: Array) -> None:
    at = np.full(len(who), event.announced * DAY + 14 * 3600) + state.rng.integers(0, 600, len(who))
    state.put("event_invited", who, at, at + 5, ref=event.number, chapter=event.chapter)
    declined = state.rng.random(len(who)) < 0.06
    later = at[declined] + state.rng.integers(3600, 20 * DAY, int(declined.sum()))
    state.put("event_declined", who[declined], later, later + 5, ref=event.number, chapter=event.chapter)


def _hold(state: State, event: Event) -> None:
    """Some stay away; the list of who came is entered days or weeks later."""
    if event.registered is None:
        return
    coming, event.registered = event.registered, None
    _attend(state, event, coming[state.people["status"][coming] == ACTIVE])


def _attend(state: State, event: Event, coming: Array) -> None:
    people, rng = state.people, state.rng
    came = rng.random(len(coming)) < 1.0 / (1.0 + np.exp(-1.3 - 0.6 * people["x"][coming]))
    who, absent = coming[came], coming[~came]
    begin = event.day * DAY + 15 * 3600
    delay = int(rng.integers(0, 3)) if event.kind == "WEBINAR" else int(rng.integers(1, 22))
    entered = begin + delay * DAY
    where = {"ref": event.number, "chapter": event.chapter}
    jitter = rng.integers(0, 7200, len(who))
    state.put("event_attended", who, np.full(len(who), begin), entered + jitter, **where)
    state.put(
        "event_no_show", absent, np.full(len(absent), begin), entered + rng.integers(0, 7200, len(absent)), **where
    )
    experience(state, "event", who, 1.5 if event.kind == "CONF" else 1.0)
    experience(state, "bad", absent, 0.4)
    _feedback(state, event, who, begin, where)


def _feedback(state: State, event: Event, who: Array, begin: int, where: dict[str, int]) -> None:
    rng = state.rng
    answering = who[rng.random(len(who)) < 0.4]
    level = 5.0 + 0.8 * np.clip(state.people["x"][answering], -2, 2) - (2.0 if event.chapter == 1 else 0.0)
    score = np.round(rng.beta(np.maximum(level, 1.0), 2.5), 2)
    at = begin + rng.integers(DAY, 6 * DAY, len(answering))
    state.put("session_feedback", answering, at, at + 5, value=score, **where)
    experience(state, "bad", answering[score < 0.45], 0.8)
