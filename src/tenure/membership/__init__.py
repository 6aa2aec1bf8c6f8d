"""The contract with a source, and what follows from it alone: terms, spells, grace and outcomes.

Frozen values and pure functions over columns; nothing here reads a file, a clock or a setting.
"""

from tenure.membership.ledger import Stretch, ledger_of
from tenure.membership.outcomes import LAPSED, PENDING, RENEWED, decisions
from tenure.membership.standing import chains, standing
from tenure.membership.terms import FOREVER, known_terms

__all__ = [
    "FOREVER",
    "LAPSED",
    "PENDING",
    "RENEWED",
    "Stretch",
    "chains",
    "decisions",
    "known_terms",
    "ledger_of",
    "standing",
]
