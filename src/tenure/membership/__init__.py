"""The contract with a source, and what follows from it alone: terms, spells, grace and outcomes, and the numbers that
are made of them.

Frozen values and pure functions over columns; nothing here reads a file, a clock or a setting.
"""

from tenure.membership.belonging import belonged_on, belonging, people_known
from tenure.membership.cohorts import Cohort, Renewals, cohort, renewals_by_cohort, with_joining
from tenure.membership.deciding import still_open
from tenure.membership.exits import PAYMENT_FAILURE, TROUBLES, VOLUNTARY, with_exits
from tenure.membership.later_terms import later_terms
from tenure.membership.ledger import Stretch, ledger_of
from tenure.membership.movement import Moved, movement
from tenure.membership.numbers import Compared, Numbers, Rate, against_last_year, membership_numbers, paid_by_day
from tenure.membership.outcomes import LAPSED, PENDING, RENEWED, decisions, require_absences
from tenure.membership.people import headcount, people_on, with_people
from tenure.membership.renewal_classes import RenewalClass, end_of_month, renewal_classes
from tenure.membership.spells import RUNNING, spells
from tenure.membership.standing import chains, standing
from tenure.membership.survival import Curve, cohort_curves, retention_curve
from tenure.membership.terms import FOREVER, known_terms, terms_of

__all__ = [
    "FOREVER",
    "LAPSED",
    "PAYMENT_FAILURE",
    "PENDING",
    "RENEWED",
    "RUNNING",
    "TROUBLES",
    "VOLUNTARY",
    "Cohort",
    "Compared",
    "Curve",
    "Moved",
    "Numbers",
    "Rate",
    "RenewalClass",
    "Renewals",
    "Stretch",
    "against_last_year",
    "belonged_on",
    "belonging",
    "chains",
    "cohort",
    "cohort_curves",
    "decisions",
    "end_of_month",
    "headcount",
    "known_terms",
    "later_terms",
    "ledger_of",
    "membership_numbers",
    "movement",
    "paid_by_day",
    "people_known",
    "people_on",
    "renewal_classes",
    "renewals_by_cohort",
    "require_absences",
    "retention_curve",
    "spells",
    "standing",
    "still_open",
    "terms_of",
    "with_exits",
    "with_joining",
    "with_people",
]
