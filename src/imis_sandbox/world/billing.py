"""Invoices, notices, decisions, payments, lapses and returns."""

from __future__ import annotations

import numpy as np

from imis_sandbox.world import catalog, truth
from imis_sandbox.world.calendar import plus_year, year_end
from imis_sandbox.world.config import DAY
from imis_sandbox.world.engagement import leave_committee
from imis_sandbox.world.people import CALENDAR, DUES, HONORARY, dues_of, start_term
from imis_sandbox.world.state import (
    ACTIVE,
    BILLED,
    DECLINED,
    EMPLOYEE,
    ENDED_BY,
    LAPSED,
    NEVER,
    ORGANIZATION,
    UNBILLED,
    State,
)  # fmt: skip
from imis_sandbox.world.store import Array

LEAD = 60
"""Days between the invoice and the end of the term."""
GRACE = 30
NOTICES = (-45, -21, -5, 10, 22)
"""Days after the end of the term on which reminders go to those who have not paid."""
FORMER = catalog.TYPE["NM"]


def live(state: State, first: int, last: int) -> None:
    """Bill, remind, decide, collect and drop in the days from *first* to before *last*."""
    _extend(state, first, last)
    _grant(state, last)
    _bill(state, last)
    _remind(state, first, last)
    _cards(state, first, last)
    _installments(state, first, last)
    _decide(state, first, last)
    _drop(state, last)
    _return(state, first, last)


def _payers(state: State) -> Array:
    people = state.people
    return np.asarray((people["status"] == ACTIVE) & (people["kind"] != EMPLOYEE) & (people["ends"] != NEVER))


def _grant(state: State, last: int) -> None:
    """Complimentary terms are simply given again."""
    people = state.people
    who = np.flatnonzero(_payers(state) & (people["type"] == HONORARY) & (people["ends"] < last))
    begins = people["ends"][who].astype(np.int64) + 1
    if len(who):
        nothing = np.zeros(len(who))
        start_term(
            state, who, begins=begins, ends=year_end(begins), dues=nothing, billed=begins, paid=nothing - 1,
            recorded=begins * DAY,
        )  # fmt: skip


def _bill(state: State, last: int) -> None:
    people, rng = state.people, state.rng
    due = _payers(state) & (people["stage"] == UNBILLED) & (people["ends"] - LEAD < last)
    who = np.flatnonzero(due & (people["type"] != HONORARY))
    if len(who) == 0:
        return
    ends = people["ends"][who]
    people["stage"][who] = BILLED
    people["invoice"][who] = state.invoices + np.arange(len(who))
    state.invoices += len(who)
    people["decide"][who] = np.maximum(ends + _hesitation(state, who), last - 1)
    at = np.maximum(ends.astype(np.int64) - LEAD, last - 7) * DAY + 8 * 3600 + rng.integers(0, 3600, len(who))
    dues = dues_of(state, people["type"][who], ends)
    state.put("invoice_issued", who, at, at + 60, value=dues, ref=people["invoice"][who])


def _hesitation(state: State, who: Array) -> Array:
    """The day, counted from the end of the term, on which each payer makes up their mind."""
    people, rng = state.people, state.rng
    late = truth.slowness(state, who)
    draw = rng.random(len(who))
    early = -rng.integers(8, 52, len(who))
    around = rng.integers(-10, 2, len(who))
    slow = rng.integers(2, GRACE - 1, len(who))
    day = np.where(draw < late, slow, np.where(draw < late + truth.PROMPT, around, early))
    return np.where(people["auto"][who] == 1, -2, day)


def _remind(state: State, first: int, last: int) -> None:
    people = state.people
    waiting = np.flatnonzero((people["stage"] != UNBILLED) & _payers(state) & (people["auto"] == 0))
    for offset in NOTICES:
        day = people["ends"][waiting].astype(np.int64) + offset
        who = waiting[(day >= first) & (day < last)]
        at = (people["ends"][who].astype(np.int64) + offset) * DAY + 9 * 3600
        state.put("notice_sent", who, at, at + 60, ref=people["invoice"][who])


def _cards(state: State, first: int, last: int) -> None:
    """A month before a card on file expires its owner is told; three in four put in a new one."""
    people, rng = state.people, state.rng
    near = _payers(state) & (people["auto"] == 1) & (people["card"] - 30 >= first) & (people["card"] - 30 < last)
    who = np.flatnonzero(near)
    at = (people["card"][who].astype(np.int64) - 30) * DAY + 7 * 3600
    state.put("card_expiring", who, at, at + 60)
    renewed = rng.random(len(who)) < truth.sigmoid(1.2 + 0.6 * people["x"][who])
    people["card"][who[renewed]] += 1_095


def _installments(state: State, first: int, last: int) -> None:
    """Monthly parts of the dues of those who chose a plan; some miss one."""
    people, rng = state.people, state.rng
    planned = np.flatnonzero(_payers(state) & (people["plan"] == 1))
    who = planned[rng.random(len(planned)) < (last - first) / 30.4]
    at = state.moments(len(who), first, last)
    missed = rng.random(len(who)) < 0.02 + 0.2 * people["hard"][who] + 0.04 * people["fading"][who]
    part = np.round(DUES[people["type"][who]] / 12.0, 2)
    state.put("payment", who[~missed], at[~missed], at[~missed] + 60, value=part[~missed])
    state.put("plan_missed", who[missed], at[missed], at[missed] + DAY, value=part[missed])


def _decide(state: State, first: int, last: int) -> None:
    people, rng = state.people, state.rng
    who = np.flatnonzero(_payers(state) & (people["stage"] == BILLED) & (people["decide"] < last))
    if len(who) == 0:
        return
    contact = truth.contacted(state, who, last - 1)
    odds = truth.log_odds(state, who, last - 1)
    effect = people["effect"][who]
    fails = truth.payment_failure(state, who, last - 1)
    stays = rng.random(len(who)) >= truth.sigmoid(odds + contact * effect)
    unpaid = stays & (rng.random(len(who)) < fails)
    _note_decisions(state, who, odds, fails, contact, lapsed=~stays | unpaid, unpaid=unpaid)
    _fail(state, who[unpaid], last)
    people["stage"][who[~stays | unpaid]] = DECLINED
    _renew(state, who[stays & ~unpaid], first)


def _note_decisions(
    state: State, who: Array, odds: Array, fails: Array, contact: Array, *, lapsed: Array, unpaid: Array
) -> None:
    people = state.people
    alone, with_contact, reached = (
        1.0 - (1.0 - truth.sigmoid(odds + strength * people["effect"][who])) * (1.0 - fails)
        for strength in (0.0, 1.0, contact)
    )
    reason = np.where(people["price"][who] > 1.6, 2, 1)
    reason = np.where(people["employer_stopped"][who] == 1, 4, reason)
    reason = np.where(people["left_field"][who] == 1, 5, np.where(unpaid, 3, reason))
    state.decisions.append(
        len(who), who=who, term=people["term"][who], ends=people["ends"][who], decided=people["decide"][who],
        p=alone, p_contact=with_contact, p_reached=reached, lapsed=lapsed, reason=np.where(lapsed, reason, 0),
    )  # fmt: skip


def _fail(state: State, who: Array, last: int) -> None:
    """A card is declined, and tried again twice."""
    day = np.maximum(state.people["decide"][who].astype(np.int64), last - 7)
    dues = dues_of(state, state.people["type"][who], day)
    for wait in (0, 4, 9):
        at = state.seconds(day + wait, 6.0)
        state.put("payment_failed", who, at, at + 60, value=dues, ref=state.people["invoice"][who])


def _renew(state: State, who: Array, first: int) -> None:
    """The dues come in, some by mail and entered days later, and the next term begins where the last one ended."""
    people, rng = state.people, state.rng
    ends = people["ends"][who].astype(np.int64)
    day = np.maximum(people["decide"][who].astype(np.int64), first)
    hitch = (people["auto"][who] == 1) & (rng.random(len(who)) < 0.03)
    _hitches(state, who[hitch], day[hitch])
    day = np.where(hitch, day + rng.integers(6, 25, len(who)), day)
    at = state.seconds(day)
    by_mail = (rng.random(len(who)) < 0.3) & (people["auto"][who] == 0)
    recorded = at + np.where(by_mail, rng.integers(DAY, 6 * DAY, len(who)), 120)
    _new_terms(state, who, ends + 1, day, recorded)
    dues = state.terms["dues"][people["term"][who]]
    state.put("payment", who, at, recorded, value=dues, ref=people["invoice"][who])
    people["renewals"][who] += 1


def _hitches(state: State, who: Array, day: Array) -> None:
    at = state.seconds(day, 6.0)
    state.put("payment_failed", who, at, at + 60, ref=state.people["invoice"][who])


def _new_terms(state: State, who: Array, begins: Array, day: Array, recorded: Array) -> None:
    types = _step_up(state, who, recorded)
    ends = np.where(CALENDAR[types], year_end(begins), plus_year(begins) - 1)
    billed = begins - 1 - LEAD
    dues = dues_of(state, types, begins)
    start_term(state, who, begins=begins, ends=ends, dues=dues, billed=billed, paid=day, recorded=recorded, types=types)


def _step_up(state: State, who: Array, recorded: Array) -> Array:
    """Students graduate, the early-careered settle, some become fellows, some step down; gives everybody's type."""
    people, rng = state.people, state.rng
    types = people["type"][who].astype(np.int64)
    code, draw = catalog.TYPE, rng.random(len(who))
    new = np.where((types == code["STU"]) & (draw < 0.4), code["EAR"], types)
    new = np.where((types == code["EAR"]) & (draw < 0.25), code["REG"], new)
    new = np.where((types == code["REG"]) & (draw < 0.03) & (people["x"][who] > 0.3), code["PRO"], new)
    new = np.where((types == code["PRO"]) & (draw < 0.02), code["REG"], new)
    moved = new != types
    retype(state, who[moved], new[moved], recorded[moved])
    return new


def retype(state: State, who: Array, new: Array | int, recorded: Array) -> None:
    """Give some a new member type, as iMIS does: the old one survives in `previous_type` and in the log alone."""
    state.change("MemberType", who, new, recorded)


def _drop(state: State, last: int) -> None:
    """After grace, those who did not pay are dropped; an organization's people go with it."""
    people, rng = state.people, state.rng
    over = _payers(state) & (people["stage"] == DECLINED) & (people["ends"] + GRACE + 3 < last)
    who = np.flatnonzero(over)
    if len(who) == 0:
        return
    at = state.seconds(np.full(len(who), last - 1), 4.0)
    gone = _with_staff(state, who)
    people["status"][gone] = LAPSED
    retype(state, who, FORMER, at)
    staff = gone[people["kind"][gone] == EMPLOYEE]
    typed = np.full(len(staff), (last - 1) * DAY + 15_000)
    retype(state, staff, FORMER, typed)
    seated = gone[people["committee"][gone] != NEVER]
    leave_committee(state, seated, np.full(len(seated), (last - 1) * DAY + 16_000) + rng.integers(0, 99, len(seated)))


def _with_staff(state: State, who: Array) -> Array:
    """Payers, and the people of those among them that are organizations."""
    people = state.people
    owned = np.isin(people["org"], who[people["kind"][who] == ORGANIZATION])
    return np.concatenate([who, np.flatnonzero(owned & (people["status"] == ACTIVE) & (people["kind"] == EMPLOYEE))])


def _return(state: State, first: int, last: int) -> None:
    """Some of the lapsed come back within a few years and begin a new spell."""
    people, rng = state.people, state.rng
    away = first - people["ends"]
    eligible = (people["status"] == LAPSED) & (people["kind"] == 0) & (away > GRACE + 45) & (away < 900)
    who = np.flatnonzero(eligible & (people["left_field"] == 0))
    odds = 0.075 * np.exp(0.5 * people["theta"][who]) * (last - first) / 365.25
    who = who[rng.random(len(who)) < odds]
    if len(who) == 0:
        return
    day = rng.integers(first, last, len(who))
    recorded = state.seconds(day)
    people["status"][who], people["fading"][who], people["renewals"][who] = ACTIVE, 0, 0
    people["x"][who] = people["theta"][who] + 0.3
    before = people["previous_type"][who].astype(np.int64)
    retype(state, who, np.where(before == FORMER, catalog.TYPE["REG"], before), recorded)
    _new_terms(state, who, day.astype(np.int64), day, recorded)
    dues = state.terms["dues"][people["term"][who]]
    state.put("payment", who, recorded, recorded + 60, value=dues)


def _extend(state: State, first: int, last: int) -> None:
    """The free-extension period: one day everybody's term that is about to end is lengthened by 90 days."""
    day = state.today0 - state.shocks.extension
    if not first <= day < last:
        return
    people = state.people
    ends = people["ends"]
    near = _payers(state) & (people["stage"] != DECLINED) & (ends >= day - 10) & (ends <= day + 60)
    who = np.flatnonzero(near & (people["kind"] != ORGANIZATION) & ~CALENDAR[people["type"]])
    people["ends"][who] += 90
    people["stage"][who], people["decide"][who] = UNBILLED, NEVER
    terms = people["term"][who]
    state.terms["ends"][terms] = people["ends"][who]
    state.version(terms, np.full(len(who), day * DAY + 45_000))


def end_terms(state: State, who: Array, ends: Array, by: str, recorded: Array) -> None:
    """Shorten the current terms of some members to *ends* and say by what they ended."""
    terms = state.people["term"][who]
    kept = np.maximum(ends, state.terms["begins"][terms])
    kept = np.where(state.terms["ends"][terms] == NEVER, kept, np.minimum(kept, state.terms["ends"][terms]))
    state.terms["ends"][terms] = kept
    state.terms["ended_by"][terms] = ENDED_BY.index(by)
    state.people["ends"][who] = kept
    state.version(terms, recorded)
