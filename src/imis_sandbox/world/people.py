"""Joining: who comes, from where, and of which nature."""

from __future__ import annotations

import numpy as np

from imis_sandbox.world import catalog, names
from imis_sandbox.world.calendar import plus_year, year_end
from imis_sandbox.world.config import DAY
from imis_sandbox.world.state import EMPLOYEE, INDIVIDUAL, ORGANIZATION, State
from imis_sandbox.world.store import Array

_SHARES = np.array([kind.share for kind in catalog.TYPES])
_JOINING = np.array([0.42, 0.04, 0.22, 0.17, 0.01, 0.09, 0.001, 0.004, 0.02, 0.025, 0.0, 0.0])
CALENDAR = np.array([kind.calendar for kind in catalog.TYPES])
COMPANY = np.array([kind.company for kind in catalog.TYPES])
DUES = np.array([kind.dues for kind in catalog.TYPES])
LIFE, HONORARY, STUDENT = catalog.TYPE["LIFE"], catalog.TYPE["HON"], catalog.TYPE["STU"]
RETIRED, ABROAD = catalog.TYPE["RET"], catalog.TYPE["INT"]


def found(state: State) -> None:
    """The population that is there when history opens, its terms running."""
    count = round(state.config.members * 0.98)
    types = state.rng.choice(len(_SHARES), count, p=_SHARES / _SHARES.sum())
    tenure = np.minimum(state.rng.gamma(1.3, 6.0, count), 38.0)
    tenure[types == STUDENT] = np.minimum(tenure[types == STUDENT], 3.0)
    first_day = state.today - round(state.config.years * 365.25) - WARM_UP
    begins = first_day - state.rng.integers(0, 365, count)
    join = begins - (np.floor(tenure) * 365.25).astype(np.int64)
    rows = _enroll(state, types, join)
    state.people["renewals"][rows] = np.floor(tenure)
    _open_terms(state, rows, begins, begins.astype(np.int64) * DAY + 50_000)
    _found_staff(state, rows[COMPANY[types]])


WARM_UP = 200
"""Days lived before recorded history opens, so that it opens in full swing."""


def join(state: State, first: int, last: int) -> None:
    """New members of the days from *first* to before *last*, as many as keep the association its size."""
    active = int(np.count_nonzero((state.people["status"] == 0) & (state.people["kind"] != EMPLOYEE)))
    season = 1.0 + 0.35 * np.cos(2 * np.pi * (first % 365.25 - 25) / 365.25)
    yearly = state.config.members * 0.165 * season + 3.0 * (state.config.members - active)
    count = int(state.rng.poisson(max(0.0, yearly) * (last - first) / 365.25))
    if count == 0:
        return
    types = state.rng.choice(len(_JOINING), count, p=_JOINING / _JOINING.sum())
    days = np.sort(state.rng.integers(first, last, count))
    rows = _enroll(state, types, days)
    _open_terms(state, rows, days, state.seconds(days))
    _found_staff(state, rows[COMPANY[types]])


def _enroll(state: State, types: Array, days: Array) -> Array:
    """Add people or organizations with a nature of their own; days are those of joining."""
    rows = state.people.append(len(types), type=types, join=days, previous_type=types)
    state.people["kind"][rows] = np.where(COMPANY[types], ORGANIZATION, INDIVIDUAL)
    _number(state, rows)
    _describe(state, rows, types)
    _nature(state, rows, types)
    moments = state.seconds(np.maximum(days, state.start - WARM_UP))
    state.people["created"][rows] = moments
    state.people["updated"][rows] = moments
    return rows


def _number(state: State, rows: Array) -> None:
    people = state.people
    people["number"][rows] = 10_001 + rows * 3 + state.rng.integers(0, 3, len(rows))
    style = np.where(state.rng.random(len(rows)) < 0.03, 1, 0)
    style = np.where(state.rng.random(len(rows)) < 0.02, 2, style)
    people["style"][rows] = np.where(people["kind"][rows] == ORGANIZATION, 3, style)


def _describe(state: State, rows: Array, types: Array) -> None:
    rng, people, count = state.rng, state.people, len(rows)
    people["gender"][rows] = rng.choice(4, count, p=[0.06, 0.52, 0.40, 0.02])
    people["first"][rows] = rng.integers(0, len(names.WOMEN), count)
    people["last"][rows] = rng.integers(0, len(names.FAMILY), count)
    weights = 1.0 / (np.arange(len(state.chapters)) + 4.0)
    people["chapter"][rows] = rng.choice(len(state.chapters), count, p=weights / weights.sum())
    people["industry"][rows] = rng.integers(0, len(names.INDUSTRIES), count)
    people["state"][rows] = people["chapter"][rows] % len(names.STATES)
    people["country"][rows] = np.where(types == ABROAD, rng.integers(1, len(names.COUNTRIES), count), 0)
    people["employer"][rows] = rng.integers(0, len(names.EMPLOYERS), count)
    people["title"][rows] = rng.integers(0, len(names.TITLES) - 2, count)
    people["title"][rows[types == STUDENT]] = len(names.TITLES) - 2
    people["title"][rows[types == RETIRED]] = len(names.TITLES) - 1
    people["zone"][rows] = np.where(types == ABROAD, rng.integers(4, 6, count), rng.integers(0, 4, count))
    people["language"][rows] = rng.choice(3, count, p=[0.88, 0.09, 0.03])
    _ages(state, rows, types)
    _consents(state, rows)


def _ages(state: State, rows: Array, types: Array) -> None:
    joined = state.people["join"][rows]
    age = np.clip(state.rng.gamma(7.0, 1.9, len(rows)) + 22.0, 21, 75)
    age = np.where(types == STUDENT, state.rng.uniform(19, 27, len(rows)), age)
    age = np.where(types == RETIRED, state.rng.uniform(58, 68, len(rows)), age)
    known = (state.rng.random(len(rows)) < 0.8) & ~COMPANY[types]
    state.people["birth"][rows] = np.where(known, joined - age * 365.25, -1_000_000)


def _consents(state: State, rows: Array) -> None:
    rng, people, count = state.rng, state.people, len(rows)
    people["email_ok"][rows] = rng.random(count) < 0.94
    people["sms_ok"][rows] = rng.random(count) < 0.3
    people["phone_ok"][rows] = rng.random(count) < 0.85
    people["objects"][rows] = rng.random(count) < 0.006
    people["profile"][rows] = np.clip(rng.normal(62, 18, count), 10, 100)


def _nature(state: State, rows: Array, types: Array) -> None:
    rng, people, count = state.rng, state.people, len(rows)
    theta = rng.normal(0.0, 0.75, count)
    people["theta"][rows] = theta
    people["x"][rows] = theta + rng.normal(0.25, 0.4, count)
    people["price"][rows] = rng.gamma(2.0, 0.5, count)
    people["hidden"][rows] = rng.normal(0.0, 0.25, count)
    people["apple"][rows] = rng.random(count) < 0.35
    people["mentored"][rows] = rng.random(count) < 0.08
    people["auto"][rows] = (rng.random(count) < 0.27) & ~COMPANY[types]
    people["plan"][rows] = (rng.random(count) < 0.1) & (DUES[types] > 150) & ~COMPANY[types]
    people["card"][rows] = np.maximum(people["join"][rows], state.start - WARM_UP) + rng.integers(60, 1400, count)
    people["hard"][rows] = rng.random(count) < 0.04
    people["employer_pays"][rows] = (rng.random(count) < 0.25) & (DUES[types] > 150)
    people["effect"][rows] = _effects(state, rows)


def _effects(state: State, rows: Array) -> Array:
    """Persuadables, the unmoved, and sleeping dogs (more of them among those who renew automatically)."""
    rng, auto = state.rng, state.people["auto"][rows] == 1
    draw = rng.random(len(rows))
    persuadable, dog = np.where(auto, 0.12, 0.34), np.where(auto, 0.72, 0.92)
    effect = np.where(draw < persuadable, -rng.gamma(6.0, 0.2, len(rows)), rng.normal(0.0, 0.05, len(rows)))
    return np.where(draw > dog, rng.gamma(5.0, 0.15, len(rows)), effect)


def _open_terms(state: State, rows: Array, begins: Array, recorded: Array) -> None:
    """A first term for each of *rows*; calendar types are prorated to 31 December."""
    types = state.people["type"][rows]
    ends = plus_year(begins) - 1
    close = year_end(begins)
    prorated = np.where(close - begins < 90, year_end(close + 1), close)
    ends = np.where(CALENDAR[types], prorated, ends)
    ends = np.where(types == LIFE, -1, ends)
    share = np.where(CALENDAR[types], (ends - begins + 1) / 365.0, 1.0)
    dues = np.round(dues_of(state, types, begins) * np.where(types == LIFE, 0.0, share), 0)
    paid = np.where(dues > 0, begins, -1)
    start_term(state, rows, begins=begins, ends=ends, dues=dues, billed=begins, paid=paid, recorded=recorded)
    owing = dues > 0
    state.put("payment", rows[owing], recorded[owing], value=dues[owing])


def dues_of(state: State, types: Array, days: Array) -> Array:
    """A year's dues of each type on each day."""
    risen = np.asarray(days) >= state.today0 - state.shocks.dues_rise
    early = np.isin(types, [catalog.TYPE["REG"], catalog.TYPE["PRO"], catalog.TYPE["EAR"]])
    return np.round(DUES[types] * np.where(risen & early, state.shocks.rise, 1.0))


def start_term(
    state: State,
    rows: Array,
    *,
    begins: Array,
    ends: Array,
    dues: Array,
    billed: Array,
    paid: Array,
    recorded: Array,
    types: Array | None = None,
) -> None:
    """Give each of *rows* its next term and make it the current one."""
    people = state.people
    terms = state.terms.append(
        len(rows),
        who=rows,
        type=people["type"][rows] if types is None else types,
        begins=begins,
        ends=ends,
        dues=dues,
        billed=billed,
        due=begins,
        paid=paid,
        auto=people["auto"][rows],
        plan=people["plan"][rows],
    )
    state.terms["term"][terms] = terms
    people["term"][rows], people["ends"][rows] = terms, ends
    people["stage"][rows], people["decide"][rows] = 0, -1
    state.version(terms, recorded)


def _found_staff(state: State, organizations: Array) -> None:
    """The people whom each new member organization brings along."""
    if len(organizations) == 0:
        return
    first = len(state.employers)
    state.employers.extend(company_name(state, int(row)) for row in organizations)
    state.people["employer"][organizations] = np.arange(first, first + len(organizations))
    sizes = np.clip(state.rng.lognormal(1.75, 0.7, len(organizations)), 2, 45).astype(np.int64)
    hire(state, np.repeat(organizations, sizes), np.repeat(state.people["join"][organizations], sizes))


def hire(state: State, owners: Array, days: Array) -> None:
    """Someone new in each of the organizations *owners*; they have no terms of their own."""
    rows = _enroll(state, np.full(len(owners), catalog.TYPE["EMP"]), days)
    people = state.people
    people["kind"][rows], people["org"][rows] = EMPLOYEE, owners
    for column in ("employer", "chapter", "industry", "state"):
        people[column][rows] = people[column][owners]
    people["theta"][rows] = people["theta"][owners] * 0.75 + state.rng.normal(-0.1, 0.5, len(rows))
    people["x"][rows] = people["theta"][rows] + 0.3
    for column in ("auto", "plan", "employer_pays"):
        people[column][rows] = 0


def company_name(state: State, row: int) -> str:
    """The invented name of a member organization."""
    last = names.FAMILY[int(state.people["last"][row])]
    place = names.PLACES[int(state.people["first"][row]) % len(names.PLACES)].replace("-", " ")
    return f"{last} {place} {names.BUSINESSES[row % len(names.BUSINESSES)]}"
