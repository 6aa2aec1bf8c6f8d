"""What befalls members apart from dues: new jobs, leaving the field, death, mergers, transfers, resignations."""

from __future__ import annotations

import numpy as np

from imis_sandbox.world import names, truth
from imis_sandbox.world.billing import FORMER, end_terms, retype
from imis_sandbox.world.config import DAY
from imis_sandbox.world.people import HONORARY, LIFE, hire
from imis_sandbox.world.state import (
    ACTIVE,
    DECEASED,
    EMPLOYEE,
    INDIVIDUAL,
    LAPSED,
    MERGED,
    NEVER,
    TRANSFERRED,
    UNBILLED,
    State,
)  # fmt: skip
from imis_sandbox.world.store import Array


def live(state: State, first: int, last: int) -> None:
    """What happens to people in the days from *first* to before *last*."""
    people = state.people
    persons = np.flatnonzero((people["status"] == ACTIVE) & (people["kind"] == INDIVIDUAL))
    _jobs(state, persons, first, last)
    _turnover(state, first, last)
    _hardship(state, persons, last - first)
    _resign(state, persons, first, last)
    for by, status, yearly in (
        ("deceased", DECEASED, 0.005),
        ("merged", MERGED, 0.003),
        ("transferred", TRANSFERRED, 0.003),
    ):
        _leave(state, first, last, by, status, yearly)


def _chosen(state: State, who: Array, yearly: Array | float, days: int) -> Array:
    chosen: Array = who[state.rng.random(len(who)) < yearly * days / 365.25]
    return chosen


def _jobs(state: State, persons: Array, first: int, last: int) -> None:
    """New employers and titles; some employers stop paying; some people leave the field for good."""
    people, rng = state.people, state.rng
    movers = _chosen(state, persons, 0.07, last - first)
    at = state.moments(len(movers), first, last)
    recorded = at + rng.integers(0, 45 * DAY, len(movers))
    state.change("Company", movers, rng.integers(0, len(names.EMPLOYERS), len(movers)), recorded)
    promoted = rng.random(len(movers)) < 0.5
    titles = rng.integers(0, len(names.TITLES) - 2, int(promoted.sum()))
    state.change("FunctionalTitle", movers[promoted], titles, recorded[promoted])
    people["employer_stopped"][movers] = rng.random(len(movers)) < 0.4
    gone = _chosen(state, persons, 0.022, last - first)
    people["left_field"][gone] = 1


def _turnover(state: State, first: int, last: int) -> None:
    """People leave member organizations, and with them their membership; most are replaced by someone new."""
    people, rng = state.people, state.rng
    staff = np.flatnonzero((people["status"] == ACTIVE) & (people["kind"] == EMPLOYEE))
    leaving = _chosen(state, staff, 0.08, last - first)
    if len(leaving) == 0:
        return
    at = state.moments(len(leaving), first, last)
    owners = people["org"][leaving]
    people["status"][leaving], people["committee"][leaving] = LAPSED, NEVER
    retype(state, leaving, FORMER, at)
    state.change("CompanyID", leaving, NEVER, at)
    replaced = rng.random(len(leaving)) < 0.9
    hire(state, owners[replaced], at[replaced] // DAY)


def _hardship(state: State, persons: Array, days: int) -> None:
    hard = state.people["hard"][persons] == 1
    turn = _chosen(state, persons, np.where(hard, 0.6, 0.03), days)
    state.people["hard"][turn] ^= 1


def _resign(state: State, persons: Array, first: int, last: int) -> None:
    """Some tell the office that they leave; one letter in five is entered weeks later and back-dated."""
    people, rng = state.people, state.rng
    paying = persons[(people["type"][persons] != LIFE) & (people["type"][persons] != HONORARY)]
    paying = paying[people["stage"][paying] == UNBILLED]
    hazard = 0.004 + 0.03 * people["fading"][paying] + 0.05 * people["left_field"][paying]
    who = _chosen(state, paying, hazard, last - first)
    if len(who) == 0:
        return
    at = state.moments(len(who), first, last)
    late = rng.random(len(who)) < 0.2
    recorded = at + np.where(late, rng.integers(10 * DAY, 60 * DAY, len(who)), rng.integers(600, 2 * DAY, len(who)))
    p = truth.lapse_probability(state, who, last - 1)
    end_terms(state, who, at // DAY, "resigned", recorded)
    state.decisions.append(
        len(who), who=who, term=people["term"][who], ends=people["ends"][who], decided=at // DAY, p=p, p_contact=p,
        p_reached=p, lapsed=1, reason=6,
    )  # fmt: skip
    people["status"][who] = LAPSED
    retype(state, who, FORMER, recorded)


def _leave(state: State, first: int, last: int, by: str, status: int, yearly: float) -> None:
    """Death, merger of two records, or transfer to another body: ends that are nobody's decision to lapse."""
    people, rng = state.people, state.rng
    persons = np.flatnonzero((people["status"] == ACTIVE) & (people["kind"] == INDIVIDUAL))
    born = people["birth"][persons]
    aged = np.where(born < -200_000, 8.0, np.clip((first - born) / 365.25 - 45.0, 0.0, 40.0))
    old = aged if by == "deceased" else 10.0
    who = _chosen(state, persons, yearly * old / 10.0, last - first)
    if len(who) == 0:
        return
    at = state.moments(len(who), first, last)
    recorded = at + rng.integers(DAY, 60 * DAY, len(who))
    end_terms(state, who, at // DAY, by, recorded)
    people["status"][who], people["committee"][who] = status, NEVER
    if by == "deceased":
        state.change("DeceasedOn", who, at // DAY, recorded)
    retype(state, who, FORMER, recorded)
