"""From a score to something said or done: playbooks, drafts, the gate at sending, channels, capacity.

A playbook selects members out of a *situation* (`tenure.outreach.situation`, one row per member as known that day),
drafts say what would be said, each clause beside the record it came from, and what a person approved leaves through a
channel after everything was checked once more. Nothing here reads iMIS or a model.
"""
