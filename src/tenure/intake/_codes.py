"""Codes of activity: which an installation has, and which a mapping knows."""

from __future__ import annotations

from tenure.imis import ImisClient
from tenure.intake._mapping import Mapping

_TYPES = "LegacyActivityType"


def activity_types(client: ImisClient) -> list[str]:
    """The types of activity that iMIS has, as codes in the order that it gives.

    Raises:
        ImisRefused: The account may not read them.
    """
    rows = [row for page in client.entities(_TYPES) for row in page]
    codes = (str(row.get("ActivityTypeCode") or row.get("ActivityType") or "") for row in rows)
    return [code for code in dict.fromkeys(codes) if code]


def known_codes(plan: Mapping) -> set[str]:
    """Every code that *plan* makes a kind of activity of, or ignores on purpose."""
    found: set[str] = set()
    for feed in plan.activity.values():
        found.update(feed.ignore)
        if "kind" in feed.columns:
            found.update(feed.columns["kind"].values)
    return found
