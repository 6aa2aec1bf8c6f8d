"""Which way a signal can only point: taking part more never raises the risk, and a longer silence never lowers it.

Said to the booster as constraints, so that chance cannot teach it that logins are bad, and to the words, so that a
reason never praises what it blames. Signals that can mean either (opens that a mail program made, tickets, address
changes) have none for the booster. What it learns of them stands, but most of them are read one way all the same: «88
in 100 messages opened» sounds like praise whatever it goes with, so that it is told for staying, never for leaving.
"""

from __future__ import annotations

from tenure.features.activity import RESPONSES, SENT_OR_BILLED
from tenure.features.catalogue import FEATURES
from tenure.features.definitions import (
    ActivePeople,
    ActiveWeeks,
    Count,
    Feature,
    InChapter,
    Recency,
    Share,
    Total,
    Trend,
)

_EITHER_WAY = frozenset({"support", "giving", "profile"})
_RAISE = frozenset({
    "payments_failed_90", "payments_failed_365", "plan_missed_365", "paid_late", "paid_late_mean", "paid_in_grace",
    "invoice_open_days", "resigned", "emails_bounced_180", "unsubscribed_365", "silence_ratio",
    "key_person_silent_days",
})  # fmt: skip
_LOWER = frozenset({
    "paid_early", "paid_early_mean", "breadth_365", "active_weeks_trend", "people_trend", "profile_completeness",
    "active_months_365", "decayed_days", "cycle_active_days", "cycle_trend", "cycle_trend_90", "chapter_events_730",
    "national_events_730", "days_per_person_365", "people_share_365", "feedback_mean",
})  # fmt: skip
_READ_AS_TROUBLE = frozenset({
    "reinstatements", "type_changed", "downgrades", "dues", "dues_change", "invoice_change", "card_expiring_90",
    "card_expiring_365", "transaction_since", "gap_variation", "events_declined_365", "no_shows_365",
    "chapter_changed", "committee_left_365", "tickets_90", "tickets_365", "tickets_open", "address_changes_180",
    "employer_changed", "title_changed", "key_person_share_365",
})  # fmt: skip
_READ_AS_GOOD = frozenset({
    "years", "years_joined", "renewals", "upgrades", "auto_renew", "transactions_cycle", "session_minutes_180",
    "pages_per_login_180", "assigned_365", "has_chapter", "open_share_180", "gifts_730", "profile_updates_365",
    "email_allowed",
})  # fmt: skip
"""Of the others those whose words a director reads one way. What is in neither says nothing good or bad by itself:
invoices and messages sent, the day of the renewal, the length of a term, the size of an organization."""


def direction(feature: Feature) -> int:
    """1 where more can only raise the risk, −1 where it can only lower it, 0 where it may do either."""
    if feature.name in _RAISE or feature.name in _LOWER:
        return 1 if feature.name in _RAISE else -1
    how = feature.how
    if isinstance(how, ActiveWeeks | ActivePeople | InChapter | Share):
        return -1
    if isinstance(how, Count | Total | Trend | Recency) and feature.group not in _EITHER_WAY:
        initiated = all(kind not in SENT_OR_BILLED or kind in RESPONSES for kind in how.kinds)
        return 0 if not initiated else 1 if isinstance(how, Recency) else -1
    return 0


DIRECTIONS: dict[str, int] = {feature.name: direction(feature) for feature in FEATURES}
"""Of every feature of the catalogue, by name; what the booster is held to."""

SENSES: dict[str, int] = {
    name: known or (name in _READ_AS_TROUBLE) - (name in _READ_AS_GOOD) for name, known in DIRECTIONS.items()
}
"""How its words are read: 1 where more sounds like trouble, −1 where it sounds good, 0 where like neither; as
`DIRECTIONS` wherever that says."""
