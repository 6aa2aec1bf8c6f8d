"""The judgement of a delivery: which rows are good, and what is wrong with the others."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tenure.intake import _quarantine
from tenure.intake._overlaps import overlapping
from tenure.intake._report import Fault
from tenure.intake._rules import OVERLAP
from tenure.intake._source import Progress
from tenure.intake._staging import Stage
from tenure.lake import Lake


@dataclass(frozen=True)
class Verdict:
    """What was found in one table.

    Args:
        label: What messages call the table.
        read: Rows that the source gave.
        repeated: Rows that were there before, word for word.
        bad: `table`, `row` and `reason` of the rows set aside.
        faults: The same by reason.
    """

    label: str
    read: int
    repeated: int
    bad: pl.DataFrame
    faults: tuple[Fault, ...]

    @property
    def kept(self) -> int:
        """Good rows."""
        return self.read - self.repeated - self.bad.height


def judge(stage: Stage, lake: Lake, progress: Progress) -> dict[str, Verdict]:
    """Stage every table of the delivery and judge its rows.

    Raises:
        BadInput: A table cannot be read to its end, or a column is of a type that cannot be.
    """
    progress("checking members")
    stage.members(lake.members()["member"].unique())
    for name in stage.delivery.tables:
        if name != "members":
            progress(f"checking {name.replace('_', ' ')}")
            stage.table(name)
    if "terms" in stage.delivery.tables:
        _mark_overlaps(stage, lake)
    return {name: _verdict(stage, name) for name in stage.delivery.tables}


def _verdict(stage: Stage, name: str) -> Verdict:
    given = stage.delivery.tables[name]
    bad = _quarantine.bad_rows(stage.db, given)
    malformed = bad.height - stage.count(f"SELECT count(*) FROM staged_{name} WHERE reason <> 'repeated'")
    read = stage.count(f"SELECT count(*) FROM staged_{name}") + malformed
    faults = _quarantine.faults(bad, name)
    return Verdict(given.label, read, _quarantine.repeats(stage.db, name), bad, faults)


def _mark_overlaps(stage: Stage, lake: Lake) -> None:
    columns = "term_digest AS term_id, member, starts_on, ends_on, recorded_at"
    terms = stage.frame(f'SELECT {columns}, "row"::BIGINT AS "row" FROM staged_terms WHERE reason IS NULL')
    if not stage.delivery.tables["terms"].whole:
        present = lake.terms().filter(pl.col("member").is_in(terms["member"].unique().implode()))
        terms = pl.concat([present.with_columns(row=pl.lit(-1, dtype=pl.Int64)).select(terms.columns), terms])
    guilty = sorted(overlapping(terms))
    if guilty:
        stage.db.register("tenure_given", pl.DataFrame({"term_id": guilty}).to_arrow())
        those = "reason IS NULL AND term_digest IN (SELECT term_id FROM tenure_given)"
        stage.db.execute(f"UPDATE staged_terms SET reason = ? WHERE {those}", [OVERLAP])
        stage.db.unregister("tenure_given")
