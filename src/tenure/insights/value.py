"""What a member is worth: the dues that can be expected over the coming years, at today's money."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DISCOUNT = 0.05
"""By how much a payment is worth less for each year that it lies ahead."""

YEARS = 10
"""How far ahead is looked, as for the lapse date."""


def lifetime_value(
    lapse: Floats,
    later: Floats,
    days_to_renewal: Floats,
    term_days: Floats,
    dues: Floats,
    *,
    beyond: Floats | float = 1.0,
    discount: float = DISCOUNT,
    years: float = YEARS,
) -> Floats:
    """Expected dues of the renewals to come, each discounted from the day it is due.

    Dues stay as they are: a rise that nobody has decided is not counted on. What was paid already is not in it.

    Args:
        lapse: Probability of not renewing at the next renewal, shape (n,).
        later: The same at each renewal after it, given that the one before was made, shape (n, most).
        days_to_renewal: Days to the next renewal; negative in grace, shape (n,).
        term_days: Length of a term, shape (n,).
        dues: Of one term; NaN, where not known, gives NaN, shape (n,).
        beyond: As *later*, at every renewal after the last of them, shape (n,); 1 counts none of these.
        discount: Share that a payment loses a year, 0.05 for 5 %.
        years: Renewals due later than this are left out.

    Returns:
        In the currency of the dues, shape (n,).
    """
    stays = np.cumprod(np.column_stack([1 - lapse, 1 - later]), axis=1)
    number = np.arange(stays.shape[1])
    first, term = np.maximum(days_to_renewal, 0), np.maximum(term_days, 1)
    due = first[:, None] + number * term[:, None]
    worth = (1 + discount) ** (-due / 365.25)
    counted = (stays * worth * (due <= years * 365.25)).sum(axis=1)
    more = np.maximum((years * 365.25 - first) // term - number[-1], 0)
    return np.asarray(dues * (counted + stays[:, -1] * worth[:, -1] * _series(beyond, term, more, discount)))


def _series(rate: Floats | float, term: Floats, number: Floats, discount: float) -> Floats:
    """What so many further renewals are worth beside the one before them, one of a term's length each, shape (n,).

    It is the sum of a geometric series, as ten years hold thousands of terms of a day.
    """
    # Away from 1, where no renewal is left, and from 0 without discount, where the series is as long as it is worth.
    falls = term * np.log1p(discount) / 365.25 - np.log1p(-np.minimum(rate, 1 - 1e-16))
    falls = np.maximum(falls, 1e-15)
    return np.asarray(np.exp(-falls) * np.expm1(-number * falls) / np.expm1(-falls))


def most_valuable(value: Floats, share: float = 0.05) -> NDArray[np.bool_]:
    """Members among the top *share* by value: at least one where any value is known, and all who tie with the last.

    Args:
        value: NaN where not known, which is never among them, shape (n,).
        share: Of the members whose value is known.
    """
    known = np.sort(value[~np.isnan(value)])[::-1]
    if not known.size:
        return np.zeros(value.size, bool)
    least = known[max(int(np.ceil(share * known.size)), 1) - 1]
    return np.asarray(np.nan_to_num(value, nan=-np.inf) >= least)
