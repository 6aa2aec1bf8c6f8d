"""The lapses of the months ahead as a chart: what is expected, its ranges, and what became of last year's months."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from tenure.base.home import Home
from tenure.charts import Figure, Month, months
from tenure.insights.months_ahead import ranges, shared_of
from tenure.ledger import figures as kept_figures
from tenure.ledger.models import ScoreSet
from tenure.web import place, words
from tenure.web.manifests import manifest_of
from tenure.web.overview import MonthAhead, Overview, made_of

_MIDDLE = dt.timedelta(days=15)


def months_figure(figures: Overview, score_set: ScoreSet, chapter: str | None) -> Figure | None:
    """What comes up for renewal and may lapse; None when nothing does.

    Args:
        figures: Of *score_set*, and of *chapter* where one is given.
        score_set: The current scores.
        chapter: Of a liaison the own one; None for all.
    """
    if len(figures.months) < 2:
        return None
    before = lapsed_last_year(score_set.as_of, chapter)
    found = _off_together(made_of(score_set), place.home(), score_set.model_version)
    rows = [_row(one, score_set.as_of, found, before) for one in figures.months]
    return months(rows, about=_about(rows, score_set))


def lapsed_last_year(as_of: dt.date, chapter: str | None) -> dict[dt.date, int]:
    """By the month that lies a year after it, how many lapsed whose terms ended in a month of the last year.

    Of the month of *as_of* those count whose terms ended from the same day on, as of this year's. A month of which
    something is in grace yet is left out; and all are, where the kept figures are of another day.
    """
    kept = kept_figures.kept(part=kept_figures.RECORD, chapter=chapter or "") if chapter != "" else None
    if kept is None or kept.as_of != as_of:
        return {}
    ended: list[dict[str, Any]] = kept.body.get("ended", [])
    whole = {dt.date.fromisoformat(one["month"]): one["lapsed"] for one in ended if not one["open"]}
    return {month.replace(year=month.year + 1): lapsed for month, lapsed in whole.items()}


@lru_cache(maxsize=4)
def _off_together(key: str, home: Home, version: str) -> list[dict[str, Any]]:
    """What the back-test of the model *version* tells of whole months."""
    return (manifest_of(home, version).get("backtest") or {}).get("months") or []


def _row(one: MonthAhead, as_of: dt.date, found: list[dict[str, Any]], before: dict[dt.date, int]) -> Month:
    shared = shared_of(found, (one.start + _MIDDLE - as_of).days)
    half, most, nearly = ranges(one.expected, one.spread, one.due, shared)
    return Month(one.start, one.due, one.expected, (half, most, nearly), before.get(one.start))


def _about(rows: list[Month], score_set: ScoreSet) -> str:
    beside = "; diamond: lapsed last year" if any(row.before is not None for row in rows) else ""
    return (
        f"Expected to lapse of the {words.count(sum(row.due for row in rows))} members whose term ends by then, "
        f"the sum of their chances. Dot: expected; dark box: 50 % range, light: 80 %, line: 95 %{beside}. Ranges hold "
        "what is left to chance and how far whole months were off when past ones were foretold. "
        f"The first month counts from {words.day(score_set.as_of)} on"
    )
