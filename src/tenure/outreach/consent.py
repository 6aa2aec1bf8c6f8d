"""Whether a member's consent reaches as far as a message needs, and which channel suits a member best."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tenure.outreach.law import Basis, Law

CHANNEL_OF = {
    "email": "email",
    "offer": "email",
    "survey": "email",
    "sms": "sms",
    "in_app": "in_app",
    "callback": "phone",
}
"""By which channel a step of each kind reaches a member; other kinds reach nobody."""


@dataclass(frozen=True)
class Statement:
    """What is on record of a member's consent to one channel for one purpose.

    Args:
        is_given: The newest statement, or None where there is none.
        is_express: The member said it.
        expires_on: From when on it holds no longer.
        source_says: What the member's record in the source says of the channel: yes, no, or nothing.
    """

    is_given: bool | None = None
    is_express: bool = False
    expires_on: dt.date | None = None
    source_says: bool | None = None


@dataclass(frozen=True)
class Standing:
    """How far consent reaches, and in words why it reaches no farther."""

    basis: Basis | None
    words: str = ""


def standing(statement: Statement, law: Law, *, ended_on: dt.date | None, today: dt.date) -> Standing:
    """How far a member's consent reaches *today*; `basis` is None where the member refuses.

    Args:
        statement: What is on record.
        law: What holds for the member.
        ended_on: When membership ended; None while it has not.
        today: By the association's calendar.
    """
    if statement.is_given is False:
        return Standing(None, "the member withdrew consent")
    if statement.source_says is False:
        return Standing(None, "the member's record does not allow this channel")
    expired = statement.expires_on is not None and statement.expires_on <= today
    if statement.is_given and not expired:
        return Standing(Basis.EXPRESS if statement.is_express else Basis.IMPLIED)
    if statement.source_says or law.is_implied(ended_on=ended_on, today=today):
        words = "consent expired" if expired else "no express consent for this purpose is on record"
        # A mark in the record implies consent no longer than the law lets a former membership do.
        still = law.outlasts(ended_on=ended_on, today=today)
        return Standing(Basis.IMPLIED if still else Basis.NOT_REFUSED, words)
    return Standing(Basis.NOT_REFUSED, "consent expired" if expired else "no consent is on record")


@dataclass(frozen=True)
class Past:
    """What came of earlier messages by one channel: how many were sent, and how many were answered by anything."""

    sent: int = 0
    answered: int = 0


@dataclass(frozen=True)
class Choice:
    """A channel, and why it was chosen, for staff."""

    channel: str
    why: str


@dataclass(frozen=True)
class Reachable:
    """By which channels a member can be reached at all, and what came of each before.

    Args:
        open_channels: Those that are open.
        past: What came of earlier messages, by channel.
        closed: Why others are not, for staff.
    """

    open_channels: Sequence[str]
    past: Mapping[str, Past] = field(default_factory=dict)
    closed: Mapping[str, str] = field(default_factory=dict)


_BY_STAGE: dict[str, tuple[str, ...]] = {
    "before": ("email", "in_app", "phone", "sms"),
    "grace": ("phone", "email", "sms", "in_app"),
    "lapsed": ("email", "phone", "sms", "in_app"),
    "dormant": ("email", "phone", "sms", "in_app"),
}
"""Channels in the order of what suits a stage where nothing else is known: late in the term, somebody calls."""

_PRIOR_SENT, _PRIOR_SHARE = 5.0, 0.2


def choose(
    options: Sequence[str], reachable: Reachable, stage: str, worth: Mapping[str, float] | None = None
) -> Choice | None:
    """The channel of *options* that suits a member best; None where no channel is open.

    One that is open, by what an hour of it keeps and by how the member answered before: a channel that was tried
    without an answer sinks, one that was answered rises; a few messages move little. Where nothing tells them apart, it
    is what suits the stage.

    Args:
        options: Channels, the usual one first.
        reachable: Of the member.
        stage: Where the member stands.
        worth: What an hour of each option is expected to keep of somebody who answers as members usually do; None
            where it is not known.
    """
    order = _BY_STAGE.get(stage, _BY_STAGE["before"])
    possible = [channel for channel in order if channel in options and channel in reachable.open_channels]
    if not possible:
        return None
    weight = {
        channel: _answers(reachable.past.get(channel, Past())) * (worth or {}).get(channel, 1.0) for channel in possible
    }
    best = max(possible, key=lambda channel: (weight[channel], -order.index(channel)))
    return Choice(best, _why(best, options, reachable, stage, is_dear=worth is not None))


def _why(best: str, options: Sequence[str], reachable: Reachable, stage: str, *, is_dear: bool) -> str:
    past, usual = reachable.past.get(best, Past()), options[0]
    if usual != best and usual in reachable.closed:
        return reachable.closed[usual]
    if past.sent and _answers(past) > _PRIOR_SHARE:
        return f"answered {past.answered} of {past.sent} messages by this channel"
    before = reachable.past.get(usual, Past())
    if usual != best and before.sent and _answers(before) < _PRIOR_SHARE:
        return (
            f"{before.sent} messages by {usual} brought {before.answered or 'no'} answer{'s' * (before.answered > 1)}"
        )
    return "keeps most for its time" if is_dear else f"usual {_STAGES.get(stage, 'before the term ends')}"


_STAGES = {
    "before": "before the term ends",
    "grace": "in grace",
    "lapsed": "after a lapse",
    "dormant": "long after a lapse",
}


def _answers(past: Past) -> float:
    return (past.answered + _PRIOR_SENT * _PRIOR_SHARE) / (past.sent + _PRIOR_SENT)
