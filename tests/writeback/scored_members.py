"""Scores of made-up members, and what became of them in the outbox."""

from __future__ import annotations

from typing import Any

TABLE = "AI_Member_Risk"


def score(member_id: str, **changes: Any) -> dict[str, Any]:
    """A score as the night makes it."""
    return {
        "member_id": member_id, "as_of": "2025-03-01", "renewal_due_on": "2025-06-30", "p_lapse_30": 0.01,
        "p_lapse_60": 0.02, "p_lapse_90": 0.11, "p_lapse_renewal": 0.3171, "p_low": 0.21, "p_high": 0.44,
        "risk_score": 32, "band": "medium", "predicted_lapse_on": "2027-01-30", "reason_1": "No login for 41 days",
        "reason_2": "Two events fewer than last year", "reason_3": None, "model_version": "2025-03-01-3f2a91",
    } | changes  # fmt: skip


def states() -> dict[str, int]:
    """How many rows of the outbox stand in each state that occurs."""
    from tenure.ledger import outbox

    return {state: n for state, n in outbox.counts(table=TABLE).items() if n}
