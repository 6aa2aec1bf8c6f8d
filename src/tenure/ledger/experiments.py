"""Arms of experiments and who was exposed, kept as they were drawn."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, Min, Q

from tenure.base.clock import Clock, system_clock
from tenure.ledger import audit
from tenure.ledger.lease import Fence, fenced
from tenure.ledger.models import Assignment, Exposure

_AT_ONCE = 500


@dataclass(frozen=True)
class Drawn:
    """A member's arm, as it was drawn.

    Args:
        member: Pseudonym.
        arm: `treated` or `control`.
        stratum: Which the member was drawn in.
    """

    member: int
    arm: str
    stratum: str


def arms_of(*, experiment: str, members: Iterable[int] | None = None) -> dict[int, str]:
    """Arms by member, of *members* or of everyone who was drawn."""
    rows = Assignment.objects.filter(experiment=experiment)
    if members is None:
        return dict(rows.values_list("member", "arm"))
    wanted = list(members)
    found: dict[int, str] = {}
    for i in range(0, len(wanted), _AT_ONCE):
        found.update(rows.filter(member__in=wanted[i : i + _AT_ONCE]).values_list("member", "arm"))
    return found


def drawn_by_stratum(*, experiment: str) -> dict[str, int]:
    """How many members each stratum of *experiment* has had."""
    rows = Assignment.objects.filter(experiment=experiment).values("stratum").annotate(n=Count("id"))
    return {row["stratum"]: row["n"] for row in rows}


def keep(
    *,
    experiment: str,
    drawn: Iterable[Drawn],
    share: float,
    as_of: dt.date,
    by: str,
    clock: Clock = system_clock,
    fence: Fence | None = None,
) -> int:
    """Keep arms that are not known yet; one that is known stays as it is. Gives how many were new."""
    now = clock()
    with fenced(fence):
        wanted = {one.member: one for one in drawn}
        known = arms_of(experiment=experiment, members=wanted)
        fresh = [one for member, one in wanted.items() if member not in known]
        if not fresh:
            return 0
        rows = [
            Assignment(
                experiment=experiment, member=o.member, arm=o.arm, stratum=o.stratum, share=share, as_of=as_of, at=now
            )
            for o in fresh
        ]
        Assignment.objects.bulk_create(rows, batch_size=_AT_ONCE)
        counts: dict[str, Any] = Counter(one.arm for one in fresh)
        audit.record(
            "experiment:arms:draw",
            by=by,
            subject=experiment,
            clock=clock,
            share=share,
            as_of=as_of.isoformat(),
            **counts,
        )
    return len(fresh)


def expose(
    *,
    experiment: str,
    occasions: Mapping[int, str],
    kind: str,
    as_of: dt.date,
    clock: Clock = system_clock,
    fence: Fence | None = None,
) -> None:
    """Note that members of *experiment* were `eligible`, `listed` or `reached` on an occasion, each once."""
    now = clock()
    with fenced(fence):
        ids: dict[int, int] = {}
        wanted = list(occasions)
        for i in range(0, len(wanted), _AT_ONCE):
            rows = Assignment.objects.filter(experiment=experiment, member__in=wanted[i : i + _AT_ONCE])
            ids.update(rows.values_list("member", "id"))
        Exposure.objects.bulk_create(
            [
                Exposure(assignment_id=ids[m], kind=kind, occasion=occasion, as_of=as_of, at=now)
                for m, occasion in occasions.items()
                if m in ids
            ],
            batch_size=_AT_ONCE,
            ignore_conflicts=True,
        )


def reach(*, member: int, occasion: str, as_of: dt.date, clock: Clock = system_clock) -> None:
    """Note that *member*, who was listed on *occasion*, was reached; call it in the transaction that settles a step."""
    listed = Exposure.objects.filter(assignment__member=member, occasion=occasion, kind="listed")
    now = clock()
    Exposure.objects.bulk_create(
        [
            Exposure(assignment_id=one.assignment_id, proposal=one.proposal, kind="reached", occasion=occasion,
                     as_of=as_of, at=now)
            for one in listed
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def touch(*, member: int, since: dt.date, as_of: dt.date, clock: Clock = system_clock) -> int:
    """Note that *member* was reached outside of any list, in each arm that selected them since a day; gives how many.

    Of the control group too: an effect is divided by how much more often the treated were reached.
    """
    now, found = clock(), {}
    chosen = Exposure.objects.filter(assignment__member=member, kind__in=("eligible", "listed"), as_of__gte=since)
    for one in chosen.order_by("as_of", "id"):
        found[one.assignment_id] = one
    Exposure.objects.bulk_create(
        [
            Exposure(assignment_id=one.assignment_id, kind="reached", occasion=one.occasion, as_of=as_of, at=now)
            for one in found.values()
        ],
        ignore_conflicts=True,
    )
    return len(found)


def selected(*, until: dt.date) -> list[tuple[int, dt.date, bool, float]]:
    """Each time before *until* that a playbook which is measured selected a member: who, when, whether the holdout kept
    them from it, and the share of members that it keeps."""
    rows = Exposure.objects.filter(assignment__experiment="holdout", kind="eligible", as_of__lt=until)
    told = rows.values_list("assignment__member", "as_of", "assignment__arm", "assignment__share")
    return [(member, day, arm == "control", share) for member, day, arm, share in told.distinct().order_by("id")]


def left_out(*, member: int, since: dt.date) -> list[str]:
    """Experiments whose control group *member* belongs to: the holdout, and those that selected them since a day."""
    control = Assignment.objects.filter(member=member, arm="control")
    current = Q(experiment="holdout") | Q(exposures__kind="eligible", exposures__as_of__gte=since)
    return list(control.filter(current).order_by("experiment").values_list("experiment", flat=True).distinct())


def exposed(*, experiment: str, kind: str) -> dict[str, int]:
    """How many members of each arm were exposed in the way *kind*."""
    rows = Exposure.objects.filter(assignment__experiment=experiment, kind=kind)
    counted = rows.values("assignment__arm").annotate(n=Count("assignment__member", distinct=True))
    return {row["assignment__arm"]: row["n"] for row in counted}


@dataclass(frozen=True)
class Wanted(Drawn):
    """A member with an arm, whom an experiment's playbooks selected.

    Args:
        since: The night on which the member first was selected.
        reached_on: When contact first came about, on any occasion; None where it has not.
    """

    since: dt.date
    reached_on: dt.date | None


def wanted(*, experiment: str) -> list[Wanted]:
    """Everyone whom *experiment* was drawn for and who was eligible, by member."""
    eligible = Q(exposures__kind="eligible")
    rows = (
        Assignment.objects.filter(experiment=experiment)
        .annotate(
            since=Min("exposures__as_of", filter=eligible),
            reached_on=Min("exposures__as_of", filter=Q(exposures__kind="reached")),
        )
        .exclude(since=None)
        .order_by("member")
    )
    return [Wanted(row.member, row.arm, row.stratum, row.since, row.reached_on) for row in rows]


def names() -> list[str]:
    """Every experiment that somebody was drawn for."""
    return list(Assignment.objects.order_by("experiment").values_list("experiment", flat=True).distinct())


def share_of(*, experiment: str) -> float:
    """The share that the control group has by design: what each member's arm was drawn with, on average."""
    return float(Assignment.objects.filter(experiment=experiment).aggregate(mean=Avg("share"))["mean"] or 0.0)
