"""What stands behind a score: the way from what is usual to it, as rows with bars, and as a chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tenure.charts import Figure, Signal, Way, effects, waterfall
from tenure.ledger.models import CurrentScore
from tenure.web import words
from tenure.web.worklist import CONTEXT, reason_kinds


@dataclass(frozen=True)
class Step:
    """A row of the waterfall: a signal, its points, its bar."""

    text: str
    detail: str
    points: str
    bar: str
    is_total: bool = False


def way_of(score: CurrentScore) -> Way | None:
    """From what is usual for the type to this member's score, reason by reason; None where there is no such way.

    Points say by how much the score would fall if a group of signals were as is usual; they need not add up, so one
    row holds the rest, how the signals work together included, and reasons of no points.
    """
    if score.usual is None or score.renewal_due_on is None:
        return None
    given = (
        (score.reason_1, score.reason_1_points),
        (score.reason_2, score.reason_2_points),
        (score.reason_3, score.reason_3_points),
    )
    signals: list[Signal] = []
    for (text, points), kind in zip(given, reason_kinds(score), strict=True):
        if text and points:  # what has no points only says that nothing stands out
            head, _, more = text.partition("; ")
            told = [more] if more else []
            if not signals and not score.reason_sure:
                told.append("less certain than most first reasons")
            if kind == CONTEXT:
                told.append("context, not something to act on")
            signals.append(Signal(head, "; ".join(told), points))
    usual = score.usual * 100
    rest = score.risk_score - usual - sum(one.points for one in signals)
    against = f"among them {words.but(score.against)[4:]}" if score.against else ""
    signals.append(Signal("All other signals, and how they work together", against, rest))
    whose = f"the average {score.member_type} member" if score.member_type else "the average member"
    return Way(whose, usual, signals, score.risk_score)


def behind(score: CurrentScore) -> dict[str, Any]:
    """The finding, what it is about, and the rows of the table; no rows where there is nothing to lead from."""
    way = way_of(score)
    if way is None:
        return {"steps": []}
    pictures = effects(way.bars)
    steps = [Step(*row, bar) for row, bar in zip(way.rows, pictures, strict=True)]
    last = steps[-1]
    steps[-1] = Step(last.text, last.detail, last.points, last.bar, is_total=True)
    return {"finding": way.finding, "about": about(score, way), "steps": steps}


def figure_of(score: CurrentScore) -> Figure | None:
    """The same as a chart of its own; None where there is nothing to lead from."""
    way = way_of(score)
    return None if way is None else waterfall(way, about=about(score, way))


def about(score: CurrentScore, way: Way) -> str:
    """The line under the finding."""
    return (
        f"What stands behind the {score.risk_score}: points of 100, from {way.whose} to this one; scores of "
        f"{words.day(score.as_of)}. Associated with lapsing in past members; not proof of a cause"
    )
