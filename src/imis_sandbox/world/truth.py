"""Why members lapse: the true probability of a decision, which no log contains."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imis_sandbox.world import catalog
from imis_sandbox.world.state import EMPLOYEE, NEVER, ORGANIZATION, State
from imis_sandbox.world.store import Array

_LEANING = np.array([kind.leaning for kind in catalog.TYPES])
_BASE = -3.55
REMEMBERED = 75
"""Days for which contact by staff has its effect."""


def attachment(state: State, who: Array) -> Array:
    """What members lately experienced, as one figure: about 0 for the usual member, standard deviation about 1."""
    people = state.people
    score = (
        0.95 * np.log1p(people["web"][who])
        + 0.75 * np.log1p(2.0 * people["event"][who])
        + 0.55 * np.log1p(2.0 * people["part"][who])
        - 0.6 * np.log1p(people["bad"][who])
    )
    return np.asarray((score - 2.2) / 1.05)


def organization_attachment(state: State, who: Array) -> Array:
    """The mean attachment of each organization's people, more with many people than with few."""
    people = state.people
    staff = np.flatnonzero((people["kind"] == EMPLOYEE) & (people["status"] == 0))
    owner = people["org"][staff]
    total = np.bincount(owner, attachment(state, staff), minlength=len(people))
    count = np.bincount(owner, minlength=len(people))
    mean = total[who] / np.maximum(count[who], 1)
    return np.where(count[who] > 0, 1.3 * mean + 0.25 * np.log1p(count[who]) - 0.3, -1.5)


def log_odds(state: State, who: Array, day: int, attached: Array | None = None) -> Array:
    """Log odds that each payer, deciding on *day*, chooses not to renew; contact by staff left out."""
    people = state.people
    if attached is None:
        attached = attachment(state, who)
        organizations = people["kind"][who] == ORGANIZATION
        if organizations.any():
            attached = np.where(organizations, organization_attachment(state, who), attached)
    risen = (day >= state.today0 - state.shocks.dues_rise) & (day < state.today0 - state.shocks.dues_rise + 420)
    odds = _BASE - 2.2 * attached + _LEANING[people["type"][who]] + people["hidden"][who]
    odds = odds + 0.35 * (people["renewals"][who] == 0) - 0.03 * np.minimum(people["renewals"][who], 15)
    odds = odds + people["price"][who] * (0.5 if risen else 0.15) + 0.7 * people["hard"][who]
    odds = odds + 2.4 * people["left_field"][who] + 1.8 * people["employer_stopped"][who] * people["employer_pays"][who]
    return np.asarray(odds - 1.6 * people["auto"][who])


def sigmoid(odds: Array) -> Array:
    """Probability of log odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-odds)))


TALK = 1.0
LETTER = 0.5
"""How far contact moves a member: a talk, an offer; a message of any kind half as far."""


def contacted(state: State, who: Array, day: int) -> Array:
    """How strongly staff reached each member within the last days that count: 0 where they did not, 1 for a talk."""
    at = state.people["contacted"][who]
    return np.asarray(np.where((at != NEVER) & (day - at <= REMEMBERED), state.people["reach"][who], 0.0))


def reach(state: State, who: Array | int, day: int, strength: float) -> None:
    """Staff reached members on *day*; a weaker contact does not undo a stronger one that is remembered."""
    rows = np.atleast_1d(who)
    state.people["reach"][rows] = np.maximum(contacted(state, rows, day), strength)
    state.people["contacted"][rows] = day


def payment_failure(state: State, who: Array, day: int) -> Array:
    """Probability that the automatic payment of a member who wants to stay fails and stays unmended."""
    people = state.people
    fails = 0.05 + 0.25 * (people["card"][who] < day) + 0.12 * people["hard"][who]
    return np.asarray(np.where(people["auto"][who] == 1, fails * unmended(state, who), 0.0))


def unmended(state: State, who: Array) -> Array:
    """Probability that a failed payment is never put right."""
    return sigmoid(-0.9 - 0.8 * attachment(state, who))


def lapse_probability(state: State, who: Array, day: int, contact: Array | bool = False) -> Array:
    """True probability of not renewing when deciding on *day*, with or without contact by staff."""
    odds = log_odds(state, who, day) + np.where(contact, state.people["effect"][who], 0.0)
    return 1.0 - (1.0 - sigmoid(odds)) * (1.0 - payment_failure(state, who, day))


_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(12)
"""Where, and with what weight, a bell curve is read for a mean over it (Gauss and Hermite's rule)."""


def expected(state: State, who: Array) -> tuple[Array, Array, Array]:
    """Probability of not renewing, the same after contact by staff, and the part of the first that is a failed payment,
    over what may happen until the decision.

    Interest moves on as the simulation moves it; experiences follow at the rates that interest brings. It is the mean
    over all such futures and no draw of some of them, so the only chance in it is the members' own.
    """
    people = state.people
    wait = np.maximum(
        np.where(people["stage"][who] == 0, people["ends"][who] - 6, people["decide"][who]) - state.today, 0
    )
    fails = payment_failure(state, who, state.today)
    total, contacted_total, unpaid = (np.zeros(len(who)) for _ in range(3))
    for weight, odds in _futures(state, who, wait):
        stays, stays_contacted = 1.0 - sigmoid(odds), 1.0 - sigmoid(odds + people["effect"][who])
        total += weight * (1.0 - stays * (1.0 - fails))
        contacted_total += weight * (1.0 - stays_contacted * (1.0 - fails))
        unpaid += weight * stays * fails
    return total, contacted_total, unpaid


def _futures(state: State, who: Array, wait: Array) -> Iterator[tuple[Array, Array]]:
    """Weight, and log odds at its end, of each possible future: attachment drifts towards what the member's nature
    sustains, which is less of somebody who has begun to fade by then."""
    people = state.people
    now = attachment(state, who)
    organizations = people["kind"][who] == ORGANIZATION
    if organizations.any():
        now = np.where(organizations, organization_attachment(state, who), now)
    fading = people["fading"][who].astype(bool)
    turning = 1.0 - np.exp(-np.where(fading, 0.4, 0.22) * wait / 365.25)
    keep = np.exp(-wait / 85.0)
    spread = 0.55 * np.sqrt(1.0 - keep * keep)
    for turned, chance in ((False, 1.0 - turning), (True, turning)):
        target = 0.05 + 0.95 * people["theta"][who] - 1.75 * (fading ^ turned)
        middle = target + (now - target) * keep
        middle = np.where(organizations, now, middle)
        for node, weight in zip(_NODES, _WEIGHTS / _WEIGHTS.sum(), strict=True):
            yield chance * weight, log_odds(state, who, state.today, middle + spread * node)


PROMPT = 0.42
"""Share of payers who make up their minds around the end of the term."""
_HITCH = 0.03


def slowness(state: State, who: Array) -> Array:
    """Share of each payer's kind who make up their minds in grace only; the rest do so weeks early."""
    people = state.people
    return np.asarray(0.27 + 0.12 * people["hard"][who] - 0.06 * np.clip(people["x"][who], -1.5, 1.5))


def still_open(state: State, who: Array, day: int) -> Array:
    """Probability that a payer who will renew has not yet done so on *day*."""
    people = state.people
    late, since = slowness(state, who), day - people["ends"][who]
    early = 1.0 - late - PROMPT
    left = early * np.clip((-8 - since) / 44.0, 0.0, 1.0) + PROMPT * np.clip((2 - since) / 12.0, 0.0, 1.0)
    left = left + late * np.clip((29 - since) / 27.0, 0.0, 1.0)
    charged = np.where(since <= -2, 1.0, np.clip((23 - since) / 19.0, 0.0, 1.0) * _HITCH)
    left = np.where(people["auto"][who] == 1, charged, left)
    return np.asarray(np.where(people["stage"][who] == 0, 1.0, left))


def while_unpaid(state: State, who: Array, p: Array, day: int) -> Array:
    """Probability of lapsing for one who knows *p* and that nothing was paid by *day*, but not what was decided."""
    return np.asarray(p / np.maximum(p + (1.0 - p) * still_open(state, who, day), 1e-9))
