"""The contract with a source, and what follows from it alone: terms, spells, grace and outcomes.

Frozen values and pure functions over columns; nothing here reads a file, a clock or a setting.
"""

from tenure.membership.exits import PAYMENT_FAILURE, TROUBLES, VOLUNTARY, with_exits
from tenure.membership.ledger import Stretch, ledger_of
from tenure.membership.numbers import Compared, Numbers, Rate, against_last_year, membership_numbers, paid_by_day
from tenure.membership.outcomes import LAPSED, PENDING, RENEWED, decisions
from tenure.membership.spells import RUNNING, spells
from tenure.membership.standing import chains, standing
from tenure.membership.survival import Curve, cohort_curves, retention_curve
from tenure.membership.terms import FOREVER, known_terms

__all__ = [
    "FOREVER",
    "LAPSED",
    "PAYMENT_FAILURE",
    "PENDING",
    "RENEWED",
    "RUNNING",
    "TROUBLES",
    "VOLUNTARY",
    "Compared",
    "Curve",
    "Numbers",
    "Rate",
    "Stretch",
    "against_last_year",
    "chains",
    "cohort_curves",
    "decisions",
    "known_terms",
    "ledger_of",
    "membership_numbers",
    "paid_by_day",
    "retention_curve",
    "spells",
    "standing",
    "with_exits",
]
