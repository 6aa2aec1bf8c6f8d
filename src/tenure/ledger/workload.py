"""What has been proposed and done lately, as far as it limits what a night may propose."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from tenure.base.errors import UsageError
from tenure.ledger.models import OutreachStep, Proposal, Suppression

_State, _StepState = Proposal.State, OutreachStep.State

MESSAGES = ("email", "sms", "in_app", "offer", "survey")
"""Kinds of step that say something to a member."""

CONTACTS = (*MESSAGES, "callback")
"""Kinds of step that a member notices."""

SEGMENTS = ("member_type", "chapter_id", "region", "record_type")
"""Columns of what was proposed that a segment is told by: as they were on the night that proposed it."""

ANSWERS = ("replied", "answered", "accepted", "attended", "paid", "renewed")
"""Responses that are more than a message having arrived; see `tenure.ledger.responses.KINDS`."""

_ON_THE_WAY = (_StepState.APPROVED, _StepState.SENDING, _StepState.UNKNOWN)
_UNDECIDED = (_State.OPEN, _State.SNOOZED, _State.APPROVED)
_COSTS_NOTHING = (_State.HELD_BACK, _State.WITHDRAWN, _State.REJECTED)
_MONTH, _WEEK, _LONG = dt.timedelta(days=30), dt.timedelta(days=7), dt.timedelta(days=800)


@dataclass(frozen=True)
class Workload:
    """Counts as of one moment.

    Args:
        known: Occasions that were proposed in the last two years and more: member, playbook, occasion.
        open: Members with a proposal that waits or is on its way.
        contacts: Contacts to each member in the last 30 days, those on their way included.
        kinds: Kinds of the steps done for each member of late, and on their way, each as often as it was.
        this_week: Proposals of each playbook in the last 7 days.
        tonight: Proposals of each playbook by the same night, when it was done before.
        minutes: Staff time of the proposals of the last 7 days.
        members: How many members those are about.
    """

    known: frozenset[tuple[int, str, str]]
    open: frozenset[int]
    contacts: dict[int, int]
    kinds: dict[int, list[str]]
    this_week: dict[str, int]
    tonight: dict[str, int]
    minutes: float
    members: int


def workload(
    *, now: dt.datetime, as_of: dt.date, besides: Collection[str] = (), lately: dt.timedelta = _MONTH
) -> Workload:
    """What is there at *now*; proposals of the playbooks *besides* (mandatory notices) take no room.

    Args:
        now: The present instant.
        as_of: The night's day.
        besides: Playbooks that do not count.
        lately: How far `kinds` looks back.
    """
    proposals = Proposal.objects.exclude(playbook__in=list(besides))
    week = list(
        proposals.filter(created_at__gte=now - _WEEK)
        .exclude(state__in=_COSTS_NOTHING)
        .values_list("member", "playbook", "minutes")
    )
    tonight = proposals.filter(as_of=as_of).exclude(state=_State.HELD_BACK).values_list("playbook", flat=True)
    known = Proposal.objects.filter(created_at__gte=now - _LONG).values_list("member", "playbook", "occasion")
    return Workload(
        known=frozenset(known.iterator()),
        open=frozenset(proposals.filter(state__in=_UNDECIDED).values_list("member", flat=True)),
        contacts=_contacts(now, besides),
        kinds=_kinds(now - lately, besides),
        this_week=dict(Counter(playbook for _, playbook, _ in week)),
        tonight=dict(Counter(tonight)),
        minutes=sum(minutes for _, _, minutes in week),
        members=len({member for member, _, _ in week}),
    )


def _contacts(now: dt.datetime, besides: Collection[str]) -> dict[int, int]:
    steps = OutreachStep.objects.filter(kind__in=CONTACTS).exclude(proposal__playbook__in=list(besides))
    done = steps.filter(state=_StepState.DONE, done_at__gte=now - _MONTH)
    coming = steps.filter(state__in=_ON_THE_WAY)
    return dict(Counter(step for rows in (done, coming) for step in rows.values_list("proposal__member", flat=True)))


def _kinds(since: dt.datetime, besides: Collection[str]) -> dict[int, list[str]]:
    steps = OutreachStep.objects.exclude(proposal__playbook__in=list(besides))
    found: dict[int, list[str]] = {}
    for rows in (steps.filter(state=_StepState.DONE, done_at__gte=since), steps.filter(state__in=_ON_THE_WAY)):
        for member, kind in rows.values_list("proposal__member", "kind"):
            found.setdefault(member, []).append(kind)
    return found


@dataclass(frozen=True)
class Reception:
    """How messages were taken: how many were sent, and of how many something came, each message once a kind.

    Args:
        sent: Messages done, and those whose address was refused.
        bounced: Whose address was refused.
        unsubscribed: Whose recipient wants no more of them.
        complained: Whose recipient complained of messages after it.
        answered: Whose recipient replied, answered, accepted, came, paid or renewed after it.
    """

    sent: int
    bounced: int
    unsubscribed: int
    complained: int
    answered: int


def reception(*, column: str = "", value: str = "") -> Reception:
    """How the messages of a segment were taken, or everyone's; arguments and errors as for `overrides`."""
    bounced = Q(responses__kind="bounced")
    steps = OutreachStep.objects.filter(kind__in=MESSAGES).filter(Q(state=_StepState.DONE) | bounced)
    if column:
        steps = steps.filter(**{f"proposal__{_segmenting(column)}": value})
    complaint = Suppression.objects.filter(
        why="complaint", member=OuterRef("proposal__member"), since__gte=OuterRef("done_at")
    )
    return Reception(
        sent=_messages(steps),
        bounced=_messages(steps.filter(bounced)),
        unsubscribed=_messages(steps.filter(responses__kind="unsubscribed")),
        complained=_messages(steps.filter(Exists(complaint))),
        answered=_messages(steps.filter(responses__kind__in=ANSWERS)),
    )


def _messages(rows: QuerySet[OutreachStep]) -> int:
    """How many they are, each once, however many responses each has."""
    return rows.values("pk").distinct().count()


def overrides(*, column: str = "", value: str = "") -> tuple[int, int, int]:
    """How many proposals were decided, and how many of them were rejected or approved only after an edit.

    Args:
        column: One of `SEGMENTS`, to count those of a segment alone; everyone's when it is empty.
        value: What it holds there.

    Raises:
        UsageError: No segment is told by *column*.
    """
    rows = Proposal.objects.exclude(decided_at=None)
    if column:
        rows = rows.filter(**{_segmenting(column): value})
    rejected = rows.filter(state=_State.REJECTED).count()
    approved = rows.filter(state__in=(_State.APPROVED, _State.DONE))
    edited = approved.filter(steps__in=OutreachStep.objects.exclude(edited_by="")).distinct().count()
    return rejected + approved.count(), rejected, edited


def _segmenting(column: str) -> str:
    if column not in SEGMENTS:
        raise UsageError(f"no segment is told by `{column}`", mend=f"use one of {', '.join(SEGMENTS)}")
    return column
