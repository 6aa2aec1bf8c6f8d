"""What contact by each playbook was found to do against its control group, and while little is known, what is assumed.

Both arms are those whom a playbook wanted: who was held back for want of time counts with those who were reached, since
nobody in the control group was sorted out in that way. The change of the log odds is then that of all who were wanted;
divided by how much larger the share of those reached is than in the control group, whom somebody may have called
nevertheless, it is that of contact itself.

Each playbook leans on what the others of its kind were found to do, beyond or short of what is assumed of them, and
each band on its playbook: the less is known of one, the more. With no data all of it is what is assumed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEAST_REACHED = 10
"""Members reached below which nothing is told of a playbook."""

_LEAST_APART = 0.05
"""Where both arms were reached almost alike, nothing can be told."""
_ASSUMED_SD = 0.25
"""How far off an assumption may well be, in log odds: nine in ten within 0.4, which is a third off the odds or so."""
_PLAYBOOKS_SD = 0.15
"""How far playbooks of a kind may well lie apart."""
_BANDS_SD = 0.15
"""How far bands of one playbook may well lie apart."""
_NINETY = 1.645


@dataclass(frozen=True)
class Arms:
    """What became of those whom a playbook wanted in one band.

    Args:
        treated: Members in the treated arm whose decision is known.
        treated_lapsed: Of them, who lapsed.
        reached: Of them, who were reached.
        control, control_lapsed, control_reached: Likewise of the control group.
    """

    treated: int = 0
    treated_lapsed: int = 0
    reached: int = 0
    control: int = 0
    control_lapsed: int = 0
    control_reached: int = 0

    def __add__(self, other: Arms) -> Arms:
        return Arms(
            self.treated + other.treated, self.treated_lapsed + other.treated_lapsed, self.reached + other.reached,
            self.control + other.control, self.control_lapsed + other.control_lapsed,
            self.control_reached + other.control_reached,
        )  # fmt: skip


@dataclass(frozen=True)
class Effect:
    """A change of the log odds of lapsing that contact brings; below 0 where it keeps members.

    Args:
        shift: What is believed.
        sd: How far off that may be.
    """

    shift: float
    sd: float

    @property
    def low(self) -> float:
        """Lower end of the 90 % interval."""
        return self.shift - _NINETY * self.sd

    @property
    def high(self) -> float:
        """Upper end of the 90 % interval."""
        return self.shift + _NINETY * self.sd


@dataclass(frozen=True)
class Measured:
    """What is believed of one playbook.

    Args:
        arms: What it rests on.
        assumed: The change of the log odds that is assumed of it.
        whole: What is believed of it.
        bands: The same of its members of each band.
    """

    arms: Arms
    assumed: float
    whole: Effect
    bands: Mapping[str, Effect]


def measured(
    found: Mapping[str, Mapping[str, Arms]], assumed: Mapping[str, float], kinds: Mapping[str, str]
) -> dict[str, Measured]:
    """What is believed of each playbook that reached `LEAST_REACHED` members and has a control group.

    Args:
        found: By playbook and band, what became of those whom it wanted.
        assumed: By playbook, the change of the log odds that is assumed of all its steps.
        kinds: By playbook, what it leans on: playbooks of one kind lean on each other.
    """
    whole = {name: sum(bands.values(), Arms()) for name, bands in found.items() if name in assumed}
    raw = {name: effect for name, arms in whole.items() if (effect := _raw(arms)) is not None}
    told = {}
    for name, own in raw.items():
        before = _before(name, raw, assumed, kinds)
        told[name] = Measured(whole[name], assumed[name], _updated(before, own), _by_band(found[name], before))
    return told


def _raw(arms: Arms) -> Effect | None:
    """The effect as the counts alone have it; half a member is added to each cell, so that none is empty."""
    if arms.reached < LEAST_REACHED or not arms.control:
        return None
    share = arms.reached / arms.treated - arms.control_reached / arms.control
    if share < _LEAST_APART:
        return None
    cells = (
        arms.treated_lapsed + 0.5, arms.treated - arms.treated_lapsed + 0.5,
        arms.control_lapsed + 0.5, arms.control - arms.control_lapsed + 0.5,
    )  # fmt: skip
    odds = math.log(cells[0] / cells[1]) - math.log(cells[2] / cells[3])
    return Effect(odds / share, math.sqrt(sum(1 / cell for cell in cells)) / share)


def _before(name: str, raw: Mapping[str, Effect], assumed: Mapping[str, float], kinds: Mapping[str, str]) -> Effect:
    """What is believed of *name* before its own counts: what is assumed, as the others of its kind bear it out."""
    others = [
        Effect(effect.shift - assumed[other], effect.sd)
        for other, effect in raw.items()
        if other != name and kinds.get(other) == kinds.get(name)
    ]
    kind = _pooled(others, Effect(0.0, _ASSUMED_SD), _PLAYBOOKS_SD)
    return Effect(assumed[name] + kind.shift, math.hypot(kind.sd, _PLAYBOOKS_SD))


def _by_band(bands: Mapping[str, Arms], before: Effect) -> dict[str, Effect]:
    """What is believed of each band: its own counts, leaning on those of the other bands."""
    told = {}
    for band, arms in bands.items():
        own = _raw(arms)
        rest = _raw(sum((other for name, other in bands.items() if name != band), Arms()))
        leans = before if rest is None else _updated(before, Effect(rest.shift, math.hypot(rest.sd, _BANDS_SD)))
        if own is not None:
            told[band] = _updated(Effect(leans.shift, math.hypot(leans.sd, _BANDS_SD)), own)
    return told


def _pooled(found: Sequence[Effect], before: Effect, apart: float) -> Effect:
    """What is common to effects that lie *apart*, by what was believed *before*."""
    for one in found:
        before = _updated(before, Effect(one.shift, math.hypot(one.sd, apart)))
    return before


def _updated(before: Effect, seen: Effect) -> Effect:
    """What is believed after something was *seen*: each by its precision."""
    weight, own = before.sd**-2, seen.sd**-2
    return Effect((weight * before.shift + own * seen.shift) / (weight + own), (weight + own) ** -0.5)
