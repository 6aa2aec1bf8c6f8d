"""Shares with their uncertainty, by Wilson's and Newcombe's intervals, which hold for small numbers too."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95


def interval(part: int, whole: int) -> tuple[float, float]:
    """The range that holds the share *part* of *whole*; from 0 to 1 where there is nothing to divide by."""
    if whole == 0:
        return 0.0, 1.0
    # Written out, since `scipy.stats` takes half a second to import, in every command.
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share, doubt = part / whole, z * z / whole
    middle = (share + doubt / 2) / (1 + doubt)
    half = sqrt(doubt * share * (1 - share) + doubt * doubt / 4) / (1 + doubt)
    return (middle - half if part else 0.0), (middle + half if part < whole else 1.0)


def difference(part: int, whole: int, other_part: int, other_whole: int) -> tuple[float, float]:
    """The range that holds the difference of two shares, the first less the other."""
    if not whole or not other_whole:
        return -1.0, 1.0
    p, q = part / whole, other_part / other_whole
    (low, high), (other_low, other_high) = interval(part, whole), interval(other_part, other_whole)
    below = sqrt((p - low) ** 2 + (other_high - q) ** 2)
    above = sqrt((high - p) ** 2 + (q - other_low) ** 2)
    return p - q - below, p - q + above
