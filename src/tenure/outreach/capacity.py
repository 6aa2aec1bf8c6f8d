"""From those whom playbooks select to a list that staff can work through.

Candidates are taken by the dues that an hour of staff is expected to keep, as far as hours and caps reach, with some
time set aside for members drawn by lot, so that something is learnt about those whom the order would never reach. Who
is left out is told with the rule. Mandatory notices pass by all of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from tenure.outreach.playbook import Playbook
from tenure.outreach.rollout import EVERYBODY, EVERYONE, permits, phase_of

Draw = Callable[[str], float]
"""A number from 0 to below 1 that is the association's own for some words."""

RULES: dict[str, str] = {
    "phase": "the rollout has not come so far for this segment",
    "do-not-wake": "is on the list of those who are left alone",
    "auto-renewing": "renews by itself, and contact might wake a thought of leaving",
    "open proposal": "another proposal about this member is open",
    "frequency cap": "was contacted as often as a month allows",
    "another playbook": "another playbook has this member tonight",
    "playbook cap": "the playbook has made as many proposals as it may",
    "week cap": "as many members were contacted as a week allows",
    "staff hours": "there are not enough staff hours for it this week",
}
"""What holds a candidate back, as staff read it; in the order in which it is looked for."""


@dataclass(frozen=True)
class Candidate:
    """One member whom one playbook selected, and is not in its control group.

    Args:
        member: Pseudonym.
        playbook: Which playbook.
        occasion, cause: As `tenure.outreach.selecting.select` gives them.
        row: The member's row of the situation.
        worth: Dues that an hour of staff is expected to keep; None where risk, dues or effect are not known.
        is_exploration: Whether it was drawn by lot.
    """

    member: int
    playbook: Playbook
    occasion: str
    cause: str
    row: Mapping[str, Any]
    worth: float | None = None
    is_exploration: bool = False

    @property
    def key(self) -> tuple[int, str, str]:
        """What the ledger knows a proposal by."""
        return self.member, self.playbook.name, self.occasion


@dataclass(frozen=True)
class HeldBack:
    """A candidate that was not listed, and the rule; a later night may list it."""

    candidate: Candidate
    rule: str

    @property
    def why(self) -> str:
        """The rule in words."""
        return RULES[self.rule]


@dataclass(frozen=True)
class Room:
    """What there is room for.

    Args:
        minutes: Of staff time left this week; None where the hours are not stated, and no limit then.
        members: How many more members may be contacted this week; None for no cap.
        contacts_per_month: Contacts to one member in 30 days.
        exploration_share: Share of the minutes for members drawn by lot.
        assumed_kept: Share of lapses that a contact is assumed to prevent.
        measured_kept: The same by playbook, where it has been measured.
    """

    minutes: float | None = None
    members: int | None = None
    contacts_per_month: int = 3
    exploration_share: float = 0.1
    assumed_kept: float = 0.1
    measured_kept: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Past:
    """What has been proposed and done; `tenure.ledger.workload` reads it off.

    Args:
        known: Occasions that were proposed, whatever became of them: member, playbook, occasion.
        open: Members with a proposal that waits or is on its way.
        contacts: Contacts to each member in the last 30 days.
        this_week: Proposals of each playbook in the last 7 days.
        left_alone: Members on the do-not-wake list.
        phases: Phase by segment.
    """

    known: Collection[tuple[int, str, str]] = frozenset()
    open: Collection[int] = frozenset()
    contacts: Mapping[int, int] = field(default_factory=dict)
    this_week: Mapping[str, int] = field(default_factory=dict)
    left_alone: Collection[int] = frozenset()
    phases: Mapping[str, int] = field(default_factory=lambda: {EVERYBODY: EVERYONE})


@dataclass(frozen=True)
class Planned:
    """The list of a night.

    Args:
        listed: Mandatory notices first, then by falling worth.
        held: Who is not on it, and why.
    """

    listed: tuple[Candidate, ...]
    held: tuple[HeldBack, ...]

    @property
    def minutes(self) -> float:
        """Staff time of the list."""
        return sum(one.playbook.minutes for one in self.listed)

    def report(self) -> list[dict[str, Any]]:
        """Who was held back, counted: `playbook`, `rule`, `why`, `members`."""
        counted = Counter((one.candidate.playbook.name, one.rule) for one in self.held)
        return [
            {"playbook": name, "rule": rule, "why": RULES[rule], "members": count}
            for (name, rule), count in sorted(counted.items())
        ]


def gathered(
    playbooks: Iterable[Playbook], selected: Mapping[str, pl.DataFrame], situation: pl.DataFrame
) -> list[Candidate]:
    """The candidates of a night.

    Args:
        playbooks: Those that are on.
        selected: By name of a playbook, the members whom it may propose: `select`, less its control group.
        situation: What they were selected from.
    """
    wanted = {member for frame in selected.values() for member in frame["member"]}
    rows = {row["member"]: row for row in situation.filter(pl.col("member").is_in(list(wanted))).iter_rows(named=True)}
    return [
        Candidate(member, playbook, occasion, cause, rows[member])
        for playbook in playbooks
        if playbook.name in selected
        for member, occasion, cause in selected[playbook.name].select("member", "occasion", "cause").iter_rows()
    ]


def planned(candidates: Iterable[Candidate], room: Room, past: Past, draw: Draw, *, seed: str = "") -> Planned:
    """The list that *room* allows.

    A candidate whose occasion has been proposed is left out silently. Of the others, each that is not listed is told
    with the first rule of `RULES` that holds it back.

    Args:
        candidates: Of one night.
        room: Hours and caps.
        past: What has been proposed and done.
        draw: For the lot of those who are listed to learn something.
        seed: What the lot is for, such as the day; another draws others.
    """
    fresh = [_valued(one, room) for one in candidates if one.key not in past.known]
    notices = [one for one in fresh if one.playbook.is_mandatory and _in_phase(one, past)]
    held = [HeldBack(one, "phase") for one in fresh if one.playbook.is_mandatory and not _in_phase(one, past)]
    free: list[Candidate] = []
    for one in _by_playbook(one for one in fresh if not one.playbook.is_mandatory):
        rule = _personal(one, room, past)
        if rule:
            held.append(HeldBack(one, rule))
        else:
            free.append(one)
    free, beaten = _one_each(free)
    held += [HeldBack(one, "another playbook") for one in beaten]
    taken, left = _Taking(room, past).over(free, lambda one: draw(f"exploration:{seed}:{one.member}"))
    listed = sorted([*notices, *taken], key=_place)
    return Planned(tuple(listed), (*held, *left))


def _valued(one: Candidate, room: Room) -> Candidate:
    """With the dues that an hour is expected to keep: risk × dues × share kept, by the hour."""
    kept = room.measured_kept.get(one.playbook.name, room.assumed_kept)
    risk, dues = one.row.get("p_lapse_renewal"), one.row.get("dues")
    if risk is None or dues is None:
        return one
    return replace(one, worth=risk * dues * kept / (max(one.playbook.minutes, 0.1) / 60))


def _in_phase(one: Candidate, past: Past) -> bool:
    phase = phase_of(past.phases, one.row)
    return permits(phase, band=one.row.get("band"), is_mandatory=one.playbook.is_mandatory)


def _personal(one: Candidate, room: Room, past: Past) -> str:
    """The rule that holds this member back, however much room there is; empty for none."""
    if not _in_phase(one, past):
        return "phase"
    if one.member in past.left_alone:
        return "do-not-wake"
    if one.row.get("auto_renew") and not one.playbook.reaches_auto_renewing:
        return "auto-renewing"
    if one.member in past.open:
        return "open proposal"
    return "frequency cap" if past.contacts.get(one.member, 0) >= room.contacts_per_month else ""


def _by_playbook(candidates: Iterable[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda one: (one.playbook.order, one.playbook.name, one.member, one.occasion))


def _one_each(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """The first candidate of each member, and the others."""
    seen: set[int] = set()
    first: list[Candidate] = []
    others: list[Candidate] = []
    for one in candidates:
        (others if one.member in seen else first).append(one)
        seen.add(one.member)
    return first, others


class _Taking:
    """Takes candidates while hours and caps last."""

    def __init__(self, room: Room, past: Past) -> None:
        self._minutes = room.minutes
        self._members = room.members
        self._share = room.exploration_share
        self._tonight: Counter[str] = Counter()
        self._week = Counter(dict(past.this_week))

    def over(
        self, candidates: Sequence[Candidate], lot: Callable[[Candidate], float]
    ) -> tuple[list[Candidate], list[HeldBack]]:
        """Those taken, and those left with the rule: by worth first, then by *lot* within the time set aside."""
        ordered = sorted(candidates, key=_place)
        aside = 0.0 if self._minutes is None else self._minutes * self._share
        self._add(-aside)
        taken, waiting, left = self._pass(ordered)
        self._add(aside)
        drawn, short, more = self._pass(sorted(waiting, key=lambda one: (lot(one), one.member)))
        explored = [replace(one, is_exploration=True) for one in drawn]
        return [*taken, *explored], [*left, *more, *(HeldBack(one, "staff hours") for one in short)]

    def _pass(self, candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate], list[HeldBack]]:
        taken: list[Candidate] = []
        short: list[Candidate] = []
        left: list[HeldBack] = []
        for one in candidates:
            rule = self._capped(one)
            if rule:
                left.append(HeldBack(one, rule))
            elif self._minutes is not None and one.playbook.minutes > self._minutes:
                short.append(one)
            else:
                self._take(one)
                taken.append(one)
        return taken, short, left

    def _capped(self, one: Candidate) -> str:
        name, cap = one.playbook.name, one.playbook.cap
        if cap.per_night is not None and self._tonight[name] >= cap.per_night:
            return "playbook cap"
        if cap.per_week is not None and self._week[name] >= cap.per_week:
            return "playbook cap"
        return "week cap" if self._members is not None and self._members <= 0 else ""

    def _take(self, one: Candidate) -> None:
        self._tonight[one.playbook.name] += 1
        self._week[one.playbook.name] += 1
        self._add(-one.playbook.minutes)
        if self._members is not None:
            self._members -= 1

    def _add(self, minutes: float) -> None:
        if self._minutes is not None:
            self._minutes += minutes


def _place(one: Candidate) -> tuple[bool, float, int, int]:
    """Mandatory notices, then by falling worth; whose worth is not known comes last."""
    worth = -one.worth if one.worth is not None else float("inf")
    return not one.playbook.is_mandatory, worth, one.playbook.order, one.member
