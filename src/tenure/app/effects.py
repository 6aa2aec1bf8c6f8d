"""What contact was found to do: arms as they were drawn, and what became of the renewals that lay ahead of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from tenure.app.house import House
from tenure.impact import TREATED
from tenure.impact.effects import Arms, Measured, measured
from tenure.impact.kept import difference
from tenure.membership import LAPSED, RENEWED, decisions

if TYPE_CHECKING:
    from tenure.ledger.experiments import Wanted
    from tenure.outreach.playbook import Playbook
    from tenure.outreach.worth import Effect


_HERE = (", before", ", grace")
"""Strata with a renewal ahead of them; who has lapsed already is not kept but won back."""


def decided_by(house: House, as_of: dt.date) -> pl.DataFrame:
    """Every renewal that came due, as known at the start of *as_of*; see `tenure.membership.decisions`."""
    return decisions(house.lake.terms(), house.lake.members_and_absences(), house.settings.membership, as_of=as_of)


def measured_of(playbooks: Iterable[Playbook], decided: pl.DataFrame, assumed: Effect) -> dict[str, Measured]:
    """What each of *playbooks* was found to do, by its name; those that reached too few are left out.

    Args:
        playbooks: Those that are asked about.
        decided: As `decided_by` gives them.
        assumed: What contact is taken to do while nothing is known.
    """
    from tenure.ledger import experiments
    from tenure.outreach.worth import kind_of

    tried = [one for one in playbooks if one.experiment]
    found = {one.name: by_band(experiments.wanted(experiment=one.experiment), decided) for one in tried}
    usual = {one.name: assumed.of_all(one.steps) for one in tried}
    return measured(found, usual, {one.name: kind_of(one.steps) for one in tried})


def drawn_for(experiments_tried: Iterable[str], as_of: dt.date) -> dict[str, list[Wanted]]:
    """By experiment, everyone who was wanted by *as_of* with a renewal ahead.

    Args:
        experiments_tried: Those of the playbooks.
        as_of: The day; who was wanted only later does not count.
    """
    from tenure.ledger import experiments

    return {
        name: [one for one in experiments.wanted(experiment=name) if one.since <= as_of and one.stratum.endswith(_HERE)]
        for name in sorted(set(experiments_tried))
    }


def contact_of(drawn: Mapping[str, Sequence[Wanted]], decided: pl.DataFrame) -> dict[str, Any]:
    """Whether contact keeps members, over all playbooks, in plain JSON for the page of the day.

    Each member counts once: in the arm of the first playbook that wanted them.

    Args:
        drawn: As `drawn_for` gives them.
        decided: As `decided_by` gives them for the same day.

    Returns:
        `wanted` members with a renewal ahead, how many of them are `decided`, both arms with those who renewed, those
        `reached`, and `points`, `low` and `high` of `tenure.impact.kept.Difference`, null while nothing can be told.
    """
    first: dict[int, tuple[str, Wanted]] = {}
    for name, people in drawn.items():
        for one in people:
            known = first.get(one.member)
            if known is None or one.since < known[1].since:
                first[one.member] = name, one
    of: dict[str, list[Wanted]] = {}
    for name, one in first.values():
        of.setdefault(name, []).append(one)
    strata = [arms for people in of.values() for arms in by_band(people, decided).values()]
    return {"wanted": len(first)} | _told(strata)


def by_playbook(
    drawn: Mapping[str, Sequence[Wanted]], titles: Mapping[str, str], decided: pl.DataFrame
) -> list[dict[str, Any]]:
    """The same for each playbook by itself and for each of its bands, in which the lot was drawn.

    A member counts in each playbook by which they were wanted.

    Args:
        drawn: As `drawn_for` gives them.
        titles: What staff call the playbook of each experiment.
        decided: As `decided_by` gives them for the same day.

    Returns:
        Each playbook and after it its bands by name: `playbook`, `band` (empty for the whole), `wanted` (of the whole)
        and what `contact_of` returns of those who are decided.
    """
    told = []
    for name, people in drawn.items():
        bands = dict(sorted(by_band(people, decided).items()))
        of = {"playbook": titles.get(name, name)}
        told.append(of | {"band": "", "wanted": len(people)} | _told(list(bands.values())))
        told += [of | {"band": band} | _told([arms]) for band, arms in bands.items()]
    return told


def _told(strata: Sequence[Arms]) -> dict[str, Any]:
    whole, found = sum(strata, Arms()), difference(strata)
    return {
        "decided": whole.treated + whole.control, "reached": whole.reached,
        "treated": whole.treated, "treated_kept": whole.treated - whole.treated_lapsed,
        "control": whole.control, "control_kept": whole.control - whole.control_lapsed,
        "points": found and found.points, "low": found and found.low, "high": found and found.high,
    }  # fmt: skip


def by_band(wanted: Sequence[Wanted], decided: pl.DataFrame) -> dict[str, Arms]:
    """By band, what became of the renewal ahead of each when first selected; those pending are left out."""
    known = [(one, one.stratum.split(", ", 1)[0]) for one in wanted if one.stratum.endswith(_HERE)]
    if not known:
        return {}
    rows = pl.DataFrame(
        [(one.member, one.arm == TREATED, band, one.since, one.reached_on) for one, band in known],
        schema={"member": pl.Int64, "treated": pl.Boolean, "band": pl.String, "since": pl.Date, "reached_on": pl.Date},
        orient="row",
    )
    ended = decided.filter(pl.col("outcome").is_in([RENEWED, LAPSED]))
    last = (pl.col("ends_on") + pl.duration(days=pl.col("grace"))).cast(pl.Date)
    ahead = (
        rows.join(ended.select("member", "ends_on", "outcome", "renewed_on", last=last), on="member")
        .filter((pl.col("last") >= pl.col("since")) & (pl.col("renewed_on") >= pl.col("since")).fill_null(value=True))
        .sort("member", "ends_on")
        .unique("member", keep="first", maintain_order=True)
        # What came after the outcome had no part in it.
        .with_columns(reached=(pl.col("reached_on") <= pl.min_horizontal("renewed_on", "last")).fill_null(value=False))
    )
    return {str(band): _arms(part) for (band,), part in ahead.partition_by("band", as_dict=True).items()}


def _arms(rows: pl.DataFrame) -> Arms:
    lapsed, treated = rows["outcome"] == LAPSED, rows["treated"]
    return Arms(
        treated=int(treated.sum()),
        treated_lapsed=int((treated & lapsed).sum()),
        reached=int((treated & rows["reached"]).sum()),
        control=int((~treated).sum()),
        control_lapsed=int((~treated & lapsed).sum()),
        control_reached=int((~treated & rows["reached"]).sum()),
    )
