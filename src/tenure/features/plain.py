"""What a feature is computed from, in words: its definition is written for analysts."""

from __future__ import annotations

import re
from collections.abc import Callable

_CALLED = re.compile(r"([A-Z]\w+)\(([^()]+)\)")

_SAID: dict[str, Callable[..., str]] = {
    "Count": lambda kinds, days: f"how often in {days} days: {_either(kinds)}",
    "Total": lambda kinds, days: f"sum of what was noted in {days} days: {_either(kinds)}",
    "Mean": lambda kinds, days: f"mean of what was noted in {days} days: {_either(kinds)}",
    "LastValue": lambda kind: f"what was noted with the last {_either(kind)}",
    "Recency": lambda kinds: f"days since the last {_either(kinds)}, 999 where there is none in two years",
    "Ratio": lambda part, whole, days: f"{_either(part)} for each {_either(whole)}, in {days} days",
    "Share": lambda part, whole, days: f"{_either(part)} for each {_either(whole)}, in {days} days, at most 1",
    "Trend": lambda kinds, days: f"{_either(kinds)} in {days} days against before: from −1, ceased, to 1, new",
    "ActiveWeeks": lambda days: f"weeks of the last {days} days with something done",
    "ActivePeople": lambda days: f"people who belong to the organization on the day and did something in {days} days",
    "InChapter": lambda days: f"things done in a chapter in {days} days",
}
"""By the kind of a definition, its words; it is given the parts of the definition."""


def in_words(definition: str) -> str:
    """A feature's *definition*, as `Feature.definition` gives it, in words; what is in words already stays as it is."""
    found = _CALLED.fullmatch(definition)
    if found is None or found[1] not in _SAID:
        return definition
    return _SAID[found[1]](*found[2].split("; "))


def _either(kinds: str) -> str:
    """Kinds of activity as words: `event attended or session feedback`."""
    return " or ".join(kind.replace("_", " ") for kind in kinds.split(", "))
