"""By which channel each member is reached, where a playbook leaves a choice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from tenure.app.house import House
from tenure.base.pseudonym import Pseudonyms
from tenure.outreach.consent import CHANNEL_OF, Choice, Past, Reachable, Statement, choose, standing
from tenure.outreach.law import law_for

if TYPE_CHECKING:
    from tenure.ledger.reachable import Reached
    from tenure.outreach.capacity import Candidate
    from tenure.outreach.playbook import Kind, StepPlan
    from tenure.outreach.worth import Effect

_ALLOWED = {"email": "email_allowed", "sms": "sms_allowed", "phone": "phone_allowed"}
_WORDS = {"email": "by email", "in_app": "by in-app message", "phone": "by telephone", "sms": "by text message"}


def by_channel(
    house: House, candidates: Sequence[Candidate], effect: Effect, before: Mapping[int, Mapping[str, int]]
) -> list[Candidate]:
    """*candidates*, with each step that leaves a choice by the channel that suits the member.

    Where no channel is open, the step stays as it is: its draft is then held back and says what is missing.

    Args:
        house: The association's; its ledger is open.
        candidates: Of a night.
        effect: What contact is taken to do.
        before: Talks and messages to each member of late.
    """
    members = {one.member for one in candidates if any(step.instead for step in one.playbook.steps)}
    if not members:
        return list(candidates)
    chooser = _Chooser.of(house, members, effect)
    return [chooser.fitted(one, before.get(one.member, {})) if one.member in members else one for one in candidates]


@dataclass(frozen=True)
class _Chooser:
    """Chooses channels for some members.

    Args:
        house: The association's.
        reached: What the ledger knows of each.
        allowed: What the source says of each, by channel.
        closed: Addresses that are left alone, by digest.
        keyed: Makes digests.
        today: By the association's calendar.
        effect: What contact is taken to do.
    """

    house: House
    reached: Mapping[int, Reached]
    allowed: Mapping[int, Mapping[str, Any]]
    closed: Mapping[str, set[str]]
    keyed: Pseudonyms
    today: dt.date
    effect: Effect

    @classmethod
    def of(cls, house: House, members: Iterable[int], effect: Effect) -> _Chooser:
        from tenure.ledger import reachable

        now = house.clock()
        found = reachable.reached(members=members, kinds=CHANNEL_OF, at=now)
        closed = reachable.closed_addresses(at=now)
        keyed = Pseudonyms.of(house.home)
        return cls(house, found, _allowed(house, found), closed, keyed, now.date(), effect)

    def fitted(self, one: Candidate, before: Mapping[str, int]) -> Candidate:
        """*one* by the channels that suit its member."""
        plans: list[StepPlan] = []
        told: list[str] = []
        for step in one.playbook.steps:
            choice = self._choice(one, step, before) if step.instead else None
            kind = step.kind if choice is None else _kind(step, choice.channel)
            plans.append(step.by(kind))
            told += [] if choice is None else [f"{_WORDS[choice.channel]}: {choice.why}"]
        return replace(one, plans=tuple(plans), by=tuple(told))

    def _choice(self, one: Candidate, step: StepPlan, before: Mapping[str, int]) -> Choice | None:
        from tenure.outreach.worth import parts_of

        kinds = (step.kind, *step.instead)
        worth = {}
        for kind in kinds:
            parts = parts_of(one.playbook.name, [step.by(kind)], one.row, self.effect, before)
            worth[CHANNEL_OF[kind]] = parts[0].an_hour if parts else None
        known = {channel: value for channel, value in worth.items() if value is not None and value > 0}
        reachable = self._reachable(one, step, list(worth))
        return choose(list(worth), reachable, str(one.row["stage"]), known if len(known) == len(worth) else None)

    def _reachable(self, one: Candidate, step: StepPlan, channels: Sequence[str]) -> Reachable:
        known = self.reached[one.member]
        closed = {channel: why for channel in channels if (why := self._closed(one, step, channel, known))}
        past = {
            CHANNEL_OF[kind]: Past(known.sent[kind], known.answered[kind]) for kind in ("email", "in_app", "callback")
        }
        return Reachable([channel for channel in channels if channel not in closed], past, closed)

    def _closed(self, one: Candidate, step: StepPlan, channel: str, known: Reached) -> str:
        """Why *channel* is closed to the member; empty where it is open."""
        address = {"email": known.email, "phone": known.phone}.get(channel)
        if channel == "in_app":
            return "" if self.house.settings.in_app.url else "no in-app service is set"
        if not address:
            return f"no {'email address' if channel == 'email' else 'number'} is on record"
        if known.barred & {channel, ""} or self._is_left_alone(address, channel):
            return f"the member is not to be reached {_WORDS[channel]}"
        allowed = self.allowed.get(one.member, {})
        law = law_for(allowed.get("country") or "", self.house.settings)
        ended = one.row["renewal_due_on"] if one.row["stage"] in ("lapsed", "dormant") else None
        statement = _statement(known, channel, step.purpose, allowed.get(_ALLOWED[channel]))
        stands = standing(statement, law, ended_on=ended, today=self.today)
        needed = law.needs(channel, commercial=step.commercial)
        return "" if stands.basis is not None and stands.basis >= needed else stands.words

    def _is_left_alone(self, address: str, channel: str) -> bool:
        from tenure.ledger.permissions import address_digest

        return bool(self.closed) and bool(self.closed.get(address_digest(address, self.keyed), set()) & {channel, ""})


def _kind(step: StepPlan, channel: str) -> Kind:
    return next(kind for kind in (step.kind, *step.instead) if CHANNEL_OF[kind] == channel)


def _statement(known: Reached, channel: str, purpose: str, source_says: bool | None) -> Statement:
    """The newest statement about the channel and the purpose, with what the source says."""
    about = (said for said in known.said if said.channel in (channel, "") and said.purpose in (purpose, ""))
    newest = next(about, None)
    if newest is None:
        return Statement(source_says=source_says)
    return Statement(newest.is_given, newest.is_express, newest.expires_on, source_says)


def _allowed(house: House, members: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What the newest record of each member says of country and channels."""
    rows = house.lake.members().filter(pl.col("member").is_in(list(members)))
    newest = rows.sort("valid_from").unique("member", keep="last").select("member", "country", *_ALLOWED.values())
    return {row["member"]: row for row in newest.iter_rows(named=True)}
