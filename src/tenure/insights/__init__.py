"""What follows from scores and records together: why a member may leave, what a member is worth, what is at risk.

The reckonings that are listed here take plain arrays and frames. The rooms beside them read the lake, as it was known
on a day: `facts` for drafts; `happenings`, `chapters`, `hardship`, `displacement`, `winback` and `benefits` for
playbooks.
"""

from tenure.insights.dues import DuesAtRisk, dues_at_risk
from tenure.insights.leaving import NOT_CLEAR, REASONS, Leaving, predicted_reason, says_retired
from tenure.insights.organizations import objecting, roll_up, taking_part
from tenure.insights.price import weighs
from tenure.insights.stated import is_about_leaving, noted_reason, stated_reason
from tenure.insights.value import lifetime_value, most_valuable

__all__ = [
    "NOT_CLEAR",
    "REASONS",
    "DuesAtRisk",
    "Leaving",
    "dues_at_risk",
    "is_about_leaving",
    "lifetime_value",
    "most_valuable",
    "noted_reason",
    "objecting",
    "predicted_reason",
    "roll_up",
    "says_retired",
    "stated_reason",
    "taking_part",
    "weighs",
]
