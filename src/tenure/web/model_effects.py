"""What contact by each playbook does, as the night counted it, for the Model page."""

from __future__ import annotations

from typing import Any

from tenure.charts import Compared, Figure, forest
from tenure.impact.kept import LEAST_DECIDED
from tenure.ledger.models import ScoreSet
from tenure.web import words

_FIXED = "All were fixed before the lot was drawn: the playbook, and the band on the day of the draw"


def figure_of(score_set: ScoreSet) -> Figure | None:
    """Each playbook and band of which enough is decided; None while there are none."""
    told = [_compared(row) for row in score_set.day.get("effects") or [] if row["points"] is not None]
    if not told:
        return None
    about = (
        "Renewed of those whom a playbook wanted, reached or not, less of those left out by lot, in points of 100; "
        f"square: a playbook, dot: a band of it; n: decided in both arms, by {words.day(score_set.as_of)}. {_FIXED}. "
        "Each range is one of 95 %, however often one looks; of twenty rows one may miss by chance"
    )
    return forest(told, about=about)


def waiting(score_set: ScoreSet) -> str:
    """Of what too little is decided, in a sentence; empty where nothing waits, or the night counted nothing."""
    rows = score_set.day.get("effects")
    few = [row for row in rows or [] if row["points"] is None]
    if rows is None or (rows and not few):
        return ""
    if not rows:
        return "No playbook leaves anybody out to compare with, so nothing can be told."
    decided = sum(row["decided"] for row in rows if not row["band"])
    of = f"{words.count(len(few))} of " if len(few) < len(rows) else ""
    in_all = f"{words.count(decided)} are decided in all" if decided else "none is decided yet"
    return (
        f"Too little is decided of {of}{words.plural(len(rows), 'comparison')} (playbooks, and bands of them), which "
        f"are told from {LEAST_DECIDED} renewals of either arm on; {in_all}."
    )


def _compared(row: dict[str, Any]) -> Compared:
    return Compared(**{name: row[name] for name in Compared.__dataclass_fields__})
