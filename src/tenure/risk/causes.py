"""How a membership may end, told apart: chosen by the member, by a payment that fails, by death, merger or transfer.

The chance of not renewing stays one model's, and the horizons stay one curve's. A failed payment is given a part of
that chance: of members like this who did not renew, the share whose automatic payment failed though they took part
(`tenure.membership.with_exits` reads it from the record). It falls on the renewal, since that is when a card is
charged; so it can never be more than the part of the curve that lies there, and what remains is voluntary. Death,
merger and transfer are no lapses and in none of it: they have a yearly rate beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features import FeatureMatrix
from tenure.risk.calibration import Calibrator
from tenure.risk.learners import Columns, Floats, Logistic, logit, sigmoid
from tenure.risk.timing import HORIZONS

_SIGNS = ("payments_failed_90", "card_expiring_90", "plan_missed_365")
PHASES = np.array([-0.5, 30.5])


@dataclass(frozen=True)
class Counted:
    """Shares by whether trouble with paying is on record, and by the time to the renewal: in grace, a month, longer.

    Args:
        shares: Shape (2, 3).
    """

    shares: Floats

    def margin(self, x: Columns, names: tuple[str, ...]) -> Floats:
        """Log-odds, shape (n_rows,)."""
        return logit(self.shares[cells(x, names)])


@dataclass(frozen=True)
class Split:
    """Of the chance of not renewing, the part of a failed payment.

    Args:
        names: The features that it takes.
        way: Gives log-odds that a lapse is a failed payment.
        calibrator: Brings them into line with what came later.
    """

    names: tuple[str, ...]
    way: Counted | Logistic
    calibrator: Calibrator

    def share(self, matrix: FeatureMatrix) -> Floats:
        """Of members like these who do not renew, the share by a failed payment; 0 where none is taken by itself."""
        return np.where(by_itself(matrix.rows), sigmoid(self.calibrator(margin(self.way, matrix, self.names))), 0.0)


@dataclass(frozen=True)
class Causes:
    """What past endings teach of their causes.

    Args:
        split: The part of a failed payment; None where too few are known to tell.
        otherwise: Yearly rate of death, merger and transfer by member type; empty where too few are known.
        usual: The same for types not seen.
        told: What it learnt from and how it did, for the manifest.
    """

    split: Split | None
    otherwise: dict[str, float]
    usual: float
    told: dict[str, Any]

    def ends_otherwise(self, member_types: list[str], days: Floats) -> Floats:
        """Chance of death, merger or transfer within so many days; NaN where too few are known."""
        if not self.otherwise:
            return np.full(days.size, np.nan)
        rate = np.array([self.otherwise.get(kind, self.usual) for kind in member_types])
        return np.asarray(-np.expm1(-rate * np.maximum(days, 0.0) / 365.25))

    def as_json(self) -> dict[str, Any]:
        """For the files of a model."""
        split = None
        if self.split is not None:
            way = self.split.way
            kept = (
                {"shares": way.shares.tolist()}
                if isinstance(way, Counted)
                else {"logistic": way.files()["logistic.json"].decode()}
            )
            split = {"names": self.split.names, "calibrator": self.split.calibrator.as_json(), **kept}
        return {"split": split, "otherwise": self.otherwise, "usual": self.usual, "told": self.told}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Causes:
        """Back from `as_json`."""
        split, kept = None, given["split"]
        if kept is not None:
            way = Counted(np.array(kept["shares"])) if "shares" in kept else Logistic.load(kept["logistic"].encode())
            split = Split(tuple(kept["names"]), way, Calibrator(**kept["calibrator"]))
        return cls(split, given["otherwise"], given["usual"], given["told"])


def part_of(share: Floats, p: Floats, early: Floats) -> Floats:
    """The part of *p* that is a failed payment.

    Args:
        share: As `Split.share` gives.
        p: Probability of not renewing.
        early: Probability of having left before the renewal, where no payment is due; the part lies in what is left.
    """
    return np.asarray(np.minimum(share * p, np.maximum(p - early, 0.0)))


COLUMNS = ("p_payment_30", "p_payment_60", "p_payment_90", "p_payment_renewal", "p_otherwise")
"""Of the chances `p_lapse_30` to `p_lapse_renewal` what is a failed payment; and apart from them the chance of death,
merger or transfer before the renewal."""


def with_causes(scores: pl.DataFrame) -> pl.DataFrame:
    """*scores* of a night with `COLUMNS`; null where too few are known to tell, or for nights before it was asked."""
    known = scores.with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in ("p_payment", "p_otherwise") if name not in scores.columns
    )
    ahead = (pl.col("renewal_due_on") - pl.col("as_of")).dt.total_days()
    parts = [
        pl.when(ahead <= horizon).then("p_payment").when(pl.col("p_payment").is_not_null()).then(0.0)
        .alias(f"p_payment_{horizon}")
        for horizon in HORIZONS
    ]  # fmt: skip
    return known.with_columns(*parts, pl.col("p_payment").alias("p_payment_renewal"))


def words_of(p: float, part: float | None) -> str:
    """How much of a chance is a failed payment, in words; empty where that is not known or not worth a sentence."""
    if part is None or part != part or round(100 * part) < 1:
        return ""
    return f"of the {100 * p:.0f} in 100, about {100 * part:.0f} by a failed payment"


def sentences_of(told: dict[str, Any] | None) -> Iterator[str]:
    """What a model knows of causes, from its manifest; nothing for models from before it was asked."""
    if not told:
        return
    payment, ends = told["payment"], told["otherwise"]
    if payment["way"] is None:
        yield f"It cannot tell failed payments from other lapses: {payment['why']}."
    else:
        yield (
            f"{payment['failures']:,} past lapses are read as failed payments; how likely one is, is told by "
            f"{payment['way']}: {payment['why']}."
        )
    if "said" in payment:
        yield (
            f"Of the {payment['judged_on']:,} newest lapses of members who renew by themselves, "
            f"{100 * payment['said']:.0f} in 100 were foretold to be failed payments and {100 * payment['came']:.0f} "
            "were; what it says is brought into line with that."
        )
    if ends["yearly"] is None:
        yield f"It cannot tell how often memberships end by death, merger or transfer: {ends['why']}."
    else:
        yield f"Death, merger and transfer are no lapses; {100 * ends['yearly']:.1f} in 100 memberships a year end so."


def cells(x: Columns, names: tuple[str, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each row stands in a table of `Counted`: whether trouble is on record, and how far the renewal lies."""
    signs = [names.index(name) for name in _SIGNS if name in names]
    ahead = np.nan_to_num(x[:, names.index("days_to_renewal")])
    trouble: NDArray[np.bool_] = np.any(np.nan_to_num(x[:, signs]) > 0, axis=1)
    phase: NDArray[np.int64] = (ahead[:, None] > PHASES).sum(axis=1)
    return trouble.astype(np.int64), phase


def columns(matrix: FeatureMatrix, names: tuple[str, ...]) -> Columns:
    """The features called *names*, shape (n_rows, len(names))."""
    return matrix.x[:, [matrix.names.index(name) for name in names]]


def margin(way: Counted | Logistic, matrix: FeatureMatrix, names: tuple[str, ...]) -> Floats:
    """Log-odds that a lapse is a failed payment, by *way*, not yet in line with what came later; shape (n_rows,)."""
    x = columns(matrix, names)
    return way.margin(x, names) if isinstance(way, Counted) else way.margin(x)


def by_itself(stood: pl.DataFrame) -> NDArray[np.bool_]:
    """Whose dues are taken without their doing."""
    return stood["auto_renew"].fill_null(value=False).to_numpy()
