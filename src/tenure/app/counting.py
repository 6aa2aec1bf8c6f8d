"""What the Membership page says, reckoned by a run and kept in the ledger."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

import tenure
from tenure.app.house import House
from tenure.app.walk import Walk
from tenure.insights.membership_figures import Scope, dues_by_scope, figures_by_scope
from tenure.insights.membership_totals import Happened
from tenure.insights.payments import payments_on_record
from tenure.insights.saying import if_none_renews

if TYPE_CHECKING:
    import polars as pl

    from tenure.ledger.lease import Fence

_LOOKS_BACK = 2 * 366 + 90
"""Days: two years of lapses, and the days before the end of a term in which an act of the member's own counts."""


def count_members(house: House, walk: Walk, as_of: dt.date) -> None:
    """Reckon the membership figures of *as_of*, unless they are kept already or those of a later day are."""
    if house.lake.is_empty("terms"):
        return
    house.open_ledger()
    from tenure.ledger import figures

    receipt = _receipt(house, as_of)
    kept = figures.kept(part=figures.RECORD)
    if kept is not None and kept.as_of > as_of:
        return
    with walk.step("membership", "Count members") as tell:
        if kept is not None and (kept.as_of, kept.receipt) == (as_of, figures.formed(receipt)):
            tell.unchanged(f"the membership figures of {as_of} stand")
            return
        bodies = keep_figures(house, as_of, receipt=receipt, fence=walk.run.fence)
        everyone = bodies[Scope()]["now"]
        tell.count(members=everyone["at_end"], scopes=len(bodies))
        in_grace = everyone["newly_in_grace"]
        least = f", {everyone['net_at_least']:+,} {if_none_renews(in_grace)}" if in_grace else ""
        tell.say(f"{everyone['at_end']:,} members, net {everyone['net']:+,} in a year{least}")


def keep_figures(
    house: House, as_of: dt.date, *, receipt: str = "", fence: Fence | None = None
) -> dict[Scope, dict[str, Any]]:
    """Reckon the figures that follow from the record alone, and keep them."""
    from tenure.ledger import figures

    lake = house.lake
    bodies = figures_by_scope(
        lake.terms(),
        lake.members(),
        house.settings.membership,
        as_of=as_of,
        gone=lake.departed(as_of),
        happened=_happened(house, as_of),
    )
    source = _source(house)
    for body in bodies.values():
        body["source"] = source
    figures.replace(part=figures.RECORD, bodies=bodies, as_of=as_of, receipt=receipt, fence=fence)
    return bodies


def _happened(house: House, as_of: dt.date) -> Happened:
    """The record beside terms and members, back to before the terms that ended in the year before the last."""
    away = house.lake.members_and_absences().select("member", "away_from", "away_until")
    since = as_of - dt.timedelta(days=_LOOKS_BACK)
    activity = payments_on_record(house.lake, since=since, as_of=as_of)
    return Happened(activity, away.drop_nulls("away_from").unique())


def keep_dues(frame: pl.DataFrame, as_of: dt.date, *, fence: Fence | None = None) -> None:
    """Keep what the scores in *frame*, those of *as_of*, say of the dues that are due."""
    from tenure.ledger import figures

    figures.replace(part=figures.SCORES, bodies=dues_by_scope(frame, as_of), as_of=as_of, fence=fence)


def _receipt(house: House, as_of: dt.date) -> str:
    parts = (tenure.__version__, as_of.isoformat(), house.lake.version, house.settings.membership.model_dump_json())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _source(house: House) -> dict[str, Any]:
    """How many people the source spoke of when it was read last, and how many of them were taken in."""
    from tenure.ledger.models import RunStep

    for step in RunStep.objects.filter(name="sync").order_by("-id")[:50]:
        feed = step.counts.get("feeds", {}).get("members")
        if feed:
            at = step.run.started_at.date().isoformat()
            return {"name": house.settings.source.kind, "on": at, "has": feed["source"], "taken": feed["lake"]}
    return {"name": house.settings.source.kind}
