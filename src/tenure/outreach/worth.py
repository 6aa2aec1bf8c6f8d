"""What a step of a playbook is expected to keep, and whether that is worth its time.

A contact takes a share off the *odds* of lapsing of those who have not decided yet. So it keeps next to nothing of
those who stay anyway, nor of those who have made up their minds, and most of those who waver: reaching the riskiest
first is not reaching those whom it helps. Shares are assumed until they are measured: a talk takes off more than a
message; each further contact of the same kind half as much as the one before it; and contact long before the member
decides is half forgotten by then.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenure.outreach.playbook import StepPlan

TALK, MESSAGE = "talk", "message"
CHANNELS: dict[str, str] = {
    "callback": TALK, "task": TALK,
    "email": MESSAGE, "sms": MESSAGE, "in_app": MESSAGE, "offer": MESSAGE, "survey": MESSAGE,
}  # fmt: skip
"""How a step of each kind reaches a member; other kinds reach nobody."""

_SURE = 1e-6
_SHORTEST = 0.1
"""Minutes below which a step is not counted, so that nothing is divided by nought."""


@dataclass(frozen=True)
class Effect:
    """What contact does, as assumed and as measured.

    Args:
        talk, message: Share of the odds of lapsing that a talk, and a message, is assumed to take off.
        start_days: Days before the end of a term from which on members decide.
        half_life: Days before that in which contact loses half its effect.
        still_open: Share of members who have not decided yet, by days left in the term; see
            `tenure.membership.still_open`. Empty: all of them.
        measured: By playbook and band, and by playbook alone under an empty band, the change of the log odds that the
            whole of its steps was found to bring (below 0: it keeps members).
    """

    talk: float = 0.10
    message: float = 0.04
    start_days: int = 45
    half_life: int = 60
    still_open: Mapping[int, float] = field(default_factory=dict)
    measured: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def shifts(
        self, playbook: str, steps: Sequence[StepPlan], member: Mapping[str, Any], before: Mapping[str, int]
    ) -> list[float]:
        """By how much each step moves the log odds of *member*, a row of a situation; below 0 where it keeps.

        Args:
            playbook: Its name.
            steps: Its steps.
            member: A row of a situation.
            before: Contacts of late, by `TALK` and `MESSAGE`.
        """
        band = member.get("band") or ""
        found = self.measured.get((playbook, band), self.measured.get((playbook, "")))
        usual = self.of_all(steps)
        scale = found / usual if found is not None and usual else 1.0
        return [
            shift * scale * self._remembered(member.get("days_to_renewal"), step.wait_days)
            for shift, step in zip(self._assumed(steps, before), steps, strict=True)
        ]

    def of_all(self, steps: Sequence[StepPlan]) -> float:
        """By how much *steps* together are assumed to move the log odds of somebody who decides in time."""
        return sum(self._assumed(steps, {}))

    def is_near(self, member: Mapping[str, Any]) -> bool:
        """Whether contact today is at least half remembered when *member* decides."""
        return (member.get("days_to_renewal") or 0) <= self.start_days + self.half_life

    def open_on(self, days: int | None) -> float:
        """Share of members who have not decided yet so many *days* before the end; 1 where nothing is known."""
        if not self.still_open or days is None:
            return 1.0
        return self.still_open[min(max(days, min(self.still_open)), max(self.still_open))]

    def _assumed(self, steps: Sequence[StepPlan], before: Mapping[str, int]) -> list[float]:
        shares, count, found = {TALK: self.talk, MESSAGE: self.message}, Counter(before), []
        for step in steps:
            channel = CHANNELS.get(step.kind)
            if channel is None:
                found.append(0.0)
                continue
            found.append(math.log1p(-min(shares[channel], 1 - _SURE)) / 2 ** count[channel])
            count[channel] += 1
        return found

    def _remembered(self, days: int | None, wait: int) -> float:
        early = max((days or 0) - wait - self.start_days, 0)
        return float(0.5 ** (early / self.half_life))


def kind_of(steps: Sequence[StepPlan]) -> str:
    """`TALK` where any of *steps* is one, else `MESSAGE`."""
    return TALK if any(CHANNELS.get(step.kind) == TALK for step in steps) else MESSAGE


@dataclass(frozen=True)
class Part:
    """Steps of a playbook that stand or fall together: one that reaches the member, and those about it.

    Args:
        places: Which steps, from 1.
        minutes: Of staff time.
        kept: Members that it is expected to keep, beyond what the parts before it do.
    """

    places: tuple[int, ...]
    minutes: float
    kept: float

    @property
    def an_hour(self) -> float:
        """Members that an hour of it is expected to keep."""
        return self.kept / (max(self.minutes, _SHORTEST) / 60)


def parts_of(
    playbook: str, steps: Sequence[StepPlan], member: Mapping[str, Any], effect: Effect, before: Mapping[str, int]
) -> list[Part] | None:
    """The parts of a playbook for *member*, in order; None where nothing can be expected of it.

    That is so without a risk (of lapsed members, for one), and where no step reaches the member. A step that reaches
    nobody goes with the next one that does, or with the last. What a step keeps is of those who have not renewed by the
    day on which it is due, since for the others it is not done.

    Args:
        playbook: Its name.
        steps: Its steps.
        member: A row of a situation.
        effect: What contact is taken to do.
        before: Contacts of late, by `TALK` and `MESSAGE`.
    """
    risk, days = member.get("p_lapse_renewal"), member.get("days_to_renewal")
    reaching = [place for place, step in enumerate(steps) if step.kind in CHANNELS]
    if risk is None or not reaching:
        return None
    shifts = effect.shifts(playbook, steps, member, before)
    wavering = _of_those_open(risk, effect.open_on(days))
    found, begin, odds = [], 0, _log_odds(wavering)
    for place in reaching:
        end = len(steps) if place == reaching[-1] else place + 1
        these = [steps[at] for at in range(begin, end)]
        after = odds + shifts[place]
        then = effect.open_on(None if days is None else days - steps[place].wait_days)
        kept = (_chance(odds) - _chance(after)) * _open_among_unpaid(wavering, then)
        found.append(Part(tuple(range(begin + 1, end + 1)), sum(step.staff_minutes for step in these), kept))
        begin, odds = end, after
    return found


def _of_those_open(risk: float, still: float) -> float:
    """Risk of those who have not decided, where *risk* is that of all who have not paid and *still* are open."""
    return risk * still / (1 - risk + risk * still)


def _open_among_unpaid(risk: float, still: float) -> float:
    """Of those who have not paid, the share who have not decided: who decided and has not paid, decided to leave."""
    return still / (still + (1 - still) * risk)


def _log_odds(p: float) -> float:
    sure = min(max(p, _SURE), 1 - _SURE)
    return math.log(sure / (1 - sure))


def _chance(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))
