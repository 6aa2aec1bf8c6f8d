"""What brings learners into line with what came of what they said, day after day, and how far it is believed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.risk.calibration import Calibrator, evenly, fit_calibrator, once_per_decision
from tenure.risk.learners import Floats, sigmoid
from tenure.risk.metrics import log_loss

_OVER_DAYS = 550
"""Calibration looks back over about a year and a half of outcomes, so that it follows a changing association."""


def days_before(judged: pl.DataFrame) -> Floats:
    """Days to the end of the term as it was known on the day."""
    return judged.select((pl.col("ends") - pl.col("as_of")).dt.total_days().cast(pl.Float64)).to_series().to_numpy()


def proved_by(judged: pl.DataFrame, day: dt.date, *, ever: bool = False) -> NDArray[np.bool_]:
    """Rows whose outcome was known on *day*; of those, unless *ever*, the ones recent enough to calibrate on.

    `lapsed` is to be as it was on record that day, null where it was not. Who leaves early is known of sooner than who
    stays; both count once the end that was scheduled is over.
    """
    known = pl.max_horizontal("ends", "ends_on") + pl.duration(days=pl.col("grace")) < day
    if not ever:
        known &= pl.col("ends_on") >= day - dt.timedelta(days=_OVER_DAYS)
    return judged.select(known & pl.col("fair") & pl.col("lapsed").is_not_null()).to_series().to_numpy()


@dataclass
class Lines:
    """The lines that bring learners' log-odds into line, day after day.

    A line is learnt from what older models said. Where the newer one has itself learnt from what they missed, a line
    that is believed whole adds it a second time; where it has not, half a line is too little. Days that came after say
    how far between the two a line is to be believed; whole, until they do.

    Args:
        judged: As `Landmarks.judged`.
        whole: Whether next to all of each class are judged: lines go by the day then, and every day counts alike.
        before: Days of each row to the end of the term as it was known on the day.
    """

    judged: pl.DataFrame
    whole: bool
    before: Floats = field(init=False)
    _by: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = days_before(self.judged)

    def on(
        self,
        day: dt.date,
        margins: dict[str, Floats],
        here: NDArray[np.bool_] | None = None,
        *,
        known: pl.DataFrame | None = None,
    ) -> dict[str, Calibrator]:
        """The line for each learner, by what was proved on *day*.

        Args:
            day: Nothing that was known only later counts.
            margins: Of each learner, its out-of-time log-odds for each row; NaN where it did not speak.
            here: The rows that the lines are for now. What they say of those is held against outcomes later.
            known: `judged` with the outcomes that were on record on *day*; where not given they were as now.
        """
        known = self.judged if known is None else known
        ever, found = proved_by(known, day, ever=True), {}
        for name, margin in margins.items():
            line = self._fitted(day, margin, known)
            found[name] = line.believed(self._share(name, known, ever))
            if here is not None and line.learnt_from:
                for kept, share in zip(self._said(name), _SHARES, strict=True):
                    kept[here] = line.believed(share)(margin[here], self.before[here])
        return found

    def _fitted(self, day: dt.date, margin: Floats, known: pl.DataFrame) -> Calibrator:
        use = proved_by(known, day) & ~np.isnan(margin)
        if not use.any():
            return Calibrator()
        keys = known["term_id"].filter(use).rank("dense").to_numpy().astype(np.int64)
        y = known["lapsed"].filter(use).to_numpy().astype(np.float64)
        weight, days = (evenly(keys), self.before[use]) if self.whole else (once_per_decision(keys), None)
        return fit_calibrator(margin[use], y, weight, days)

    def _said(self, name: str) -> tuple[Floats, Floats]:
        nothing = np.full(len(self.judged), np.nan)
        return self._by.setdefault(name, (nothing, nothing.copy()))

    def _share(self, name: str, known: pl.DataFrame, proved: NDArray[np.bool_]) -> float:
        """How far a line is believed, by the outcomes that were *proved* of what lines said before: from whole to half,
        as likely as each of the two is by Bayes' rule, so that a day more of outcomes cannot turn it round."""
        whole, half = self._said(name)
        told = proved & ~np.isnan(whole)
        y = known["lapsed"].filter(told).to_numpy().astype(np.float64)
        if np.unique(y).size < 2:
            return _SHARES[0]
        lost = log_loss(sigmoid(whole[told]), y) - log_loss(sigmoid(half[told]), y)
        likely = float(sigmoid(np.array(lost * known["term_id"].filter(told).n_unique() - _DOUBT)))
        return _SHARES[0] + likely * (_SHARES[1] - _SHARES[0])


_SHARES = (1.0, 0.5)
"""How far a line may be believed. Not at all is none of them: that the rate fell lately, newest labels alone tell."""

_DOUBT = 2.2
"""Log-odds by which a whole line is the likelier one before anything was told: nine to one."""
