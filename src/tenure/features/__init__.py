"""Point-in-time features: what was known of each member on each day, as numbers with words for staff.

Definitions are data (`catalogue`); one kernel counts them for one night or for years of past days alike.
"""

from tenure.features.build import FeatureMatrix, build
from tenure.features.catalogue import FEATURES, GROUPS, REASONS
from tenure.features.definitions import Feature, Group, Reason
from tenure.features.direction import DIRECTIONS, SENSES
from tenure.features.facts import CATEGORIES

__all__ = [
    "CATEGORIES",
    "DIRECTIONS",
    "FEATURES",
    "GROUPS",
    "REASONS",
    "SENSES",
    "Feature",
    "FeatureMatrix",
    "Group",
    "Reason",
    "build",
]
