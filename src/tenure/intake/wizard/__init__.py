"""The wizard: what an installation has, and the mapping that follows from it.

`survey_imis`, `survey_database` and `survey_files` look at a source in a few requests and change nothing; `propose`
turns what was seen into a mapping that states only how it differs from the profile which ships. What they tell holds
names of columns, codes, counts and dates, and never a value that could be a member's.
"""

from tenure.intake.wizard._database import survey_database
from tenure.intake.wizard._files import survey_files
from tenure.intake.wizard._proposal import FeedFound, Proposal, propose
from tenure.intake.wizard._survey import Survey, survey_imis

__all__ = ["FeedFound", "Proposal", "Survey", "propose", "survey_database", "survey_files", "survey_imis"]
