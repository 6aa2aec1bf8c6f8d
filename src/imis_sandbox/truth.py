"""The truth as tables: what no client of iMIS could know."""

from __future__ import annotations

import numpy as np
import polars as pl

from imis_sandbox.rest.records import Records
from imis_sandbox.world import truth
from imis_sandbox.world.people import HONORARY
from imis_sandbox.world.state import ACTIVE, DECLINED, EMPLOYEE, NEVER, REASONS
from imis_sandbox.world.store import Array

_HIDDEN = ("hard", "left_field", "employer_stopped")
"""States of a member that no record shows."""

_MOVED = 0.25
"""Change of the log odds from which on contact counts as moving a member."""


def pending(records: Records) -> Array:
    """Payers who have a decision before them: not yet renewed, not yet lapsed, grace not over."""
    people = records.people
    waiting = (people["status"] == ACTIVE) & (people["kind"] != EMPLOYEE) & (people["ends"] != NEVER)
    return np.flatnonzero(waiting & (people["type"] != HONORARY))


def pending_decisions(records: Records) -> pl.DataFrame:
    """One row per pending decision, as things stand today.

    `p_lapse` is the true probability that the term ending on `ends_on` is not renewed by the end of grace, by
    simulating what may still happen until the member decides; 1 once the member has silently decided against.
    `p_lapse_unpaid` is for one who cannot know such decisions, only that nothing has been paid so far: nobody can
    predict better than that. `p_lapse_payment` is the part of it that is an automatic payment which fails, of a member
    who meant to stay.
    `effect` is the change of the log odds that contact by staff would bring, `p_lapse_contacted` the probability
    after it; `group` tells persuadable, unmoved and sleeping dog apart, `quadrant` further divides the unmoved into the
    sure, who stay anyway, and the lost, who go anyway; `contacted` says whether staff have lately reached the member,
    which `p_lapse` leaves out. `hard`, `left_field` and `employer_stopped` are states that no record shows: money is
    short, the member has left the field for good, or has an employer who does not pay.
    """
    people, state, who = records.people, records.state, pending(records)
    p, with_contact, failed = truth.expected(state, who)
    decided = people["stage"][who] == DECLINED
    return pl.DataFrame(
        {
            "decision": ["pending"] * len(who),
            "member_id": [records.id_of(row) for row in who.tolist()],
            "ends_on": pl.Series(people["ends"][who]).cast(pl.Date),
            "p_lapse": np.where(decided, 1.0, p),
            "p_lapse_contacted": np.where(decided, 1.0, with_contact),
            "p_lapse_unpaid": truth.while_unpaid(state, who, p, state.today),
            "p_lapse_payment": truth.while_unpaid(state, who, p, state.today) * failed / np.maximum(p, 1e-9),
            "effect": people["effect"][who].astype(np.float64),
            "contacted": truth.contacted(state, who, state.today) > 0,
            "group": [group_of(effect) for effect in people["effect"][who].tolist()],
            "quadrant": quadrants(people["effect"][who], np.where(decided, 1.0, p)),
            **{state: people[state][who] == 1 for state in _HIDDEN},
        }
    )


def past_decisions(records: Records) -> pl.DataFrame:
    """One row per decision that was made, with its true probability at that moment and its outcome.

    `p_lapse_reached` is the probability with the contact that there was: `p_lapse` where staff had not lately reached
    the member.
    """
    made, people = records.state.decisions, records.people
    kept = np.flatnonzero(made["decided"] >= records.state.start)
    return pl.DataFrame(
        {
            "decision": ["made"] * len(kept),
            "member_id": [records.id_of(row) for row in made["who"][kept].tolist()],
            "ends_on": pl.Series(made["ends"][kept]).cast(pl.Date),
            "decided_on": pl.Series(made["decided"][kept]).cast(pl.Date),
            "p_lapse": made["p"][kept].astype(np.float64),
            "p_lapse_contacted": made["p_contact"][kept].astype(np.float64),
            "p_lapse_reached": made["p_reached"][kept].astype(np.float64),
            "effect": people["effect"][made["who"][kept]].astype(np.float64),
            "lapsed": made["lapsed"][kept].astype(np.int64),
            "reason": [REASONS[code] or None for code in made["reason"][kept].tolist()],
        }
    )


def group_of(effect: float) -> str:
    """Persuadable, sleeping dog or unmoved."""
    if effect < -_MOVED:
        return "persuadable"
    return "sleeping dog" if effect > _MOVED else "unmoved"


def quadrants(effects: Array, p: Array) -> list[str]:
    """Persuadable, sleeping dog, sure or lost, from the effect of contact and the probability without it."""
    pairs = zip(effects.tolist(), p.tolist(), strict=True)
    return [group_of(e) if abs(e) > _MOVED else "lost" if chance >= 0.5 else "sure" for e, chance in pairs]
