"""Who is left out, so that the effect can be told: drawn by a keyed hash, before anyone sees a list.

Two draws. The **holdout** is for good and for everything: a member belongs to it or not, from the key alone, whoever
else there is. The control group of one experiment is *stratified*: within each stratum the members who come up on a day
are put in the order of their hash, and every so-many-th is left out, going on where the day before ended, so that each
stratum has its share to within one member.

Without the key nobody can tell beforehand who is left out; with it, anyone can check afterwards that the draw was as it
should be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

Draw = Callable[[str], float]
"""A number from 0 to below 1 that is the association's own for some words, such as `Pseudonyms.share`."""

TREATED, CONTROL = "treated", "control"
HOLDOUT = "holdout"

MISMATCH = 0.001
"""Below this probability a split is no accident, as experiment platforms have it."""


@dataclass(frozen=True)
class Candidate:
    """Somebody whom a playbook selected.

    Args:
        member: Pseudonym.
        stratum: Members who are alike in what matters, such as band and stage.
    """

    member: int
    stratum: str


def is_held_out(member: int, share: float, draw: Draw) -> bool:
    """Whether *member* belongs to the holdout of *share* of all members, now and always."""
    return draw(f"{HOLDOUT}:{member}") < share


def arms(
    experiment: str,
    candidates: Iterable[Candidate],
    share: float,
    draw: Draw,
    *,
    known: Mapping[int, str] | None = None,
    drawn_before: Mapping[str, int] | None = None,
) -> dict[int, str]:
    """The arm of each candidate.

    Args:
        experiment: Its name; another experiment draws otherwise.
        candidates: Those who come up, each once.
        share: Of members to leave out.
        draw: The association's own.
        known: Arms that were drawn before, by member; they stay.
        drawn_before: How many members each stratum has had so far.

    Returns:
        `treated` or `control` by member.
    """
    given, count = dict(known or {}), dict(drawn_before or {})
    fresh: dict[str, list[int]] = {}
    for one in candidates:
        if one.member not in given:
            fresh.setdefault(one.stratum, []).append(one.member)
    for stratum, members in fresh.items():
        members.sort(key=lambda member: draw(f"{experiment}:{member}"))
        start = draw(f"{experiment}:stratum:{stratum}") + share * count.get(stratum, 0)
        for i, member in enumerate(members):
            passes = math.floor(start + share * (i + 1)) > math.floor(start + share * i)
            given[member] = CONTROL if passes else TREATED
    return given


@dataclass(frozen=True)
class SplitCheck:
    """Whether a split is what was designed.

    Args:
        control, treated: Members in each arm.
        share: Of the control group by design.
        p: Probability of a split at least so far off, were the draw right.
    """

    control: int
    treated: int
    share: float
    p: float

    @property
    def is_sound(self) -> bool:
        """Whether the split may be an accident."""
        return self.p >= MISMATCH

    @property
    def sentence(self) -> str:
        """What staff read."""
        total = self.control + self.treated
        if not total:
            return "Nobody was drawn yet."
        words = f"{self.control:,} of {total:,} were left out; {self.share:.0%} should be."
        return (
            words if self.is_sound else f"{words} That is no accident: do not trust comparisons until it is explained."
        )


def check_split(counts: Sequence[tuple[str, float]], share: float) -> SplitCheck:
    """Compare arms with the design by an exact binomial test.

    Args:
        counts: Arm and its number of members, as exposed.
        share: Of the control group by design.
    """
    from scipy.stats import binomtest  # half a second, which only who looks at a trial need wait

    by = dict(counts)
    control, treated = int(by.get(CONTROL, 0)), int(by.get(TREATED, 0))
    total = control + treated
    p = float(binomtest(control, total, share).pvalue) if total else 1.0
    return SplitCheck(control, treated, share, p)
