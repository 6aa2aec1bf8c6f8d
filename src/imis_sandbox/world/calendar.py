"""Vectorized arithmetic on day numbers."""

from __future__ import annotations

import numpy as np

from imis_sandbox.world.store import Array


def plus_year(days: Array) -> Array:
    """The same day of the next year (28 February after a 29th)."""
    dates = np.asarray(days).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    day_of_month = (dates - months.astype("datetime64[D]")).astype(np.int64)
    later = months + 12
    length = ((later + 1).astype("datetime64[D]") - later.astype("datetime64[D]")).astype(np.int64)
    return np.asarray(later.astype("datetime64[D]").astype(np.int64) + np.minimum(day_of_month, length - 1))


def year_end(days: Array) -> Array:
    """31 December of each day's year."""
    years = np.asarray(days).astype("datetime64[D]").astype("datetime64[Y]")
    return (years + 1).astype("datetime64[D]").astype(np.int64) - 1


def year_of(days: Array) -> Array:
    """The calendar year of each day."""
    return np.asarray(days).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
