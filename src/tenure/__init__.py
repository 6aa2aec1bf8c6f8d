"""Tenure predicts which members of an association will lapse, says why, and helps its staff keep them.

The floors of the house, each importing only from those before it: `base`, `membership`, `lake` and `imis`,
`intake` and `features`, `risk`, `ledger`, `writeback`, `web`, `app`. See docs/architecture.md.
"""

__version__ = "0.1.0"
