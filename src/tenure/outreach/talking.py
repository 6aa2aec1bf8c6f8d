"""What to speak about in a call: from facts that may be said, and one line that says what not to speak of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Said(Protocol):
    """What is needed of a fact."""

    @property
    def words(self) -> str:
        """How a sentence says it."""
        ...

    @property
    def sayable(self) -> bool:
        """Whether a member may hear it."""
        ...


_ABOUT = {
    "main_benefit": "Uses {} most: ask what it is good for, and what is missing",
    "last_event": "Came to {}: ask what was of use",
    "committee": "Give thanks for the work on {}",
    "renewals": "Give thanks for {}",
    "courses_year": "Took {}: ask what would come next",
    "posts_year": "Wrote {} in the community: ask what colleagues are busy with",
    "chapter": "Belongs to {}: ask whether it is near enough",
}
_MOST = 4
NOT_TO_SAY = "Do not mention logins, opened messages or scores"


def talking_points(facts: Mapping[str, Said]) -> list[str]:
    """A line each, the most telling first; the last one is what not to say.

    Args:
        facts: What is on record of the member, by key.
    """
    known = {key: fact for key, fact in facts.items() if fact.sayable and fact.words}
    lines = [words.format(known[key].words) for key, words in _ABOUT.items() if key in known]
    return [*lines[:_MOST], NOT_TO_SAY]
