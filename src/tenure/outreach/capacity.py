"""From those whom playbooks select to a list that staff can work through.

Steps are taken by what an hour of them is expected to keep, as far as hours and caps reach: a message that costs two
minutes before a call that costs twenty, and the call only where it adds enough. What would take more hours to keep a
member than are worth it is left out. Some time goes to members drawn by lot, so that something is learnt about those
whom the order would never reach. Who is left out is told with the rule. Mandatory notices pass by all of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from tenure.outreach.playbook import Playbook, StepPlan
from tenure.outreach.rollout import EVERYBODY, EVERYONE, permits, phase_of
from tenure.outreach.worth import Effect, Part, parts_of

Key = tuple[int, str, str]
"""What the ledger knows a proposal by: member, playbook, occasion."""

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
    "not worth the hours": "it would take more staff hours to keep one member than that is worth",
    "staff hours": "there are not enough staff hours for it this week",
}
"""What holds a candidate back, as staff read it; in the order in which it is looked for."""


_LEAST_SHARE = 0.01


@dataclass(frozen=True)
class Candidate:
    """One member whom one playbook selected, and is not in its control group.

    Args:
        member: Pseudonym.
        playbook: Which playbook.
        occasion, cause: As `tenure.outreach.selecting.select` gives them.
        row: The member's row of the situation.
        plans: The playbook's steps as they suit the member, where a channel was chosen; else as they are.
        by: For staff, by which channel the member is reached and why, where there was a choice.
        parts: What each part of the playbook is expected to keep; None where nothing can be expected.
        places: Which steps are proposed, from 1; all of them unless some are not worth their time.
        worth: What an hour of those is expected to keep, in dues, or in members where members count; None where risk,
            dues or effect are not known.
        is_exploration: Whether it was drawn by lot.
    """

    member: int
    playbook: Playbook
    occasion: str
    cause: str
    row: Mapping[str, Any]
    plans: tuple[StepPlan, ...] = ()
    by: tuple[str, ...] = ()
    parts: tuple[Part, ...] | None = None
    places: tuple[int, ...] = ()
    worth: float | None = None
    is_exploration: bool = False

    @property
    def every(self) -> tuple[StepPlan, ...]:
        """All steps of the playbook, by the channels that were chosen."""
        return self.plans or self.playbook.steps

    @property
    def steps(self) -> list[StepPlan]:
        """The steps that are proposed."""
        return [step for place, step in enumerate(self.every, 1) if not self.places or place in self.places]

    @property
    def left_out(self) -> list[StepPlan]:
        """The steps of the playbook that are not proposed."""
        return [step for place, step in enumerate(self.every, 1) if self.places and place not in self.places]

    @property
    def minutes(self) -> float:
        """Staff time of what is proposed."""
        return sum(step.staff_minutes for step in self.steps)

    @property
    def key(self) -> Key:
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
        effect: What contact is taken to do.
        least: What an hour has to keep at least, in dues or in members as `counts` says; 0 for anything.
        counts: What is kept: `dues` of one term, or `members`.
    """

    minutes: float | None = None
    members: int | None = None
    contacts_per_month: int = 3
    exploration_share: float = 0.1
    effect: Effect = field(default_factory=Effect)
    least: float = 0.0
    counts: str = "dues"


@dataclass(frozen=True)
class Past:
    """What has been proposed and done; `tenure.ledger.workload` reads it off.

    Args:
        known: Occasions that were proposed, whatever became of them: member, playbook, occasion.
        open: Members with a proposal that waits or is on its way.
        contacts: Contacts to each member in the last 30 days.
        reached: Talks and messages to each member of late, as `tenure.outreach.worth` names them.
        this_week: Proposals of each playbook in the last 7 days.
        tonight: Proposals of each playbook by the same night, when it was done before.
        left_alone: Members on the do-not-wake list.
        phases: Phase by segment.
    """

    known: Collection[tuple[int, str, str]] = frozenset()
    open: Collection[int] = frozenset()
    contacts: Mapping[int, int] = field(default_factory=dict)
    reached: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    this_week: Mapping[str, int] = field(default_factory=dict)
    tonight: Mapping[str, int] = field(default_factory=dict)
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
        return sum(one.minutes for one in self.listed)

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
    fresh = [_valued(one, room, past) for one in candidates if one.key not in past.known]
    notices = [one for one in fresh if one.playbook.is_mandatory and _in_phase(one, past)]
    held = [HeldBack(one, "phase") for one in fresh if one.playbook.is_mandatory and not _in_phase(one, past)]
    free: list[Candidate] = []
    for one in _by_playbook(one for one in fresh if not one.playbook.is_mandatory):
        rule = _personal(one, room, past)
        if rule:
            held.append(HeldBack(one, rule))
        else:
            free.append(one)
    worthy, poor = _apart(free, room)
    worthy, beaten = _one_each(worthy)
    held += [HeldBack(one, "another playbook") for one in beaten]
    taken, left = _Taking(room, past).over(worthy, poor, lambda one: draw(f"exploration:{seed}:{one.member}"))
    listed = sorted([*notices, *taken], key=_place)
    return Planned(tuple(listed), (*held, *left))


def _valued(one: Candidate, room: Room, past: Past) -> Candidate:
    """With what each part of it, and an hour of all of it, is expected to keep."""
    parts = parts_of(one.playbook.name, one.every, one.row, room.effect, past.reached.get(one.member, {}))
    dues = 1.0 if room.counts == "members" else one.row.get("dues")
    if parts is None or dues is None:
        return one
    worth = [replace(part, kept=part.kept * dues) for part in parts]
    return _with(replace(one, parts=tuple(worth)), worth)


def _with(one: Candidate, parts: Sequence[Part]) -> Candidate:
    """With these *parts* of it alone."""
    whole = _together(parts)
    return replace(one, parts=tuple(parts), places=whole.places, worth=whole.an_hour)


def _together(parts: Sequence[Part]) -> Part:
    places = tuple(place for part in parts for place in part.places)
    return Part(places, sum(part.minutes for part in parts), sum(part.kept for part in parts))


def _apart(candidates: Iterable[Candidate], room: Room) -> tuple[list[Candidate], list[Candidate]]:
    """Those worth the hours, with the parts that are; and those of whom no part is.

    What is owed to a member (a welcome, help with a payment) is done whatever it keeps, as a whole, and so is what
    nothing can be expected of.
    """
    worthy: list[Candidate] = []
    poor: list[Candidate] = []
    for one in candidates:
        if one.parts is None:
            worthy.append(one)
        elif one.playbook.owed:
            worthy.append(_with(one, [_together(one.parts)]))
        elif one.parts[0].an_hour < room.least:
            # Later steps speak of the first one, so without that there is none.
            poor.append(one)
        else:
            worthy.append(_with(one, [part for part in one.parts if part.an_hour >= room.least]))
    return worthy, poor


def _in_phase(one: Candidate, past: Past) -> bool:
    phase = phase_of(past.phases, one.row)
    return permits(phase, band=one.row.get("band"), is_mandatory=one.playbook.is_mandatory)


def _personal(one: Candidate, room: Room, past: Past) -> str:
    """The rule that holds this member back, however much room there is; empty for none."""
    if not _in_phase(one, past):
        return "phase"
    if one.member in past.left_alone:
        return "do-not-wake"
    if _renews_by_itself(one) and not one.playbook.reaches_auto_renewing:
        return "auto-renewing"
    if one.member in past.open:
        return "open proposal"
    return "frequency cap" if past.contacts.get(one.member, 0) >= room.contacts_per_month else ""


def _renews_by_itself(one: Candidate) -> bool:
    """Whether the member's term does; of who has lapsed none does, however the last one was paid."""
    return bool(one.row.get("auto_renew")) and one.row.get("stage") not in ("lapsed", "dormant")


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
        self._effect = room.effect
        self._tonight = Counter(dict(past.tonight))
        self._week = Counter(dict(past.this_week))
        self._ran_out = False

    def over(
        self, candidates: Sequence[Candidate], poor: Sequence[Candidate], lot: Callable[[Candidate], float]
    ) -> tuple[list[Candidate], list[HeldBack]]:
        """Those taken, and those left with the rule: by worth first, then by *lot* within the time set aside.

        Args:
            candidates: Those worth the hours, one each.
            poor: Those of whom no step is; the lot alone reaches them.
            lot: A number for each, by which they are drawn.
        """
        whole = self._minutes
        if whole is not None:
            self._minutes = whole * (1 - self._share)
        taken, short, left = self._by_worth(candidates)
        self._set_aside(whole, sum(one.minutes for one in taken))
        drawn, missed, more = self._by_lot(self._others(poor, taken), short, lot)
        explored = {one.key for one in drawn}
        held = [HeldBack(one, "not worth the hours") for one in poor if one.key not in explored]
        return [*taken, *drawn], [*left, *more, *held, *(HeldBack(one, "staff hours") for one in missed)]

    def _set_aside(self, whole: float | None, spent: float) -> None:
        """Leave for the lot what is not spent; where there is more time than work, its share of what is spent."""
        if whole is None:
            self._minutes = 0.0
            return
        share = spent * self._share / max(1 - self._share, _LEAST_SHARE)
        self._minutes = whole - spent if self._ran_out else min(whole - spent, share)

    def _by_worth(self, candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate], list[HeldBack]]:
        """Part by part, so that a message to one member comes before a call to another that keeps less an hour."""
        chosen: dict[Key, list[Part]] = {}
        shut: set[Key] = set()
        short: list[Candidate] = []
        left: list[HeldBack] = []
        for one, part in _by_part(candidates):
            is_first, rule = one.key not in chosen, ""
            if one.key in shut:
                continue
            if is_first and (rule := self._capped(one)):
                left.append(HeldBack(one, rule))
            elif self._is_too_long(part.minutes):
                short += [one] if is_first else []
            else:
                self._take(one, part.minutes, is_first=is_first)
                chosen.setdefault(one.key, []).append(part)
                continue
            shut.add(one.key)
        taken = [_with(one, chosen[one.key]) if one.parts else one for one in candidates if one.key in chosen]
        return taken, short, left

    def _others(self, poor: Sequence[Candidate], taken: Sequence[Candidate]) -> list[Candidate]:
        """Of *poor*, one each of members without a proposal tonight whose decision is near enough to learn by."""
        members = {one.member for one in taken}
        near = [one for one in poor if one.member not in members and self._effect.is_near(one.row)]
        return _one_each(near)[0]

    def _by_lot(
        self, poor: Sequence[Candidate], short: Sequence[Candidate], lot: Callable[[Candidate], float]
    ) -> tuple[list[Candidate], list[Candidate], list[HeldBack]]:
        """Those drawn; and of *short*, those whom there was no time for, and those whom a cap holds back."""
        drawn: list[Candidate] = []
        missed: list[Candidate] = []
        left: list[HeldBack] = []
        waiting = {one.key for one in short}
        seen: set[int] = set()
        for one in sorted([*short, *poor], key=lambda one: (lot(one), one.member)):
            rule = self._capped(one)
            if not rule and one.member not in seen and not self._is_too_long(one.minutes):
                self._take(one, one.minutes, is_first=True)
                drawn.append(replace(one, is_exploration=True))
                seen.add(one.member)
            elif one.key in waiting:
                left += [HeldBack(one, rule)] if rule else []
                missed += [] if rule else [one]
        return drawn, missed, left

    def _is_too_long(self, minutes: float) -> bool:
        too_long = self._minutes is not None and minutes > self._minutes
        self._ran_out = self._ran_out or too_long
        return too_long

    def _capped(self, one: Candidate) -> str:
        name, cap = one.playbook.name, one.playbook.cap
        if cap.per_night is not None and self._tonight[name] >= cap.per_night:
            return "playbook cap"
        if cap.per_week is not None and self._week[name] >= cap.per_week:
            return "playbook cap"
        return "week cap" if self._members is not None and self._members <= 0 else ""

    def _take(self, one: Candidate, minutes: float, *, is_first: bool) -> None:
        if self._minutes is not None:
            self._minutes -= minutes
        if is_first:
            self._tonight[one.playbook.name] += 1
            self._week[one.playbook.name] += 1
            self._members = None if self._members is None else self._members - 1


def _by_part(candidates: Iterable[Candidate]) -> list[tuple[Candidate, Part]]:
    """Every part of every candidate by falling worth an hour, none before an earlier one of the same candidate."""
    found: list[tuple[tuple[float, int, int, int], Candidate, Part]] = []
    for one in candidates:
        least = float("inf")
        for number, part in enumerate(one.parts or (Part((), one.minutes, 0.0),)):
            least = min(least, part.an_hour) if one.parts else float("-inf")
            found.append(((-least, one.playbook.order, one.member, number), one, part))
    return [(one, part) for _, one, part in sorted(found, key=lambda each: each[0])]


def _place(one: Candidate) -> tuple[bool, float, int, int]:
    """Mandatory notices, then by falling worth; whose worth is not known comes last."""
    worth = -one.worth if one.worth is not None else float("inf")
    return not one.playbook.is_mandatory, worth, one.playbook.order, one.member
