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
        discount: Share that a payment loses a year, 0.05 for 5 %.
        years: Renewals due later than this are left out.

    Returns:
        In the currency of the dues, shape (n,).
    """
    stays = np.cumprod(np.column_stack([1 - lapse, 1 - later]), axis=1)
    number = np.arange(stays.shape[1])
    due = np.maximum(days_to_renewal, 0)[:, None] + number * np.maximum(term_days, 1)[:, None]
    worth = (1 + discount) ** (-due / 365.25) * (due <= years * 365.25)
    return np.asarray(dues * (stays * worth).sum(axis=1))


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
