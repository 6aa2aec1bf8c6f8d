"""Why a member may leave, as a rule that anyone can follow: facts on the record, weighed by the model's own points.

A reason is named only where the record holds a fact that speaks for it and the model counts that group of signals
against the member; and only where no other reason speaks about as loudly. Else the answer is «not clear», which is
better than a message about price to somebody who has retired. It says what goes with leaving, not what causes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NOT_CLEAR = "not clear"
PAYMENT = "payment failure"
EMPLOYER = "employer stopped paying"
RETIRED = "left the field or retired"
PRICE = "price"
CHAPTER = "chapter drift"
DISENGAGED = "disengaged"
FORGOT = "forgot"

REASONS = (PAYMENT, EMPLOYER, RETIRED, PRICE, CHAPTER, DISENGAGED, FORGOT, NOT_CLEAR)

_FEWEST_POINTS = 1.0
"""Points of the risk score below which a group of signals names no reason."""
_LEAD = 1.25
"""By how many times a reason must outweigh the next one."""
_RISE = 0.05
_ENGAGEMENT = (
    "overall", "events", "community", "committees", "volunteering", "learning", "benefits", "email",
)  # fmt: skip
_RETIRED_WORDS = r"(?i)\b(retired|retiree|emeritus|emerita|pensioner)\b"


@dataclass(frozen=True)
class Leaving:
    """The predicted reason for leaving of each member; worth saying for those at risk.

    Args:
        reason: One of `REASONS`, shape (n,).
        words: The facts behind it; for `not clear`, what speaks for how many reasons, shape (n,).
        involuntary: The member takes part and would renew by itself, but a payment cannot be taken, shape (n,).
    """

    reason: NDArray[np.object_]
    words: NDArray[np.object_]
    involuntary: Flags


class _Record:
    """Facts and points by name; what is not there is unknown, and unknown speaks for nothing."""

    def __init__(
        self, facts: Mapping[str, NDArray[np.floating]], points: Mapping[str, Floats], priced: Flags, n: int
    ) -> None:
        self._facts, self._points, self._n = facts, points, n
        self.priced = priced

    def __getitem__(self, name: str) -> Floats:
        return np.asarray(self._facts.get(name, np.full(self._n, np.nan)), np.float64)

    def against(self, *groups: str) -> Floats:
        """Points that these groups add to the risk."""
        found = [np.maximum(self._points[group], 0) for group in groups if group in self._points]
        return np.sum(found, axis=0, dtype=np.float64) + np.zeros(self._n)

    @property
    def takes_part(self) -> Flags:
        return np.asarray(self["active_weeks_90"] > 0)

    @property
    def quiet(self) -> Flags:
        """Silent by the member's own measure or altogether."""
        return np.asarray(
            (self["active_weeks_90"] == 0) | (self["silence_ratio"] >= 2)
            | (self["cycle_trend"] <= -1 / 3) | (self["cycle_trend_90"] <= -1 / 2)
        )  # fmt: skip

    @property
    def cannot_be_charged(self) -> Flags:
        return (self["payments_failed_90"] > 0) | (self["card_expiring_90"] > 0) | (self["plan_missed_365"] > 0)


def predicted_reason(
    facts: Mapping[str, NDArray[np.floating]],
    points: Mapping[str, Floats],
    retired: Flags | None = None,
    *,
    priced: Flags | None = None,
    said: NDArray[np.object_] | None = None,
) -> Leaving:
    """The reason for leaving that the record and the model agree on.

    Args:
        facts: Features by name, each of shape (n,), NaN where unknown; those that are left out are unknown.
        points: By group of signals, by how many points the risk score would fall if it were as usual, shape (n,).
        retired: Whether the job title says so (`says_retired`).
        priced: Whether the record holds a fact of price that is none of the features (`tenure.insights.price`).
        said: Which of `REASONS` members gave themselves when they were asked in this term (`tenure.insights.stated`);
            None where they did not.
    """
    n = len(next(iter(facts.values()))) if facts else 0
    record = _Record(facts, points, np.zeros(n, bool) if priced is None else priced, n)
    says_so = np.zeros(n, bool) if retired is None else retired
    involuntary = record.cannot_be_charged & (record["auto_renew"] >= 0.5) & record.takes_part
    names, weights = zip(*((name, rule(record)) for name, rule in _RULES.items()), strict=True)
    table = np.column_stack(weights) if n else np.zeros((0, len(names)))
    reason = _loudest(np.array(names, object), table)
    reason[says_so] = RETIRED
    reason[involuntary & ~says_so] = PAYMENT
    words = np.array([_words(str(reason[row]), table[row]) for row in range(n)], object)
    if said is not None:
        own = np.array([one is not None for one in said], bool)
        reason[own], words[own] = said[own], _SAID
    return Leaving(reason, words, involuntary)


def _loudest(names: NDArray[np.object_], table: Floats) -> NDArray[np.object_]:
    """The reason that outweighs all others, if one does."""
    if not len(table):
        return np.empty(0, object)
    ordered = np.sort(table, axis=1)[:, ::-1]
    clear = (ordered[:, 0] >= _FEWEST_POINTS) & (ordered[:, 0] >= _LEAD * ordered[:, 1])
    return np.where(clear, names[table.argmax(axis=1)], NOT_CLEAR)


def _payment(record: _Record) -> Floats:
    return np.where(record.cannot_be_charged, record.against("payments"), 0)


def _employer(record: _Record) -> Floats:
    """The employer changed and the title did not: the same work elsewhere, where somebody else decides on dues."""
    moved = (record["employer_changed"] >= 0.5) & ~(record["title_changed"] >= 0.5)
    return np.where(moved, record.against("profile"), 0)


def _left_field(record: _Record) -> Floats:
    """Employer and title both changed, and the member has gone quiet since."""
    moved = (record["employer_changed"] >= 0.5) & (record["title_changed"] >= 0.5) & record.quiet
    return np.where(moved, record.against("profile", *_ENGAGEMENT), 0)


def _price(record: _Record) -> Floats:
    dearer = (record["dues_change"] >= _RISE) | (record["invoice_change"] >= _RISE)
    stepped_down = (record["type_changed"] >= 0.5) & (record["dues_change"] < 0)
    return np.where(dearer | stepped_down | record.priced, record.against("price"), 0)


def _chapter(record: _Record) -> Floats:
    """Still takes part, but no more in the chapter, as earlier in the year."""
    drifted = (record["in_chapter_365"] > 0) & (record["in_chapter_90"] == 0) & record.takes_part
    return np.where(drifted, record.against("chapter"), 0)


def _disengaged(record: _Record) -> Floats:
    moved_on = (record["employer_changed"] >= 0.5) & (record["title_changed"] >= 0.5)
    return np.where(record.quiet & ~moved_on, record.against(*_ENGAGEMENT), 0)


def _forgot(record: _Record) -> Floats:
    """Takes part as ever, has to renew by hand, pays late as a habit, and the day is near or past."""
    habit = (record["paid_in_grace"] > 0) | (record["paid_early_mean"] < 7)
    near = (record["days_to_renewal"] <= 30) & (record["auto_renew"] < 0.5)
    return np.where(record.takes_part & ~record.quiet & habit & near, record.against("timing", "billing"), 0)


_RULES: dict[str, Callable[[_Record], Floats]] = {
    PAYMENT: _payment,
    EMPLOYER: _employer,
    RETIRED: _left_field,
    PRICE: _price,
    CHAPTER: _chapter,
    DISENGAGED: _disengaged,
    FORGOT: _forgot,
}

_FACTS = {
    PAYMENT: "a payment failed, a card runs out or an installment was missed",
    EMPLOYER: "the employer changed and the job title did not",
    RETIRED: "the job title says so, or employer and title changed and the member went quiet",
    PRICE: "dues or the open invoice went up or are above what the type pays for a term as long, or the member moved "
    "to a lower type, asked to pay in parts, or named the price before",
    CHAPTER: "takes part elsewhere, but no more in the chapter",
    DISENGAGED: "quiet by the member's own measure",
    FORGOT: "takes part as ever, renews by hand and late as a habit",
}


_SAID = "the member said so when asked"


def _words(reason: str, weights: Floats) -> str:
    if reason != NOT_CLEAR:
        return _FACTS[reason]
    speaking = [name for name, weight in zip(_RULES, weights, strict=True) if weight >= _FEWEST_POINTS / _LEAD]
    return (
        "no fact on record speaks for a reason" if not speaking else f"{' and '.join(speaking)} speak about as loudly"
    )


def says_retired(titles: pl.Series) -> Flags:
    """Whether each job title says that its holder no longer works; unknown titles say nothing."""
    return np.asarray(titles.cast(pl.String).str.contains(_RETIRED_WORDS).fill_null(value=False).to_numpy())
