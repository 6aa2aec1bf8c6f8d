"""A playbook tried on history: whom it would have selected, what became of them, and what it would have cost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from tenure.app import playbooks
from tenure.app.house import House
from tenure.app.models import model_for
from tenure.app.situation import situation_of
from tenure.app.told import told
from tenure.base.errors import UsageError
from tenure.membership import LAPSED, PENDING, RENEWED, decisions

if TYPE_CHECKING:
    from tenure.outreach.playbook import Playbook

_FARTHEST = 62
"""Days by which the end of a term may have moved since, and still be the same renewal."""
_HERE = ("before", "grace")


@dataclass(frozen=True)
class Trial:
    """What a playbook would have done.

    Counts are of selections: a member who came up for two occasions counts twice. They are before caps, capacity, the
    control group and consent.

    Args:
        playbook: Which one, as `NAME@VERSION`.
        first, last: The first and the last day that was tried.
        days: How many days were tried.
        known_until: Outcomes are those that were known on this day.
        selected: Members selected, each occasion once.
        lapsed: Of them, who had a renewal to come and lapsed.
        renewed: Who renewed: they would have been bothered for nothing, or would have been kept by it.
        undecided: Of whom it is not known yet.
        other: Who died, merged or transferred.
        past: Who had lapsed before they were selected.
        returned: Of those, who came back later.
        everyone_lapsed, everyone_decided: Of all renewals that were to come on those days, selected or not.
        staff_hours: What the steps would have cost.
        notes: What to bear in mind.
    """

    playbook: str
    first: dt.date
    last: dt.date
    days: int
    known_until: dt.date
    selected: int
    lapsed: int
    renewed: int
    undecided: int
    other: int
    past: int
    returned: int
    everyone_lapsed: int
    everyone_decided: int
    staff_hours: float
    notes: tuple[str, ...]

    @property
    def body(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self) | {"lapse_rate": _share(self.lapsed, self.lapsed + self.renewed),
                               "everyone_lapse_rate": _share(self.everyone_lapsed, self.everyone_decided)}  # fmt: skip


def known_until(house: House) -> dt.date:
    """The last day of which anything can be told: today, or the newest record's day where that is earlier."""
    acts = [pl.scan_parquet(path).select("recorded_at").collect() for path in house.lake.activity_files()[-1:]]
    stamps = [house.lake.terms()["recorded_at"], house.lake.members()["valid_from"], *(one.to_series() for one in acts)]
    newest = [stamp.max() for stamp in stamps]
    days = [*(moment.date() for moment in newest if isinstance(moment, dt.datetime)), *house.lake.score_dates()[-1:]]
    return min([house.today, *([max(days) + dt.timedelta(days=1)] if days else [])])


def tried(
    house: House, playbook: Playbook, first: dt.date, last: dt.date | None = None, *, every: int = 1
) -> tuple[Trial, pl.DataFrame]:
    """Try *playbook* on each night from *first* to *last*, *every* so many days, with what was known on each.

    Returns:
        The trial, and one row per selection: `member`, `day`, `occasion`, `cause`, `outcome` (`lapsed`, `renewed`,
        `undecided`, another end, `returned` or `stayed away`).

    Raises:
        UsageError: A day is still to come, or nothing is known of it; or the playbook asks for scores, and no model
            had been made by that day.
    """
    days = _days(first, last or first, every, known_until(house))
    lists = playbooks.lists_of(house, [playbook])
    chosen, everyone = _walk(house, playbook, days, lists)
    until = known_until(house)
    outcomes = _outcomes(house, chosen, until)
    around = _outcomes(house, everyone, until)
    count = dict(outcomes["outcome"].value_counts().iter_rows())
    trial = Trial(
        playbook=f"{playbook.name}@{playbook.version}",
        first=days[0], last=days[-1], days=len(days), known_until=until,
        selected=outcomes.height,
        lapsed=count.get(LAPSED, 0), renewed=count.get(RENEWED, 0), undecided=count.get("undecided", 0),
        other=sum(n for name, n in count.items() if name not in _TOLD),
        past=count.get("returned", 0) + count.get("stayed away", 0), returned=count.get("returned", 0),
        everyone_lapsed=around.filter(pl.col("outcome") == LAPSED).height,
        everyone_decided=around.filter(pl.col("outcome").is_in([LAPSED, RENEWED])).height,
        staff_hours=round(outcomes.height * playbook.minutes / 60, 2),
        notes=tuple(_notes(playbook)),
    )  # fmt: skip
    return trial, outcomes.select("member", "day", "occasion", "cause", "outcome")


_TOLD = (LAPSED, RENEWED, "undecided", "returned", "stayed away")


def _days(first: dt.date, last: dt.date, every: int, until: dt.date) -> list[dt.date]:
    if last < first:
        raise UsageError(f"{last} lies before {first}", mend="give --as-of the first day and --until the last")
    if last > until:
        raise UsageError(
            f"{last} cannot be tried: records reach to {until}", mend="a trial needs a past; pass an earlier day"
        )
    count = (last - first).days // every + 1
    return [first + dt.timedelta(days=place * every) for place in range(count)]


def _walk(
    house: House, playbook: Playbook, days: list[dt.date], lists: dict[str, set[int]]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Those selected on *days*, each occasion on its first day; and everyone with a renewal to come, once each."""
    from tenure.outreach.selecting import select

    chosen, everyone = [], []
    for day in days:
        situation = situation_of(house, day, scores=_scores(house, playbook, day), people_told=told(house, day))
        standing = situation.select("member", "stage", "renewal_due_on", day="as_of")
        found = select(playbook, situation, bands=house.settings.bands, lists=lists)
        chosen.append(found.join(standing, on="member", how="left", maintain_order="left"))
        everyone.append(standing.filter(pl.col("stage").is_in(_HERE)))
    once = pl.concat(chosen).unique(["member", "occasion"], keep="first", maintain_order=True)
    return once, pl.concat(everyone).unique(["member", "renewal_due_on"], keep="first", maintain_order=True)


def _scores(house: House, playbook: Playbook, day: dt.date) -> pl.DataFrame | None:
    """The scores of *day*: those kept, or made again by the model that served then, where the playbook asks for any."""
    from tenure.outreach.playbook import SCORED

    kept = house.lake.scores(day)
    if kept is not None or not playbook.columns() & SCORED:
        return kept
    model = model_for(house, day)
    if model is None:
        raise UsageError(
            f"playbook `{playbook.name}` asks for scores, and no model had been made by {day}",
            mend=f"`tenure train --as-of {day}` makes one of what was known then, where that is enough",
        )
    from tenure import risk

    return risk.score(house.lake, house.settings, day, model)


def _outcomes(house: House, chosen: pl.DataFrame, until: dt.date) -> pl.DataFrame:
    """*chosen* with the outcome of each: of the renewal that lay ahead, or of having lapsed before."""
    rules = house.settings.membership
    decided = decisions(house.lake.terms(), house.lake.members_and_absences(), rules, as_of=until)
    ends = decided.select("member", "ends_on", "outcome").sort("ends_on")
    ahead = chosen.filter(pl.col("stage").is_in(_HERE)).sort("renewal_due_on")
    told = ahead.filter(pl.col("renewal_due_on").is_not_null()).join_asof(
        ends, left_on="renewal_due_on", right_on="ends_on", by="member", strategy="nearest",
        tolerance=f"{_FARTHEST}d", check_sortedness=False,
    )  # fmt: skip
    open_still = pl.col("outcome").is_null() | (pl.col("outcome") == PENDING)
    told = told.with_columns(outcome=pl.when(open_still).then(pl.lit("undecided")).otherwise("outcome")).drop("ends_on")
    never = ahead.filter(pl.col("renewal_due_on").is_null()).with_columns(outcome=pl.lit("undecided"))
    gone = _returned(house, chosen.filter(~pl.col("stage").is_in(_HERE)), until)
    return pl.concat([told, never, gone], how="vertical").sort("day", "member")


def _returned(house: House, gone: pl.DataFrame, until: dt.date) -> pl.DataFrame:
    """Who of those that had lapsed has a paid term since."""
    at = pl.lit(until).cast(pl.Datetime("us"))
    paid = house.lake.terms().filter((pl.col("recorded_at") < at) & pl.col("paid_on").is_not_null())
    last = paid.group_by("member").agg(pl.col("paid_on").max().alias("paid"))
    back = (pl.col("paid") >= pl.col("day")).fill_null(value=False)
    outcome = pl.when(back).then(pl.lit("returned")).otherwise(pl.lit("stayed away"))
    return gone.join(last, on="member", how="left", maintain_order="left").with_columns(outcome=outcome).drop("paid")


def _notes(playbook: Playbook) -> Iterator[str]:
    yield "before caps, staff hours, the control group and consent, which only lower these numbers"
    if playbook.trigger.kind == "list":
        yield "a list is as it is today: who was on it on a past day is not known"
    if playbook.trigger.event in ("hardship", "displaced"):
        yield "silent unless its purpose is recorded in [outreach]"


def written(house: House, rows: pl.DataFrame) -> pl.DataFrame:
    """*rows* of a trial with the source's own member ids, for a file."""
    from tenure.app.exports import with_member_ids

    named = with_member_ids(house, rows)
    return named.select("member_id", "day", "occasion", "cause", "outcome")


def words_of(trial: Trial) -> str:
    """A trial for a terminal."""
    span = f"on {trial.first}" if trial.days == 1 else f"on {trial.days:,} nights from {trial.first} to {trial.last}"
    lines = [f"{trial.playbook} would have selected {trial.selected:,} {span}"]
    if trial.selected - trial.past:
        lines.append(
            f"  {trial.lapsed:,} of them lapsed, {trial.renewed:,} renewed, {trial.undecided:,} are undecided "
            f"and {trial.other:,} ended otherwise (as known on {trial.known_until})"
        )
        lines.append(f"  {_rates(trial)}")
    if trial.past:
        lines.append(f"  {trial.past:,} had lapsed before; {trial.returned:,} of them came back later")
    lines.append(f"  it would have cost {trial.staff_hours:,.1f} staff hours")
    return "\n".join([*lines, *(f"  note: {note}" for note in trial.notes)])


def _rates(trial: Trial) -> str:
    decided = trial.lapsed + trial.renewed
    ours, all_ = _share(trial.lapsed, decided), _share(trial.everyone_lapsed, trial.everyone_decided)
    if ours is None or all_ is None:
        return "none of them is decided"
    return f"{100 * ours:.0f} in 100 of those decided lapsed, against {100 * all_:.0f} in 100 of all who were to renew"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
