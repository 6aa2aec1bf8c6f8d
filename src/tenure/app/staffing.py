"""How much there is room for tonight: settings and the ledger together, for `tenure.outreach.capacity`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tenure.app.house import House

if TYPE_CHECKING:
    from tenure.outreach.capacity import Past, Room
    from tenure.outreach.playbook import Playbook


def room_of(house: House, playbooks: Sequence[Playbook], now: dt.datetime) -> tuple[Room, Past]:
    """What a night may propose at *now*, and what has been.

    Args:
        house: The association's; its ledger is open.
        playbooks: Those that are on.
        now: The present instant.
    """
    from tenure.ledger import rollout
    from tenure.ledger.workload import workload
    from tenure.outreach.capacity import Past, Room

    settings = house.settings
    done = workload(now=now, besides=[one.name for one in playbooks if one.is_mandatory])
    week, cap = settings.capacity.minutes_per_week, settings.outreach.week_cap
    room = Room(
        minutes=max(week - done.minutes, 0.0) if week else None,
        members=max(cap - done.members, 0) if cap else None,
        contacts_per_month=settings.outreach.contacts_per_month,
        exploration_share=settings.outreach.exploration_share,
        assumed_kept=settings.outreach.assumed_kept,
    )
    past = Past(
        known=done.known,
        open=done.open,
        contacts=done.contacts,
        this_week=done.this_week,
        left_alone=frozenset(row.member for row in rollout.left_alone(now.date())),
        phases={segment: row.number for segment, row in rollout.phases().items()},
    )
    return room, past
