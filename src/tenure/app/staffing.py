"""How much there is room for tonight: settings and the ledger together, for `tenure.outreach.capacity`."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from tenure.app.effects import decided_by, measured_of
from tenure.app.house import House
from tenure.membership import still_open

if TYPE_CHECKING:
    from tenure.base.settings import Outreach
    from tenure.outreach.capacity import Past, Room
    from tenure.outreach.playbook import Playbook
    from tenure.outreach.worth import Effect


def room_of(
    house: House, playbooks: Sequence[Playbook], now: dt.datetime, as_of: dt.date, situation: pl.DataFrame
) -> tuple[Room, Past]:
    """What a night may propose at *now*, and what has been.

    Args:
        house: The association's; its ledger is open.
        playbooks: Those that are on.
        now: The present instant.
        as_of: The night's day.
        situation: Of the night; it says what dues are usual.
    """
    from tenure.ledger import rollout
    from tenure.ledger.workload import workload
    from tenure.outreach.capacity import Past, Room

    settings = house.settings
    lately = dt.timedelta(days=settings.outreach.half_life_days)
    mandatory = [one.name for one in playbooks if one.is_mandatory]
    done = workload(now=now, as_of=as_of, besides=mandatory, lately=lately)
    week, cap = settings.capacity.minutes_per_week, settings.outreach.week_cap
    room = Room(
        minutes=max(week - done.minutes, 0.0) if week else None,
        members=max(cap - done.members, 0) if cap else None,
        contacts_per_month=settings.outreach.contacts_per_month,
        exploration_share=settings.outreach.exploration_share,
        effect=effect_of(house, playbooks, now.date()),
        least=_least(settings.outreach, situation),
        counts=settings.outreach.worth,
    )
    past = Past(
        known=done.known,
        open=done.open,
        contacts=done.contacts,
        reached={member: _channels(kinds) for member, kinds in done.kinds.items()},
        this_week=done.this_week,
        tonight=done.tonight,
        left_alone=frozenset(row.member for row in rollout.left_alone(now.date())),
        phases={segment: row.number for segment, row in rollout.phases().items()},
    )
    return room, past


def effect_of(house: House, playbooks: Sequence[Playbook], today: dt.date) -> Effect:
    """What contact is taken to do: as the settings assume, as renewals say, and as control groups have shown.

    Args:
        house: The association's; its ledger is open.
        playbooks: Those that are on.
        today: Only what was recorded before it is used.
    """
    decided = decided_by(house, today)
    assumed = replace(assumed_of(house.settings.outreach), still_open=still_open(decided))
    found = {}
    for name, one in measured_of(playbooks, decided, assumed).items():
        found[name, ""] = one.whole.shift
        found |= {(name, band): effect.shift for band, effect in one.bands.items()}
    return replace(assumed, measured=found)


def assumed_of(outreach: Outreach) -> Effect:
    """What contact is assumed to do."""
    from tenure.outreach.worth import Effect

    return Effect(
        talk=outreach.assumed_kept,
        message=outreach.assumed_kept_by_message,
        start_days=outreach.start_days,
        half_life=outreach.half_life_days,
    )


def worth_of_a_call(house: House, situation: pl.DataFrame) -> pl.DataFrame:
    """`member` and `worth`: what an hour of calls to each is expected to keep, as the settings count it.

    Null where there is no renewal to come, no risk, or where dues count and are not known.
    """
    from tenure.outreach.playbook import StepPlan
    from tenure.outreach.worth import parts_of

    settings = house.settings
    call = StepPlan.model_construct(kind="callback", minutes=settings.capacity.minutes_per_call)
    due = situation.filter(pl.col("renewal_due_on").is_not_null() & pl.col("p_lapse_renewal").is_not_null())
    effect = assumed_of(settings.outreach)
    if due.height:
        effect = replace(effect, still_open=still_open(decided_by(house, due["as_of"][0])))
    counted = 1.0 if settings.outreach.worth == "members" else None
    rows = due.select("member", "p_lapse_renewal", "days_to_renewal", "dues").iter_rows(named=True)
    found = [(row["member"], counted or row["dues"], parts_of("", [call], row, effect, {})) for row in rows]
    return pl.DataFrame(
        [(member, None if dues is None or not parts else dues * parts[0].an_hour) for member, dues, parts in found],
        schema={"member": pl.Int64, "worth": pl.Float64},
        orient="row",
    )


def _channels(kinds: Sequence[str]) -> Counter[str]:
    from tenure.outreach.worth import CHANNELS

    return Counter(CHANNELS[kind] for kind in kinds if kind in CHANNELS)


def _least(outreach: Outreach, situation: pl.DataFrame) -> float:
    """What an hour has to keep at least: a member of the usual dues in `hours_per_kept`."""
    if not outreach.hours_per_kept:
        return 0.0
    usual = situation.filter(pl.col("p_lapse_renewal").is_not_null())["dues"].drop_nulls().median()
    one = 1.0 if outreach.worth == "members" else float(usual if isinstance(usual, int | float) else 0.0)
    return one / outreach.hours_per_kept
