"""Shares with their uncertainty, by Wilson's and Newcombe's intervals, which hold for small numbers too."""

from __future__ import annotations

from math import sqrt

from scipy.stats import binomtest

CONFIDENCE = 0.95


def interval(part: int, whole: int) -> tuple[float, float]:
    """The range that holds the share *part* of *whole*; from 0 to 1 where there is nothing to divide by."""
    if whole == 0:
        return 0.0, 1.0
    found = binomtest(part, whole).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)


def difference(part: int, whole: int, other_part: int, other_whole: int) -> tuple[float, float]:
    """The range that holds the difference of two shares, the first less the other."""
    if not whole or not other_whole:
        return -1.0, 1.0
    p, q = part / whole, other_part / other_whole
    (low, high), (other_low, other_high) = interval(part, whole), interval(other_part, other_whole)
    below = sqrt((p - low) ** 2 + (other_high - q) ** 2)
    above = sqrt((high - p) ** 2 + (q - other_low) ** 2)
    return p - q - below, p - q + above
