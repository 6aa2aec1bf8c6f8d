"""The contract with a source, and what follows from it alone: terms, spells, grace and outcomes.

Frozen values and pure functions over columns; nothing here reads a file, a clock or a setting.
"""

from tenure.membership.outcomes import LAPSED, PENDING, RENEWED, decisions
from tenure.membership.standing import FOREVER, chains, known_terms, standing

__all__ = ["FOREVER", "LAPSED", "PENDING", "RENEWED", "chains", "decisions", "known_terms", "standing"]
