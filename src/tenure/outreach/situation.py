"""The situation: one row per member as known on a day, which playbooks select from.

It is put together by `tenure.app` from scores, features and insights, for tonight and for any past day alike, so that
a playbook can be tried on history. Conditions of playbooks name these columns and no others.
"""

from __future__ import annotations

import polars as pl

COLUMNS: dict[str, tuple[pl.DataType, str]] = {
    "member": (pl.Int64(), "pseudonym"),
    "as_of": (pl.Date(), "the day"),
    "record_type": (pl.String(), "`individual` or `organization`"),
    "member_type": (pl.String(), "the association's own code"),
    "chapter_id": (pl.String(), "primary chapter"),
    "region": (pl.String(), "region"),
    "country": (pl.String(), "country"),
    "stage": (pl.String(), "`before`, `grace`, `lapsed` (less than a year ago) or `dormant`"),
    "is_new": (pl.Boolean(), "no completed renewal yet"),
    "tenure_days": (pl.Int32(), "days since joining"),
    "term_days": (pl.Int32(), "days since the running spell began"),
    "renewal_due_on": (
        pl.Date(),
        "end of the running term, of the last one for lapsed members; null where nothing is to pay",
    ),
    "days_to_renewal": (pl.Int32(), "days until then; negative in grace and after a lapse"),
    "auto_renew": (pl.Boolean(), "the term renews by itself"),
    "installments": (pl.Boolean(), "dues are paid in parts"),
    "dues": (pl.Float64(), "of one term"),
    "lifetime_value": (pl.Float64(), "expected dues of ten years"),
    "top_value": (pl.Boolean(), "among the top 5 % by lifetime value"),
    "band": (pl.String(), "`high`, `medium`, `low` or `new`; null for lapsed members"),
    "band_before": (pl.String(), "band that was last announced, by the night before"),
    "risk_score": (pl.Int32(), "0 to 100"),
    "risk_rank": (pl.Float64(), "share of members with a lower risk, 0 to 1"),
    "p_lapse_renewal": (pl.Float64(), "probability of not renewing"),
    "reason": (pl.String(), "predicted reason for leaving, as `tenure.insights.leaving` names it"),
    "chapter_drift": (pl.Boolean(), "takes part elsewhere, no more in the primary chapter"),
    "hardship": (pl.Boolean(), "payments say that money is short; always false unless a purpose is recorded"),
    "displaced": (pl.Boolean(), "employer now a listed competitor; always false unless a purpose is recorded"),
    "no_show": (pl.String(), "ref of an event missed, recorded within the last 7 days; null without one"),
    "payment_failed_days": (pl.Int32(), "days since a payment failed that none has followed; null without one"),
    "card_expires_days": (pl.Int32(), "days since notice that the card runs out, not followed by a payment"),
    "last_login_days": (pl.Int32(), "days since the last login; null without one"),
    "active_weeks_90": (pl.Int32(), "weeks with something done in the last 90 days"),
    "days_since_join_act": (pl.Int32(), "days from joining to the first thing done; null while there is none"),
    "driver": (pl.String(), "for lapsed members, what went before; as `tenure.insights.winback` names it"),
}
"""Name, type and meaning of each column."""


def empty() -> pl.DataFrame:
    """A situation without members."""
    return pl.DataFrame(schema={name: kind for name, (kind, _) in COLUMNS.items()})
