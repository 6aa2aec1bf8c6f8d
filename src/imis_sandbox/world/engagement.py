"""How members' interest moves, and what they do of their own accord from day to day."""

from __future__ import annotations

import numpy as np

from imis_sandbox.world import catalog
from imis_sandbox.world.config import DAY
from imis_sandbox.world.state import ACTIVE, EMPLOYEE, INDIVIDUAL, NEVER, ORGANIZATION, State
from imis_sandbox.world.store import Array

_MEMORY = {"web": 70.0, "event": 240.0, "part": 140.0, "bad": 150.0}
"""Days after which an experience weighs 1/e."""

YEARLY = {
    "login": 13.0, "page_view": 7.0, "resource_download": 2.6, "community_post": 0.7, "community_comment": 1.3,
    "career_center_used": 0.25,
}  # fmt: skip


def live(state: State, first: int, last: int) -> None:
    """Move everybody's interest on and let them act, from day *first* to before *last*."""
    active = np.flatnonzero(state.people["status"] == ACTIVE)
    _drift(state, active, first, last - first)
    _forget(state, last - first)
    acting = active[state.people["kind"][active] != ORGANIZATION]
    _use(state, acting, first, last)
    _campaigns(state, acting, first, last)
    _take_part(state, acting, first, last)
    _tickets(state, active, first, last)
    _oddments(state, acting, first, last)


def _drift(state: State, active: Array, first: int, days: int) -> None:
    """Interest returns to what is the member's own, lower while fading; some begin to fade, some recover."""
    people, rng = state.people, state.rng
    _onset(state, active, first, days)
    mean = people["theta"][active] - 2.3 * people["fading"][active] + 0.5 * (people["committee"][active] != NEVER)
    mean = mean + 0.5 * np.exp(-(first - people["join"][active]) / 120.0)
    in_trouble = first >= state.today0 - state.shocks.chapter_trouble
    mean = mean - np.where(in_trouble & (people["chapter"][active] == 1), 0.7, 0.0)
    ended = first >= state.today0 - state.shocks.program_end
    mean = mean + np.where(people["mentored"][active] == 1, -0.5 if ended else 0.4, 0.0)
    keep = np.exp(-days / 55.0)
    noise = 0.35 * np.sqrt(1.0 - keep * keep) * rng.standard_normal(len(active))
    people["x"][active] = mean + (people["x"][active] - mean) * keep + noise


def _onset(state: State, active: Array, first: int, days: int) -> None:
    people, rng = state.people, state.rng
    young = (people["renewals"][active] == 0) & (people["kind"][active] == INDIVIDUAL)
    hazard = np.where(young, 0.34, 0.19) * np.exp(-0.35 * people["theta"][active])
    hazard = hazard + 0.3 * (people["left_field"][active] + people["employer_stopped"][active])
    fading = people["fading"][active] == 1
    turn = rng.random(len(active)) < np.where(fading, 0.4, hazard) * (days / 365.25)
    people["fading"][active[turn]] ^= 1


def _forget(state: State, days: int) -> None:
    for name, memory in _MEMORY.items():
        state.people[name][:] *= np.exp(-days / memory)


class Urn:
    """Draws members in proportion to weights, as rates of a Poisson process."""

    def __init__(self, rng: np.random.Generator, members: Array, weights: Array) -> None:
        self._rng, self._members, self._sums = rng, members, np.cumsum(weights, dtype=np.float64)

    def draw(self, rate: float) -> Array:
        """The members of each event when a member of weight 1 brings *rate* events on average."""
        if len(self._sums) == 0:
            return np.empty(0, np.int64)
        count = self._rng.poisson(rate * self._sums[-1])
        places = np.searchsorted(self._sums, self._rng.random(count) * self._sums[-1], side="right")
        chosen: Array = self._members[np.minimum(places, len(self._members) - 1)]
        return chosen


def experience(state: State, name: str, who: Array, amount: float = 1.0) -> None:
    """Add to what members lately experienced."""
    state.people[name][:] += (amount * np.bincount(who, minlength=len(state.people))).astype(np.float32)


def _use(state: State, acting: Array, first: int, last: int) -> None:
    """The website: sessions, pages, downloads, community. Nothing is recorded during the outage of its feed."""
    urn = Urn(state.rng, acting, np.exp(0.85 * state.people["x"][acting] - 0.1))
    span = (last - first) / 365.25 * state.pace
    gap = state.today0 - state.shocks.outage_from
    for kind, yearly in YEARLY.items():
        who = urn.draw(yearly * span)
        at = state.moments(len(who), first, last)
        _remember(state, kind, who)
        kept = (at < gap * DAY) | (at >= (gap + state.shocks.outage_days) * DAY)
        _enter_use(state, kind, who[kept], at[kept])


def _remember(state: State, kind: str, who: Array) -> None:
    if kind in ("login", "resource_download"):
        experience(state, "web", who, 1.0 / state.pace)
    elif kind.startswith("community"):
        experience(state, "part", who, 0.4 / state.pace)


def _enter_use(state: State, kind: str, who: Array, at: Array) -> None:
    rng = state.rng
    recorded = at + rng.integers(20, 3600, len(who))
    value = np.round(rng.gamma(2.0, 5.0, len(who)), 1) if kind == "login" else np.nan
    ref = rng.integers(0, catalog.DOCUMENTS, len(who)) if kind == "resource_download" else NEVER
    if kind == "page_view":
        ref = rng.integers(0, 60, len(who))
    if kind == "login":
        np.maximum.at(state.people["login"], who, at)
    state.put(kind, who, at, recorded, value=value, ref=ref)


def _campaigns(state: State, acting: Array, first: int, last: int) -> None:
    rate = 16.0 * state.pace / 365.25
    for day in range(first, last):
        for _ in range(int((day + 1) * rate) - int(day * rate)):
            _send(state, acting, day)


def _send(state: State, acting: Array, day: int) -> None:
    """One campaign: machines open within seconds whatever the member thinks of it, people open later or not."""
    people, rng = state.people, state.rng
    number, state.campaigns = state.campaigns, state.campaigns + 1
    who = acting[people["email_ok"][acting] == 1]
    at = day * DAY + int(rng.integers(13, 20)) * 3600 + rng.integers(0, 900, len(who))
    bounced = rng.random(len(who)) < 0.006
    state.put("email_sent", who, at, at + 5, ref=number)
    state.put("email_bounced", who[bounced], at[bounced] + 4, at[bounced] + 20, ref=number)
    who, at = who[~bounced], at[~bounced]
    apple = people["apple"][who] == 1
    state.put("email_opened", who[apple], at[apple] + 30, at[apple] + 35, ref=number, mark=1)
    interest = people["x"][who]
    read = rng.random(len(who)) < 1.0 / (1.0 + np.exp(1.35 - 0.55 * interest))
    opened = at[read] + rng.exponential(30_000, int(read.sum())).astype(np.int64)
    state.put("email_opened", who[read], opened, opened + 5, ref=number)
    _click(state, who[read], opened, number)
    _unsubscribe(state, who[read], opened)


def _click(state: State, who: Array, at: Array, number: int) -> None:
    clicked = state.rng.random(len(who)) < 0.45 / (1.0 + np.exp(-0.6 * state.people["x"][who]))
    state.put("email_clicked", who[clicked], at[clicked] + 60, at[clicked] + 65, ref=number)


def _unsubscribe(state: State, who: Array, at: Array) -> None:
    odds = 0.004 * np.exp(-0.6 * state.people["x"][who]) / max(1.0, state.pace)
    left = state.rng.random(len(who)) < odds
    state.put("email_unsubscribed", who[left], at[left] + 90, at[left] + 95)
    state.change("EmailAllowed", who[left], 0, at[left] + 95)


def _take_part(state: State, acting: Array, first: int, last: int) -> None:
    urn = Urn(state.rng, acting, np.exp(1.0 * state.people["x"][acting] - 0.35))
    span = (last - first) / 365.25
    _committees(state, acting, urn, first, last)
    for begun, done, yearly, share, amount in (
        ("volunteer_assigned", "volunteer_completed", 0.35, 0.85, 1.0),
        ("learning_started", "learning_completed", 0.5, 0.65, 0.7),
    ):
        who = urn.draw(yearly * span)
        at = state.moments(len(who), first, last)
        ref = state.rng.integers(0, len(catalog.COURSES), len(who))
        state.put(begun, who, at, at + 300, ref=ref)
        finished = state.rng.random(len(who)) < share
        later = at[finished] + (state.rng.gamma(2.0, 8.0, int(finished.sum())) * DAY).astype(np.int64)
        typed_in = later + (state.rng.exponential(4.0, len(later)) * DAY).astype(np.int64)
        state.put(done, who[finished], later, typed_in, ref=ref[finished])
        experience(state, "part", who[finished], amount)


def _committees(state: State, acting: Array, urn: Urn, first: int, last: int) -> None:
    people, rng, span = state.people, state.rng, (last - first) / 365.25
    joining = np.unique(urn.draw(0.045 * span))
    joining = joining[people["committee"][joining] == NEVER]
    people["committee"][joining] = rng.integers(0, len(catalog.COMMITTEES), len(joining))
    people["leads"][joining] = rng.random(len(joining)) < 0.15
    at = state.moments(len(joining), first, last)
    state.put("committee_joined", joining, at, at + DAY, ref=people["committee"][joining])
    seated = acting[people["committee"][acting] != NEVER]
    odds = (0.25 + 1.2 * people["fading"][seated]) * span
    leaving = seated[rng.random(len(seated)) < odds]
    leave_committee(state, leaving, state.moments(len(leaving), first, last))
    _meet(state, np.setdiff1d(seated, leaving), first, last)


def leave_committee(state: State, who: Array, at: Array) -> None:
    """Give up a seat."""
    state.put("committee_left", who, at, at + DAY, ref=state.people["committee"][who])
    state.people["committee"][who] = NEVER
    state.people["leads"][who] = 0


def _meet(state: State, seated: Array, first: int, last: int) -> None:
    """Committees meet about monthly; the minutes, and so the attendance, are entered days later."""
    people, rng = state.people, state.rng
    willing = 12.0 / 365.25 * (last - first) / (1.0 + np.exp(-1.0 - people["x"][seated]))
    who = seated[rng.random(len(seated)) < willing]
    at = state.moments(len(who), first, last)
    recorded = at + rng.integers(2 * DAY, 18 * DAY, len(who))
    state.put("committee_meeting", who, at, recorded, ref=people["committee"][who])
    lead = people["leads"][who] == 1
    state.put("committee_led", who[lead], at[lead], recorded[lead], ref=people["committee"][who[lead]])
    experience(state, "part", who, 0.5)


def _tickets(state: State, active: Array, first: int, last: int) -> None:
    """Requests for help; the ones that stay open for weeks are remembered."""
    rng = state.rng
    people = active[state.people["kind"][active] != EMPLOYEE]
    urn = Urn(rng, people, np.ones(len(people)))
    who = urn.draw(0.28 * (last - first) / 365.25)
    number = state.tickets + np.arange(len(who))
    state.tickets += len(who)
    at = state.moments(len(who), first, last)
    days = rng.lognormal(1.2, 1.0, len(who))
    state.put("ticket_opened", who, at, at + 60, ref=number)
    closed = at + (days * DAY).astype(np.int64)
    state.put("ticket_closed", who, closed, closed + 60, ref=number)
    experience(state, "bad", who[days > 8.0], 1.0)


def _oddments(state: State, acting: Array, first: int, last: int) -> None:
    """Gifts, profiles kept up, moves, texts."""
    rng, people, span = state.rng, state.people, (last - first) / 365.25
    keen = Urn(rng, acting, np.exp(0.9 * people["x"][acting] - 0.3))
    who = keen.draw(0.08 * span)
    at = state.moments(len(who), first, last)
    state.put("gift", who, at, at + DAY, value=np.round(rng.gamma(1.5, 60.0, len(who)) + 10.0))
    _profiles(state, np.unique(keen.draw(0.3 * span)), first, last)
    _moves(state, Urn(rng, acting, np.ones(len(acting))), first, last)
    texts = acting[people["sms_ok"][acting] == 1]
    who = texts[rng.random(len(texts)) < 2.0 * span]
    at = state.moments(len(who), first, last)
    state.put("sms_sent", who, at, at + 2)
    reply = rng.random(len(who)) < 0.12
    state.put("sms_replied", who[reply], at[reply] + 1800, at[reply] + 1805)


def _profiles(state: State, who: Array, first: int, last: int) -> None:
    at = state.moments(len(who), first, last)
    fuller = np.minimum(100, state.people["profile"][who].astype(np.int64) + state.rng.integers(1, 12, len(who)))
    state.put("profile_updated", who, at, at + 5)
    state.change("ProfileCompleteness", who, fuller, at + 5)


def _moves(state: State, urn: Urn, first: int, last: int) -> None:
    who = np.unique(urn.draw(0.09 * (last - first) / 365.25))
    at = state.moments(len(who), first, last)
    recorded = at + state.rng.integers(0, 40 * DAY, len(who))
    state.put("address_changed", who, at, recorded)
    far = state.rng.random(len(who)) < 0.25
    chapters = state.rng.integers(0, len(state.chapters), int(far.sum()))
    state.change("Chapter", who[far], chapters, recorded[far])
