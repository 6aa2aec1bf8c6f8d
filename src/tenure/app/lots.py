"""Who is left out by lot tonight, drawn and kept before anything is listed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from tenure import impact
from tenure.app.house import House
from tenure.base.pseudonym import Pseudonyms
from tenure.impact import CONTROL, HOLDOUT, TREATED, Candidate

if TYPE_CHECKING:
    from tenure.ledger.lease import Fence

BY = "night"


def left_out(
    house: House, wanted: pl.DataFrame, measured: Mapping[str, str], as_of: dt.date, fence: Fence
) -> pl.DataFrame:
    """The rows of *wanted* that the lot leaves out; every arm and exposure is kept.

    Args:
        house: The association's.
        wanted: Whom playbooks selected: `member`, `playbook`, `occasion`, `band`, `stage`.
        measured: The experiment of each playbook; those without one, mandatory notices among them, leave nobody out.
        as_of: The night.
        fence: The right to write.
    """
    tried = wanted.filter(pl.col("playbook").is_in(list(measured)))
    if tried.is_empty():
        return wanted.clear()
    held = _holdout(house, tried, as_of, fence)
    gone = [tried.filter(pl.col("member").is_in(held))]
    rest = tried.filter(~pl.col("member").is_in(held))
    for experiment in sorted(set(measured.values())):
        playbooks = [name for name, of in measured.items() if of == experiment]
        candidates = rest.filter(pl.col("playbook").is_in(playbooks))
        arms = _drawn(house, experiment, candidates, as_of, fence)
        gone.append(candidates.filter(pl.col("member").is_in([m for m, arm in arms.items() if arm == CONTROL])))
    return pl.concat(gone)


def _holdout(house: House, tried: pl.DataFrame, as_of: dt.date, fence: Fence) -> list[int]:
    share, keyed = house.settings.outreach.holdout_share, Pseudonyms.of(house.home)
    held = {
        m: impact.is_held_out(keyed.first(m), share, keyed.share) for m in tried["member"].unique(maintain_order=True)
    }
    arms = {member: CONTROL if is_held else TREATED for member, is_held in held.items()}
    strata = dict.fromkeys(arms, "")
    arms = _kept(house, HOLDOUT, arms, strata, share, as_of, fence)
    _exposed(house, HOLDOUT, tried, as_of, fence)
    return [member for member, arm in arms.items() if arm == CONTROL]


def _drawn(house: House, experiment: str, candidates: pl.DataFrame, as_of: dt.date, fence: Fence) -> dict[int, str]:
    from tenure.ledger import experiments

    strata = {
        member: f"{band or 'no band'}, {stage}"
        for member, band, stage in candidates.select("member", "band", "stage").iter_rows()
    }
    share, draw = house.settings.outreach.control_share, Pseudonyms.of(house.home).share
    arms = impact.arms(
        experiment,
        [Candidate(member, stratum) for member, stratum in strata.items()],
        share,
        draw,
        known=experiments.arms_of(experiment=experiment, members=strata),
        drawn_before=experiments.drawn_by_stratum(experiment=experiment),
    )
    arms = _kept(house, experiment, arms, strata, share, as_of, fence)
    _exposed(house, experiment, candidates, as_of, fence)
    return arms


def _kept(
    house: House,
    experiment: str,
    arms: Mapping[int, str],
    strata: Mapping[int, str],
    share: float,
    as_of: dt.date,
    fence: Fence,
) -> dict[int, str]:
    """Keep *arms*, and give those that stand: one that was drawn earlier rules, under whatever share."""
    from tenure.ledger import experiments

    drawn = [experiments.Drawn(member, arm, strata[member]) for member, arm in arms.items()]
    experiments.keep(
        experiment=experiment, drawn=drawn, share=share, as_of=as_of, by=BY, clock=house.clock, fence=fence
    )
    return experiments.arms_of(experiment=experiment, members=arms)


def _exposed(house: House, experiment: str, rows: pl.DataFrame, as_of: dt.date, fence: Fence) -> None:
    note(house, experiment, rows.select("member", "occasion").rows(), "eligible", as_of, fence)


def note(
    house: House, experiment: str, occasions: Sequence[tuple[int, str]], kind: str, as_of: dt.date, fence: Fence
) -> None:
    """Note that members were exposed in the way *kind*."""
    from tenure.ledger import experiments

    experiments.expose(
        experiment=experiment, occasions=dict(occasions), kind=kind, as_of=as_of, clock=house.clock, fence=fence
    )
