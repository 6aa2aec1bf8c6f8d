"""Who leaves before the term ends: a letter of resignation, a withdrawal in the middle of a course.

Where enough members did, a hazard by their signals says how likely each is to: by a booster, or by the mean of one and
a logistic model, whichever foretold the newest departures better. The counted table of `tenure.risk.timing` serves
where it surely foretold them better still.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.risk.encoding import Encoding
from tenure.risk.fitting import FULL_STRENGTH, Rows, Workshop
from tenure.risk.hazard import Hazard, Seen, fit_hazard, fit_straight
from tenure.risk.learners import LOGISTIC, Blend, Columns, Floats, sigmoid
from tenure.risk.metrics import log_loss, surely_worse
from tenure.risk.timing import HORIZONS, Timing, early_shares

_TESTED_ON = 0.2
"""Share of the terms, the newest, on which hazard and table are compared."""

_MOST_LINES = 150_000


def departures(rows: Rows, left_on: pl.Series) -> Seen:
    """What became of landmarks whose terms are decided, as far as it came before the term's end.

    Args:
        rows: Landmarks with their labels.
        left_on: Date on which each one's term ended after all.
    """
    stood = rows.matrix.rows
    ahead = _days(stood["ends"] - stood["as_of"])
    after = _days(left_on - stood["as_of"])
    early = (rows.y > 0.5) & (after < ahead)
    endless = np.full(ahead.size, np.inf)
    return Seen(left=np.where(early, np.maximum(after, 1.0), np.inf), until=endless, ahead=ahead, ends=ahead)


def learn_early(rows: Rows, left_on: pl.Series, encoding: Encoding, workshop: Workshop) -> Hazard | None:
    """A hazard of leaving before the term's end, or None where a counted table serves better.

    Args:
        rows: Landmarks with their labels as known on the day of training.
        left_on: Date on which each one's term ended after all.
        encoding: The columns to take.
        workshop: How boosters are grown.
    """
    inside = departures(rows, left_on).ends > 1
    rows, left_on = rows.half(inside), left_on.filter(inside)
    seen = departures(rows, left_on)
    terms = rows.matrix.rows["term_id"]
    if terms.filter(np.isfinite(seen.left)).n_unique() < FULL_STRENGTH:
        return None
    ends = rows.matrix.rows["ends"].cast(pl.Int32).to_numpy()
    newest = ends >= np.quantile(ends, 1 - _TESTED_ON)
    if not np.isfinite(seen.left[newest]).any() or newest.all():
        return None
    x = encoding.encode(rows.matrix)
    before = x[~newest], seen.take(~newest), rows.members[~newest], rows.weight[~newest]
    boosted = _boosted(*before, encoding, workshop)
    blended = _blended(boosted, *before, workshop)
    del before
    counted = Timing(early_shares(rows.matrix.rows.filter(~newest), _known(rows, left_on).filter(~newest)), {}, [])
    gone = (seen.left[newest][:, None] <= np.array(HORIZONS)).astype(float)
    asked = seen.ahead[newest][:, None] > np.array(HORIZONS)
    theirs = _by_table(counted, rows, seen, newest, encoding, workshop)
    ours = [one.left_by(x[newest], seen.ahead[newest], seen.ends[newest], HORIZONS) for one in (boosted, blended)]
    alone, together = (log_loss(p[asked], gone[asked]) for p in ours)
    # The newest fifth will teach the hazard too, and the table has little to learn from it: a hair is no victory.
    term = np.unique(terms.filter(newest).to_numpy(), return_inverse=True)[1]
    each = np.broadcast_to(term[:, None], asked.shape)[asked]
    better = ours[0] if alone <= together else ours[1]
    if surely_worse(better[asked], theirs[asked], gone[asked], each):
        return None
    final = _boosted(x, seen, rows.members, rows.weight, encoding, workshop)
    return final if alone <= together else _blended(final, x, seen, rows.members, rows.weight, workshop)


def _boosted(
    x: Columns, seen: Seen, members: NDArray[np.int64], weight: Floats, encoding: Encoding, workshop: Workshop
) -> Hazard:
    plan = replace(workshop.plan(encoding), bins=256)
    return fit_hazard(x, seen, members, plan=plan, most_lines=_MOST_LINES, weight=weight)


def _blended(
    boosted: Hazard, x: Columns, seen: Seen, members: NDArray[np.int64], weight: Floats, workshop: Workshop
) -> Hazard:
    """The mean of *boosted* and of a logistic model on the same rows."""
    straight = fit_straight(x, seen, members, seed=workshop.seed, weight=weight)
    return Hazard(boosted.edges, Blend((boosted.learner, straight)))


def _known(rows: Rows, left_on: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"lapsed": rows.y.astype(np.int64), "left_on": left_on})


def _by_table(
    counted: Timing, rows: Rows, seen: Seen, newest: NDArray[np.bool_], encoding: Encoding, workshop: Workshop
) -> Floats:
    """What the table gives with each one's own chance of not renewing."""
    simple = workshop.refit(LOGISTIC, rows.half(~newest), encoding, seed=workshop.seed)
    p = sigmoid(simple.margin(encoding.encode(rows.matrix.take(newest))))
    return np.stack([counted.within(p, seen.ahead[newest], horizon) for horizon in HORIZONS], axis=1)


def _days(spans: pl.Series) -> Floats:
    return spans.dt.total_days().cast(pl.Float64).fill_null(np.inf).to_numpy()
